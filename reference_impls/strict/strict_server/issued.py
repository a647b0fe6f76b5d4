"""What is said and done of tokens after they were issued: introspection (RFC 7662) and revocation (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from .grants import AccessToken, RefreshToken, Store
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .client_authentication import ClientAuthentication
    from .clients import Client
    from .incoming import Incoming
    from .settings import Settings


@guard("introspect.public")
def has_credentials(client: Client) -> None:
    """Ask for a caller that has proved who it is (RFC 7662 section 4)."""
    if client.is_public:
        raise Refused("invalid_client", "a client without credentials may not introspect")


@guard("parameters.token")
def token_of(parameters: Mapping[str, str]) -> str:
    """Give the token that a request is about (RFC 7662 section 2.1, RFC 7009 section 2.1)."""
    if "token" not in parameters:
        raise Refused("invalid_request", "token is missing")
    return parameters["token"]


@guard("introspect.lookup")
def token_that_is_meant(store: Store, token: str, _parameters: Mapping[str, str]) -> AccessToken | None:
    """Find an active access token, exactly as it was issued; hints decide nothing (RFC 7662 section 2.1)."""
    return store.active(token)


@guard("introspect.caller")
def got_it(claims: Mapping[str, Any], client: Client) -> bool:
    """Tell whether a client may learn about the token: the one that got it (RFC 7662 section 4)."""
    return bool(claims["client_id"] == client.client_id)


@guard("introspect.audience")
def is_meant(claims: Mapping[str, Any], audience: str) -> bool:
    """Tell whether a resource server may learn about the token: the one for which it is (RFC 7662 section 4)."""
    return bool(claims["aud"] == audience)


@guard("introspect.answer")
def said_of_active(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what is said of an active token: its claims, and its type by its binding (RFC 7662 2.2, RFC 9449 6.2)."""
    return {"active": True, "token_type": "DPoP" if "jkt" in claims.get("cnf", {}) else "Bearer", **claims}


@guard("introspect.inactive")
def said_of_others(_found: AccessToken | None) -> Mapping[str, Any]:
    """Give what is said of any other token, and no more (RFC 7662 section 2.2)."""
    return {"active": False}


@guard("revoke.client")
def revoked_by_its_client(found: AccessToken | RefreshToken, client: Client) -> None:
    """Take a revocation from the client to which the token was issued (RFC 7009 section 2.1)."""
    if found.grant.client_id != client.client_id:
        raise Refused("invalid_grant", "the token is of another client")


@guard("revoke.effect")
def ends_at_once(found: AccessToken | RefreshToken, _parameters: Mapping[str, str]) -> None:
    """End a token; with a refresh token all of its grant ends (RFC 7009 section 2.1). Hints decide nothing."""
    (found if isinstance(found, AccessToken) else found.grant).revoked = True


class IssuedTokens:
    """The two endpoints; both take a form from a caller that authenticates."""

    def __init__(self, settings: Settings, store: Store, clients: ClientAuthentication) -> None:
        self._settings = settings
        self._store = store
        self._clients = clients

    async def introspect(self, incoming: Incoming, parameters: Mapping[str, str]) -> Response:
        """Answer resource servers about tokens for them, and clients about their own."""
        guards = self._settings.guards
        server = self._clients.resource_server(incoming, parameters)
        client = None if server is not None else self._introspecting_client(incoming, parameters)
        token = guards("parameters.token", parameters)
        found: AccessToken | None = guards("introspect.lookup", self._store, token, parameters)
        if found is None:
            allowed = False
        elif server is not None:
            allowed = guards("introspect.audience", found.claims, server.audience or self._settings.rs_url)
        else:
            allowed = guards("introspect.caller", found.claims, client)
        if found is None or not allowed:
            return JSONResponse(guards("introspect.inactive", found))
        return JSONResponse(guards("introspect.answer", found.claims))

    def _introspecting_client(self, incoming: Incoming, parameters: Mapping[str, str]) -> Client:
        authenticated = self._clients.authenticate(incoming, parameters)
        self._settings.guards("introspect.public", authenticated.client)
        self._clients.spend(authenticated)
        return authenticated.client

    async def revoke(self, incoming: Incoming, parameters: Mapping[str, str]) -> Response:
        """End an access token, or a refresh token with everything of its grant; an unknown one is no error."""
        authenticated = self._clients.authenticate(incoming, parameters)
        self._clients.spend(authenticated)
        now, name = self._settings.clock(), self._settings.guards("parameters.token", parameters)
        found = self._store.refresh_tokens.get(name, now) or self._store.access_tokens.get(name, now)
        if found is not None:
            self._settings.guards("revoke.client", found, authenticated.client)
            self._settings.guards("revoke.effect", found, parameters)
        return Response(status_code=200)
