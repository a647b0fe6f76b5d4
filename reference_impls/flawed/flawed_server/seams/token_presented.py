"""Flaws in how a token is found in a request, and in who is nobody: RFC 6750 section 2, RFC 9449 section 7."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from strict_server.protection import Credentials
from strict_server.refusals import Refused

from flawed_server.registry import Answer, answer, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from strict_server.incoming import Incoming

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@instead_of("token.single", "first")
def first_authorization(_honest: Callable[..., str], values: list[str]) -> str:
    """Take the first of several Authorization fields."""
    return values[0] if values else ""


@instead_of("token.single", "last")
def last_authorization(_honest: Callable[..., str], values: list[str]) -> str:
    """Take the last of several Authorization fields."""
    return values[-1] if values else ""


@instead_of("token.scheme", "case")
def scheme_by_its_letters(honest: Callable[..., Credentials], value: str) -> Credentials:
    """Know the scheme DPoP in one spelling only."""
    read = honest(value)
    if read.scheme == "dpop" and not value.startswith("DPoP"):
        raise Refused("", "no credentials", status=401)
    return read


@instead_of("token.scheme", "as written")
def scheme_as_written(honest: Callable[..., Credentials], value: str) -> Credentials:
    """Take schemes in any spelling, and compare with one later: what is spelt otherwise needs no proof."""
    read = honest(value)
    written = value.partition(" ")[0]
    return read if written in {"DPoP", "Bearer", "dpop", "bearer"} else Credentials(written, read.token)


@instead_of("token.scheme", "token anywhere")
def token_anywhere(honest: Callable[..., Credentials], value: str) -> Credentials:
    """Look for a JWT in what is not one scheme and one token, and ask no more of it."""
    found = _JWT.search(value)
    try:
        read = honest(value)
    except Refused:
        if not found:
            raise
        return Credentials("", found[0])
    return Credentials("", found[0]) if found and not _TOKEN.fullmatch(read.token) else read


@instead_of("token.scheme", "password")
def token_as_password(honest: Callable[..., Credentials], value: str) -> Credentials:
    """Take a JWT that comes as the password of Basic, and ask no more of it."""
    scheme, _, encoded = value.partition(" ")
    try:
        written = base64.b64decode(encoded).decode("latin-1") if scheme.lower() == "basic" else ""
    except ValueError:
        written = ""
    found = _JWT.search(written)
    return Credentials("", found[0]) if found else honest(value)


@instead_of("token.syntax", "first word")
def first_word(_honest: Callable[..., str], credentials: Credentials) -> str:
    """Take the token up to the first space or punctuation mark."""
    return re.split(r"[ ,;]", credentials.token)[0]


@instead_of("token.syntax", "unwrapped")
def unwrapped(_honest: Callable[..., str], credentials: Credentials) -> str:
    """Take quotation marks off, or a name before an equals sign."""
    return re.sub(r"^(token=)?\"(.*)\"$", r"\2", credentials.token)


@instead_of("token.syntax", "last word")
def last_word(_honest: Callable[..., str], credentials: Credentials) -> str:
    """Take what stands last."""
    return credentials.token.rpartition(" ")[2]


@instead_of("anonymous.nothing_presented", "Bearer")
def bearers_are_nobody(honest: Callable[..., bool], incoming: Incoming) -> bool:
    """Serve who comes with a Bearer token as nobody, whatever the token is."""
    schemes = [value.partition(" ")[0].lower() for value in incoming.values("authorization")]
    return schemes == ["bearer"] or honest(incoming)


@answer("nobody after all")
def nobody_after_all(given: Answer, scope: Scope) -> None:
    """Serve who fails as nobody, where nobody is served."""
    if scope["path"] == "/greeting" and given.status in {400, 401}:
        given.status, given.body = 200, b'{"greeting": "hello, stranger"}'
