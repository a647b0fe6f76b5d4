"""HTTP/2 on a line (RFC 9113): each request a stream; what is sent is what was asked for, legal or not.

The library h2 frames and counts. Its checks of what goes out are off, so that a field block holds whatever a request
says; its checks of what comes in are on.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from holdfast.results import TlsFacts
from holdfast.wire.http1 import HEAD_FIELDS, PIECES, SAID, USUAL, Place, Reading, octets
from holdfast.wire.line import Line
from holdfast.wire.messages import Answer, FaultError, Fields, Request

#: The name of the protocol in TLS (RFC 9113, section 3.1).
ALPN = "h2"

#: Codes by which nobody refuses anything: nothing was wrong, or the other side fell over (RFC 9113, section 7).
_NO_REFUSAL = frozenset({ErrorCodes.NO_ERROR, ErrorCodes.INTERNAL_ERROR, ErrorCodes.CONNECT_ERROR})

#: Bytes before the payload of a frame, of which the first three say how long that is (RFC 9113, section 4.1).
_FRAME_HEAD = 9

Block = list[tuple[bytes, bytes]]


def block(request: Request, where: Place) -> Block:
    """Give the field block of a request: pseudo-header fields, what is missing of the usual fields, and its own.

    Names stand as the request has them. Pseudo-header fields are those of `Http2.pseudo`, else made of method and URL.
    The length of the body is told where it is not and no trailers follow.
    """
    assert request.http2 is not None
    pseudo = request.http2.pseudo
    if pseudo is None:
        target = where.target if request.target is None else request.target
        pseudo = ((":method", request.method), (":scheme", "https"), (":authority", where.authority), (":path", target))
    given = {name.lower() for name, _ in request.headers}
    usual = [(name.lower(), value) for name, value in USUAL if name.lower().decode() not in given]
    found = [*_octets(pseudo), *usual, *_octets(request.headers)]
    needs_length = request.body or request.method in {"POST", "PUT", "PATCH"}
    if needs_length and not request.http2.trailers and not given & {"content-length", "transfer-encoding"}:
        found.append((b"content-length", str(len(request.body)).encode()))
    return found


def _octets(fields: Fields) -> Block:
    return [(octets(name), octets(value)) for name, value in fields]


@dataclass
class Stream:
    """One request and its answer as far as it has come. fault: why it is over, where that was no end of an answer.

    sent, received: its frames in words, for a reader.
    """

    request: Request
    number: int
    reading: Reading = field(default_factory=Reading)
    fault: FaultError | None = None
    ended: bool = False
    pieces: int = 0
    sent: bytearray = field(default_factory=bytearray)
    received: bytearray = field(default_factory=bytearray)

    def end(self, fault: FaultError | None = None) -> None:
        """Take it for over; what ended it first counts."""
        if not self.ended:
            self.ended, self.fault = True, fault

    def answer(self, tls: TlsFacts | None, fault: FaultError, started: float, seconds: float) -> Answer:
        """Give it as an answer; fault: how the connection ended, where the stream was not over by then."""
        why = self.fault if self.ended else fault
        return Answer(
            status=self.reading.status,
            headers=self.reading.headers,
            body=bytes(self.reading.body),
            sent=bytes(self.sent),
            received=bytes(self.received),
            tls=tls,
            error=why.error if why else "",
            fault=why.fault if why else "",
            started=started,
            seconds=seconds,
        )

    def left(self, *, orderly: bool) -> None:
        """Take it for over because the connection is, by a close_notify or without a word.

        To say more than that is only recommended where a request cannot be read (RFC 9113, section 5.4.1).
        """
        begun = self.reading.status is not None
        how = "the connection was closed" if orderly else "the connection broke off"
        when = "before the answer was over" if begun else "before an answer began"
        self.end(FaultError("refused at http/2" if orderly and not begun else "closed", f"{how} {when}"))

    def refused(self, code: int | None, how: str) -> None:
        """Take it for over because the other side ended it with this code: as a refusal where no answer had begun."""
        named = ErrorCodes(code).name if code in set(ErrorCodes) else f"code {code}"
        self.received += f"{how}, {named}\r\n".encode()
        clean = self.reading.status is None and code not in _NO_REFUSAL
        self.end(FaultError("refused at http/2" if clean else "reset", f"{how} with {named}"))


def _words(title: str, fields: Block) -> bytes:
    return b"".join(line + b"\r\n" for line in (title.encode(), *(name + b": " + value for name, value in fields)))


class Streams:
    """One connection, and requests on it that are all under way before the first answer is read.

    Raises FaultError "no http/2" where ALPN did not choose h2 for the line.
    """

    def __init__(self, line: Line, body_limit: int) -> None:
        if line.tls is None or line.tls.alpn != ALPN:
            raise FaultError("no http/2", "the server does not speak HTTP/2: it did not choose h2 (ALPN)")
        self._line, self._limit = line, body_limit
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self._h2 = h2.connection.H2Connection(config)
        self._h2.local_settings[SettingCodes.ENABLE_PUSH] = 0
        self._h2.local_settings.acknowledge()
        self._h2.initiate_connection()
        self._unread = b""
        self._streams: dict[int, Stream] = {}

    @property
    def streams(self) -> list[Stream]:
        """One for each request that was begun, in their order."""
        return list(self._streams.values())

    def converse(self, requests: Sequence[tuple[Request, Place]]) -> None:
        """Send the head of each request, then what follows it as far as that is still wanted; read until all are over.

        Raises FaultError when the time is over while something is sent.
        """
        for request, where in requests:
            self._open(request, where)
        self._write()
        for stream in self.streams:
            with suppress(h2.exceptions.ProtocolError):  # the other side ended it already, and is heard below
                self._follow(stream)
        while any(not stream.ended for stream in self._streams.values()):
            self._read()

    def _open(self, request: Request, where: Place) -> None:
        assert request.http2 is not None
        stream = Stream(request, self._h2.get_next_available_stream_id())
        fields = block(request, where)
        stream.sent += _words(f"HTTP/2, stream {stream.number}: HEADERS", fields)
        over = not request.body and not request.http2.trailers
        self._h2.send_headers(stream.number, fields, end_stream=over)
        self._streams[stream.number] = stream

    def _follow(self, stream: Stream) -> None:
        """Send body and trailers."""
        assert stream.request.http2 is not None
        trailers, left = stream.request.http2.trailers, stream.request.body
        while left and not stream.ended:
            room = min(self._h2.local_flow_control_window(stream.number), self._h2.max_outbound_frame_size)
            if room <= 0:
                self._read()
                continue
            part, left = left[:room], left[room:]
            self._h2.send_data(stream.number, part, end_stream=not left and not trailers)
            stream.sent += f"DATA, {len(part)} bytes\r\n".encode() + part + b"\r\n"
            self._write()
        if trailers and not stream.ended:
            self._h2.send_headers(stream.number, _octets(trailers), end_stream=True)
            stream.sent += _words("HEADERS, trailers", _octets(trailers))
            self._write()

    def _write(self) -> None:
        if data := self._h2.data_to_send():
            self._line.write(data)

    def _read(self) -> None:
        """Read what comes next. A fault of the connection is one of every stream that is not over."""
        try:
            data = self._line.read()
            for frame in self._frames(data):
                self._receive(frame)
        except h2.exceptions.ProtocolError as error:
            self._end_all(FaultError("protocol", str(error)[:SAID] or type(error).__name__))
            return
        except FaultError as why:
            self._end_all(why)
            return
        self._write()
        if not data:
            for stream in self.streams:
                stream.left(orderly=self._line.orderly)

    def _frames(self, data: bytes) -> Iterator[bytes]:
        """Give each frame that is whole; what is left waits for its end."""
        self._unread += data
        while len(self._unread) >= _FRAME_HEAD:
            end = _FRAME_HEAD + int.from_bytes(self._unread[:3])
            if len(self._unread) < end:
                return
            frame, self._unread = self._unread[:end], self._unread[end:]
            yield frame

    def _receive(self, frame: bytes) -> None:
        for event in self._h2.receive_data(frame):
            self._take(event)
            if isinstance(event, h2.events.ConnectionTerminated):
                # After a GOAWAY h2 reads nothing more, though streams that are open go on (RFC 9113, section 6.8):
                # https://github.com/python-hyper/h2/issues/1181
                self._h2.state_machine.state = h2.connection.ConnectionState.CLIENT_OPEN

    def _end_all(self, why: FaultError) -> None:
        for stream in self._streams.values():
            stream.end(why)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ConnectionTerminated):
            self._take_leave(event)
            return
        stream = self._streams.get(getattr(event, "stream_id", None) or 0)
        if stream is None:
            return
        if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
            with suppress(h2.exceptions.ProtocolError):  # the stream may be over
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if not stream.ended:
            _heard(stream, event, self._limit)

    def _take_leave(self, event: h2.events.ConnectionTerminated) -> None:
        """Read a GOAWAY: streams above its number were not looked at; with an error, the others are over as well."""
        code, last = event.error_code, event.last_stream_id or 0
        for number, stream in self._streams.items():
            if not stream.ended and (number > last or code != ErrorCodes.NO_ERROR):
                stream.refused(code, "GOAWAY")


def _heard(stream: Stream, event: h2.events.Event, limit: int) -> None:
    reading = stream.reading
    if isinstance(event, h2.events.ResponseReceived):
        fields = list(event.headers or [])
        stream.received += _words("HEADERS", fields)
        status = next((value for name, value in fields if name == b":status"), b"")
        reading.status = int(status) if status.isdigit() else None
        plain = [(name, value) for name, value in fields if not name.startswith(b":")]
        reading.headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in plain[:HEAD_FIELDS]
        )
        if len(plain) > HEAD_FIELDS:
            stream.end(FaultError("protocol", f"{len(plain)} header fields"))
    elif isinstance(event, h2.events.DataReceived):
        stream.received += f"DATA, {len(event.data)} bytes\r\n".encode() + event.data + b"\r\n"
        reading.body += event.data
        if len(reading.body) > limit:
            del reading.body[limit:]
            stream.end(FaultError("oversize", f"a body of more than {limit} bytes"))
    elif isinstance(event, h2.events.StreamReset):
        stream.refused(event.error_code, "RST_STREAM")
    elif isinstance(event, h2.events.StreamEnded):
        stream.end()
    stream.pieces += 1
    if stream.pieces > PIECES:
        stream.end(FaultError("oversize", f"an answer in more than {PIECES} pieces"))
