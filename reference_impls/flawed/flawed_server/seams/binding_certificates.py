"""Flaws in how certificates are believed and compared with those of tokens: RFC 8705 section 3, RFC 9440 section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from strict_server import certificates

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.incoming import Incoming
    from strict_server.settings import Settings
    from strict_server.tokens import Binding

    Compares = Callable[[Binding, bytes | None], None]
    Fact = Callable[[x509.Certificate], object]


def _alike(name: str, fact: Fact) -> None:
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

    instead_of("binding.certificate", name)(compare)


_alike("same subject", lambda certificate: certificate.subject)
_alike("same authority", lambda certificate: certificate.issuer)
_alike(
    "same key",
    lambda certificate: certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
)


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
                return certificates._forwarded_der(value, "rfc9440")  # noqa: SLF001 - a flaw reaches inside
        return honest(incoming, settings)

    instead_of("certificate.presented", name)(presented)


_from_headers("header from anyone", "client-cert")
_from_headers("header as CGI names it", "client-cert", "client_cert")
_from_headers("headers of old", "x-client-cert", "x-ssl-client-cert", "ssl-client-cert")
