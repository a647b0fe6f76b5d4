"""One client connection of the proxy: requests in order, each over its own connection to upstream.

An upstream connection is never shared, so that one client's certificate cannot be told with another's request, and a
request is never sent twice, so that a proof cannot be used twice by the proxy itself.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import h11
from headers import Headers, Peer, to_client, to_upstream, values, without

HEADER_LIMIT = 128 * 1024
BODY_LIMIT = 16 * 1024 * 1024
IDLE_SECONDS = 60.0
EXCHANGE_SECONDS = 30.0
CONNECT_SECONDS = 5.0
LINGER_SECONDS = 1.0
#: Answers of upstream after which the leak `retry` asks it once more.
AGAIN = frozenset([502, 503, 504])


class Refusal(Exception):  # noqa: N818 - an answer that the proxy gives itself, not a bug
    """The proxy's own answer to a request that it does not pass on, or that upstream did not answer."""

    def __init__(self, status: int, reason: str, headers: Headers | None = None, body: bytes | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = [(b"Content-Type", b"text/plain")] if headers is None else headers
        self.body = f"{reason}\n".encode() if body is None else body


@dataclass(frozen=True)
class Route:
    """Where requests go, for which public hosts (none: any), and what happens to headers on the way.

    way: one of leaks.WAYS, or nothing. kept: answers by target, where that is to keep them. gate: judges a request
    before it goes on, and gives the headers with which it does, or raises Refusal (gateway.py). tls: what upstream is
    reached by, where not in clear. spoil: what becomes of the bytes for upstream.
    """

    host: str
    port: int
    public: tuple[bytes, ...] = ()
    on_request: Callable[[Headers, Headers, Peer], Headers] = lambda _sent, honest, _peer: honest
    on_response: Callable[[Headers, Headers], Headers] = lambda _received, honest: honest
    way: str = ""
    kept: dict[bytes, list[h11.Event]] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    gate: "Callable[[Client, h11.Request, Headers, Headers], Awaitable[Headers]] | None" = None
    spoil: Callable[[bytes], bytes] = bytes


class Client(Protocol):
    """Who sent a request, on a connection or a stream of its own.

    body: bytes of the request's body so far. let_in: whether a gate let a request pass.
    """

    body: int
    let_in: bool

    @property
    def answerable(self) -> bool:
        """Whether no answer has begun."""

    async def event(self) -> h11.Event:
        """Await the next event of the request, or ConnectionClosed."""

    async def send(self, event: h11.Event) -> None:
        """Send an event of the answer."""


@dataclass
class Half:
    """One connection: an h11 state machine on a pair of asyncio streams. let_in: whether a gate let a request pass."""

    machine: h11.Connection
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    body: int = field(default=0, init=False)
    last: bool = field(default=True, init=False)
    let_in: bool = field(default=False, init=False)
    spoil: Callable[[bytes], bytes] = bytes

    @property
    def answerable(self) -> bool:
        """Whether no answer has begun."""
        return self.machine.our_state in {h11.IDLE, h11.SEND_RESPONSE}

    async def event(self) -> h11.Event:
        """Await the next event; at the end of input it is ConnectionClosed, or h11.RemoteProtocolError is raised."""
        while (event := self.machine.next_event()) is h11.NEED_DATA:
            try:
                data = await self.reader.read(65536)
            except OSError:
                data = b""
            self.machine.receive_data(data)
        if isinstance(event, type):  # h11.PAUSED: the message before it is not over
            return h11.ConnectionClosed()
        if isinstance(event, h11.Data):
            self.body += len(event.data)
        return event

    async def send(self, event: h11.Event) -> None:
        """Write one event, and wait while the other side does not read."""
        self.writer.write(self.spoil(self.machine.send(event) or b""))
        await self.writer.drain()

    async def close(self) -> None:
        """End the connection; errors of a connection that is gone already mean nothing."""
        self.writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self.writer.wait_closed()


def _checked(request: h11.Request, public: tuple[bytes, ...]) -> Headers:
    """Return the headers as sent; Refusal where passing them on would be ambiguous or is not our business."""
    sent = list(request.headers.raw_items())
    if request.method == b"CONNECT":
        raise Refusal(501, "no tunnels")
    if not values(sent, b"host"):
        raise Refusal(400, "no Host")
    if public and not _is_for(public, request.target, values(sent, b"host")[0]):
        raise Refusal(421, "another host (RFC 9110, section 7.4)")
    if values(sent, b"content-length") and values(sent, b"transfer-encoding"):
        raise Refusal(400, "both Content-Length and Transfer-Encoding (RFC 9112, section 6.3)")
    return sent


def _is_for(public: tuple[bytes, ...], target: bytes, host: bytes) -> bool:
    _scheme, separator, rest = target.partition(b"://")
    authorities = [host, rest.partition(b"/")[0]] if separator and not target.startswith(b"/") else [host]
    return all(authority.lower() in public for authority in authorities)


async def _connect(route: Route) -> Half:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(route.host, route.port, ssl=route.tls)
    except (OSError, TimeoutError) as error:
        raise Refusal(502, "upstream cannot be reached") from error
    return Half(h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADER_LIMIT), reader, writer, route.spoil)


