"""Flaws in how certificates authenticate clients: whether one is asked for, and which (RFC 8705 section 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from strict_server.certificates import connection_of
from strict_server.client_keys import certificates_of
from strict_server.refusals import Refused
from strict_server.subject_names import bears

from flawed_server.registry import inside, instead_of
from flawed_server.seams.certificate_facts import FACTS
from flawed_server.seams.issue_several import HONEST, several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.client_authentication import Attempt, Authenticated
    from strict_server.clients import Client
    from strict_server.incoming import Connection, Incoming
    from strict_server.main import Servers
    from strict_server.settings import Settings


def _failed() -> Refused:
    return Refused("invalid_client", "the client is not authenticated", status=401)


@instead_of("client.tls", "where there is a certificate")
@instead_of("client.self_signed", "where there is a certificate")
def no_certificate_is_as_good(
    honest: Callable[..., Any], connection: Connection, client: Client, settings: Settings
) -> None:
    """Check the certificate of a client that authenticates with it where it shows one."""
    if connection.certificate is not None:
        honest(connection, client, settings)


@instead_of("client.tls", "never")
@instead_of("client.self_signed", "never")
def never(_honest: Callable[..., Any], *_arguments: Any) -> None:
    """Take no client that authenticates with a certificate: the listener was made without."""
    raise _failed()


@instead_of("client.tls", "any of the chain")
@instead_of("client.self_signed", "any of the chain")
def any_of_the_chain(honest: Callable[..., Any], connection: Connection, client: Client, settings: Settings) -> None:
    """Try each certificate that the client sent in the place of its own."""
    sent = (connection.certificate, *connection.chain) if connection.certificate else (None,)
    for number, der in enumerate(sent):
        others = tuple(one for at, one in enumerate(sent) if at != number and one is not None)
        try:
            honest(replace(connection, certificate=der, chain=others), client, settings)
        except Refused:
            continue
        return
    raise _failed()


@inside("a secret in place of a certificate")
def secret_in_place_of_a_certificate(servers: Servers) -> None:
    """Take a secret of a client that has none, though it is registered for certificates."""

    def method(client: Client, attempt: Attempt) -> None:
        if attempt.kind != "post" or "tls_client_auth" not in client.method:
            HONEST("client.method", client, attempt)

    def secret(expected: str, attempt: Attempt) -> None:
        if expected:
            HONEST("client.secret", expected, attempt)

    several(servers, {"client.method": method, "client.secret": secret})


@inside("the client whose certificate it is")
def client_of_the_certificate(servers: Servers) -> None:
    """Guess which client it is by its certificate where the request does not say so."""
    if servers.authorization is None:
        return
    clients, known = servers.authorization.clients, servers.authorization.settings.registry.clients
    honest = clients.authenticate

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        der = incoming.connection.certificate
        if "client_id" not in parameters and not incoming.values("authorization") and der is not None:
            shown = x509.load_der_x509_certificate(der)
            named = [one.client_id for one in known.values() if one.name is not None and bears(shown, one.name)]
            parameters = {**parameters, **({"client_id": named[0]} if named else {})}
        return honest(incoming, parameters)

    clients.authenticate = authenticate  # type: ignore[method-assign]


@inside("one certificate for good")
def one_certificate_for_good(servers: Servers) -> None:
    """Take of a client the certificate only that it showed first, though it is registered by its name."""
    if servers.authorization is None:
        return
    clients, first = servers.authorization.clients, dict[str, bytes | None]()
    settings, honest = servers.authorization.settings, clients._prove  # noqa: SLF001 - a flaw goes in where it has to

    def prove(client: Client, attempt: Attempt, incoming: Incoming) -> None:
        honest(client, attempt, incoming)
        seen = connection_of(incoming, settings).certificate
        if client.method == "tls_client_auth" and first.setdefault(client.client_id, seen) != seen:
            raise _failed()

    clients._prove = prove  # type: ignore[method-assign]  # noqa: SLF001


# Registered certificates


def _registered(name: str, fact: Callable[[x509.Certificate], object]) -> None:
    """Register that a certificate will do of which one fact is that of a registered one."""

    def look(honest: Callable[..., Any], der: bytes, client: Client) -> None:
        known = {fact(x509.load_der_x509_certificate(one)) for one in client.certificates}
        if fact(x509.load_der_x509_certificate(der)) not in known:
            honest(der, client)

    instead_of("certificate.registered", f"by its {name}")(look)


for _name, _fact in FACTS.items():
    _registered(_name, _fact)


@instead_of("certificate.registered", "no self-signed ones")
def no_self_signed_ones(honest: Callable[..., Any], der: bytes, client: Client) -> None:
    """Take no certificate that no authority has signed."""
    shown = x509.load_der_x509_certificate(der)
    if shown.issuer == shown.subject:
        raise _failed()
    honest(der, client)


@instead_of("certificate.registered", "only self-signed ones")
def only_self_signed_ones(honest: Callable[..., Any], der: bytes, client: Client) -> None:
    """Take no certificate that an authority has signed which nobody trusts."""
    shown = x509.load_der_x509_certificate(der)
    if shown.issuer != shown.subject:
        raise _failed()
    honest(der, client)


@instead_of("certificate.registered", "also for another key")
def also_for_another_key(honest: Callable[..., Any], der: bytes, client: Client) -> None:
    """Look at x5c alone, whatever key its JWK says it is for."""
    bare = [{"x5c": key["x5c"]} for key in client.keys if key.get("x5c")]
    if der not in {_first(key) for key in bare}:
        honest(der, client)


def _first(key: Mapping[str, Any]) -> bytes:
    return x509.load_pem_x509_certificate(
        f"-----BEGIN CERTIFICATE-----\n{key['x5c'][0]}\n-----END CERTIFICATE-----".encode()
    ).public_bytes(Encoding.DER)


@instead_of("client.keys", "as they were first")
def keys_as_they_were_first(honest: Callable[..., Any], client: Client, keys: tuple[Any, ...]) -> Client:
    """Fetch the keys of a client once and for all."""
    kept: Client = client if client.keys else honest(client, keys)
    return kept


@instead_of("client.keys", "more and more")
def more_and_more_keys(honest: Callable[..., Any], client: Client, keys: tuple[Any, ...]) -> Client:
    """Keep every key that a client has ever published."""
    published: Client = honest(client, keys)
    return replace(published, keys=(*client.keys, *keys), certificates=client.certificates | certificates_of(keys))


@instead_of("client.keys", "never")
def never_fetched(_honest: Callable[..., Any], client: Client, _keys: tuple[Any, ...]) -> Client:
    """Know nothing of what a client publishes."""
    return client
