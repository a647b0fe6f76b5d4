"""Flaws in what is asked of a refresh token, and in what replaces it (RFC 6749 section 6, RFC 9449 section 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from strict_server.refusals import Refused
from strict_server.tokens import Binding

from flawed_server.registry import inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.clients import Client
    from strict_server.grants import Grant, RefreshToken
    from strict_server.main import Servers
    from strict_server.token_endpoint import Ask


@instead_of("refresh.client", "ends the token")
def another_client_ends_the_token(honest: Callable[..., Any], token: RefreshToken, client: Client) -> None:
    """End a refresh token that comes from another client."""
    try:
        honest(token, client)
    except Refused:
        token.grant.revoked = True
        raise


@instead_of("refresh.key", "the certificate is not compared")
def certificate_is_not_compared(honest: Callable[..., Any], token: RefreshToken, binding: Binding) -> None:
    """Compare the key only."""
    honest(token, replace(binding, x5t=token.binding.x5t))


@instead_of("refresh.key", "the key is not compared")
def key_is_not_compared(honest: Callable[..., Any], token: RefreshToken, binding: Binding) -> None:
    """Compare the certificate only."""
    honest(token, replace(binding, jkt=token.binding.jkt))


@instead_of("refresh.key", "ends the token")
def another_key_ends_the_token(honest: Callable[..., Any], token: RefreshToken, binding: Binding) -> None:
    """End a refresh token that comes with another key."""
    try:
        honest(token, binding)
    except Refused:
        token.grant.revoked = True
        raise


@instead_of("refresh.scope", "whatever is asked for")
def any_scope(_honest: Callable[..., Any], parameters: Mapping[str, str], grant: Grant) -> frozenset[str]:
    """Give whatever scope is asked for."""
    return frozenset(parameters.get("scope", "").split()) or grant.scope


@instead_of("refresh.scope", "all of the grant")
def whole_scope(_honest: Callable[..., Any], _parameters: Mapping[str, str], grant: Grant) -> frozenset[str]:
    """Give the whole scope of the grant, also where less is asked for."""
    return grant.scope


@instead_of("refresh.rotation", "never")
def never_rotated(_honest: Callable[..., Any], _client: Client) -> bool:
    """Let every refresh token live on."""
    return False


@instead_of("refresh.rotation", "always")
def always_rotated(_honest: Callable[..., Any], _client: Client) -> bool:
    """Rotate the refresh tokens of clients that authenticate, too."""
    return True


@instead_of("refresh.inheritance", "unbound")
def unbound_after_rotation(_honest: Callable[..., Any], _token: RefreshToken) -> Binding:
    """Bind the first refresh token of a family only."""
    return Binding()


_ROTATIONS = WeakKeyDictionary[Any, int]()


@instead_of("refresh.inheritance", "five times")
def five_times(honest: Callable[..., Any], token: RefreshToken) -> Binding:
    """End a family of refresh tokens with its fifth rotation."""
    _ROTATIONS[token.grant] = _ROTATIONS.get(token.grant, 0) + 1
    if _ROTATIONS[token.grant] > 5:
        raise Refused("invalid_grant", "the refresh token was rotated often enough")
    return honest(token)  # type: ignore[no-any-return]


@instead_of("refresh.client", "of none")
def refreshes_for_nobody(_honest: Callable[..., Any], _token: RefreshToken, _client: Client) -> None:
    """Find no client for any refresh token."""
    raise Refused("invalid_grant", "the refresh token is of another client")


@instead_of("refresh.key", "no certificates of public clients")
def no_certificates_of_public_clients(honest: Callable[..., Any], token: RefreshToken, binding: Binding) -> None:
    """Refuse a public client's certificate, which it cannot authenticate with."""
    if token.binding.x5t is not None:
        raise Refused("invalid_grant", "the certificate is not registered")
    honest(token, binding)


@inside("rotated without an end of the old one")
def old_one_lives_on(servers: Servers) -> None:
    """Give a new refresh token with each refresh, and let the old one live on."""
    if servers.authorization is None:
        return
    tokens = servers.authorization.tokens
    honest = tokens.respond

    def respond(grant_type: str, ask: Ask) -> dict[str, Any]:
        said = honest(grant_type, ask)
        old = tokens.store.refresh_tokens.get(ask.parameters.get("refresh_token", ""), tokens.settings.clock())
        if old is not None:
            old.spent = False
        return said

    tokens.respond = respond  # type: ignore[method-assign]