async def _pump_request(client: Client, upstream: Half) -> None:
    client.body = 0
    while True:
        event = await client.event()
        if isinstance(event, h11.ConnectionClosed):
            raise ConnectionResetError
        if client.body > BODY_LIMIT:
            raise Refusal(413, "body too large")
        with contextlib.suppress(ConnectionError):  # upstream answered and hung up: its answer counts
            await upstream.send(h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event)
        if isinstance(event, h11.EndOfMessage):
            return


async def _pump_response(upstream: Half, client: Client, route: Route) -> list[h11.Event]:
    """Bring the answer back; what was sent to the client."""
    sent: list[h11.Event] = []
    try:
        while True:
            event = await upstream.event()
            if isinstance(event, h11.ConnectionClosed) or upstream.body > BODY_LIMIT:
                raise Refusal(502, "upstream broke off, or its answer is too large")
            if isinstance(event, h11.Response | h11.InformationalResponse):
                received = list(event.headers.raw_items())
                headers = route.on_response(received, to_client(received))
                event = type(event)(status_code=event.status_code, reason=event.reason, headers=headers)
                if event.status_code in AGAIN and route.way == "retry" and not upstream.last:
                    raise Refusal(event.status_code, "upstream is not well")
            sent.append(h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event)
            await client.send(sent[-1])
            if isinstance(event, h11.EndOfMessage):
                return sent
    except h11.RemoteProtocolError as error:
        raise Refusal(502, "upstream answered no HTTP") from error


async def _both_ways(client: Client, upstream: Half, route: Route) -> list[h11.Event]:
    """Body up and answer down at once; the answer's end is the end, also of a body that is still being sent.

    Gives what was sent to the client.
    """
    up = asyncio.create_task(_pump_request(client, upstream))
    down = asyncio.create_task(_pump_response(upstream, client, route))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            up.result()
        sent = await down
        await asyncio.wait({up}, timeout=LINGER_SECONDS)  # closing on unread input would reset the answer away
    finally:
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)
    return sent


async def exchange(client: Client, request: h11.Request, peer: Peer, route: Route) -> None:
    """Pass a request on and its answer back. Raises Refusal where the proxy has to answer itself, and like a peer."""
    sent = _checked(request, route.public)
    headers = route.on_request(sent, to_upstream(sent, peer), peer)
    if route.gate is not None:
        headers = await route.gate(client, request, sent, headers)
    if request.method == b"GET" and request.target in route.kept:
        await _from_memory(client, route.kept[request.target])
        return
    asked = h11.Request(method=request.method, target=request.target, headers=headers)
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            answered = await _asked(client, asked, route)
    except h11.LocalProtocolError as error:
        raise Refusal(400, "the request cannot be passed on") from error
    except TimeoutError as error:
        raise Refusal(504, "upstream does not answer") from error
    if route.way == "cache" and _may_be_kept(answered):
        route.kept[request.target] = answered


