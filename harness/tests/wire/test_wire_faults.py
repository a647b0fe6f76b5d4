"""What the wire tells of servers that misbehave: it never raises, and never outlasts its time."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from holdfast.wire import Request, Wire

Serve = Callable[..., str]
Handler = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def asked(connection: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65_536)
        if not data:
            raise ConnectionAbortedError
        head += data


def says(answer: bytes, *, then: str = "close") -> Handler:
    """Answer the first request with these bytes, then close, hang until the client goes, or reset."""

    def handler(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(answer)
        if then == "hang":
            connection.recv(1)
        if then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return handler


def endless(start: bytes, piece: bytes) -> Handler:
    def handler(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return handler


def drip(start: bytes, piece: bytes) -> Handler:
    gone = threading.Event()

    def handler(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(start)
        while not gone.wait(0.02):
            connection.sendall(piece)

    return handler


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour"
FIELDS = b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 10_000 + b"Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(
    ("handler", "fault", "status", "body"),
    [
        pytest.param(says(b""), "closed", None, b"", id="close-before-the-first-byte"),
        pytest.param(says(b"", then="reset"), "reset", None, b"", id="reset-before-the-first-byte"),
        pytest.param(says(LONG, then="reset"), "reset", 200, b"four", id="reset-in-the-body"),
        pytest.param(says(LONG), "closed", 200, b"four", id="length-says-more"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nA"), "closed", None, b"", id="close-in-the-head"),
        pytest.param(says(b"SSH-2.0-door\r\n\r\n", then="hang"), "protocol", None, b"", id="other-protocol"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n", then="hang"), "protocol", None, b"", id="bad-head"),
        pytest.param(says(CHUNKED + b"zz\r\n", then="hang"), "protocol", 200, b"", id="bad-chunk"),
        pytest.param(says(FIELDS, then="hang"), "protocol", 200, b"", id="ten-thousand-fields"),
        pytest.param(endless(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 500), "protocol", None, b"", id="endless-head"),
        pytest.param(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50), "oversize", None, b"", id="endless-100"),
    ],
)
def test_faults_are_told_apart(
    *, serve: Serve, wire: Wire, tls: bool, handler: Handler, fault: str, status: int | None, body: bytes
) -> None:
    answer = wire.send(Request("GET", serve(handler, tls=tls)))
    assert (answer.fault, answer.status, answer.body) == (fault, status, body)
    assert answer.error


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        pytest.param(says(b"", then="hang"), None, id="silence"),
        pytest.param(says(LONG, then="hang"), 200, id="silence-in-the-body"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX: ", b"a"), None, id="drip-in-the-head"),
        pytest.param(drip(CHUNKED, b"1\r\na\r\n"), 200, id="drip-in-the-body"),
        pytest.param(drip(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), None, id="drip-of-102"),
    ],
)
def test_one_deadline_holds_for_the_whole_exchange(
    serve: Serve, wire: Wire, handler: Handler, status: int | None
) -> None:
    answer = wire.send(Request("GET", serve(handler), deadline=0.4))
    assert (answer.fault, answer.status) == ("timeout", status)
    assert answer.seconds < 10


def test_the_deadline_holds_for_the_handshake(serve: Serve, wire: Wire) -> None:
    url = serve(lambda connection: connection.recv(1) and connection.recv(1 << 20) and connection.recv(1), tls=False)
    assert wire.send(Request("GET", url.replace("http:", "https:"), deadline=0.4)).fault == "timeout"


def test_the_deadline_holds_while_nobody_reads(serve: Serve, wire: Wire) -> None:
    over = threading.Event()
    url = serve(lambda _connection: over.wait(20) and None)
    answer = wire.send(Request("POST", url, body=bytes(1 << 24), deadline=0.4))
    over.set()
    assert answer.fault == "timeout"
    assert len(answer.sent) < 1 << 24


def test_reading_stops_at_the_limit_of_a_body(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    sent: list[int] = []

    def gigabyte(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(CHUNKED)
        piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        with suppress(OSError):
            for _ in range(1 << 14):
                connection.sendall(piece)
                sent.append(len(piece))

    answer = make_wire(body_limit=100_000).send(Request("GET", serve(gigabyte)))
    assert (answer.fault, answer.status, answer.body) == ("oversize", 200, bytes(100_000))
    assert len(answer.received) < 1 << 20
    assert sum(sent) < 1 << 26


def test_bytes_that_are_no_utf8_arrive_as_they_are(serve: Serve, wire: Wire) -> None:
    answer = wire.send(
        Request("GET", serve(says(b"HTTP/1.1 200 \xff\r\nX: \xfe\r\nContent-Length: 2\r\n\r\n\xfd\xfc")))
    )
    assert (answer.status, answer.headers[0], answer.body) == (200, ("X", "\xfe"), b"\xfd\xfc")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nold", id="http-1.0"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nold", id="until-the-end"),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold", id="100-continue"
        ),
        pytest.param(b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nold", id="103"),
        pytest.param(CHUNKED + b"3;x=y\r\nold\r\n0\r\nTrailer: x\r\n\r\n", id="trailers"),
    ],
)
def test_unusual_answers_are_whole_answers(serve: Serve, wire: Wire, answer: bytes) -> None:
    seen = wire.send(Request("GET", serve(says(answer))))
    assert (seen.fault, seen.status, seen.body, seen.received) == ("", 200, b"old", answer)


def test_what_follows_an_answer_is_not_taken_for_the_next(serve: Serve, wire: Wire) -> None:
    smuggled = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"
    url = serve(says(OK + smuggled, then="hang"))
    bodies = [wire.send(Request("GET", url)) for _ in range(2)]
    assert [(answer.body, answer.reused) for answer in bodies] == [(b"ok", False), (b"ok", False)]


def test_an_early_answer_is_heard_although_the_rest_is_not_taken(serve: Serve, wire: Wire) -> None:
    def impatient(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65_536):
            pass

    answer = wire.send(Request("POST", serve(impatient, tls=False), body=bytes(1 << 20)))
    assert (answer.status, answer.fault) == (413, "")


class EndsWhileIdle:
    """Answers one request on each connection, or on the first alone; ends the connection at the next without a word."""

    def __init__(self, *, only_first: bool) -> None:
        self.only_first = only_first
        self.connections = 0

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        asked(connection)
        if self.connections == 1 or not self.only_first:
            connection.sendall(OK)
            asked(connection)


def test_a_kept_connection_that_dies_is_told_and_not_repeated(serve: Serve, wire: Wire) -> None:
    server = EndsWhileIdle(only_first=False)
    url = serve(server)
    wire.send(Request("GET", url))
    answer = wire.send(Request("GET", url))
    assert (answer.fault, answer.reused, answer.died_reused) == ("closed", True, True)
    assert server.connections == 1


def test_a_message_that_can_be_made_anew_is_sent_once_more(serve: Serve, wire: Wire) -> None:
    server = EndsWhileIdle(only_first=False)
    url = serve(server)
    wire.send(Request("GET", url))
    made: list[Request] = []

    def again() -> Request:
        made.append(Request("GET", f"{url}/anew"))
        return made[-1]

    answer = wire.send(Request("GET", url), again=again)
    assert (answer.status, answer.reused, len(made)) == (200, False, 1)
    assert b"GET /anew " in answer.sent


def test_it_is_not_sent_a_third_time(serve: Serve, wire: Wire) -> None:
    server = EndsWhileIdle(only_first=True)
    url = serve(server)
    wire.send(Request("GET", url))
    answer = wire.send(Request("GET", url), again=lambda: Request("GET", url))
    assert (answer.fault, answer.died_reused, server.connections) == ("closed", False, 2)


def test_a_kept_connection_that_has_ended_is_not_used_again(serve: Serve, wire: Wire) -> None:
    ended = threading.Event()

    def once(connection: socket.socket) -> None:
        asked(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    url = serve(once, tls=False)
    wire.send(Request("GET", url))
    assert ended.wait(20)
    answer = wire.send(Request("GET", url))
    assert (answer.status, answer.reused) == (200, False)
