"""What must hold of a refusal however it is worded: the words of `hard` in suites/errors.toml, one check for each."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from holdfast import leaks
from holdfast.exchange import Exchange
from holdfast.requirements import Hard, Statuses

#: Characters of `error` and `error_description`, and of `error_uri` (RFC 6749 section 5.2, RFC 6750 section 3).
_TEXT, _URI = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*"), re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")
_ALLOWED: Mapping[str, re.Pattern[str]] = {"error": _TEXT, "error_description": _TEXT, "error_uri": _URI}

Broken = tuple[str, str, str]

#: Header sections of more octets may be refused before the application sees them, and what answers knows no OAuth.
LARGEST_HEADERS = 8000


def asserted(hard: Hard) -> list[str]:
    """Give the words of a table that assert something, in words for a reader."""
    return [_WORDS[word][0](hard) for word in _WORDS if getattr(hard, word)]


def broken(seen: Exchange, hard: Hard) -> Iterator[Broken]:
    """Give every assertion that an answer breaks: its word, what was expected, what was seen instead.

    Without an answer of HTTP (refused in the TLS handshake, say) there is nothing to break.
    """
    if seen.status is None:
        return
    for word, (expected, check) in _WORDS.items():
        if getattr(hard, word) and (found := check(seen, hard)):
            yield word, expected(hard), found


def among(status: int | None, statuses: Statuses) -> bool:
    """Whether a status is one of these, "4xx" standing for a whole class."""
    return status in statuses or (status is not None and f"{status // 100}xx" in statuses)


def _status(seen: Exchange, hard: Hard) -> str:
    return "" if among(seen.status, hard.status) else str(seen.status)


def _withheld(seen: Exchange, hard: Hard) -> str:
    return ", ".join(name for name in hard.withheld if name in seen.json())


def _json_error(seen: Exchange, hard: Hard) -> str:
    if not among(seen.status, hard.json_error) or isinstance(seen.json().get("error"), str) or is_huge(seen):
        return ""
    kind = seen.header("Content-Type") or "no media type"
    return f"{seen.status} with {kind} and no error code in JSON"


def _no_store(seen: Exchange, hard: Hard) -> str:
    said = [part.strip().lower() for value in seen.headers("Cache-Control") for part in value.split(",")]
    if not among(seen.status, hard.no_store) or "no-store" in said or is_huge(seen):
        return ""
    return f"{seen.status} with Cache-Control {', '.join(said)}" if said else f"{seen.status} without Cache-Control"


def is_huge(seen: Exchange) -> bool:
    """Whether a request has so large a header section that it may not reach the application."""
    return sum(len(name) + len(value) + 4 for name, value in seen.request.headers) > LARGEST_HEADERS


def _challenge(seen: Exchange, hard: Hard) -> str:
    if not among(seen.status, hard.challenge) or seen.challenges:
        return ""
    return f"{seen.status}, {'a challenge nobody can read' if seen.headers('WWW-Authenticate') else 'no challenge'}"


def _challenge_error(seen: Exchange, hard: Hard) -> str:
    if not among(seen.status, hard.challenge_error):
        return ""
    named = any(parameters.get("error") for _, parameters in seen.challenges)
    return "" if named else f"{seen.status}, no challenge with an error code"


def _nonce(seen: Exchange, _: Hard) -> str:
    count = len(seen.headers("DPoP-Nonce"))
    return "" if count == 1 else f"{count} DPoP-Nonce"


def _characters(seen: Exchange, _: Hard) -> str:
    places: list[Mapping[str, object]] = [seen.json(), *(parameters for _, parameters in seen.challenges)]
    texts = [(name, value) for said in places for name in _ALLOWED if isinstance(value := said.get(name), str)]
    return ", ".join(dict.fromkeys(name for name, text in texts if not _ALLOWED[name].fullmatch(text)))


def _silent(seen: Exchange, _: Hard) -> str:
    return ", ".join(leaks.repeated(seen.request, seen.answer))


def _traceless(seen: Exchange, _: Hard) -> str:
    language = leaks.trace(seen.answer)
    return f"a stack trace of {language}" if language else ""


def _listed(statuses: Statuses) -> str:
    return " or ".join(str(status) for status in statuses)


def _names(words: Sequence[str]) -> str:
    return " or ".join(words)


_WORDS: Mapping[str, tuple[Callable[[Hard], str], Callable[[Exchange, Hard], str]]] = {
    "status": (lambda hard: _listed(hard.status), _status),
    "withheld": (lambda hard: f"no {_names(hard.withheld)}", _withheld),
    "json_error": (lambda hard: f"{_listed(hard.json_error)} with an error code in JSON", _json_error),
    "no_store": (lambda hard: f"{_listed(hard.no_store)} with Cache-Control no-store", _no_store),
    "challenge": (lambda hard: f"{_listed(hard.challenge)} with a challenge", _challenge),
    "challenge_error": (
        lambda hard: f"{_listed(hard.challenge_error)} with an error code in a challenge",
        _challenge_error,
    ),
    "nonce": (lambda _: "one DPoP-Nonce", _nonce),
    "characters": (lambda _: "error texts in their characters", _characters),
    "silent": (lambda _: "no secret of the request repeated", _silent),
    "traceless": (lambda _: "no stack trace", _traceless),
}
