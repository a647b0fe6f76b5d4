"""One client connection of HTTP/2 (RFC 9113): each of its streams is a client of its own, and relay.py serves it.

To upstream a stream is a request of HTTP/1.1 over a connection of its own, as every other request is.
"""

import asyncio
import contextlib

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h11
from h2.errors import ErrorCodes
from headers import Headers, Peer, values
from http2_fields import Malformed, answer, request
from http2_leaks import HTTP2_LEAKS, disguised
from relay import HEADER_LIMIT, IDLE_SECONDS, Refusal, Route, exchange, refuse


class Stream:
    """One request on a connection, in the place of a connection of its own (relay.Client).

    complete: whether all of an answer was sent but for the end of the stream, which comes when nothing more is done.
    """

    def __init__(self, connection: "Connection", number: int, fields: Headers) -> None:
        self.connection, self.number, self.fields = connection, number, fields
        self.body = 0
        self.let_in = self.complete = False
        self.answerable = True
        self.said: list[h11.Event] = []
        self.trailers: Headers = []
        self.over, self.answered = asyncio.Event(), asyncio.Event()
        self._coming: asyncio.Queue[h11.Event] = asyncio.Queue()
        self._room = asyncio.Event()

    async def event(self) -> h11.Event:
        """Await the next event of the request; what is taken makes room for more."""
        event = await self._coming.get()
        if isinstance(event, h11.Data):
            self.body += len(event.data)
            self.connection.took(self.number, len(event.data))
        return event

    async def send(self, event: h11.Event) -> None:
        """Write one event of an answer, and wait while the other side has no room for it."""
        self.said.append(event)
        state = self.connection.state
        if isinstance(event, h11.Response | h11.InformationalResponse):
            self.answerable = isinstance(event, h11.InformationalResponse)
            status = (b":status", str(event.status_code).encode())
            state.send_headers(self.number, [status, *answer(list(event.headers.raw_items()))])
        elif isinstance(event, h11.Data):
            await self._send(bytes(event.data))
        else:
            self.complete = True
        await self.connection.flush()

    async def _send(self, data: bytes) -> None:
        state = self.connection.state
        while data:
            room = min(state.local_flow_control_window(self.number), state.max_outbound_frame_size)
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            state.send_data(self.number, data[:room])
            data = data[room:]
            await self.connection.flush()

    def hears(self, event: h11.Event) -> None:
        """Take an event of the request that has arrived."""
        self._coming.put_nowait(event)
        if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            self.over.set()

    def has_room(self) -> None:
        """Go on sending."""
        self._room.set()


class Connection:
    """Streams in any number, each in a task of its own. proof, under_way: what the leaks of whole streams remember."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer, route: Route) -> None:
        self.reader, self.writer, self.peer, self.route = reader, writer, peer, route
        unread = {"validate_inbound_headers": False, "normalize_inbound_headers": False}  # that is http2_fields.py
        self.state = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding=None, **unread)
        )
        self.streams: dict[int, Stream] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.proof: bytes = b""
        self.under_way: dict[bytes, Stream] = {}

    async def flush(self) -> None:
        """Write what there is to be written."""
        self.writer.write(self.state.data_to_send())
        await self.writer.drain()

    def took(self, number: int, size: int) -> None:
        """Let the client send as much as was taken."""
        with contextlib.suppress(h2.exceptions.ProtocolError):
            self.state.acknowledge_received_data(size, number)

    async def run(self) -> None:
        """Serve until one side ends it; never raises for what peers do."""
        self.state.decoder.max_header_list_size = HEADER_LIMIT
        self.state.initiate_connection()
        try:
            while True:
                await self.flush()
                async with asyncio.timeout(IDLE_SECONDS):
                    data = await self.reader.read(65536)
                if not data:
                    return
                for event in self.state.receive_data(data):
                    self._take(event)
        except h2.exceptions.ProtocolError:
            with contextlib.suppress(OSError):
                await self.flush()
        except (OSError, TimeoutError):
            pass
        finally:
            for task in self.tasks:
                task.cancel()
            self.writer.close()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._begin(event)
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            for stream in self.streams.values():
                stream.has_room()
        stream = self.streams.get(getattr(event, "stream_id", None) or 0)
        if stream is None:
            return
        if isinstance(event, h2.events.DataReceived):
            stream.hears(h11.Data(data=event.data))
            self.took(event.stream_id, event.flow_controlled_length - len(event.data))
        elif isinstance(event, h2.events.TrailersReceived):
            stream.trailers = [(bytes(name), bytes(value)) for name, value in event.headers]
        elif isinstance(event, h2.events.StreamEnded):
            stream.hears(h11.EndOfMessage())
        elif isinstance(event, h2.events.StreamReset):
            stream.hears(h11.ConnectionClosed())

    def _begin(self, event: h2.events.RequestReceived) -> None:
        fields = [(bytes(name), bytes(value)) for name, value in event.headers]
        stream = self.streams[event.stream_id] = Stream(self, event.stream_id, fields)
        task = asyncio.create_task(self._serve(stream, bodiless=event.stream_ended is not None))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, stream: Stream, *, bodiless: bool) -> None:
        try:
            await self._exchange(stream, bodiless=bodiless)
        except (Refusal, Malformed) as why:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                await refuse(stream, why if isinstance(why, Refusal) else Refusal(400, str(why)))
        except (OSError, TimeoutError, h11.ProtocolError, h2.exceptions.ProtocolError):
            pass
        finally:
            self.streams.pop(stream.number, None)
            stream.answered.set()
            with contextlib.suppress(h2.exceptions.ProtocolError, OSError):
                if stream.complete:
                    self.state.end_stream(stream.number)
                if not stream.over.is_set() or stream.answerable:
                    self.state.reset_stream(stream.number, ErrorCodes.NO_ERROR if stream.said else ErrorCodes.CANCEL)
                await self.flush()

    async def _exchange(self, stream: Stream, *, bodiless: bool) -> None:
        fields = HTTP2_LEAKS.get(self.route.way, lambda given: given)(stream.fields)
        if self.route.way == "h2-trailers-join":
            await stream.over.wait()
            fields = [*fields, *((disguised(name), value) for name, value in stream.trailers)]
        if self.route.way == "h2-first-proof":
            self.proof = self.proof or b"".join(values(fields, b"dpop"))
            fields = [(name, self.proof if name == b"dpop" else value) for name, value in fields]
        asked = request(fields, bodiless=bodiless)
        if self.route.way == "h2-one-for-all" and (first := self.under_way.get(asked.target)) is not None:
            await first.answered.wait()
            for event in first.said:
                await stream.send(event)
            return
        self.under_way[asked.target] = stream
        try:
            await exchange(stream, asked, self.peer, self.route)
        finally:
            self.under_way.pop(asked.target, None)
