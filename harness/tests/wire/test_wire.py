"""What the wire sends, keeps and tells, against servers that behave."""

import socket
import threading
from collections.abc import Callable

import pytest

from holdfast.errors import UsageError
from holdfast.wire import Answer, Request, Wire

Serve = Callable[..., str]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def head_of(connection: socket.socket) -> bytes:
    """Read up to the empty line; b"" when the client has gone."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = connection.recv(65_536)
        if not data:
            return b""
        head += data
    return head


class Kept:
    """Answers every request on a connection, and remembers what it was asked."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.connections = 0
        self.requests: list[bytes] = []

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        while head := head_of(connection):
            self.requests.append(head)
            connection.sendall(self.answer)


def test_an_answer_is_told_whole(serve: Serve, wire: Wire) -> None:
    server = Kept(b"HTTP/1.1 201 Made\r\nX-Odd-CASE: 1\r\nx-odd-case: 2\r\nContent-Length: 4\r\n\r\nbody")
    answer = wire.send(Request("GET", serve(server)))
    assert (answer.status, answer.body, answer.fault, answer.error) == (201, b"body", "", "")
    assert answer.headers == (("X-Odd-CASE", "1"), ("x-odd-case", "2"), ("Content-Length", "4"))
    assert answer.received == server.answer
    assert answer.sent == server.requests[0]
    assert answer.seconds > 0
    assert answer.started > 0


def test_the_facts_of_the_connection_are_told(serve: Serve, wire: Wire) -> None:
    tls = wire.send(Request("GET", serve(Kept()))).tls
    assert tls is not None
    assert (tls.version, tls.server_name, tls.resumed) == ("TLSv1.3", "localhost", False)
    assert tls.client_certificate_sha256 is None
    assert len(tls.server_certificate_sha256) == 43


def test_plain_http_has_no_tls_facts(serve: Serve, wire: Wire) -> None:
    answer = wire.send(Request("GET", serve(Kept(), tls=False)))
    assert (answer.status, answer.tls) == (200, None)


def test_headers_travel_in_order_and_spelling_and_may_repeat(serve: Serve, wire: Wire) -> None:
    server = Kept()
    wire.send(Request("GET", serve(server), (("DPoP", "one"), ("dpop", "two"), ("X-Latin", "caf\xe9"))))
    assert b"\r\nDPoP: one\r\ndpop: two\r\nX-Latin: caf\xe9\r\n" in server.requests[0]


def test_nothing_asks_for_compression(serve: Serve, wire: Wire) -> None:
    server = Kept()
    wire.send(Request("GET", serve(server)))
    assert b"\r\nAccept-Encoding: identity\r\n" in server.requests[0]


