"""Start the listeners and serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from . import demo, options
from .application import only_over_tls
from .authorization_server import AuthorizationServer
from .listener import AnyCertificateContext, bind, listen
from .refusals import ConfigurationError
from .resource_server import ResourceServer

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from .options import Listeners
    from .settings import Settings

Bound = list[tuple["ASGIApp", "socket.socket", AnyCertificateContext | None]]


def _bound(settings: Settings, listeners: Listeners) -> Bound:
    """Make the servers of the wanted roles and take their ports."""
    tls = AnyCertificateContext(listeners.tls)
    bound: Bound = []
    if "as" in listeners.roles:
        bound.append((AuthorizationServer(settings).app, bind(listeners.bind, listeners.as_port), tls))
    if "rs" in listeners.roles:
        server = ResourceServer(settings)
        app = server.app
        bound.append((app, bind(listeners.bind, listeners.rs_port), tls))
        if listeners.replica_port is not None:
            bound.append((server.replica().app, bind(listeners.bind, listeners.replica_port), tls))
        if listeners.internal_port is not None:
            bound.append((app, bind(listeners.bind, listeners.internal_port), None))
        if listeners.plain_port is not None:
            bound.append((only_over_tls, bind(listeners.bind, listeners.plain_port), None))
    return bound


async def _serve(bound: Bound, greeting: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    servers = [await listen(app, listening, tls) for app, listening, tls in bound]
    print(greeting, flush=True)
    await stop.wait()
    for server in servers:
        server.close()


def main(arguments: Sequence[str]) -> int:
    """Run the servers of a command line and give the exit code: 0 after a signal, 2 for bad flags, files or ports."""
    try:
        given = options.parser().parse_args(arguments)
        if given.demo is not None:
            demo.prepare(given)
        settings, listeners = options.read(given)
        greeting = "strict is listening"
        if given.demo is not None:
            greeting = demo.describe(given, settings.as_url, settings.rs_url)
        bound = _bound(settings, listeners)
    except ConfigurationError as error:
        print(f"strict: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(bound, greeting))
    return 0
