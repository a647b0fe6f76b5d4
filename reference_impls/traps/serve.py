"""Serve one trap over TLS until SIGTERM or Ctrl-C: `python serve.py --help`."""

import argparse
import asyncio
import contextlib
import itertools
import json
import signal
import ssl
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gullible import Gullible
from hostile import HOSTILE, tampered
from http_in import HEAD_LIMIT, Mouth, read
from traps import TRAPS, Setting, Trap

#: Answered honestly by every trap, so that whoever starts it sees that it is there.
READY = "/ready"


def arguments(command: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a line of help where it is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    names = sorted([*TRAPS, *HOSTILE])
    parser.add_argument("--trap", choices=names, required=True, metavar="NAME", help=", ".join(names))
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", type=Path, required=True, metavar="PEM", help="server certificate chain and key")
    parser.add_argument("--deadline", type=float, default=10.0, metavar="SECONDS", help="that whoever asks will wait")
    parser.add_argument("--seed", type=int, default=0, help="of what is random")
    parser.add_argument("--url", default="", help="of a hostile server, for its metadata")
    parser.add_argument("--clients", type=Path, metavar="JSON", help="that a hostile server knows (RFC 7591 names)")
    return parser.parse_args(command)


class Server:
    """Hands every request to a trap. They are numbered in the order in which they came."""

    def __init__(self, trap: Trap, setting: Setting) -> None:
        self._trap = trap
        self._setting = setting
        self._numbers = itertools.count()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what comes on a connection until one side ends it."""
        mouth = Mouth(writer)
        with contextlib.suppress(OSError, ssl.SSLError):
            while not mouth.ended and (asked := await read(reader)) is not None:
                if asked.path == READY:
                    await mouth.answer(200, "{}")
                else:
                    await self._trap(replace(asked, number=next(self._numbers)), mouth, self._setting)
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


def trap(options: argparse.Namespace) -> Trap:
    """Make the trap that the command line names."""
    if options.trap in TRAPS:
        return TRAPS[options.trap]
    known = json.loads(options.clients.read_text()) if options.clients and options.clients.is_file() else {}
    clients = [*known.get("clients", []), *known.get("resource_servers", [])]
    uris = {client["client_id"]: next(iter(client.get("redirect_uris", [])), "") for client in clients}
    return tampered(options.trap, Gullible(options.url, uris))


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls)
    server = Server(trap(options), Setting(options.deadline, options.seed))
    listening = await asyncio.start_server(
        server.serve, options.bind, options.port, ssl=context, limit=HEAD_LIMIT, backlog=512
    )
    print(f"{options.trap} is listening on https://{options.bind}:{options.port}", flush=True)
    await stop.wait()
    listening.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments(sys.argv[1:])))
