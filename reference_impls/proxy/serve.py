"""A small TLS-terminating reverse proxy that tells upstream the client's certificate (RFC 9440).

Without ``--leak`` it does what RFC 9440, section 2.4, and RFC 9110, section 7.6, ask; with it, one named thing wrong.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import h11
from any_certificate import AnyCertificateContext
from certificates import ENCODINGS
from headers import Peer
from leaks import REQUEST_LEAKS, RESPONSE_LEAKS, WAYS
from relay import HEADER_LIMIT, Half, Route, blind, serve


def arguments(command: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a line of help where it is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--listen-port", type=int, required=True)
    parser.add_argument("--tls", type=Path, required=True, metavar="PEM", help="server certificate chain and key")
    parser.add_argument("--upstream", type=urlsplit, required=True, metavar="URL", help="http://host:port")
    parser.add_argument("--upstream-host", default="", metavar="HOST:PORT", help="what the leak rewrite-host writes")
    parser.add_argument("--public-url", type=urlsplit, metavar="URL", help="refuse requests for other hosts with 421")
    parser.add_argument("--header", default="Client-Cert", help="header that carries the certificate")
    parser.add_argument("--encoding", choices=sorted(ENCODINGS), default="rfc9440")
    parser.add_argument("--chain", choices=["on", "off"], default="off", help="also send Client-Cert-Chain")
    parser.add_argument(
        "--leak", choices=["none", *REQUEST_LEAKS, *RESPONSE_LEAKS, *WAYS], default="none", metavar="NAME"
    )
    options = parser.parse_args(command)
    if options.upstream.scheme != "http" or not options.upstream.hostname:
        parser.error("--upstream: write http://host:port")
    if options.chain == "on" and options.encoding != "rfc9440":
        parser.error("--chain on needs --encoding rfc9440")
    return options


def route_of(options: argparse.Namespace) -> Route:
    """Return where the command line sends requests, with its leak."""
    hooks: dict[str, object] = {}
    if options.leak in REQUEST_LEAKS:
        hooks["on_request"] = REQUEST_LEAKS[options.leak]
    if options.leak in RESPONSE_LEAKS:
        hooks["on_response"] = RESPONSE_LEAKS[options.leak]
    if options.leak in WAYS:
        hooks["way"] = options.leak
    only = options.public_url if options.leak != "any-host" else None
    public = only.netloc.lower().encode() if only else b""
    return Route(options.upstream.hostname, options.upstream.port or 80, public, **hooks)


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    route = route_of(options)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("ssl_object")
        address = writer.get_extra_info("peername")
        if connection is None or address is None:
            writer.close()
            return
        if route.way == "blind":
            await blind(reader, writer, route)
            return
        peer = Peer(
            address=address[0],
            certificate=connection.getpeercert(binary_form=True),
            issuers=connection.peer_issuers() if options.chain == "on" else (),
            header=options.header.encode(),
            encode=ENCODINGS[options.encoding],
            upstream=options.upstream_host.encode() or options.upstream.netloc.encode(),
        )
        machine = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_LIMIT)
        await serve(Half(machine, reader, writer), peer, route)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    context = AnyCertificateContext(options.tls)
    server = await asyncio.start_server(
        accept, options.bind, options.listen_port, ssl=context, backlog=512, ssl_handshake_timeout=10
    )
    print(f"listening on https://{options.bind}:{options.listen_port}, leak: {options.leak}", flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments(sys.argv[1:])))
