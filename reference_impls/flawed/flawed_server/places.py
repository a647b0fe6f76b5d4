"""Where a request is: the endpoint that it asks, in the words of the suites, so that a flaw can be at one only."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: The endpoint of the request that is being answered; empty outside of any.
HERE: ContextVar[str] = ContextVar("HERE", default="")

_BY_PATH = {
    "/par": "par",
    "/userinfo": "userinfo",
    "/introspect": "introspection",
    "/revoke": "revocation",
    "/register": "registration",
    "/authorize": "authorization",
    "/jwks": "jwks",
}
_BY_GRANT = {"authorization_code": "token-code", "refresh_token": "token-refresh"}


def endpoint(method: str, path: str, body: bytes) -> str:
    """Name the endpoint; the token endpoint is one for each grant, the resource one for each method."""
    if path == "/token":
        grant = parse_qs(body.decode("latin-1")).get("grant_type", [""])[0]
        return _BY_GRANT.get(grant, "token")
    if path.startswith("/.well-known/"):
        return "metadata"
    if path in _BY_PATH:
        return _BY_PATH[path]
    return "resource-post" if (method, path) == ("POST", "/resource") else "resource"


class Located:
    """Wraps an ASGI application: while it answers, `HERE` says where the request is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, again = (b"", receive) if scope.get("path") != "/token" else await _read_ahead(receive)
        HERE.set(endpoint(scope.get("method", ""), scope.get("path", ""), body))
        await self._app(scope, again, send)


async def _read_ahead(receive: Receive) -> tuple[bytes, Receive]:
    """Give the body as far as it came, and what receives the same messages once more."""
    kept: list[Message] = []
    while not kept or kept[-1].get("more_body"):
        kept.append(await receive())
    body = b"".join(message.get("body", b"") for message in kept)

    async def again() -> Message:
        return kept.pop(0) if kept else await receive()

    return body, again