def test_given_headers_replace_the_usual_ones(serve: Serve, wire: Wire) -> None:
    server = Kept()
    wire.send(Request("GET", serve(server), (("host", "evil.test"), ("user-agent", "thief"))))
    assert server.requests[0].lower().count(b"\r\nhost:") == 1
    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\nhost: evil.test\r\n")
    assert b"\r\nuser-agent: thief\r\n" in server.requests[0]
    assert b"holdfast" not in server.requests[0]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a//b/../%2F%2f?x=%20&y", "/a//b/../%2F%2f?x=%20&y"),
        ("", "/"),
        ("?only=query", "/?only=query"),
        ("/empty?", "/empty?"),
        ("/cut#fragment", "/cut"),
        ("/sp ace/\u00e9", "/sp%20ace/%C3%A9"),
    ],
)
def test_the_path_is_not_normalised(serve: Serve, wire: Wire, path: str, target: str) -> None:
    server = Kept()
    wire.send(Request("GET", serve(server) + path))
    assert server.requests[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("target", ["/../x", "http://other.test/absolute", "*"])
def test_a_target_is_sent_as_it_is(serve: Serve, wire: Wire, target: str) -> None:
    server = Kept()
    wire.send(Request("GET", serve(server) + "/path", target=target))
    assert server.requests[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())


def test_a_body_has_its_length(serve: Serve, wire: Wire) -> None:
    got: list[bytes] = []

    def read_body(connection: socket.socket) -> None:
        head, _, body = head_of(connection).partition(b"\r\n\r\n")
        got.extend([head, body or connection.recv(10)])
        connection.sendall(OK)

    wire.send(Request("POST", serve(read_body), body=b"a=b"))
    assert b"\r\nContent-Length: 3" in got[0]
    assert got[1] == b"a=b"


def test_connections_are_kept(serve: Serve, wire: Wire) -> None:
    server = Kept()
    url = serve(server)
    answers = [wire.send(Request("GET", url)) for _ in range(3)]
    assert [answer.reused for answer in answers] == [False, True, True]
    assert server.connections == 1
    assert [answer.received for answer in answers] == [OK] * 3


def test_a_fresh_request_has_a_connection_to_itself(serve: Serve, wire: Wire) -> None:
    server = Kept()
    url = serve(server)
    answers = [wire.send(Request("GET", url, fresh=fresh)) for fresh in (False, True, False)]
    assert [answer.reused for answer in answers] == [False, False, True]
    assert server.connections == 2


def test_raw_bytes_are_sent_as_they_are(serve: Serve, wire: Wire) -> None:
    server = Kept()
    raw = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nDPoP: x\r\n folded\r\nBad\x00: \xff\r\n\r\n"
    answer = wire.send(Request("GET", serve(server), raw=raw))
    assert server.requests == [raw]
    assert (answer.status, answer.body, answer.sent) == (200, b"ok", raw)


def test_a_raw_head_request_has_no_body_to_wait_for(serve: Serve, wire: Wire) -> None:
    server = Kept(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
    answer = wire.send(Request("HEAD", serve(server), raw=b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert (answer.status, answer.fault) == (200, "")


def test_what_http_forbids_is_refused_with_a_hint(serve: Serve, wire: Wire) -> None:
    server = Kept()
    with pytest.raises(UsageError, match="send it as raw bytes"):
        wire.send(Request("GET", serve(server), (("DPoP", "a\r\nX: b"),)))
    assert server.requests == []


def test_redirects_are_not_followed_and_cookies_not_kept(serve: Serve, wire: Wire) -> None:
    server = Kept(b"HTTP/1.1 302 Found\r\nLocation: /other\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n")
    url = serve(server)
    assert [wire.send(Request("GET", url)).status for _ in range(2)] == [302, 302]
    assert len(server.requests) == 2
    assert b"ookie" not in server.requests[1]


def test_a_host_that_is_not_allowed_gets_nothing(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    server = Kept()
    url = serve(server)
    with pytest.raises(PermissionError, match="nothing was sent"):
        make_wire(allowed=lambda _host, _port: False).send(Request("GET", url))
    assert server.connections == 0


def test_a_name_may_stand_for_an_address(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    server = Kept()
    port = int(serve(server).rpartition(":")[2])
    wire = make_wire(resolve={("rs.strict.test", 8443): ("127.0.0.1", port)})
    answer = wire.send(Request("GET", "https://rs.strict.test:8443/x"))
    assert answer.status == 200
    assert answer.tls is not None
    assert answer.tls.server_name == "rs.strict.test"
    assert b"\r\nHost: rs.strict.test:8443\r\n" in server.requests[0]


@pytest.mark.parametrize("url", ["", "ftp://localhost/", "https://", "https://[", "https://localhost:port/", "/path"])
def test_what_is_no_url_is_unreachable(wire: Wire, url: str) -> None:
    answer = wire.send(Request("GET", url))
    assert (answer.fault, answer.status) == ("unreachable", None)


def test_nobody_listening_is_unreachable(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = wire.send(Request("GET", f"https://localhost:{port}/"))
    assert answer.fault == "unreachable"
    assert str(port) in answer.error


def test_an_unknown_name_is_unreachable(wire: Wire) -> None:
    assert wire.send(Request("GET", "https://no-such-host.invalid/", deadline=5)).fault in {"unreachable", "timeout"}


@pytest.mark.parametrize("way", ["abort", "stop"])
def test_stopping_ends_an_exchange_under_way(serve: Serve, make_wire: Callable[..., Wire], way: str) -> None:
    asked, stop = threading.Event(), threading.Event()

    def hang(connection: socket.socket) -> None:
        head_of(connection)
        asked.set()
        connection.recv(1)

    wire = make_wire(deadline=60.0, stop=stop)
    url = serve(hang)
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(wire.send(Request("GET", url))))
    thread.start()
    assert asked.wait(20)
    if way == "abort":
        wire.abort()
    else:
        stop.set()
    thread.join(20)
    assert [(answer.fault, answer.error) for answer in answers] == [("closed", "stopped")]
    assert wire.send(Request("GET", url)).error == "stopped"


def test_the_date_of_an_answer_is_its_targets_clock() -> None:
    assert Answer(headers=(("date", "Thu, 01 Jan 1970 00:01:00 GMT"),)).date == 60.0
    assert Answer(headers=(("Date", "soon"),)).date is None
    assert Answer().date is None
