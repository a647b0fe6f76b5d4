"""A web application firewall in front of a server: what looks odd is answered with 403 and a page, the rest passed on.

It speaks plain HTTP on both sides, one request for each connection: TLS ends before it.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from oddities import oddity

LIMIT = 128 * 1024
PAGE = "<html><head><title>Blocked</title></head><body><h1>Request blocked</h1><p>{what}</p></body></html>"


def arguments(command: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a line of help where it is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", type=urlsplit, required=True, metavar="URL", help="http://host:port")
    return parser.parse_args(command)


def blocked(what: str) -> bytes:
    """Give the whole answer to a request that is odd in that."""
    body = PAGE.format(what=what).encode()
    lines = ["HTTP/1.1 403 Forbidden", "Server: waf", "Content-Type: text/html; charset=utf-8", "Connection: close"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


class Firewall:
    """Looks at requests and passes them on, byte for byte."""

    def __init__(self, upstream: SplitResult) -> None:
        self._upstream = upstream

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection, or have it answered."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").strip("\r\n").split("\r\n")
            method, target, *_ = (*first.split(" "), "", "")
            lines = [(name, value.strip()) for name, _, value in (line.partition(":") for line in rest)]
            length = next((value for name, value in lines if name.lower() == "content-length"), "0")
            body = await reader.readexactly(min(int(length), LIMIT)) if length.isdecimal() else b""
            if what := oddity(method, target, lines, body.decode("latin-1")):
                writer.write(blocked(what))
            else:
                await self._pass(head + body, writer)
            await writer.drain()
        writer.close()

    async def _pass(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        answer, upstream = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        upstream.write(request)
        while data := await answer.read(65536):
            writer.write(data)
            await writer.drain()
        upstream.close()


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    firewall = Firewall(options.upstream)
    server = await asyncio.start_server(firewall.serve, options.bind, options.port, limit=LIMIT, backlog=512)
    print(f"listening on http://{options.bind}:{options.port}", flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments(sys.argv[1:])))
