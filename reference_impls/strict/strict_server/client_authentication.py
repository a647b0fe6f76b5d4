"""Client authentication: six methods, of which a client may use the one that it registered (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from . import certificates, client_certificates, jose, limits
from .guards import guard
from .memory import SeenOnce
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .clients import Client, ResourceServer
    from .incoming import Incoming
    from .settings import Settings

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ASSERTION_LIFE = 3600  # seconds
_CLOCK_SKEW = limits.CLOCK_SKEW
#: What a request shows, by the method for which its client is registered; for the others nothing in the message.
_KINDS = {"client_secret_basic": "basic", "client_secret_post": "post", "private_key_jwt": "assertion"}


@dataclass(frozen=True)
class Attempt:
    """What a request shows: who it says it is, by which kind of credentials."""

    client_id: str
    kind: str  # basic, post, assertion, or "" for none of these
    secret: str = ""
    assertion: jose.Jws | None = None


@dataclass(frozen=True)
class Authenticated:
    """A client that proved who it is. Its assertion, if any, is not spent yet."""

    client: Client
    assertion: Mapping[str, Any] | None = None


def _failed(description: str) -> Refused:
    return Refused("invalid_client", description, status=401)


def _basic(value: str) -> tuple[str, str]:
    """Read HTTP Basic with form-encoded id and secret (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        raise _failed("the Authorization header is not of a supported scheme")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        pair = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError) as error:
        raise _failed("the Authorization header cannot be read") from error
    if not colon:
        raise _failed("the Authorization header cannot be read")
    return pair


def _assertion(parameters: Mapping[str, str], settings: Settings) -> jose.Jws:
    if parameters.get("client_assertion_type") != ASSERTION_TYPE:
        raise _failed("client_assertion_type is not the one for JWTs")
    try:
        return jose.read(parameters["client_assertion"], lambda pairs: settings.guards("jws.members", pairs))
    except jose.Malformed as error:
        raise _failed("the client assertion is not a well-formed JWT") from error


def attempt_of(incoming: Incoming, parameters: Mapping[str, str], settings: Settings) -> Attempt:
    """Read the one set of credentials of a request; more than one is refused (RFC 6749 section 2.3)."""
    headers = incoming.values("authorization")
    shown = [*headers, *(name for name in ("client_secret", "client_assertion") if name in parameters)]
    if len(shown) > 1:
        raise Refused("invalid_request", "more than one way of client authentication")
    named = parameters.get("client_id", "")
    if headers:
        client_id, secret = _basic(headers[0])
        attempt = Attempt(client_id, "basic", secret)
    elif "client_secret" in parameters:
        attempt = Attempt(named, "post", parameters["client_secret"])
    elif "client_assertion" in parameters:
        assertion = _assertion(parameters, settings)
        attempt = Attempt(str(assertion.claims.get("sub", "")), "assertion", assertion=assertion)
    else:
        attempt = Attempt(named, "")
    settings.guards("client.name", named, attempt)
    return attempt


@guard("client.name")
def is_the_named_one(named: str, attempt: Attempt) -> None:
    """Refuse a client_id beside the credentials of another client (RFC 6749 section 3.2.1)."""
    if named not in {"", attempt.client_id}:
        raise _failed("client_id and credentials differ")


@guard("client.method")
def registered_way(client: Client, attempt: Attempt) -> None:
    """Take a client in the way for which it registered; without credentials only a public one (RFC 6749 2.3)."""
    if attempt.kind != _KINDS.get(client.method, ""):
        raise _failed("the client is registered for another way of authentication")


@guard("client.secret")
def secret_is_right(expected: str, attempt: Attempt) -> None:
    """Compare the secret in constant time."""
    if not expected or not hmac.compare_digest(expected.encode(), attempt.secret.encode("utf-8", "replace")):
        raise _failed("wrong client id or secret")


@guard("assertion.signature")
def assertion_verifies(assertion: jose.Jws, client: Client, algorithms: Collection[str]) -> None:
    """Verify a client assertion by one of these algorithms with a key of the client (RFC 7523 section 3)."""
    header = assertion.header
    algorithm, wanted = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms or "crit" in header:
        raise _failed("the algorithm of the client assertion is not supported")
    for key in client.keys:
        try:
            jose.check_key(key, algorithm)
        except jose.Malformed:
            continue
        if wanted in {None, key.get("kid")} and jose.verifies(assertion, key, algorithm):
            return
    raise _failed("the client assertion does not verify")


