"""A server behind a proxy that shows its certificate, and those who are not it."""

import socket
import ssl
from collections.abc import Iterator

import pytest

from holdfast import pki
from holdfast.parties.origin_server import OriginServer
from holdfast.parties.pretenders import PRETENDERS, pretender

AUTHORITY = pki.new_authority("Holdfast lab")


@pytest.fixture
def origin() -> Iterator[OriginServer]:
    server = OriginServer("localhost", "127.0.0.1", AUTHORITY)
    yield server
    server.close()


@pytest.fixture
def careful(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """What a proxy has that looks at the certificate of the server behind it, and shows its own."""
    context = ssl.create_default_context(cadata=AUTHORITY.pem.decode())
    context.load_cert_chain(OWN.write(tmp_path_factory.mktemp("own")))
    return context


OWN = AUTHORITY.issue_client("proxy")


def asked(origin: OriginServer, context: ssl.SSLContext) -> bytes:
    port = int(origin.url.rpartition(":")[2])
    request = b"GET / HTTP/1.1\r\nHoldfast-Mark: holdfast-0123456789abcdef\r\nConnection: close\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as secured,
    ):
        secured.sendall(request)
        return secured.recv(65_536)


def test_a_server_with_its_certificate_is_believed_and_sees_who_asks(
    origin: OriginServer, careful: ssl.SSLContext
) -> None:
    assert origin.url.startswith("https://localhost:")
    assert asked(origin, careful).startswith(b"HTTP/1.1 200")
    assert [arrival.certificate for arrival in origin.arrived("0123456789abcdef")] == [OWN.der]


def test_who_shows_none_is_told_from_who_shows_one(origin: OriginServer) -> None:
    asked(origin, ssl.create_default_context(cadata=AUTHORITY.pem.decode()))

    assert [arrival.certificate for arrival in origin.arrived("0123456789abcdef")] == [None]


@pytest.mark.parametrize("why", PRETENDERS)
def test_a_pretender_is_refused_by_who_looks_and_gone_afterwards(
    origin: OriginServer, careful: ssl.SSLContext, why: str
) -> None:
    with origin.shown(pretender(why, AUTHORITY, "localhost")), pytest.raises(ssl.SSLCertVerificationError):
        asked(origin, careful)

    assert origin.arrived("0123456789abcdef") == []
    assert asked(origin, careful).startswith(b"HTTP/1.1 200")
