"""Flaws in revocation (RFC 7009): what ends, who may end it, and what is answered."""

from __future__ import annotations

from copy import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from strict_server.grants import AccessToken, RefreshToken
from strict_server.refusals import Refused

from flawed_server.places import HERE
from flawed_server.registry import inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.client_authentication import Authenticated
    from strict_server.grants import Store
    from strict_server.incoming import Incoming
    from strict_server.main import Servers

Found = AccessToken | RefreshToken


@instead_of("revoke.effect", "nothing")
def nothing_ends(_honest: Callable[..., Any], _found: Found, _parameters: Mapping[str, str]) -> None:
    """Answer, and end nothing."""


@instead_of("revoke.effect", "where the hint says")
def only_where_the_hint_says(honest: Callable[..., Any], found: Found, parameters: Mapping[str, str]) -> None:
    """End a token only where the hint, if there is one, names its kind."""
    kind = "access_token" if isinstance(found, AccessToken) else "refresh_token"
    if parameters.get("token_type_hint", kind) == kind:
        honest(found, parameters)


@instead_of("revoke.effect", "the refresh token alone")
def refresh_token_alone(honest: Callable[..., Any], found: Found, parameters: Mapping[str, str]) -> None:
    """End a refresh token, and none of the access tokens that came with it."""
    if isinstance(found, RefreshToken):
        found.expires = 0
    else:
        honest(found, parameters)


@instead_of("revoke.effect", "once")
def once(honest: Callable[..., Any], found: Found, parameters: Mapping[str, str]) -> None:
    """Refuse to end what has ended."""
    if isinstance(found, AccessToken) and found.revoked:
        raise Refused("invalid_request", "the token is revoked")
    honest(found, parameters)


@instead_of("revoke.heeded", "never")
def never_heeded(_honest: Callable[..., Any], _found: AccessToken) -> bool:
    """Take every access token until it expires."""
    return True


@instead_of("revoke.heeded", "not for the grant")
def ended_one_by_one(_honest: Callable[..., Any], found: AccessToken) -> bool:
    """Take an access token although its grant was ended."""
    return not found.revoked


@instead_of("parameters.token", "none is as good as one")
def no_token_at_all(_honest: Callable[..., Any], parameters: Mapping[str, str]) -> str:
    """Take a request without a token for one about a token that nobody knows."""
    return parameters.get("token", "")


@inside("unknown tokens are an error")
def unknown_is_an_error(servers: Servers) -> None:
    """Answer a revocation of an unknown token with an error."""
    if servers.authorization is None:
        return
    issued = servers.authorization.issued
    store: Store = copy(issued._store)  # noqa: SLF001 - a flaw goes in wherever it has to
    honest = store.access_tokens.get

    def get(name: str, now: float) -> Any:
        found = honest(name, now)
        if found is None and HERE.get() == "revocation":
            raise Refused("invalid_token", "the token is not known")
        return found

    store.access_tokens = SimpleNamespace(get=get)  # type: ignore[assignment]
    issued._store = store  # noqa: SLF001


@inside("ended before anybody is asked")
def ended_before_anybody_is_asked(servers: Servers) -> None:
    """End a token first, and then look who wanted that."""
    if servers.authorization is None:
        return
    server = servers.authorization
    honest = server.clients.authenticate

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        found = server.store.active(parameters.get("token", "")) if HERE.get() == "revocation" else None
        if found is not None:
            found.revoked = True
        return honest(incoming, parameters)

    server.clients.authenticate = authenticate  # type: ignore[method-assign]
