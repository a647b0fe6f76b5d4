"""WWW-Authenticate, read to the letter: what a strict client could not read, or reads as something else.

RFC 9110, section 11.6.1 (a list of challenges) and 5.6.1 (no empty element); RFC 6750, section 3, and RFC 9449, section
7.1 (what the parameters may hold). The patient reader is `challenges`. Each function takes the values of all field
lines of one answer and gives a sentence for each flaw; nothing is raised.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\.)*)"'
_PARAMETER = re.compile(rf"({_WORD})[ \t]*=[ \t]*(?:({_WORD})(?=[ \t]*(?:,|$))|{_QUOTED})")
_SCHEME = re.compile(rf"({_WORD})(?= |,|[ \t]*$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))")
_SPACES = re.compile(" *")
_COMMA = re.compile(r"[ \t]*,[ \t]*")

_VISIBLE = r"\x21\x23-\x5b\x5d-\x7e"
_URI = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
#: RFC 6750, section 3; `realm` and what else there may be is any quoted text.
_CHARACTERS = {
    "scope": re.compile(rf"[{_VISIBLE} ]*"),
    "error": re.compile(rf"[{_VISIBLE} ]*"),
    "error_description": re.compile(rf"[{_VISIBLE} ]*"),
    "error_uri": re.compile(rf"(?:{_URI})+"),
}
_ALGS = re.compile(r"[A-Za-z0-9_-]+(?: +[A-Za-z0-9_-]+)*")


@dataclass
class Challenge:
    """One challenge as it is written: the scheme, and every parameter in its order, with names in lower case."""

    scheme: str
    parameters: list[tuple[str, str]] = field(default_factory=list)
    token68: str = ""


def read(values: Sequence[str]) -> tuple[list[Challenge], list[str]]:
    """Give the challenges up to the first letter of each line that is out of place, and what is out of place there."""
    found: list[Challenge] = []
    flaws: list[str] = []
    for value in values:
        flaw = _read_line(value.strip(" \t"), found)
        flaws += [flaw] if flaw else []
    return found, flaws


def _read_line(line: str, found: list[Challenge]) -> str:
    at, first = 0, len(found)
    while at < len(line):
        end = _element(line, at, found, first)
        if end is None:
            return f"{_shown(line[at:])} is neither a challenge nor a parameter of one"
        at = end
        if at < len(line):
            comma = _COMMA.match(line, at)
            if comma is None:
                return f"{_shown(line[at:])} follows without a comma"
            at = comma.end()
            if at == len(line) or line[at] == ",":
                return "the list has an empty element"
    return "" if line else "the field is empty"


def _element(line: str, at: int, found: list[Challenge], first: int) -> int | None:
    """Read a parameter of the last challenge of this line, or the beginning of a new one; its end, None for neither."""
    if parameter := _PARAMETER.match(line, at):
        if len(found) == first or found[-1].token68:
            return None
        found[-1].parameters.append(_pair(parameter))
        return parameter.end()
    scheme = _SCHEME.match(line, at)
    if scheme is None:
        return None
    found.append(Challenge(scheme[1]))
    return _first_parameter(line, scheme.end(), found[-1])


def _first_parameter(line: str, at: int, challenge: Challenge) -> int | None:
    """Read what follows a scheme: nothing, a parameter or a token68; its end, None for anything else."""
    at = _SPACES.match(line, at).end()  # type: ignore[union-attr]  # it matches the empty text too
    end: int | None = None
    if at == len(line) or line[at] == ",":
        end = at
    elif parameter := _PARAMETER.match(line, at):
        challenge.parameters.append(_pair(parameter))
        end = parameter.end()
    elif token68 := _TOKEN68.match(line, at):
        challenge.token68 = token68[0]
        end = token68.end()
    return end


def _pair(parameter: re.Match[str]) -> tuple[str, str]:
    name, plain, quoted = parameter.groups()
    return name.lower(), plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def unreadable(values: Sequence[str]) -> list[str]:
    """What is no list of challenges (RFC 9110, section 11.6.1)."""
    return read(values)[1]


def repeated(values: Sequence[str]) -> list[str]:
    """Parameters that stand twice in one challenge (RFC 9110, section 11.2; RFC 6750, section 3)."""
    return [
        f"{challenge.scheme}: {name} stands {count} times"
        for challenge in read(values)[0]
        for name, count in Counter(name for name, _ in challenge.parameters).items()
        if count > 1
    ]


def outside_characters(values: Sequence[str]) -> list[str]:
    """Values of scope, error, error_description and error_uri with a character that they may not have (RFC 6750, 3)."""
    return _misspelt(values, lambda name, value: name not in _CHARACTERS or bool(_CHARACTERS[name].fullmatch(value)))


def misspelt_algorithms(values: Sequence[str]) -> list[str]:
    """Values of algs that are no list of JWS algorithms with spaces between them (RFC 9449, section 7.1)."""
    return _misspelt(values, lambda name, value: name != "algs" or bool(_ALGS.fullmatch(value)))


def bare(values: Sequence[str], scheme: str) -> list[str]:
    """Challenges of that scheme without any parameter (RFC 6750, section 3)."""
    found = [challenge for challenge in read(values)[0] if challenge.scheme.lower() == scheme.lower()]
    return [f"{challenge.scheme}: no parameter" for challenge in found if not challenge.parameters]


def parameters(values: Sequence[str], name: str) -> list[tuple[str, str]]:
    """Scheme in lower case and value of every parameter of that name."""
    return [(challenge.scheme.lower(), value) for challenge in read(values)[0] for value in _of(challenge, name)]


def _of(challenge: Challenge, name: str) -> Iterator[str]:
    return (value for known, value in challenge.parameters if known == name)


def _misspelt(values: Sequence[str], good: Callable[[str, str], bool]) -> list[str]:
    return [
        f"{challenge.scheme}: {name} is {_shown(value)}"
        for challenge in read(values)[0]
        for name, value in challenge.parameters
        if not good(name, value)
    ]


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else f"{text[:60]}…")
