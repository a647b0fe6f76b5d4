"""WWW-Authenticate, read the way a patient client reads it (RFC 9110, section 11.6.1)."""

import re

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_GAP = re.compile(r"[\s,]*")
_PARAMETER = re.compile(rf"({_NAME})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)(?:\"|\\?$)|([^\s,]*))", re.DOTALL)
_SCHEME = re.compile(rf"({_NAME})(?:\s+|(?=,)|$)")
_JUNK = re.compile(rf"{_NAME}|.?", re.DOTALL)
_TOKEN68 = re.compile(r"([A-Za-z0-9._~+/-]+=*)\s*(?=,|$)")

Challenge = tuple[str, dict[str, str]]


def parse(values: list[str]) -> list[Challenge]:
    """Read every challenge of these header values, in order: scheme as spelt, parameters with names in lower case.

    A token68 stands under the name "token68". Of a repeated parameter the first counts. What cannot be read is left
    out; nothing is raised.
    """
    found: list[Challenge] = []
    for value in values:
        _parse_one(value, found)
    return found


def _parse_one(value: str, found: list[Challenge]) -> None:
    first = len(found)
    at = 0
    while at < len(value):
        at = _GAP.match(value, at).end()  # type: ignore[union-attr]  # it matches the empty text too
        if parameter := _PARAMETER.match(value, at):
            name, quoted, plain = parameter.groups()
            if len(found) > first:
                content = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
                found[-1][1].setdefault(name.lower(), content)
            at = parameter.end()
        elif scheme := _SCHEME.match(value, at):
            found.append((scheme[1], {}))
            at = scheme.end()
            if token68 := _TOKEN68.match(value, at):
                found[-1][1]["token68"] = token68[1]
                at = token68.end()
        else:
            at = _JUNK.match(value, at).end()  # type: ignore[union-attr]  # as does this
