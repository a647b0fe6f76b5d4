"""Flaws in the challenges of a resource server (RFC 6750 section 3, RFC 9110 section 11.6.1, RFC 9449 section 7.1)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from strict_server import jose
from strict_server.protection import Credentials

from flawed_server.registry import Answer, answer, function, inside

from .signal_parts import CHALLENGE, error, is_refusal, reword
from .token_ways_in import protections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.responses import Response
    from starlette.types import Scope
    from strict_server.incoming import Incoming
    from strict_server.main import Servers
    from strict_server.protection import Protection

_ALGS = re.compile(r'algs="([^"]*)"(?:, )?')
_LEADS = re.compile(r'resource_metadata="https://[^/"]*')
_QUOTED = 40  # characters
_ERROR = re.compile(r', (?:error|error_description|scope)="[^"]*"')


def _of_scheme(found: Answer, scheme: str, word: Callable[[str], str]) -> None:
    reword(found, lambda line: word(line) if line.startswith(scheme) else line)


# Which challenges there are


@answer("no challenge")
def unchallenged(found: Answer, _scope: Scope) -> None:
    """Refuse, and do not say how to come back."""
    found.replace(CHALLENGE)


@answer("a challenge in JSON")
def in_json(found: Answer, _scope: Scope) -> None:
    """Write the challenge as no client reads it."""
    if found.values(CHALLENGE):
        found.replace(CHALLENGE, json.dumps({"scheme": "DPoP", "error": error(found)}))


@answer("Bearer only")
def bearer_only(found: Answer, _scope: Scope) -> None:
    """Offer Bearer alone, whatever the client came with."""
    dpop = [line for line in found.values(CHALLENGE) if line.startswith("DPoP")]
    told = "".join(part for line in dpop for part in _ERROR.findall(line))
    lines = [line for line in found.values(CHALLENGE) if line not in dpop]
    found.replace(CHALLENGE, *(line if "error=" in line else line + told for line in lines))


@answer("a bare Bearer challenge too")
def bare_bearer(found: Answer, _scope: Scope) -> None:
    """Offer Bearer once more, without any parameter."""
    if lines := found.values(CHALLENGE):
        found.replace(CHALLENGE, *lines, "Bearer")


@answer("the error in both challenges")
def blames_both(found: Answer, _scope: Scope) -> None:
    """Tell the error under the scheme that was used and under the other."""
    lines = found.values(CHALLENGE)
    told = next((part for line in lines for part in ["".join(_ERROR.findall(line))] if part), "")
    found.replace(CHALLENGE, *(line if "error=" in line else line + told for line in lines))


# The algorithms


@answer("no algorithms")
def without_algorithms(found: Answer, _scope: Scope) -> None:
    """Say of no algorithm that proofs may use it."""
    _of_scheme(found, "DPoP", lambda line: _ALGS.sub("", line).rstrip(", "))


@answer("algorithms with commas")
def with_commas(found: Answer, _scope: Scope) -> None:
    """Put commas between the algorithms."""
    _of_scheme(found, "DPoP", lambda line: _ALGS.sub(lambda m: m[0].replace(" ", ",", m[1].count(" ")), line))


@answer("other algorithms than its metadata")
def other_algorithms(found: Answer, _scope: Scope) -> None:
    """Name algorithms that proofs must not use, among them one that needs no key."""
    _of_scheme(found, "DPoP", lambda line: line.replace('algs="', 'algs="none RS256 ', 1))


# How they are written


@answer("an empty element")
def with_an_empty_element(found: Answer, _scope: Scope) -> None:
    """Write a comma after the last parameter."""
    reword(found, lambda line: f"{line},")


@answer("a parameter twice")
def twice(found: Answer, _scope: Scope) -> None:
    """Write the first parameter of each challenge once more at its end."""
    reword(found, lambda line: f"{line}, {line.partition(' ')[2].split(', ', 1)[0]}")


@answer("an odd scope")
def odd_scope(found: Answer, _scope: Scope) -> None:
    """Name a scope with a letter that no scope has."""
    reword(found, lambda line: re.sub(r', scope="[^"]*"', "", line) + ', scope="r\u00e9ad"')


# What it says of the request


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _quoting(read: Callable[[Scope], list[str]]) -> Callable[[Answer, Scope], None]:
    def change(found: Answer, scope: Scope) -> None:
        said = " ".join(text for text in read(scope) if '"' in text)
        if said and is_refusal(found):
            found.replace(CHALLENGE, *(f'{line}, detail="{said}"' for line in found.values(CHALLENGE)))

    return change


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _in_proof(scope: Scope) -> list[str]:
    """Give the texts of a proof that a message would name, as far as they can be written into a header at all."""
    found: list[str] = []
    for proof in _values(scope, b"dpop"):
        try:
            read = jose.read(proof)
        except jose.Malformed:
            continue
        said = [read.header.get("typ"), read.header.get("alg"), *map(read.claims.get, ("htm", "htu", "jti", "iat"))]
        found += [text for value in (*said, read.claims.get("ath"), read.claims.get("nonce")) for text in _texts(value)]
    return [text for text in found if text.isascii()]


def _in_credentials(scope: Scope) -> list[str]:
    """Give the beginning of credentials with a quotation mark in it, which is too short to hold a token."""
    return [value[:_QUOTED] for value in _values(scope, b"authorization") if '"' in value]


def _in_query(scope: Scope) -> list[str]:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"))
    return [value for name, value in pairs if name == "access_token" and value.isascii()]


answer("quotes the proof")(_quoting(_in_proof))
answer("quotes how what is no token begins")(_quoting(_in_credentials))
answer("quotes the query")(_quoting(_in_query))


# Where it leads


def _leading_elsewhere(scheme: str) -> Callable[[Answer, Scope], None]:
    def change(found: Answer, _scope: Scope) -> None:
        _of_scheme(found, scheme, lambda line: _LEADS.sub('resource_metadata="https://metadata.test', line))

    return change


answer("DPoP challenges lead to another host")(_leading_elsewhere("DPoP"))
answer("Bearer challenges lead to another host")(_leading_elsewhere("Bearer"))


# What is not to be challenged any more


@inside("token from the query, kept by caches")
def kept_by_caches(servers: Servers) -> None:
    """Take a token from the query, and let caches keep what it opens."""
    function("inside", "token from the query")(servers)
    for protection in protections(servers):
        _let_caches_keep(protection)


@inside("Bearer token from the query, kept by caches")
def bearer_kept_by_caches(servers: Servers) -> None:
    """Take a token from the query as if it came as Bearer, and let caches keep what it opens."""
    for protection in protections(servers):
        _read_the_query(protection)
        _let_caches_keep(protection)


def _read_the_query(protection: Protection) -> None:
    read = protection._credentials  # noqa: SLF001 - a flaw goes in wherever it has to

    def credentials(incoming: Incoming) -> Credentials:
        found = [value for name, value in incoming.query if name == "access_token"]
        elsewhere = incoming.values("authorization") or incoming.values("dpop")
        return Credentials("bearer", found[0]) if len(found) == 1 and not elsewhere else read(incoming)

    protection._credentials = credentials  # type: ignore[method-assign]  # noqa: SLF001


def _let_caches_keep(protection: Protection) -> None:
    answered = protection.answer

    async def publicly(incoming: Incoming, *more: Any) -> Response:
        response = await answered(incoming, *more)
        if incoming.query and response.status_code < 300:
            response.headers["Cache-Control"] = "public, max-age=60"
        return response

    protection.answer = publicly
