"""What arrives behind a proxy: read as a forgiving server would, and kept whatever it is."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.parties.arrival import Arrival, chunked
from holdfast.parties.origin_server import OriginServer, Reply, canary

MARK = "0123456789abcdef"
MARKED = f"Holdfast-Mark: holdfast-{MARK}\r\n"


@pytest.fixture
def origin() -> Iterator[OriginServer]:
    server = OriginServer("localhost", "127.0.0.1")
    yield server
    server.close()


def exchanged(origin: OriginServer, data: str, *, ends: bool = True) -> bytes:
    """Send these bytes, and read to the end of the connection."""
    port = int(origin.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data.encode("latin-1"))
        if ends:
            connection.shutdown(socket.SHUT_WR)
        found = b""
        while more := connection.recv(65_536):
            found += more
    return found


def test_lines_are_kept_as_they_came_and_read_as_a_server_would() -> None:
    seen = Arrival(b"GET /a?b HTTP/1.1\r\nHost: h\r\nX_Y: 1\r\n folded\r\nx-y :2", b"body", 3)

    assert (seen.method, seen.target, seen.version) == ("GET", "/a?b", "HTTP/1.1")
    assert seen.lines == ["Host: h", "X_Y: 1", " folded", "x-y :2"]
    assert seen.fields == [("Host", "h"), ("X_Y", "1 folded"), ("x-y ", "2")]
    assert seen.values("host") == ["h"]
    assert seen.says("body")


def test_a_chunked_body_has_content_and_trailers() -> None:
    seen = Arrival(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked", b"2;x=y\r\nhf\r\n0\r\nA: b\r\n\r\n")

    assert (seen.content, list(seen.trailers)) == (b"hf", [("A", "b")])


@pytest.mark.parametrize("data", [b"x\r\n", b"+2\r\nhf\r\n", b"0x2\r\nhf\r\n"])
def test_what_is_no_chunk_is_told_so(data: bytes) -> None:
    with pytest.raises(ValueError, match="no chunk size at byte 0"):
        chunked(data)


@given(st.binary(max_size=200))
def test_chunks_are_read_or_wanted_or_none(data: bytes) -> None:
    try:
        found = chunked(data)
    except ValueError:
        return
    assert found is None or len(found[0]) <= len(data)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_are_too_odd_for_an_arrival(head: bytes, body: bytes) -> None:
    seen = Arrival(head, body)

    assert isinstance(seen.start, str)
    assert len(seen.fields) <= len(seen.lines)


def test_a_request_is_answered_with_the_canary_of_its_mark(origin: OriginServer) -> None:
    answer = exchanged(origin, f"GET / HTTP/1.1\r\nHost: h\r\n{MARKED}\r\n")

    assert canary(MARK).encode() in answer
    assert [arrival.target for arrival in origin.arrived(MARK)] == ["/"]


def test_an_answer_is_as_a_case_asked_for_it(origin: OriginServer) -> None:
    origin.answer(MARK, Reply(401, (("WWW-Authenticate", "DPoP"),), b"more"))
    answer = exchanged(origin, f"GET / HTTP/1.1\r\n{MARKED}\r\n")

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"WWW-Authenticate: DPoP\r\n" in answer
    assert answer.endswith(canary(MARK).encode() + b"more")


def test_a_silent_answer_is_none(origin: OriginServer) -> None:
    origin.answer(MARK, Reply(silent=True))

    assert exchanged(origin, f"GET / HTTP/1.1\r\n{MARKED}\r\n") == b""
    assert len(origin.arrived(MARK)) == 1


def test_two_requests_on_one_connection_are_two(origin: OriginServer) -> None:
    first = f"POST /a HTTP/1.1\r\n{MARKED}Content-Length: 2\r\n\r\nhf"
    exchanged(origin, first + f"GET /b HTTP/1.1\r\n{MARKED}\r\n")

    assert [(one.target, one.body, one.connection) for one in origin.arrived(MARK)] == [
        ("/a", b"hf", 1),
        ("/b", b"", 1),
    ]


@pytest.mark.parametrize(
    "rest",
    [
        "Content-Length: 100\r\n\r\nshort",
        "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhf\r\n",
        "no end",
    ],
)
def test_what_breaks_off_or_is_no_body_is_kept_all_the_same(origin: OriginServer, rest: str) -> None:
    assert exchanged(origin, f"POST / HTTP/1.1\r\n{MARKED}{rest}") == b""
    assert len(origin.arrived(MARK)) == 1


def test_who_asks_before_the_body_is_told_to_go_on(origin: OriginServer) -> None:
    asked = f"POST / HTTP/1.1\r\n{MARKED}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhf"

    assert exchanged(origin, asked).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")


def test_what_is_forgotten_is_gone(origin: OriginServer) -> None:
    exchanged(origin, f"GET / HTTP/1.1\r\n{MARKED}\r\n")
    origin.forget(MARK)

    assert origin.arrived(MARK) == []


def test_an_ended_server_ends_its_connections(origin: OriginServer) -> None:
    port = int(origin.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\n{MARKED}\r\n".encode())
        assert connection.recv(1)
        origin.close()
        while connection.recv(65_536):
            pass
