"""Ways in beside the one that is guarded: a server takes a token from elsewhere, or takes what is no access token."""
# ruff: noqa: SLF001 - a way in goes around what the server keeps to itself

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from strict_server import jose, tokens
from strict_server.protection import Access, Credentials, Protection
from strict_server.refusals import Refused
from strict_server.resource_server import presents_nothing

from flawed_server.registry import inside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strict_server.incoming import Incoming
    from strict_server.main import Servers

Finds = Callable[["Protection", "Incoming", "Credentials | Refused"], Awaitable["Access | None"]]


@dataclass(frozen=True)
class _Pending:
    """Credentials that were refused, which is said only when no other way in was found."""

    refused: Refused
    scheme: str = "dpop"


def protections(servers: Servers) -> list[Protection]:
    """Give what stands before the protected resources of these servers."""
    return [one.protection for one in (servers.authorization, servers.resource, servers.replica) if one is not None]


def replace_guards(servers: Servers, guards: Mapping[str, Callable[..., Any]]) -> None:
    """Put other guards in place of the honest ones of these names, several at once."""
    for protection in protections(servers):
        protection.settings.guards._table.update(guards)


async def bearer(protection: Protection, token: str) -> Access:
    """Give what a good token opens, its binding not looked at; `Refused` for a bad one."""
    return Access(await protection._lookup(token), "bearer")


def let_in(servers: Servers, finds: Finds) -> None:
    """Let in, before all checks, whom `finds` gives an `Access`; it is told the credentials or their refusal."""
    for protection in protections(servers):
        _let_in(protection, finds)


def _let_in(protection: Protection, finds: Finds) -> None:
    credentials, admit = protection._credentials, protection.admit

    def noticed(incoming: Incoming) -> Credentials | _Pending:
        try:
            return credentials(incoming)
        except Refused as refused:
            return _Pending(refused)

    async def admitted(incoming: Incoming, given: Credentials | _Pending) -> Access:
        found = await finds(protection, incoming, given.refused if isinstance(given, _Pending) else given)
        if found is not None:
            return found
        if isinstance(given, _Pending):
            raise given.refused
        return await admit(incoming, given)

    protection._credentials, protection.admit = noticed, admitted


def _from(place: str, read: Callable[[Incoming], list[str]]) -> None:
    """Register the flaw that an access token is taken from a place where nobody asks for a proof."""

    def open_to_bearers(servers: Servers) -> None:
        async def finds(protection: Protection, incoming: Incoming, _: Credentials | Refused) -> Access | None:
            for token in read(incoming) if not incoming.values("authorization") else ():
                try:
                    return await bearer(protection, token)
                except Refused:
                    continue
            return None

        let_in(servers, finds)

    inside(f"token from {place}")(open_to_bearers)


def _parameter(pairs: tuple[tuple[str, str], ...]) -> list[str]:
    return [value for name, value in pairs if name == "access_token"]


def _headers(*names: str) -> Callable[[Incoming], list[str]]:
    return lambda incoming: [value.removeprefix("Bearer ") for name in names for value in incoming.values(name)]


_from("the query", lambda incoming: _parameter(incoming.query))
_from("a form", lambda incoming: _parameter(incoming.form))
_from("a cookie", lambda incoming: [unquote(c.partition("access_token=")[2]) for c in incoming.values("cookie")])
_from("Proxy-Authorization", _headers("proxy-authorization"))
_from("a WebSocket protocol", _headers("sec-websocket-protocol"))
_from(
    "headers of a gateway",
    _headers(
        *("x-access-token", "x-auth-token", "x-forwarded-access-token"),
        *("x-original-authorization", "x-forwarded-authorization"),
    ),
)


@inside("token and proof, the token elsewhere")
def proven_elsewhere(servers: Servers) -> None:
    """Take a token from query or form as from the header, together with its proof."""
    for protection in protections(servers):
        _also_elsewhere(protection)


def _also_elsewhere(protection: Protection) -> None:
    credentials = protection._credentials

    def read(incoming: Incoming) -> Credentials:
        found = [] if incoming.values("authorization") else _parameter((*incoming.query, *incoming.form))
        return (
            Credentials("dpop" if incoming.values("dpop") else "bearer", found[0]) if found else credentials(incoming)
        )

    protection._credentials = read


@inside("proof alone")
def proof_is_enough(servers: Servers) -> None:
    """Let in who sends a proof and no token."""

    async def finds(_: Protection, incoming: Incoming, given: Credentials | Refused) -> Access | None:
        nothing = presents_nothing(incoming) or (isinstance(given, Credentials) and not given.token)
        if not nothing or not incoming.values("dpop"):
            return None
        return Access({"sub": "somebody", "client_id": "somebody", "scope": "openid read admin"}, "dpop")

    let_in(servers, finds)


@inside("ID token")
def identity_is_enough(servers: Servers) -> None:
    """Let in who shows an ID token of the issuer, under whatever scheme."""
    resource = servers.resource
    if resource is None:
        return

    async def finds(_: Protection, __: Incoming, given: Credentials | Refused) -> Access | None:
        try:
            jws = jose.read(given.token if isinstance(given, Credentials) else "")
            if jws.header.get("typ") == "JWT":
                tokens.signature(jws, await resource.issuer.keys(None))
                return Access(jws.claims, "bearer")
        except Refused:
            pass
        return None

    let_in(servers, finds)


@inside("refresh token")
def refresh_token_is_enough(servers: Servers) -> None:
    """Let in who shows a refresh token as an access token."""
    server = servers.authorization
    if server is None:
        return

    async def finds(_: Protection, __: Incoming, given: Credentials | Refused) -> Access | None:
        name = given.token if isinstance(given, Credentials) else ""
        found = server.store.refresh_tokens.get(name, server.settings.clock())
        return found and Access({"sub": found.grant.subject, "client_id": found.grant.client_id}, "bearer")

    let_in(servers, finds)


@inside("a route where credentials are not looked at")
def forgotten_route(servers: Servers) -> None:
    """Let everybody in at one resource who shows credentials of any kind."""

    async def finds(_: Protection, incoming: Incoming, __: Credentials | Refused) -> Access | None:
        if incoming.path != "/admin" or not (incoming.values("authorization") or incoming.values("dpop")):
            return None
        return Access({"sub": "somebody", "scope": "admin"}, "bearer")

    let_in(servers, finds)
