"""Client authentication by certificate: its chain and name, or that it is a registered one (RFC 8705 section 2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from . import subject_names
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .clients import Client
    from .incoming import Connection
    from .settings import Settings


#: The guard of each method.
CHECKS: Mapping[str, str] = {"tls_client_auth": "client.tls", "self_signed_tls_client_auth": "client.self_signed"}


def _read(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise Refused("invalid_client", "the certificate cannot be read") from error


@guard("certificate.period")
def in_its_period(certificate: x509.Certificate, now: float) -> None:
    """Refuse a certificate that is not valid yet or no longer."""
    moment = datetime.fromtimestamp(now, UTC)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise Refused("invalid_client", "the certificate is out of its period")


@guard("certificate.chain")
def chains_to_authority(connection: Connection, settings: Settings) -> None:
    """Check the chain of the connection's certificate to the configured authorities (RFC 8705 section 2.1).

    It is checked here and not in the handshake: the TLS layer takes any certificate, so that a refusal is an answer.
    """
    store = crypto.X509Store()
    for authority in settings.authorities:
        store.add_cert(crypto.X509.from_cryptography(authority))
    try:
        leaf, *others = (
            crypto.X509.from_cryptography(_read(der)) for der in (connection.certificate or b"", *connection.chain)
        )
        crypto.X509StoreContext(store, leaf, others).verify_certificate()
    except (crypto.X509StoreContextError, crypto.Error) as error:
        raise Refused("invalid_client", "the certificate is not of a trusted authority") from error


@guard("certificate.usage")
def is_for_clients(certificate: x509.Certificate) -> None:
    """Refuse a certificate whose extended key usage leaves out client authentication (RFC 5280 section 4.2.1.12)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    except ValueError as error:
        raise Refused("invalid_client", "the certificate cannot be read") from error
    if not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
        raise Refused("invalid_client", "the certificate is not for clients")


@guard("certificate.subject")
def is_of_the_client(certificate: x509.Certificate, client: Client) -> None:
    """Compare the certificate with the one name that the client registered (RFC 8705 section 2.1.2)."""
    if client.name is None or not subject_names.bears(certificate, client.name):
        raise Refused("invalid_client", "the certificate names somebody else")


@guard("client.tls")
def has_the_registered_name(connection: Connection, client: Client, settings: Settings) -> None:
    """Authenticate by tls_client_auth: a certificate, its chain, usage and registered name (RFC 8705 section 2.1)."""
    if connection.certificate is None:
        raise Refused("invalid_client", "no certificate")
    certificate = _read(connection.certificate)
    settings.guards("certificate.period", certificate, settings.clock())
    settings.guards("certificate.chain", connection, settings)
    settings.guards("certificate.usage", certificate)
    settings.guards("certificate.subject", certificate, client)


@guard("certificate.registered")
def is_registered(der: bytes, client: Client) -> None:
    """Look for exactly this certificate among the registered x5c of the client (RFC 8705 section 2.2)."""
    if der not in client.certificates:
        raise Refused("invalid_client", "the certificate is not registered")


@guard("client.self_signed")
def has_the_registered_certificate(connection: Connection, client: Client, settings: Settings) -> None:
    """Authenticate by self_signed_tls_client_auth: a registered certificate, whoever issued it (RFC 8705 2.2)."""
    if connection.certificate is None:
        raise Refused("invalid_client", "no certificate")
    settings.guards("certificate.period", _read(connection.certificate), settings.clock())
    settings.guards("certificate.registered", connection.certificate, client)
