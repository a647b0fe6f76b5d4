"""A small TLS-terminating reverse proxy that tells upstream the client's certificate (RFC 9440).

Without ``--leak`` it does what RFC 9440, section 2.4, and RFC 9110, section 7.6, ask; with it, one named thing wrong.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import functools
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gateway
import h11
import http2
import http2_leaks
import two_hosts
import upstream_tls
from any_certificate import AnyCertificateContext
from certificates import ENCODINGS
from headers import Peer
from leaks import REQUEST_LEAKS, RESPONSE_LEAKS, WAYS
from relay import HEADER_LIMIT, Half, Route, blind, serve

LEAKS = (
    *(*REQUEST_LEAKS, *RESPONSE_LEAKS, *WAYS),
    *(*http2_leaks.HTTP2_LEAKS, *gateway.LEAKS, *upstream_tls.LEAKS, *two_hosts.LEAKS),
)


def arguments(command: Sequence[str]) -> argparse.Namespace:
    """Read the command line; ends the program with a line of help where it is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--listen-port", type=int, required=True)
    parser.add_argument("--tls", type=Path, required=True, metavar="PEM", help="server certificate chain and key")
    parser.add_argument("--upstream", type=urlsplit, required=True, metavar="URL", help="http or https://host:port")
    parser.add_argument("--upstream-ca", type=Path, metavar="PEM", help="trusted for https upstream")
    parser.add_argument(
        "--upstream-certificate", type=Path, metavar="PEM", help="shown to https upstream, with its key"
    )
    parser.add_argument("--upstream-host", default="", metavar="HOST:PORT", help="what the leak rewrite-host writes")
    parser.add_argument("--public-url", type=urlsplit, metavar="URL", help="refuse requests for other hosts with 421")
    parser.add_argument("--other-host", default="", metavar="NAME", help="a second virtual host at the same port")
    parser.add_argument("--client-ca", type=Path, metavar="PEM", help="with --other-host: of the first one's clients")
    parser.add_argument("--guest-ca", type=Path, metavar="PEM", help="with --other-host: of its own clients")
    parser.add_argument("--header", default="Client-Cert", help="header that carries the certificate")
    parser.add_argument("--encoding", choices=sorted(ENCODINGS), default="rfc9440")
    parser.add_argument("--chain", choices=["on", "off"], default="off", help="also send Client-Cert-Chain")
    parser.add_argument(
        "--leak",
        choices=["none", *LEAKS],
        default="none",
        metavar="NAME",
    )
    parser.add_argument("--mode", choices=["proxy", "forward-auth", "gateway"], default="proxy", help="see README.md")
    parser.add_argument(
        "--backend-port", type=int, default=0, help="of the server behind a gateway, which checks nothing"
    )
    options = parser.parse_args(command)
    _check(parser, options)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program with a line of help where options do not go together."""
    if options.upstream.scheme not in {"http", "https"} or not options.upstream.port:
        parser.error("--upstream: write http://host:port or https://host:port")
    if options.upstream.scheme == "https" and not (options.upstream_ca and options.upstream_certificate):
        parser.error("--upstream: https needs --upstream-ca and --upstream-certificate")
    if options.mode != "proxy" and not options.backend_port:
        parser.error("--mode: write --backend-port too")
    if options.other_host and not (options.public_url and options.client_ca and options.guest_ca):
        parser.error("--other-host needs --public-url, --client-ca and --guest-ca")
    if options.chain == "on" and options.encoding != "rfc9440":
        parser.error("--chain on needs --encoding rfc9440")


def route_of(options: argparse.Namespace) -> Route:
    """Return where the command line sends requests, with its leak."""
    hooks: dict[str, object] = {}
    if options.leak in REQUEST_LEAKS:
        hooks["on_request"] = REQUEST_LEAKS[options.leak]
    if options.leak in RESPONSE_LEAKS:
        hooks["on_response"] = RESPONSE_LEAKS[options.leak]
    if options.leak in WAYS:
        hooks["way"] = options.leak
    if options.upstream.scheme == "https":
        hooks["tls"] = upstream_tls.context(options.upstream_ca, options.upstream_certificate, options.leak)
    if options.leak in http2_leaks.HTTP2_LEAKS:
        hooks |= {"way": options.leak, "spoil": http2_leaks.spoilt}
    only = options.public_url if options.leak != "any-host" else None
    public = (only.netloc.lower().encode(),) if only else ()
    upstream = Route(options.upstream.hostname, options.upstream.port, public, **hooks)
    if options.mode == "proxy":
        return upstream
    leak = options.leak if options.leak in gateway.LEAKS else ""
    gate = gateway.Gate(upstream, as_bearer=options.mode == "gateway", leak=leak)
    return Route(options.bind, options.backend_port, public, gate=gate, **hooks)


def context_of(options: argparse.Namespace) -> AnyCertificateContext:
    """Return how TLS is spoken: HTTP/2 is offered where requests are read and no gate stands before them."""
    plain = options.leak == "blind" or options.mode != "proxy"
    return AnyCertificateContext(
        options.tls,
        sessions=options.leak in {"forgetful-sessions", "one-memory"},
        second_handshakes=options.leak == "first-handshake",
        protocols=[b"http/1.1"] if plain else [b"h2", b"http/1.1"],
    )


def peer_of(options: argparse.Namespace, connection: Any, address: str) -> Peer:
    """Return who is on a connection, as upstream is told of it. connection: that of any_certificate.py."""
    forgotten = connection.resumed and options.leak != "one-memory"
    return Peer(
        address=address,
        certificate=None if forgotten else connection.getpeercert(binary_form=True),
        issuers=connection.peer_issuers() if options.chain == "on" else (),
        header=options.header.encode(),
        encode=ENCODINGS[options.encoding],
        upstream=options.upstream_host.encode() or options.upstream.netloc.encode(),
    )


async def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    route = route_of(options)
    hosts = two_hosts.TwoHosts(options) if options.other_host else None

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("ssl_object")
        address = writer.get_extra_info("peername")
        if connection is None or address is None:
            writer.close()
            return
        if route.way == "blind":
            await blind(reader, writer, route)
            return
        peer = peer_of(options, connection, address[0])
        named = hosts.route(route, connection) if hosts else route
        if route.way == "careless-by-other-names" and connection.server_name != options.public_url.hostname.encode():
            named = dataclasses.replace(route, on_request=REQUEST_LEAKS["no-strip"])
        if route.way == "careless-of-pieces" and connection.hello_in_pieces:
            named = dataclasses.replace(named, on_request=REQUEST_LEAKS["no-strip"])
        if connection.selected_alpn_protocol() == "h2":
            await http2.Connection(reader, writer, peer, named).run()
            return
        machine = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_LIMIT)
        await serve(Half(machine, reader, writer), peer, named)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await asyncio.start_server(
        accept, options.bind, options.listen_port, ssl=context_of(options), backlog=512, ssl_handshake_timeout=10
    )
    if isinstance(route.gate, gateway.Gate):
        behind = functools.partial(gateway.serve_backend, gate=route.gate)
        await asyncio.start_server(behind, options.bind, options.backend_port, backlog=512)
    print(f"listening on https://{options.bind}:{options.listen_port}, leak: {options.leak}", flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(arguments(sys.argv[1:])))