def assertion_is_of(assertion: jose.Jws, client: Client) -> None:
    """Check iss, sub and jti of a client assertion (RFC 7523 section 3)."""
    claims = assertion.claims
    identifier = claims.get("jti")
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise _failed("the client assertion is of somebody else")
    if not isinstance(identifier, str) or not identifier:
        raise _failed("the client assertion has no jti")


def assertion_is_for_this_server(claims: Mapping[str, Any], audiences: frozenset[str]) -> None:
    """Look for this server in aud: its issuer, or an endpoint (RFC 7523 section 3, RFC 9126 section 2)."""
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not audiences & {name for name in named if isinstance(name, str)}:
        raise _failed("the client assertion is for another server")


@guard("assertion.time")
def assertion_is_in_time(claims: Mapping[str, Any], now: float) -> None:
    """Check exp and nbf of a client assertion (RFC 7523 section 3)."""
    end, start = jose.number(claims.get("exp")), jose.number(claims.get("nbf", 0))
    if end is None or start is None or not now < end <= now + _LONGEST_ASSERTION_LIFE or start > now + _CLOCK_SKEW:
        raise _failed("the client assertion is expired or lives too long")


def assertion_is_new(spent: SeenOnce, claims: Mapping[str, Any]) -> None:
    """Take an assertion once (RFC 7523 section 3 item 7)."""
    if not spent.spend((claims["sub"], claims["jti"])):
        raise _failed("the client assertion was used before")


class ClientAuthentication:
    """Authenticates clients at the token, PAR, introspection and revocation endpoints."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spent = SeenOnce(_LONGEST_ASSERTION_LIFE + _CLOCK_SKEW, settings.clock)

    def authenticate(self, incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        """Give the client; nothing is spent. `Refused` with invalid_client, or invalid_request for several methods."""
        attempt = attempt_of(incoming, parameters, self._settings)
        client = self._settings.registry.clients.get(attempt.client_id)
        if client is None:
            raise _failed("wrong client id or secret")
        self._prove(client, attempt, incoming)
        return Authenticated(client, attempt.assertion.claims if attempt.assertion else None)

    def _prove(self, client: Client, attempt: Attempt, incoming: Incoming) -> None:
        settings = self._settings
        settings.guards("client.method", client, attempt)
        limits.allowed_method(client, settings)
        if attempt.kind in {"basic", "post"}:
            settings.guards("client.secret", client.secret, attempt)
        elif attempt.assertion is not None:
            audiences = frozenset({settings.as_url, settings.as_url + "/token", settings.as_url + "/par", incoming.url})
            settings.guards("assertion.signature", attempt.assertion, client, settings.algorithms)
            assertion_is_of(attempt.assertion, client)
            if settings.assertion_audience == "issuer":
                settings.guards("limit.assertion_audience", attempt.assertion.claims, settings)
            else:
                assertion_is_for_this_server(attempt.assertion.claims, audiences)
            settings.guards("assertion.time", attempt.assertion.claims, settings.clock())
            settings.guards("limit.assertion_time", attempt.assertion.claims, settings.clock())
        elif client.method in client_certificates.CHECKS:
            connection = certificates.connection_of(incoming, settings)
            settings.guards(client_certificates.CHECKS[client.method], connection, client, settings)

    def resource_server(self, incoming: Incoming, parameters: Mapping[str, str]) -> ResourceServer | None:
        """Give the resource server that authenticates by its secret; None where the id is not of one."""
        attempt = attempt_of(incoming, parameters, self._settings)
        server = self._settings.registry.resource_servers.get(attempt.client_id)
        if server is None:
            return None
        self._settings.guards("client.secret", server.secret, attempt)
        return server

    def spend(self, authenticated: Authenticated) -> None:
        """Use the client assertion up, when all else about proof and client was found good."""
        if authenticated.assertion is not None:
            assertion_is_new(self._spent, authenticated.assertion)
