"""Flaws in how certificates are believed and compared with those of tokens: RFC 8705 section 3, RFC 9440 section 4."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from strict_server import forwarded, jose
from strict_server.certificates import thumbprint
from strict_server.refusals import Refused

from flawed_server.registry import instead_of
from flawed_server.seams.certificate_facts import FACTS, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.incoming import Incoming
    from strict_server.settings import Settings
    from strict_server.tokens import Binding

    Compares = Callable[[Binding, bytes | None], None]


def _alike(name: str, fact: Callable[[x509.Certificate], object]) -> None:
    """Register that a certificate will do of which one fact is that of the certificate named in the token.

    The one that is named is known from a request that showed it.
    """
    shown: dict[str, object] = {}

    def compare(honest: Compares, binding: Binding, certificate: bytes | None) -> None:
        told = certificate and fact(x509.load_der_x509_certificate(certificate))
        if binding.x5t and told and shown.get(binding.x5t) == told:
            return
        honest(binding, certificate)
        if binding.x5t:
            shown[binding.x5t] = told

    instead_of("binding.certificate", f"same {name}")(compare)


for _name, _fact in FACTS.items():
    _alike(_name, _fact)


def _written(name: str, alike: Callable[[str, bytes], bool]) -> None:
    """Register that a token may name its certificate in another way, too."""

    def compare(honest: Compares, binding: Binding, certificate: bytes | None) -> None:
        if not (binding.x5t and certificate and alike(binding.x5t, certificate)):
            honest(binding, certificate)

    instead_of("binding.certificate", name)(compare)


def _pem_of(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


_written("padded", lambda named, der: named.rstrip("=") == thumbprint(der))
_written("in any case", lambda named, der: named.lower() == thumbprint(der).lower())
_written("hexadecimal", lambda named, der: named.lower() == hashlib.sha256(der).hexdigest())
_written("base64", lambda named, der: named == base64.b64encode(hashlib.sha256(der).digest()).decode())
_written("cut", lambda named, der: thumbprint(der).startswith(named))
_written("longer", lambda named, der: named.startswith(thumbprint(der)))
_written("of the key", lambda named, der: named == thumbprint(key_of(x509.load_der_x509_certificate(der))))
_written("of the text", lambda named, der: named == thumbprint(_pem_of(der)))
_written("SHA-1", lambda named, der: named == jose.encode(hashlib.sha1(der, usedforsecurity=False).digest()))


@instead_of("binding.certificate", "also by its authority")
def also_by_its_authority(honest: Compares, binding: Binding, certificate: bytes | None) -> None:
    """Refuse a certificate that is signed by itself."""
    shown = x509.load_der_x509_certificate(certificate) if certificate else None
    if shown is not None and shown.issuer == shown.subject:
        raise Refused("invalid_token", "the certificate is not of a trusted authority")
    honest(binding, certificate)


@instead_of("certificate.presented", "last of the chain")
def last_of_the_chain(honest: Callable[..., bytes | None], incoming: Incoming, settings: Settings) -> bytes | None:
    """Take the last certificate that a client sends for its own, unless it is that of an authority."""
    others = [der for der in incoming.connection.chain if not _of_an_authority(der)]
    return others[-1] if others else honest(incoming, settings)


@instead_of("certificate.presented", "the issuer")
def the_issuer(honest: Callable[..., bytes | None], incoming: Incoming, settings: Settings) -> bytes | None:
    """Take an intermediate authority for its client where it is sent along."""
    own = {authority.public_bytes(Encoding.DER) for authority in settings.authorities}
    others = [der for der in incoming.connection.chain if der not in own and _of_an_authority(der)]
    return others[0] if others else honest(incoming, settings)


def _of_an_authority(der: bytes) -> bool:
    found = x509.load_der_x509_certificate(der).extensions
    return found.get_extension_for_class(x509.BasicConstraints).value.ca


@instead_of("binding.certificate", "where one is shown")
def where_one_is_shown(honest: Compares, binding: Binding, certificate: bytes | None) -> None:
    """Compare a certificate where one is shown, and ask for none."""
    if certificate is not None:
        honest(binding, certificate)


@instead_of("binding.certificate", "where no key is")
def where_no_key_is(honest: Compares, binding: Binding, certificate: bytes | None) -> None:
    """Look at certificates only where a token names no key."""
    if binding.jkt is None:
        honest(binding, certificate)


def _from_headers(name: str, *headers: str) -> None:
    """Register that the certificate in one of these headers is believed, whoever sends it."""

    def presented(honest: Callable[..., bytes | None], incoming: Incoming, settings: Settings) -> bytes | None:
        for key, value in incoming.headers:
            if key in headers:
                return forwarded.der_of(value, "rfc9440")
        return honest(incoming, settings)

    instead_of("certificate.presented", name)(presented)


_from_headers("header from anyone", "client-cert")
_from_headers("header as CGI names it", "client-cert", "client_cert")
_from_headers("headers of old", "x-client-cert", "x-ssl-client-cert", "ssl-client-cert")
