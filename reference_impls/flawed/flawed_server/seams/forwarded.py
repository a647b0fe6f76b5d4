"""Flaws in what is made of the certificate of which a trusted proxy tells (RFC 9440 section 2)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from strict_server import forwarded
from strict_server.refusals import Refused

from flawed_server.registry import Answer, answer, instead_of
from flawed_server.seams.falling_over import fall_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from strict_server.incoming import Incoming
    from strict_server.settings import Settings

_LARGE = 4000


def _one_of(name: str, which: int) -> None:
    """Register that of several certificates one is taken."""

    def read(honest: Callable[..., bytes], values: list[str], settings: Settings) -> bytes:
        several = [part.strip() for value in values for part in value.split(",")]
        return honest([several[which]], settings)

    instead_of("certificate.forwarded", name)(read)


_one_of("first of several", 0)
_one_of("last of several", -1)


def _also(name: str, decode: Callable[[str], bytes]) -> None:
    """Register that a certificate may be written in another way, too."""

    def read(honest: Callable[..., bytes], values: list[str], settings: Settings) -> bytes:
        try:
            return honest(values, settings)
        except Refused:
            try:
                return decode(values[0]) if len(values) == 1 else honest(values, settings)
            except ValueError:
                raise Refused("invalid_request", "the forwarded certificate cannot be read") from None

    instead_of("certificate.forwarded", name)(read)


def _der(data: bytes) -> bytes:
    return x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)


def _lenient(value: str) -> bytes:
    """Pass over colons, quotation marks, white space and parameters."""
    return _der(base64.b64decode(re.sub(r'[\s:"]', "", value.partition(";")[0]), validate=True))


def _as_text(value: str) -> bytes:
    """Read PEM, escaped or with spaces for line ends."""
    body = unquote(value.strip(":")).replace("-----BEGIN CERTIFICATE-----", "").replace("-----END CERTIFICATE-----", "")
    if "CERTIFICATE" not in value:
        raise ValueError("no PEM")
    return _der(base64.b64decode("".join(body.split()), validate=True))


def _url_safe(value: str) -> bytes:
    text = value.strip(":").rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("not base64url")
    return _der(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _with_more(value: str) -> bytes:
    """Read a certificate and look at nothing behind it."""
    data = base64.b64decode(value.strip(":"), validate=True)
    length = int.from_bytes(data[2:4]) + 4 if data[1] == 0x82 else len(data)
    return _der(data[:length])


instead_of("certificate.forwarded", "falls over")(fall_over)
_also("leniently", _lenient)
_also("as text", _as_text)
_also("of other letters", _url_safe)
_also("with more behind it", _with_more)


@instead_of("certificate.presented", "from the chain")
def from_the_chain(honest: Callable[..., bytes | None], incoming: Incoming, settings: Settings) -> bytes | None:
    """Take the first of a chain for the certificate that is missing, or for any: the proxy tells of both."""
    if incoming.connection.from_trusted_proxy and (lines := incoming.values("client-cert-chain")):
        return forwarded.chain_of(lines)[0]
    return honest(incoming, settings)


@instead_of("certificate.presented", "of no proxy")
def of_no_proxy(honest: Callable[..., bytes | None], incoming: Incoming, settings: Settings) -> bytes | None:
    """Believe no proxy."""
    return None if incoming.connection.from_trusted_proxy else honest(incoming, settings)


@instead_of("certificate.forwarded", "none that is large")
def none_that_is_large(honest: Callable[..., bytes], values: list[str], settings: Settings) -> bytes:
    """Fall over where a certificate is larger than was thought of."""
    if len(values[0]) > _LARGE:
        raise MemoryError("the certificate does not fit")
    return honest(values, settings)


@instead_of("certificate.forwarded_chain", "not at all")
def no_chain(_honest: Callable[..., Any], _lines: list[str]) -> tuple[bytes, ...]:
    """Look at no chain."""
    return ()


@instead_of("certificate.forwarded_chain", "the last line")
def last_line_of_the_chain(honest: Callable[..., Any], lines: list[str]) -> tuple[bytes, ...]:
    """Take the last line for all of the chain."""
    chain: tuple[bytes, ...] = honest(lines[-1:])
    return chain


@instead_of("certificate.forwarded_chain", "one line")
def one_line_of_the_chain(honest: Callable[..., Any], lines: list[str]) -> tuple[bytes, ...]:
    """Take no chain in several lines."""
    if len(lines) > 1:
        raise Refused("invalid_request", "the forwarded chain stands twice", both_schemes=True)
    chain: tuple[bytes, ...] = honest(lines)
    return chain


@answer("the certificate comes back")
def certificate_comes_back(found: Answer, scope: Scope) -> None:
    """Repeat to the client, or to the proxy, what the proxy said."""
    headers = dict(scope["headers"])
    for name in (b"client-cert", b"client-cert-chain"):
        if name in headers:
            found.replace(name.decode(), headers[name].decode("latin-1"))


@answer("anybody may keep it")
def anybody_may_keep_it(found: Answer, _scope: Scope) -> None:
    """Let caches keep what was answered."""
    if found.status == 200:
        found.replace("cache-control", "max-age=60")
