"""The wire over HTTP/2, against a small real server that shows what it was sent, decoded by h2 without its checks."""

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import replace

import h2.config
import h2.connection
import h2.events
import pytest
import trustme
from h2.errors import ErrorCodes

from holdfast.exchange import outcome
from holdfast.outcome import Outcome
from holdfast.wire import Http2, Request, Wire

Serve = Callable[..., str]
Fields = list[tuple[bytes, bytes]]
Answers = Callable[[h2.connection.H2Connection, int, Fields], None]


class Book:
    """What a server was sent: field blocks by stream, each block with the number of its connection, and bodies."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, int, Fields]] = []
        self.bodies: dict[int, bytes] = {}
        self.connections = 0

    @property
    def fields(self) -> Fields:
        return self.blocks[0][2]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def _plain(connection: h2.connection.H2Connection, number: int, _fields: Fields) -> None:
    connection.send_headers(number, [(b":status", b"200"), (b"dpop-nonce", b"n")])
    connection.send_data(number, b"stream %d" % number, end_stream=True)


def _server(book: Book, answers: Answers) -> Callable[[socket.socket], None]:
    def handle(sock: socket.socket) -> None:
        unchecked = {"validate_inbound_headers": False, "normalize_inbound_headers": False}
        config = h2.config.H2Configuration(client_side=False, header_encoding=None, **unchecked)  # type: ignore[arg-type]
        connection = h2.connection.H2Connection(config)
        connection.initiate_connection()
        book.connections += 1
        sock.sendall(connection.data_to_send())
        heads: dict[int, Fields] = {}
        while data := sock.recv(65_536):
            for event in connection.receive_data(data):
                number = getattr(event, "stream_id", 0)
                if isinstance(event, h2.events.RequestReceived | h2.events.TrailersReceived):
                    fields = [(bytes(name), bytes(value)) for name, value in event.headers or []]
                    heads.setdefault(number, fields)
                    book.blocks.append((book.connections, number, fields))
                elif isinstance(event, h2.events.DataReceived):
                    book.bodies[number] = book.bodies.get(number, b"") + event.data
                    connection.acknowledge_received_data(event.flow_controlled_length, number)
                elif isinstance(event, h2.events.StreamEnded):
                    answers(connection, number, heads[number])
            sock.sendall(connection.data_to_send())

    return handle


@pytest.fixture
def talks(serve: Serve, book: Book, context: ssl.SSLContext) -> Callable[..., str]:
    """Start a server with this way of answering; gives its URL."""

    def start(answers: Answers = _plain) -> str:
        return serve(_server(book, answers), context=context)

    return start


def over(url: str, *headers: tuple[str, str], **more: object) -> Request:
    return replace(Request("GET", url, headers=headers, http2=Http2()), **more)  # type: ignore[arg-type]


def test_a_request_is_answered_over_http2(wire: Wire, talks: Callable[..., str], book: Book) -> None:
    url = talks()
    seen = wire.send(over(f"{url}/a/../b?c", ("dpop", "proof")))

    assert (seen.fault, seen.status, seen.body) == ("", 200, b"stream 1")
    assert seen.headers == (("dpop-nonce", "n"),)
    assert seen.tls is not None
    assert seen.tls.alpn == "h2"
    authority = url.removeprefix("https://").encode()
    pseudo = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", authority), (b":path", b"/a/../b?c")]
    assert book.fields[:4] == pseudo
    assert book.fields[-1] == (b"dpop", b"proof")
    assert {name for name, _ in book.fields[4:-1]} == {b"user-agent", b"accept", b"accept-encoding"}


def test_what_was_sent_and_received_stands_in_words(wire: Wire, talks: Callable[..., str]) -> None:
    told = Http2(trailers=(("x-end", "z"),))
    seen = wire.send(over(talks(), ("dpop", "proof"), method="POST", body=b"hf", http2=told))

    sent = seen.sent.decode()
    assert sent.startswith("HTTP/2, stream 1: HEADERS\r\n:method: POST\r\n:scheme: https\r\n:authority: localhost:")
    assert "\r\ndpop: proof\r\n" in sent
    assert sent.endswith("DATA, 2 bytes\r\nhf\r\nHEADERS, trailers\r\nx-end: z\r\n")
    assert seen.received == b"HEADERS\r\n:status: 200\r\ndpop-nonce: n\r\nDATA, 8 bytes\r\nstream 1\r\n"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(("Client-Cert", "a"), id="capitals"),
        pytest.param(("client_cert", "a"), id="underscore"),
        pytest.param(("x", "a\r\nclient-cert: b"), id="line-break"),
        pytest.param(("x", "a\x00b"), id="nul"),
        pytest.param(("x: y\r\nz", "a"), id="line-break-in-the-name"),
        pytest.param(("x", " a "), id="white-space-around"),
        pytest.param(("connection", "client-cert"), id="connection"),
        pytest.param(("transfer-encoding", "chunked"), id="transfer-encoding"),
        pytest.param(("host", "evil.test"), id="host"),
        pytest.param((":late", "a"), id="pseudo-header-behind"),
        pytest.param(("", "a"), id="no-name"),
        pytest.param(("cookie", "a=b"), id="cookie"),
    ],
)
def test_a_field_is_sent_as_it_stands(wire: Wire, talks: Callable[..., str], book: Book, line: tuple[str, str]) -> None:
    wire.send(over(talks(), line, line))

    assert book.fields[-2:] == [(line[0].encode(), line[1].encode())] * 2


@pytest.mark.parametrize(
    "pseudo",
    [
        pytest.param(((":method", "GET"), (":path", "/")), id="missing"),
        pytest.param(((":method", "GET"), (":method", "POST"), (":scheme", "https"), (":path", "/")), id="twice"),
        pytest.param(((":method", "GET"), (":scheme", "http"), (":authority", "e"), (":path", "*")), id="others"),
        pytest.param((), id="none"),
    ],
)
def test_pseudo_header_fields_are_those_that_were_asked_for(
    wire: Wire, talks: Callable[..., str], book: Book, pseudo: tuple[tuple[str, str], ...]
) -> None:
    wire.send(over(talks(), http2=Http2(pseudo=pseudo)))

    assert book.fields[: len(pseudo)] == [(name.encode(), value.encode()) for name, value in pseudo]
    assert [name for name, _ in book.fields if name.startswith(b":")] == [name.encode() for name, _ in pseudo]


def test_trailers_follow_the_body_in_a_block_of_their_own(wire: Wire, talks: Callable[..., str], book: Book) -> None:
    seen = wire.send(over(talks(), body=b"hf", http2=Http2(trailers=(("client-cert", "a"),))))

    assert seen.status == 200
    assert [fields for _, _, fields in book.blocks][1:] == [[(b"client-cert", b"a")]]
    assert book.bodies == {1: b"hf"}


def test_a_body_goes_out_as_the_window_lets_it(wire: Wire, talks: Callable[..., str], book: Book) -> None:
    body = bytes(range(256)) * 800
    seen = wire.send(over(talks(), method="POST", body=body))

    assert (seen.status, book.bodies[1] == body) == (200, True)
    assert (b"content-length", b"204800") in book.fields


def test_a_large_answer_comes_whole(wire: Wire, talks: Callable[..., str]) -> None:
    def large(connection: h2.connection.H2Connection, number: int, _fields: Fields) -> None:
        connection.send_headers(number, [(b":status", b"200")])
        for _ in range(4):
            connection.send_data(number, b"x" * 16_000)
        connection.send_data(number, b"", end_stream=True)

    assert len(wire.send(over(talks(large))).body) == 64_000


def test_requests_together_share_a_connection_and_keep_their_answers(
    wire: Wire, talks: Callable[..., str], book: Book
) -> None:
    url = talks()
    seen = wire.together([over(f"{url}/{n}", ("dpop", f"proof-{n}")) for n in range(3)])

    assert [answer.body for answer in seen] == [b"stream 1", b"stream 3", b"stream 5"]
    assert book.connections == 1
    assert [dict(fields)[b"dpop"] for _, _, fields in book.blocks] == [b"proof-0", b"proof-1", b"proof-2"]
    assert wire.send(over(url)).body == b"stream 1"
    assert book.connections == 2


def _resets(code: int) -> Answers:
    return lambda connection, number, _fields: connection.reset_stream(number, code)


def _leaves(code: int, last: int) -> Answers:
    def leaves(connection: h2.connection.H2Connection, _number: int, _fields: Fields) -> None:
        connection.close_connection(code, last_stream_id=last)
        connection.state_machine.state = h2.connection.ConnectionState.SERVER_OPEN

    return leaves


@pytest.mark.parametrize(
    ("answers", "fault", "became"),
    [
        pytest.param(_resets(ErrorCodes.PROTOCOL_ERROR), "refused at http/2", Outcome.REFUSED, id="malformed"),
        pytest.param(_resets(ErrorCodes.REFUSED_STREAM), "refused at http/2", Outcome.REFUSED, id="refused"),
        pytest.param(_resets(ErrorCodes.ENHANCE_YOUR_CALM), "refused at http/2", Outcome.REFUSED, id="calm"),
        pytest.param(_resets(ErrorCodes.INTERNAL_ERROR), "reset", Outcome.BROKE, id="internal"),
        pytest.param(_resets(ErrorCodes.NO_ERROR), "reset", Outcome.BROKE, id="no-error"),
        pytest.param(_leaves(ErrorCodes.PROTOCOL_ERROR, 1), "refused at http/2", Outcome.REFUSED, id="goaway"),
        pytest.param(_leaves(ErrorCodes.COMPRESSION_ERROR, 0), "refused at http/2", Outcome.REFUSED, id="not-read"),
        pytest.param(_leaves(ErrorCodes.INTERNAL_ERROR, 1), "reset", Outcome.BROKE, id="goaway-internal"),
        pytest.param(_leaves(ErrorCodes.NO_ERROR, 0), "reset", Outcome.BROKE, id="goaway-unread"),
    ],
)
def test_a_stream_that_is_ended_with_an_error_is_a_refusal(
    wire: Wire, talks: Callable[..., str], answers: Answers, fault: str, became: Outcome
) -> None:
    seen = wire.send(over(talks(answers)))

    assert (seen.fault, seen.status) == (fault, None)
    assert outcome(seen, lambda _answer: True) is became
    assert seen.error.startswith(("RST_STREAM with ", "GOAWAY with "))


def test_a_stream_that_breaks_off_after_its_answer_began_is_no_refusal(wire: Wire, talks: Callable[..., str]) -> None:
    def breaks(connection: h2.connection.H2Connection, number: int, _fields: Fields) -> None:
        connection.send_headers(number, [(b":status", b"200")])
        connection.reset_stream(number, ErrorCodes.PROTOCOL_ERROR)

    seen = wire.send(over(talks(breaks)))

    assert (seen.fault, seen.status) == ("reset", 200)


def test_after_a_goaway_an_open_stream_is_still_heard(wire: Wire, talks: Callable[..., str]) -> None:
    def leaves_in_peace(connection: h2.connection.H2Connection, number: int, fields: Fields) -> None:
        connection.close_connection(ErrorCodes.NO_ERROR, last_stream_id=2**31 - 1)
        connection.state_machine.state = h2.connection.ConnectionState.SERVER_OPEN
        _plain(connection, number, fields)

    seen = wire.send(over(talks(leaves_in_peace)))

    assert (seen.fault, seen.status, seen.body) == ("", 200, b"stream 1")


def test_an_interim_answer_is_not_the_answer(wire: Wire, talks: Callable[..., str]) -> None:
    def interim(connection: h2.connection.H2Connection, number: int, fields: Fields) -> None:
        connection.send_headers(number, [(b":status", b"103")])
        _plain(connection, number, fields)

    assert wire.send(over(talks(interim))).status == 200


def test_silence_ends_at_the_deadline(wire: Wire, talks: Callable[..., str]) -> None:
    seen = wire.send(over(talks(lambda *_: None), deadline=0.4))

    assert (seen.fault, seen.status) == ("timeout", None)
    assert seen.sent.startswith(b"HTTP/2, stream 1")


def test_a_body_beyond_the_limit_is_cut(make_wire: Callable[..., Wire], talks: Callable[..., str]) -> None:
    seen = make_wire(body_limit=4).send(over(talks()))

    assert (seen.fault, seen.status, seen.body) == ("oversize", 200, b"stre")


def test_an_answer_with_too_many_fields_is_none(wire: Wire, talks: Callable[..., str]) -> None:
    def many(connection: h2.connection.H2Connection, number: int, _fields: Fields) -> None:
        connection.send_headers(number, [(b":status", b"200"), *[(b"x", b"y")] * 300], end_stream=True)

    assert wire.send(over(talks(many))).fault == "protocol"


def test_what_is_no_http2_is_told_as_such(wire: Wire, serve: Serve, context: ssl.SSLContext) -> None:
    def babbles(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 70_000)

    seen = wire.send(over(serve(babbles, context=context)))

    assert (seen.fault, seen.status) in {("protocol", None), ("closed", None)}


def test_an_end_without_an_answer_is_told_as_such(wire: Wire, serve: Serve, context: ssl.SSLContext) -> None:
    seen = wire.send(over(serve(lambda sock: sock.recv(65_536) and None, context=context)))

    assert (seen.fault, seen.status) == ("closed", None)
    assert outcome(seen, lambda _answer: True) is Outcome.BROKE


def test_a_server_that_knows_no_http2_judges_nothing(wire: Wire, serve: Serve) -> None:
    seen = wire.send(over(serve()))

    assert (seen.fault, "ALPN" in seen.error) == ("no http/2", True)
    assert outcome(seen, lambda _answer: True) is Outcome.NONE


def test_requests_over_http1_are_not_offered_http2(wire: Wire, serve: Serve, context: ssl.SSLContext) -> None:
    def answers(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    seen = wire.send(Request("GET", serve(answers, context=context)))

    assert (seen.status, seen.tls and seen.tls.alpn) == (200, "http/1.1")


def test_a_request_that_is_aborted_ends(make_wire: Callable[..., Wire], talks: Callable[..., str]) -> None:
    wire = make_wire()
    timer = threading.Timer(0.3, wire.abort)
    timer.start()
    seen = wire.send(over(talks(lambda *_: None)))
    timer.join()

    assert (seen.fault, seen.error) == ("closed", "stopped")


def test_hosts_that_are_not_named_are_not_asked(make_wire: Callable[..., Wire], talks: Callable[..., str]) -> None:
    url = talks()
    wire = make_wire(allowed=lambda host, _port: host == "localhost")

    with pytest.raises(PermissionError):
        wire.together([over(url), over("https://elsewhere.test/")])
    assert wire.send(over("nonsense")).fault == "unreachable"


def test_a_reader_sees_pseudo_header_fields_and_trailers() -> None:
    lines = Request("GET", "https://a.test", (("a", "b"),), http2=Http2(((":path", "/x"),), (("c", "d"),)))
    assert lines.lines == ((":path", "/x"), ("a", "b"), ("c (trailer)", "d"))
    assert replace(lines, http2=None).lines == (("a", "b"),)
