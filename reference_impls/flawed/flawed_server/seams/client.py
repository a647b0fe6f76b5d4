"""Flaws in how clients authenticate (RFC 6749 section 2.3, RFC 7523, RFC 8705 section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.refusals import Refused

from flawed_server.registry import inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from strict_server.client_authentication import Attempt, Authenticated
    from strict_server.clients import Client
    from strict_server.incoming import Incoming
    from strict_server.main import Servers
    from strict_server.settings import Settings


def _failed() -> Refused:
    return Refused("invalid_client", "the client is not authenticated", status=401)


@instead_of("client.method", "no assertions")
def no_assertions(honest: Callable[..., Any], client: Client, attempt: Attempt) -> None:
    """Take no client that signs."""
    if attempt.kind == "assertion":
        raise _failed()
    honest(client, attempt)


@instead_of("client.secret", "never")
def never_by_a_secret(_honest: Callable[..., Any], _expected: str, _attempt: Attempt) -> None:
    """Take no client that has a secret."""
    raise _failed()


@instead_of("assertion.signature", "also unsigned")
def unsigned_assertions(
    honest: Callable[..., Any], assertion: jose.Jws, client: Client, algorithms: Collection[str]
) -> None:
    """Take what says that it is not signed."""
    if assertion.header.get("alg") != "none":
        honest(assertion, client, algorithms)


@instead_of("assertion.time", "nbf is not known")
def nbf_is_not_known(honest: Callable[..., Any], claims: Mapping[str, Any], now: float) -> None:
    """Look at exp only."""
    honest({name: value for name, value in claims.items() if name != "nbf"}, now)


@instead_of("assertion.time", "no skew for nbf")
def no_skew_for_nbf(honest: Callable[..., Any], claims: Mapping[str, Any], now: float) -> None:
    """Ask that both clocks agree."""
    if (jose.number(claims.get("nbf", 0)) or 0) > now + 1:
        raise _failed()
    honest(claims, now)


@inside("no assertions at the alias")
def no_assertions_at_the_alias(servers: Servers) -> None:
    """Take no client that signs where certificates are asked for."""
    if servers.authorization is None:
        return
    clients = servers.authorization.clients
    honest = clients.authenticate

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        if incoming.connection.by_alias and "client_assertion" in parameters:
            raise _failed()
        return honest(incoming, parameters)

    clients.authenticate = authenticate  # type: ignore[method-assign]


@inside("the proof before the client")
def proof_before_the_client(servers: Servers) -> None:
    """Look at the proof before the client has authenticated."""
    if servers.authorization is None:
        return
    server = servers.authorization
    honest = server.clients.authenticate

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        if incoming.path in {"/token", "/par"}:
            server.proofs.check(incoming)
        return honest(incoming, parameters)

    server.clients.authenticate = authenticate  # type: ignore[method-assign]


@instead_of("limit.assertion_audience", "also in a list")
def issuer_in_a_list(honest: Callable[..., Any], claims: Mapping[str, Any], settings: Settings) -> None:
    """Look for the issuer in a list of audiences, too."""
    named = claims.get("aud")
    if not isinstance(named, list) or settings.as_url not in named:
        honest(claims, settings)


@instead_of("limit.assertion_audience", "also an endpoint")
def endpoint_as_audience(honest: Callable[..., Any], claims: Mapping[str, Any], settings: Settings) -> None:
    """Take an endpoint's URL for the issuer."""
    if claims.get("aud") not in {settings.as_url + "/token", settings.as_url + "/par"}:
        honest(claims, settings)


@instead_of("limit.assertion_audience", "prefix")
def issuer_as_prefix(honest: Callable[..., Any], claims: Mapping[str, Any], settings: Settings) -> None:
    """Take what begins like the issuer."""
    if not str(claims.get("aud")).startswith(settings.as_url):
        honest(claims, settings)


@instead_of("limit.assertion_time", "no skew for iat")
def no_skew_for_iat(honest: Callable[..., Any], claims: Mapping[str, Any], now: float) -> None:
    """Ask that both clocks agree."""
    if (jose.number(claims.get("iat", now)) or 0) > now + 1:
        raise _failed()
    honest(claims, now)


@instead_of("grant.supported", "passwords are looked at")
def passwords_are_looked_at(honest: Callable[..., Any], name: str, supported: Collection[str]) -> None:
    """Offer the password grant."""
    if name == "password":
        raise Refused("invalid_grant", "wrong user name or password")
    honest(name, supported)
