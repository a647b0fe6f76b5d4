"""Start the listeners and serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
Wrapper = Callable[["ASGIApp"], "ASGIApp"]


@dataclass(frozen=True)
class Servers:
    """The server objects of one start: those of the wanted roles, and a second node of the resource server."""

    authorization: AuthorizationServer | None
    resource: ResourceServer | None
    replica: ResourceServer | None


def servers(settings: Settings, listeners: Listeners) -> Servers:
    """Make the servers of the wanted roles."""
    authorization = AuthorizationServer(settings) if "as" in listeners.roles else None
    resource = ResourceServer(settings) if "rs" in listeners.roles else None
    replica = resource.replica() if resource is not None and listeners.replica_port is not None else None
    return Servers(authorization, resource, replica)


def bound(made: Servers, listeners: Listeners, wrapped: Wrapper = lambda app: app) -> Bound:
    """Take the ports of these servers; `wrapped` may put something around each application.

    Listeners that ask for certificates have one memory of TLS sessions, but for the alias; those that ask for none have
    another.
    """
    with_tls = partial(AnyCertificateContext, listeners.tls, sessions=listeners.sessions)
    wanted: list[tuple[ASGIApp, int | None, AnyCertificateContext | None]] = []
    tls = with_tls()
    if made.authorization is not None:
        own = tls if listeners.mtls_port is None else with_tls(asks=False)
        wanted.append((made.authorization.app, listeners.as_port, own))
        wanted.append((made.authorization.app, listeners.mtls_port, with_tls(alias=True)))
        wanted.append((made.authorization.app, listeners.as_internal_port, None))
    if made.resource is not None:
        wanted.append((made.resource.app, listeners.rs_port, tls))
        if made.replica is not None:
            wanted.append((made.replica.app, listeners.replica_port, tls))
        wanted += [(made.resource.app, listeners.internal_port, None), (only_over_tls, listeners.plain_port, None)]
    return [(wrapped(app), bind(listeners.bind, port), secure) for app, port, secure in wanted if port is not None]


async def _serve(doors: Bound, greeting: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    listening = [await listen(app, taken, tls) for app, taken, tls in doors]
    print(greeting, flush=True)
    await stop.wait()
    for server in listening:
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
        doors = bound(servers(settings, listeners), listeners)
    except ConfigurationError as error:
        print(f"strict: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(doors, greeting))
    return 0
