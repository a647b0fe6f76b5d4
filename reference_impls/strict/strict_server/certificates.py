"""Client certificates: which one a request presents, and its thumbprint (RFC 8705 section 3, RFC 9440)."""

from __future__ import annotations

import binascii
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from . import forwarded, jose
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from .incoming import Connection, Incoming
    from .settings import Settings


def thumbprint(der: bytes) -> str:
    """Give x5t#S256 of a certificate (RFC 8705 section 3.1)."""
    return jose.encode(hashlib.sha256(der).digest())


@guard("certificate.presented")
def presented(incoming: Incoming, settings: Settings) -> bytes | None:
    """Give the certificate (DER) of the client that sent the request, None without one.

    Behind the trusted proxy it is the forwarded one, on a public listener that of the TLS connection, never the
    other way round.
    """
    if not incoming.connection.from_trusted_proxy:
        return incoming.connection.certificate
    if settings.forwarded_encoding == "none":  # no header counts, whoever sent it
        return None
    values = incoming.values(settings.forwarded_header.lower())
    if not values or values == [""]:
        return None
    der: bytes = settings.guards("certificate.forwarded", values, settings)
    return der


@guard("certificate.forwarded")
def forwarded_once(values: list[str], settings: Settings) -> bytes:
    """Read the header of the trusted proxy: one line with one certificate and nothing else (RFC 9440 section 2.2)."""
    if len(values) > 1:
        raise Refused("invalid_request", "the forwarded certificate stands twice", both_schemes=True)
    try:
        return forwarded.der_of(values[0], settings.forwarded_encoding)
    except (ValueError, binascii.Error) as error:
        raise Refused("invalid_request", "the forwarded certificate cannot be read", both_schemes=True) from error


@guard("certificate.forwarded_chain")
def forwarded_chain(lines: list[str]) -> tuple[bytes, ...]:
    """Read what the trusted proxy says of the chain, which is no certificate of a client by itself (RFC 9440 2.3)."""
    try:
        return forwarded.chain_of(lines) if lines else ()
    except (ValueError, binascii.Error) as error:
        raise Refused("invalid_request", "the forwarded chain cannot be read", both_schemes=True) from error


def connection_of(incoming: Incoming, settings: Settings) -> Connection:
    """Give the connection of the client itself, as the trusted proxy tells of it where it came by that."""
    if not incoming.connection.from_trusted_proxy:
        return incoming.connection
    chain = settings.guards("certificate.forwarded_chain", incoming.values("client-cert-chain"))
    shown = settings.guards("certificate.presented", incoming, settings)
    return replace(incoming.connection, certificate=shown, chain=chain)
