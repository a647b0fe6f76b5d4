"""Flaws in how a server listens: with TLS or without it at one port (RFC 9449 section 2, RFC 7662 section 2)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from strict_server.guards import Guards
from strict_server.incoming import origin_of

from flawed_server.places import HERE
from flawed_server.registry import doors

if TYPE_CHECKING:
    from starlette.requests import Request
    from strict_server.main import Bound

_HANDSHAKE = 22


class _EitherWay:
    """A TLS object that lets pass as it is what does not begin with a handshake."""

    def __init__(self, tls: Any, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._tls, self._incoming, self._outgoing = tls, incoming, outgoing
        self._clear: bool | None = None  # not known before the first octet

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tls, name)

    def do_handshake(self) -> None:
        if self._clear is None:
            first = self._incoming.read()
            if not first and not self._incoming.eof:
                raise ssl.SSLWantReadError
            self._incoming.write(first)
            self._clear = first[:1] not in {b"", bytes([_HANDSHAKE])}
        if not self._clear:
            self._tls.do_handshake()

    def read(self, size: int = 16384, buffer: Any = None) -> Any:
        if not self._clear:
            return self._tls.read(size, buffer)
        said = self._incoming.read(size)
        if not said and not self._incoming.eof:
            raise ssl.SSLWantReadError
        if buffer is None:
            return said
        buffer[: len(said)] = said
        return len(said)

    def write(self, data: Any) -> int:
        return self._outgoing.write(data) if self._clear else int(self._tls.write(data))

    def unwrap(self) -> None:
        if not self._clear:
            self._tls.unwrap()


@doors("also without TLS at the same ports")
def either_way(taken: Bound) -> Bound:
    """Answer without TLS at the ports for TLS."""
    for tls in {id(tls): tls for _, _, tls in taken if tls is not None}.values():
        _loosen(tls)
    return taken


@doors("pushes without TLS")
def pushes_in_clear(taken: Bound) -> Bound:
    """Answer without TLS, and take the URL for pushed requests to be one of http."""
    app: Any = taken[0][0]
    while not hasattr(app, "routes"):
        app = app._app  # noqa: SLF001 - a flaw goes in wherever it has to
    server = next(route.endpoint.__self__ for route in app.routes if route.path == "/jwks")

    def origin(request: Request, *configured: Any) -> str:
        own = str(origin_of(request, *configured))
        return own.replace("https:", "http:", 1) if HERE.get() == "par" else own

    object.__setattr__(server.settings, "guards", Guards({"request.origin": origin}))
    return either_way(taken)


def _loosen(tls: Any) -> None:
    wrap = tls.wrap_bio
    tls.wrap_bio = lambda incoming, outgoing, *_, **__: _EitherWay(wrap(incoming, outgoing), incoming, outgoing)
