"""What an answer gives away: secrets of the request repeated, and stack traces."""

import base64
import binascii
import contextlib
import html
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from holdfast.secret_forms import in_clear
from holdfast.wire import Answer, Request

#: Shorter texts stand in an answer by chance.
LEAST = 16

#: Parameters that carry a secret, in a query or a form -> what it is called.
_PARAMETERS: Mapping[str, str] = {
    "access_token": "token",
    "token": "token",
    "subject_token": "token",
    "refresh_token": "refresh token",
    "code": "code",
    "code_verifier": "code verifier",
    "client_secret": "client secret",
    "client_assertion": "client assertion",
    "password": "password",
}

#: What a stack trace looks like where it came from, each with something that no prose has. A body may be a quarter of a
#: megabyte of whatever a target likes: no pattern goes over a letter more than a few times, hence what is possessive.
_TRACES: Mapping[str, re.Pattern[str]] = {
    "Python": re.compile(r'Traceback \(most recent call last\)|File "[^"\n]+", line \d+'),
    "Java": re.compile(
        r"\bat [\w.$/<>]+\([\w$]+\.(?:java|kt|scala):\d+\)|\bat [\w.$/<>]+\((?:Native Method|Unknown Source)\)"
    ),
    "Node.js": re.compile(
        r"(?m:^)(?>[^\n]*?\bat )[^\n]*?"
        r"(?:(?<![^\s():])[^\s():/]*+/|node:|[A-Za-z]:\\)[^\s():]++(?::\w++)??:\d++:\d"
    ),
    "Go": re.compile(r"\bgoroutine \d++ \[[^\[\]\n]++\]:|[\w./-]\.go:\d++ \+0x[0-9a-f]"),
    ".NET": re.compile(
        r"(?m:^)(?>[^\n]*?\bat [\w.`<>+]++\([^()\n]*+\) in )[^\n]+?:line \d"
        r"|(?<![\w.])(?>[\w.]*?\bSystem\.)[\w.]++(?<=\wException): "
    ),
    "PHP": re.compile(r"PHP (?:Fatal|Parse) error: |#\d+ [^\s(]+\.php\(\d+\): |\.php(?:</b>)? on line (?:<b>)?\d+"),
    "Ruby": re.compile(r"[\w./-]\.rb:\d++:in [`'\"]"),
}


def secrets_of(request: Request) -> Iterator[tuple[str, str]]:
    """Give the secrets that a request carries, each with what it is called: of a JWS its signature."""
    for name, value in request.headers:
        if name.lower() == "dpop":
            yield "proof", _essence(value)
        elif name.lower() == "authorization":
            scheme, _, credentials = value.partition(" ")
            yield from _credentials(scheme.lower(), credentials.strip())
    pairs = urlsplit(request.url).query.encode("latin-1", "replace"), request.body
    for name, value in [pair for text in pairs for pair in parse_qsl(text.decode("latin-1"), max_num_fields=None)]:
        if name in _PARAMETERS:
            yield _PARAMETERS[name], _essence(value)


def repeated(request: Request, answer: Answer) -> list[str]:
    """Name the secrets of a request that its answer repeats, in a header or in the body, in clear or escaped."""
    text = "\n".join([answer.body.decode("utf-8", "replace"), *(value for _, value in answer.headers)])
    found = {kind for kind, secret in secrets_of(request) if len(secret) >= LEAST and _stands_in(secret, text)}
    return sorted(found)


def trace(answer: Answer) -> str:
    """Say of which language an answer shows a stack trace; an empty text where it shows none."""
    text = answer.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):  # a character by a number of thousands of digits
        text = html.unescape(text)
    for escape, meant in (("\\n", "\n"), ("\\r", ""), ("\\t", "\t"), ('\\"', '"'), ("\\/", "/"), ("&nbsp;", " ")):
        text = text.replace(escape, meant)
    return next((language for language, pattern in _TRACES.items() if pattern.search(text)), "")


def _stands_in(secret: str, text: str) -> bool:
    return any(form in text for form in in_clear(secret))


def _credentials(scheme: str, credentials: str) -> Iterator[tuple[str, str]]:
    if scheme != "basic":
        yield "token", _essence(credentials)
        return
    yield "client secret", credentials
    try:
        _, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return
    yield "client secret", unquote(secret)


def _essence(value: str) -> str:
    """Give what makes a text a secret: the signature of a JWS, for header and claims are not; else the whole."""
    parts = value.split(".")
    return parts[2] if len(parts) == 3 and parts[0].startswith("ey") else value
