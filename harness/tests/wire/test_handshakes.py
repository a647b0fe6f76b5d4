"""Handshakes that depart from the usual one: one version of TLS, another server name, a session that is taken up."""

import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from holdfast import pki
from holdfast.handshakes import Handshake, Pieces, Version
from holdfast.wire import Request, Wire

Serve = Callable[..., str]


def _ending_with(last: bytes) -> Callable[[socket.socket], None]:
    """Read a ClientHello, say this, and end."""

    def ends(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(last)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(4096)

    return ends


@pytest.mark.parametrize(("version", "spoken"), [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")])
def test_one_version_is_offered(serve: Serve, wire: Wire, version: Version, spoken: str) -> None:
    answer = wire.send(Request("GET", serve(), handshake=Handshake(version=version)))

    assert answer.status == 200
    assert answer.tls
    assert answer.tls.version == spoken


def test_who_does_not_renegotiate_refuses_at_tls(serve: Serve, wire: Wire) -> None:
    """Python's own servers let nobody do so."""
    first, then = pki.self_signed("first"), pki.self_signed("then")
    answer = wire.send(Request("GET", serve(), certificate=first, handshake=Handshake(renegotiates=then)))

    assert (answer.fault, answer.sent, answer.status) == ("refused at tls", b"", None)
    assert "no second handshake" in answer.error


def test_who_hangs_up_instead_of_renegotiating_refuses_at_tls(serve: Serve, wire: Wire) -> None:
    def hangs_up(connection: socket.socket) -> None:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

    then = pki.self_signed("then")
    answer = wire.send(Request("GET", serve(hangs_up), handshake=Handshake(renegotiates=then)))

    assert (answer.fault, answer.status) == ("refused at tls", None)
    assert "no second handshake" in answer.error


def test_who_hangs_up_on_the_first_of_two_handshakes_refuses_at_tls(serve: Serve, wire: Wire) -> None:
    def hangs_up(connection: socket.socket) -> None:
        connection.recv(4096)

    url = serve(hangs_up, tls=False).replace("http:", "https:")
    answer = wire.send(Request("GET", url, handshake=Handshake(renegotiates=pki.self_signed("then"))))

    assert (answer.fault, answer.status) == ("refused at tls", None)


def test_tls_1_3_knows_no_second_handshake(serve: Serve, wire: Wire, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert("localhost").configure_cert(context)
    then = pki.self_signed("then")
    answer = wire.send(Request("GET", serve(context=context), handshake=Handshake(renegotiates=then)))

    assert (answer.fault, answer.status) == ("refused at tls", None)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_old_version_is_offered_and_the_server_refuses_it(serve: Serve, wire: Wire, version: Version) -> None:
    answer = wire.send(Request("GET", serve(), handshake=Handshake(version=version)))

    assert (answer.fault, answer.status) == ("refused at tls", None)


@pytest.mark.parametrize("last", [b"", bytes.fromhex("15 0301 0002 0100"), bytes.fromhex("15 0301 0002 0246")])
def test_however_a_server_ends_such_a_handshake_it_refuses(serve: Serve, wire: Wire, last: bytes) -> None:
    """Without a word, with close_notify, with protocol_version (RFC 8446, section 6)."""
    url = serve(_ending_with(last), tls=False).replace("http:", "https:")
    answer = wire.send(Request("GET", url, handshake=Handshake(version="1.0")))

    assert (answer.fault, answer.status) == ("refused at tls", None)


@pytest.mark.parametrize("name", ["other.test", "LOCALHOST", ""])
def test_another_server_name_is_sent_and_the_chain_is_checked_all_the_same(
    serve: Serve, wire: Wire, authority: trustme.CA, name: str
) -> None:
    seen: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.sni_callback = lambda _sock, said, _context: seen.append(said)
    answer = wire.send(Request("GET", serve(context=context), handshake=Handshake(server_name=name)))

    assert answer.status == 200
    assert seen == [name or None]

    foreign = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(foreign)
    answer = wire.send(Request("GET", serve(context=foreign), handshake=Handshake(server_name=name)))
    assert answer.fault in {"tls", "refused at tls"}
    assert answer.status is None


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_session_is_taken_up_by_the_same_certificate_alone(serve: Serve, wire: Wire, version: Version) -> None:
    url = serve()
    first = Handshake(version=version)
    again = Handshake(version=version, resumes=url)

    wire.send(Request("GET", url, handshake=first))
    resumed = wire.send(Request("GET", url, handshake=again))
    other = wire.send(Request("GET", url, handshake=again, certificate=pki.self_signed("other")))

    assert [seen.tls and seen.tls.resumed for seen in (resumed, other)] == [True, False]

    in_pieces = wire.send(Request("GET", url, handshake=Handshake(version=version, resumes=url, pieces="records")))
    assert in_pieces.tls
    assert in_pieces.tls.resumed


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize(("pieces", "first"), [("records", 38), ("segments", None)])
def test_a_hello_comes_in_pieces_of_which_the_first_has_no_name(
    serve: Serve, wire: Wire, server_context: ssl.SSLContext, version: Version, pieces: Pieces, first: int | None
) -> None:
    seen: list[bytes] = []

    def looks(connection: socket.socket) -> None:
        seen.append(connection.recv(65_536, socket.MSG_PEEK))
        with server_context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65_536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    url = serve(looks, tls=False).replace("http:", "https:")
    answer = wire.send(Request("GET", url, handshake=Handshake(version=version, pieces=pieces)))
    [hello] = seen
    length = int.from_bytes(hello[3:5])

    assert (answer.status, answer.body, answer.fault) == (200, b"ok", "")
    assert answer.tls
    assert answer.tls.version == f"TLSv{version}"
    assert answer.tls.server_certificate_sha256
    assert b"localhost" not in hello[: 5 + min(length, 38)]
    assert (length == first) if first else (len(hello) == 5 + 38 < 5 + length)


def test_a_hello_in_pieces_is_followed_by_the_usual_checks(serve: Serve, wire: Wire) -> None:
    foreign = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(foreign)
    answer = wire.send(Request("GET", serve(context=foreign), handshake=Handshake(pieces="records")))

    assert (answer.fault, answer.status) == ("tls", None)
    assert answer.error.startswith("certificate of localhost")


def test_much_is_sent_and_read_after_a_hello_in_pieces(serve: Serve, wire: Wire) -> None:
    """The socket is full at times, in both directions."""
    sent, body = b"x" * 3_000_000, b"y" * 200_000

    def reads_all(connection: socket.socket) -> None:
        left = len(sent)
        while not (data := connection.recv(65_536)).endswith(b"x"):
            pass
        left -= data.count(b"x")
        while left > 0:
            left -= len(connection.recv(65_536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + body)

    answer = wire.send(Request("POST", serve(reads_all), body=sent, handshake=Handshake(pieces="records")))

    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("last", [b"", bytes.fromhex("15 0301 0002 0246")])
def test_who_ends_a_hello_in_pieces_refuses_at_tls(serve: Serve, wire: Wire, last: bytes) -> None:
    url = serve(_ending_with(last), tls=False).replace("http:", "https:")
    answer = wire.send(Request("GET", url, handshake=Handshake(pieces="segments")))

    assert (answer.fault, answer.status) == ("refused at tls", None)


def test_a_handshake_is_told_in_words() -> None:
    said = str(Handshake(version="1.2", server_name="", resumes="https://rs.test:443", pieces="records"))

    assert said == "TLS 1.2 only, server name '', session of https://rs.test:443, ClientHello in two records"
