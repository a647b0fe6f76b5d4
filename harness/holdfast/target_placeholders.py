"""Placeholders of target.toml: `{name}` stands for what is known at the start; `{{name}}` is the text {name}."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from holdfast.errors import UsageError

Keys = tuple[str | int, ...]

#: Names that are known without looking at the target.
ALWAYS = (
    "here",
    "work",
    "python",
    "cache",
    "ca",
    "guests",
    "server.pem",
    "server.crt",
    "server.key",
    "hop.pem",
    "hop.crt",
    "hop.key",
    "clients",
    "bind",
    "suite_url",
    "suite_host",
    "suite_port",
    "issuer",
)
_PATTERN = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_.-]*)\}\}|\{([A-Za-z_][A-Za-z0-9_.-]*)\}")
_IN_TEMPLATES = re.compile(r"@\{([^{}\s]*)\}")


def known(listeners: Iterable[str], variables: Iterable[str]) -> list[str]:
    """All names that a file with these listeners and vars may use."""
    return [
        *ALWAYS,
        *(f"{kind}.{name}" for name in listeners for kind in ("url", "port", "host")),
        *(f"vars.{name}" for name in variables),
    ]


def used(text: str) -> list[str]:
    """The names in a text, in order."""
    return [match[2] for match in _PATTERN.finditer(text) if match[2]]


def texts(value: object, keys: Keys = ()) -> Iterator[tuple[Keys, str]]:
    """Every text in nested tables and lists, with its path."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, (*keys, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*keys, index))


def fill(value: object, values: Mapping[str, str], where: Callable[[Keys], str], keys: Keys = ()) -> object:
    """The same value with each placeholder replaced; UsageError for a name without a value, at the place of `where`."""
    if isinstance(value, str):
        return fill_text(value, values, lambda: where(keys))
    if isinstance(value, Mapping):
        return {key: fill(item, values, where, (*keys, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, values, where, (*keys, index)) for index, item in enumerate(value)]
    return value


def fill_text(text: str, values: Mapping[str, str], where: Callable[[], str]) -> str:
    """One text with its placeholders replaced."""

    def put(match: re.Match[str]) -> str:
        if match[1]:
            return "{" + match[1] + "}"
        if match[2] not in values:
            raise UsageError(f"{where()}: {{{match[2]}}} has no value here: {_advice(match[2])}")
        return values[match[2]]

    return _PATTERN.sub(put, text)


def fill_template(text: str, values: Mapping[str, str], file: str) -> str:
    """A template file with each `@{name}` replaced; UsageError with `file` and line for an unknown name."""

    def put(match: re.Match[str]) -> str:
        if match[1] not in values:
            line = text.count("\n", 0, match.start()) + 1
            raise UsageError(f"{file}:{line}: @{{{match[1]}}} is not known{near(match[1], values)}")
        return values[match[1]]

    return _IN_TEMPLATES.sub(put, text)


def near(name: str, choices: Iterable[str]) -> str:
    """` (did you mean ...)` where one of the choices is close, else nothing."""
    import difflib

    close = difflib.get_close_matches(name.lower(), {choice.lower(): choice for choice in choices}, n=1)
    if not close:
        return ""
    return f" (did you mean {next(choice for choice in choices if choice.lower() == close[0])}?)"


def _advice(name: str) -> str:
    if name.startswith(("url.", "port.", "host.")):
        return "only the lab knows it, when it starts the target: write the real address"
    if name.startswith("suite_"):
        return "it stands for a party that the suite plays for targets that lack one"
    return "it is known only when the lab starts the target"
