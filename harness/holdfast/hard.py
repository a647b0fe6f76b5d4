"""What must hold of a refusal however it is worded: the words of `hard` in suites/errors.toml, one check for each."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from holdfast import leaks
from holdfast.exchange import Exchange
from holdfast.requirements import Hard, Statuses

#: Characters of `error` and `error_description`, and of `error_uri` (RFC 6749 section 5.2, RFC 6750 section 3).
_TEXT, _URI = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*"), re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")
_ALLOWED: Mapping[str, re.Pattern[str]] = {"error": _TEXT, "error_description": _TEXT, "error_uri": _URI}

#: A word, what is expected, and what was seen instead: an empty text where it is as expected.
Checked = tuple[str, str, str]

#: Header sections of more octets may be refused before the application sees them, and what answers knows no OAuth.
LARGEST_HEADERS = 8000


def checked(seen: Exchange, hard: Hard) -> Iterator[Checked]:
    """Give every assertion that a table makes of an answer, whether it holds or not.

    Of an answer of another status than those it speaks of, a word asserts nothing; nor does any of them without an
    answer of HTTP (refused in the TLS handshake, say).
    """
    if seen.status is None:
        return
    for word, (expected, asked, check) in _WORDS.items():
        if getattr(hard, word) and asked(seen, hard):
            yield word, expected(hard), check(seen, hard)


def broken(seen: Exchange, hard: Hard) -> Iterator[Checked]:
    """Give the assertions that an answer breaks."""
    return (one for one in checked(seen, hard) if one[2])


def among(status: int | None, statuses: Statuses) -> bool:
    """Whether a status is one of these, "4xx" standing for a whole class."""
    return status in statuses or (status is not None and f"{status // 100}xx" in statuses)


def _status(seen: Exchange, hard: Hard) -> str:
    return "" if among(seen.status, hard.status) else str(seen.status)


def _withheld(seen: Exchange, hard: Hard) -> str:
    return ", ".join(name for name in hard.withheld if name in seen.json())


def _json_error(seen: Exchange, _: Hard) -> str:
    if isinstance(seen.json().get("error"), str):
        return ""
    kind = seen.header("Content-Type") or "no media type"
    return f"{seen.status} with {kind} and no error code in JSON"


def _no_store(seen: Exchange, _: Hard) -> str:
    said = [part.strip().lower() for value in seen.headers("Cache-Control") for part in value.split(",")]
    if "no-store" in said:
        return ""
    return f"{seen.status} with Cache-Control {', '.join(said)}" if said else f"{seen.status} without Cache-Control"


def is_huge(seen: Exchange) -> bool:
    """Whether a request has so large a header section that it may not reach the application."""
    return sum(len(name) + len(value) + 4 for name, value in seen.request.headers) > LARGEST_HEADERS


def _challenge(seen: Exchange, _: Hard) -> str:
    if seen.challenges:
        return ""
    return f"{seen.status}, {'a challenge nobody can read' if seen.headers('WWW-Authenticate') else 'no challenge'}"


def _challenge_error(seen: Exchange, _: Hard) -> str:
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


def _ever(_seen: Exchange, _hard: Hard) -> bool:
    return True


def _with_secrets(seen: Exchange, _: Hard) -> bool:
    return any(len(secret) >= leaks.LEAST for _, secret in leaks.secrets_of(seen.request))


#: Word -> what is expected, of which answers it is asked, and what was seen instead.
_WORDS: Mapping[
    str, tuple[Callable[[Hard], str], Callable[[Exchange, Hard], bool], Callable[[Exchange, Hard], str]]
] = {
    "status": (lambda hard: _listed(hard.status), _ever, _status),
    "withheld": (lambda hard: f"no {_names(hard.withheld)}", _ever, _withheld),
    "json_error": (
        lambda hard: f"{_listed(hard.json_error)} with an error code in JSON",
        lambda seen, hard: among(seen.status, hard.json_error) and not is_huge(seen),
        _json_error,
    ),
    "no_store": (
        lambda hard: f"{_listed(hard.no_store)} with Cache-Control no-store",
        lambda seen, hard: among(seen.status, hard.no_store) and not is_huge(seen),
        _no_store,
    ),
    "challenge": (
        lambda hard: f"{_listed(hard.challenge)} with a challenge",
        lambda seen, hard: among(seen.status, hard.challenge),
        _challenge,
    ),
    "challenge_error": (
        lambda hard: f"{_listed(hard.challenge_error)} with an error code in a challenge",
        lambda seen, hard: among(seen.status, hard.challenge_error),
        _challenge_error,
    ),
    "nonce": (lambda _: "one DPoP-Nonce", _ever, _nonce),
    "characters": (lambda _: "error texts in their characters", _ever, _characters),
    "silent": (lambda _: "no secret of the request repeated", _with_secrets, _silent),
    "traceless": (lambda _: "no stack trace", _ever, _traceless),
}

#: The words of the vocabulary.
WORDS = tuple(_WORDS)