async def _asked(client: Client, asked: h11.Request, route: Route) -> list[h11.Event]:
    """Ask upstream and bring the answer back; what was sent to the client."""
    upstream = await _connect(route)
    upstream.last = route.way != "retry"
    try:
        await upstream.send(asked)
        return await _both_ways(client, upstream, route)
    except Refusal:
        if upstream.last:
            raise
    finally:
        await upstream.close()
    return await _asked_again(client, asked, route)


async def collected(route: Route, asked: h11.Request) -> Refusal:
    """Ask a server, without a body, for a whole answer that the proxy can give itself. Raises like a connection."""
    there = await _connect(route)
    status, headers, body = 502, Headers(), b""
    try:
        await there.send(asked)
        await there.send(h11.EndOfMessage())
        while not isinstance(event := await there.event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status, headers = event.status_code, to_client(list(event.headers.raw_items()))
            elif isinstance(event, h11.Data):
                body += event.data
            if isinstance(event, h11.ConnectionClosed) or len(body) > HEADER_LIMIT:
                raise Refusal(502, "the answer broke off, or is too large")
    finally:
        await there.close()
    return Refusal(status, "judged", headers, body)


async def _asked_again(client: Client, asked: h11.Request, route: Route) -> list[h11.Event]:
    upstream = await _connect(route)
    try:
        await upstream.send(asked)
        await upstream.send(h11.EndOfMessage())
        return await _pump_response(upstream, client, route)
    finally:
        await upstream.close()


def _may_be_kept(answered: list[h11.Event]) -> bool:
    """Whether it says how long it is good for; for whom it was made is what the leak `cache` does not ask."""
    first = answered[0]
    rules = values(list(first.headers.raw_items()), b"cache-control") if isinstance(first, h11.Response) else []
    return any(b"max-age" in rule for rule in rules)


async def _from_memory(client: Client, answered: list[h11.Event]) -> None:
    while not isinstance(await client.event(), h11.EndOfMessage):
        pass
    for event in answered:
        await client.send(event)


async def refuse(client: Client, refusal: Refusal) -> None:
    """Say it, where no answer was begun and the client still listens."""
    if not client.answerable:
        return
    told = without(refusal.headers, b"Content-Length", b"Connection")
    headers = [*told, (b"Content-Length", str(len(refusal.body)).encode()), (b"Connection", b"close")]
    with contextlib.suppress(OSError, h11.LocalProtocolError):
        await client.send(h11.Response(status_code=refusal.status, headers=headers))
        await client.send(h11.Data(data=refusal.body))
        await client.send(h11.EndOfMessage())


async def _next_request(client: Half) -> h11.Request | None:
    if client.machine.our_state is h11.DONE and client.machine.their_state is h11.DONE:
        client.machine.start_next_cycle()
    if client.machine.our_state is not h11.IDLE:
        return None
    async with asyncio.timeout(IDLE_SECONDS):
        event = await client.event()
    return event if isinstance(event, h11.Request) else None


async def blind(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route) -> None:
    """Hand on bytes in both directions and look at none of them, as a proxy does that knows TLS and no HTTP."""
    there_reader, there_writer = await asyncio.open_connection(route.host, route.port)

    async def hand_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()

    ways = {asyncio.create_task(hand_on(reader, there_writer)), asyncio.create_task(hand_on(there_reader, writer))}
    _done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in left:
        way.cancel()
    for one in (writer, there_writer):
        one.close()


async def serve(client: Half, peer: Peer, route: Route) -> None:
    """Pass on every request of a client connection until one side ends it; never raises for what peers do."""
    try:
        while (request := await _next_request(client)) is not None:
            await exchange(client, request, peer, route)
    except Refusal as refusal:
        await refuse(client, refusal)
    except h11.RemoteProtocolError as error:
        await refuse(client, Refusal(error.error_status_hint, "not HTTP/1.1 as it should be"))
    except (OSError, TimeoutError, h11.LocalProtocolError):
        pass
    finally:
        await client.close()
