"""Flaws in introspection (RFC 7662): who is told, of which tokens, and what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.client_authentication import Authenticated
from strict_server.grants import AccessToken
from strict_server.refusals import Refused

from flawed_server.places import HERE
from flawed_server.registry import Answer, answer, inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope
    from strict_server.clients import Client, ResourceServer
    from strict_server.grants import Store
    from strict_server.incoming import Incoming
    from strict_server.main import Servers

# Who is told


@instead_of("introspect.caller", "everybody")
@instead_of("introspect.audience", "everybody")
def everybody_is_told(_honest: Callable[..., Any], _claims: Mapping[str, Any], _caller: object) -> bool:
    """Tell everybody who has authenticated of every token."""
    return True


def _let_in(name: str, place: str) -> Callable[[Callable[[Incoming, Store], bool]], Callable[[Incoming, Store], bool]]:
    """Register who is let in at an endpoint as the client of the token that is asked about."""

    def register(known: Callable[[Incoming, Store], bool]) -> Callable[[Incoming, Store], bool]:
        @inside(name)
        def change(servers: Servers) -> None:
            if servers.authorization is None:
                return
            server = servers.authorization
            clients, authenticate, serving = server.clients, server.clients.authenticate, server.clients.resource_server

            def owner(incoming: Incoming, parameters: Mapping[str, str]) -> Client | None:
                found = server.store.active(parameters.get("token", ""))
                let_in = HERE.get() == place and found is not None and known(incoming, server.store)
                return server.settings.registry.clients[found.grant.client_id] if found is not None and let_in else None

            def authenticated(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
                client = owner(incoming, parameters)
                return authenticate(incoming, parameters) if client is None else Authenticated(client)

            def resource_server(incoming: Incoming, parameters: Mapping[str, str]) -> ResourceServer | None:
                return serving(incoming, parameters) if owner(incoming, parameters) is None else None

            clients.authenticate = authenticated  # type: ignore[method-assign]
            clients.resource_server = resource_server  # type: ignore[method-assign]

        return known

    return register


def _bearer(incoming: Incoming) -> str:
    scheme, _, token = (incoming.values("authorization") or [""])[0].partition(" ")
    return token if scheme.lower() == "bearer" else ""


@_let_in("nobody is asked who introspects", "introspection")
@_let_in("nobody is asked who revokes", "revocation")
def shows_nothing(incoming: Incoming, _store: Store) -> bool:
    """Ask for credentials only where a caller shows some, or says who it is."""
    named = {name for name, _ in incoming.form} & {"client_id", "client_secret", "client_assertion"}
    return not named and not incoming.values("authorization")


@_let_in("any Bearer token introspects", "introspection")
def shows_a_bearer_token(incoming: Incoming, _store: Store) -> bool:
    """Let in whoever comes with a Bearer token."""
    return bool(_bearer(incoming))


@_let_in("an active Bearer token introspects", "introspection")
def shows_an_active_token(incoming: Incoming, store: Store) -> bool:
    """Let in whoever comes with an active token as Bearer, bound or not."""
    return store.active(_bearer(incoming)) is not None


@inside("no proof beside an introspection")
def no_proof_beside_an_introspection(servers: Servers) -> None:
    """Refuse an introspection that comes with a proof, which is of no use there."""
    if servers.authorization is None:
        return
    clients = servers.authorization.clients
    honest = clients.resource_server

    def resource_server(incoming: Incoming, parameters: Mapping[str, str]) -> ResourceServer | None:
        if incoming.values("dpop"):
            raise Refused("invalid_request", "a proof is of no use here")
        return honest(incoming, parameters)

    clients.resource_server = resource_server  # type: ignore[method-assign]


# Of which tokens


@instead_of("introspect.lookup", "where the hint says")
def only_where_the_hint_says(
    honest: Callable[..., Any], store: Store, token: str, parameters: Mapping[str, str]
) -> AccessToken | None:
    """Look among the tokens only of which the hint speaks."""
    hint = parameters.get("token_type_hint", "access_token")
    return honest(store, token, parameters) if hint == "access_token" else None


def _unverified(text: str) -> dict[str, Any]:
    try:
        return jose.read_object(jose.decode(text.split(".")[1]))
    except (IndexError, ValueError):
        return {}


@instead_of("introspect.lookup", "by its jti")
def by_its_identifier(
    honest: Callable[..., Any], store: Store, token: str, parameters: Mapping[str, str]
) -> AccessToken | None:
    """Take the claims of a JWT as they come, once its jti is known."""
    claims, found = _unverified(token), honest(store, token, parameters)
    for known in store.access_tokens.values.values():
        if found is None and "jti" in claims and known.claims["jti"] == claims["jti"]:
            found = AccessToken(known.grant, claims, known.expires)
    return found  # type: ignore[no-any-return]


# What is told


def _told(name: str) -> Callable[[Callable[[dict[str, Any]], dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """Register what is told in place of what is told of an active token."""

    def register(function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        @instead_of("introspect.answer", name)
        def tell(honest: Callable[..., Any], claims: Mapping[str, Any]) -> dict[str, Any]:
            return function(dict(honest(claims)))

        return function

    return register


@_told("no cnf")
def without_confirmation(said: dict[str, Any]) -> dict[str, Any]:
    """Tell nothing of key and certificate."""
    return {name: value for name, value in said.items() if name != "cnf"}


@_told("the key only")
def key_only(said: dict[str, Any]) -> dict[str, Any]:
    """Tell of the key alone where a token is bound to a certificate, too."""
    found = said.get("cnf", {})
    return said | ({"cnf": {"jkt": found["jkt"]}} if "jkt" in found else {})


@_told("the certificate only")
def certificate_only(said: dict[str, Any]) -> dict[str, Any]:
    """Tell of the certificate alone where a token is bound to a key, too."""
    found = said.get("cnf", {})
    return said | ({"cnf": {"x5t#S256": found["x5t#S256"]}} if "x5t#S256" in found else {})


@_told("Bearer")
def called_bearer(said: dict[str, Any]) -> dict[str, Any]:
    """Call every token Bearer."""
    return said | {"token_type": "Bearer"}


@_told("dpop")
def called_in_lower_case(said: dict[str, Any]) -> dict[str, Any]:
    """Spell the type in lower case."""
    return said | {"token_type": said["token_type"].lower()}


@instead_of("introspect.inactive", "with the reason")
def inactive_with_the_reason(_honest: Callable[..., Any], found: AccessToken | None) -> Mapping[str, Any]:
    """Say also why a token is not active."""
    return {"active": False, "error": "unknown or revoked" if found is None else "not yours"}


@instead_of("introspect.inactive", "as an error")
def unknown_is_an_error(honest: Callable[..., Any], found: AccessToken | None) -> Mapping[str, Any]:
    """Answer with an error where the token is not known."""
    if found is None:
        raise Refused("invalid_token", "the token is not known")
    return honest(found)  # type: ignore[no-any-return]


@answer("as a page")
def as_a_page(answer: Answer, _scope: Scope) -> None:
    """Call the document a page."""
    answer.replace("content-type", "text/html; charset=utf-8")
