"""Answers that are meant to harm: each ends as a fault or as an answer, soon, and little of it is kept."""

import gzip
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from holdfast.wire import Request, Wire
from holdfast.wire.http1 import HEAD_BYTES, HEAD_FIELDS, PIECES, SAID

Serve = Callable[..., str]
Handler = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
BODY_LIMIT = 100_000
#: Bytes that may be kept of an answer: its head, its body, and what chunks cost.
MOST = HEAD_BYTES + 9 * BODY_LIMIT


def says(pieces: Callable[[], Iterator[bytes]]) -> Handler:
    """Answer a request with these pieces, and stay until the other side goes."""

    def handler(connection: socket.socket) -> None:
        while b"\r\n\r\n" not in connection.recv(65_536):
            pass
        with suppress(OSError):
            for piece in pieces():
                connection.sendall(piece)
            connection.recv(1)

    return handler


def once(answer: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter([answer])


def forever(start: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield start
        while True:
            yield piece

    return pieces


@pytest.fixture
def wire(make_wire: Callable[..., Wire]) -> Wire:
    return make_wire(body_limit=BODY_LIMIT)


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(
    ("pieces", "fault", "status"),
    [
        pytest.param(forever(OK + b"Content-Length: 1073741824\r\n\r\n", bytes(65_536)), "oversize", 200, id="1-GiB"),
        pytest.param(forever(CHUNKED, b"1\r\nx\r\n" * 1000), "oversize", 200, id="chunks-of-one-byte"),
        pytest.param(forever(b"", b"HTTP/1.1 103 Hint\r\n\r\n" * 500), "oversize", None, id="103-forever"),
        pytest.param(once(CHUNKED + b"f" * 21 + b"\r\nx"), "protocol", 200, id="chunk-longer-than-any-number"),
        pytest.param(once(CHUNKED + b"-1\r\nx\r\n"), "protocol", 200, id="negative-chunk"),
        pytest.param(once(OK + b"Content-Length: -1\r\n\r\nx"), "protocol", None, id="negative-length"),
        pytest.param(once(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"), "protocol", None, id="two-lengths"),
        pytest.param(once(OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\nx"), "protocol", None, id="long-length"),
        pytest.param(once(OK + b"no colon\r\nContent-Length: 1\r\n\r\nx"), "protocol", None, id="no-colon"),
        pytest.param(once(OK + b"x" * 60_000 + b"\r\n\r\n"), "protocol", None, id="a-line-that-is-no-field"),
        pytest.param(once(b"HTTP/1.1 2147483648 OK\r\n\r\n"), "protocol", None, id="status-of-ten-digits"),
    ],
)
def test_an_answer_that_is_none_is_a_fault(
    *,
    serve: Serve,
    wire: Wire,
    tls: bool,
    pieces: Callable[[], Iterator[bytes]],
    fault: str,
    status: int | None,
) -> None:
    answer = wire.send(Request("GET", serve(says(pieces), tls=tls)))

    assert (answer.fault, answer.status) == (fault, status)
    assert 0 < len(answer.error) <= SAID
    assert len(answer.body) <= BODY_LIMIT
    assert len(answer.received) < MOST


def test_a_huge_chunk_ends_with_the_deadline(serve: Serve, wire: Wire) -> None:
    answer = wire.send(Request("GET", serve(says(once(CHUNKED + b"f" * 16 + b"\r\nx"))), deadline=0.4))

    assert (answer.fault, answer.status, answer.body) == ("timeout", 200, b"x")


def test_a_body_in_many_pieces_is_read_up_to_a_bound(serve: Serve, wire: Wire) -> None:
    answer = wire.send(Request("GET", serve(says(forever(CHUNKED, b"1\r\nx\r\n" * 1000)))))

    assert (answer.fault, answer.body) == ("oversize", b"x" * PIECES)


def test_as_many_fields_as_are_read_at_all_are_told(serve: Serve, wire: Wire) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 200) for number in range(HEAD_FIELDS - 1))
    answer = wire.send(Request("GET", serve(says(once(OK + fields + b"Content-Length: 2\r\n\r\nok")))))

    assert (answer.fault, answer.body, len(answer.headers)) == ("", b"ok", HEAD_FIELDS)


def test_nothing_is_unpacked_that_comes_packed(serve: Serve, wire: Wire) -> None:
    bomb = gzip.compress(bytes(20 << 20), 9)
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    answer = wire.send(Request("GET", serve(says(once(head + bomb)))))

    assert (answer.fault, answer.body) == ("", bomb)


def test_escapes_and_bytes_that_are_no_text_arrive_as_they_are(serve: Serve, wire: Wire) -> None:
    head = b"HTTP/1.1 401 \x1b[31m<b>\xff\r\nX: \x1b]0;title\x07<script>\xfe\r\nContent-Length: 3\r\n\r\n"
    answer = wire.send(Request("GET", serve(says(once(head + b"\xff\x1b<")))))

    assert (answer.status, answer.headers[0], answer.body) == (401, ("X", "\x1b]0;title\x07<script>\xfe"), b"\xff\x1b<")
