"""What the wire tells of TLS: certificates of both sides, and who ended a handshake."""

import socket
import ssl
from collections.abc import Callable

import pytest
import trustme

from holdfast import pki
from holdfast.wire import ContextCache, Request, Wire

Serve = Callable[..., str]
Handler = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def clients() -> pki.Authority:
    return pki.new_authority("clients")


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls-1.2", "tls-1.3"])
def demanding(request: pytest.FixtureRequest, authority: trustme.CA, clients: pki.Authority) -> ssl.SSLContext:
    """A server context that wants a certificate of these clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.minimum_version = context.maximum_version = request.param
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=clients.pem.decode())
    return context


def certificates(clients: pki.Authority) -> dict[str, pki.Credential | None]:
    return {
        "none": None,
        "foreign": pki.new_authority("foreign").issue_client("foreign"),
        "self-signed": pki.self_signed("self-signed"),
        "expired": clients.issue_client("expired", expired=True),
    }


@pytest.mark.parametrize("kind", ["none", "foreign", "self-signed", "expired"])
def test_a_certificate_refused_in_tls_is_a_refusal(
    serve: Serve, wire: Wire, demanding: ssl.SSLContext, clients: pki.Authority, kind: str
) -> None:
    url = serve(context=demanding)
    certificate = certificates(clients)[kind]
    answer = wire.send(Request("GET", url, certificate=certificate, certificate_is_the_difference=True))
    assert (answer.fault, answer.status) == ("refused at tls", None)
    assert answer.error


def test_where_the_certificate_is_not_in_question_the_end_of_tls_is_no_refusal(
    serve: Serve, wire: Wire, demanding: ssl.SSLContext
) -> None:
    answer = wire.send(Request("GET", serve(context=demanding)))
    assert answer.fault in {"tls", "reset", "closed"}


def test_a_certificate_in_question_that_is_taken_gets_its_answer(
    serve: Serve, wire: Wire, demanding: ssl.SSLContext, clients: pki.Authority
) -> None:
    certificate = clients.issue_client("honest")
    url = serve(context=demanding)
    answer = wire.send(Request("GET", url, certificate=certificate, certificate_is_the_difference=True))
    assert (answer.status, answer.fault) == (200, "")
    assert answer.tls is not None
    assert answer.tls.client_certificate_sha256 == certificate.thumbprint


def test_a_hang_is_no_refusal_in_tls(serve: Serve, wire: Wire) -> None:
    url = serve(lambda connection: connection.recv(1) and connection.recv(65_536) and connection.recv(1) and None)
    request = Request("GET", url, deadline=0.6, certificate_is_the_difference=True)
    assert wire.send(request).fault == "timeout"


def test_certificates_never_share_a_connection(
    serve: Serve,
    wire: Wire,
    demanding: ssl.SSLContext,
    clients: pki.Authority,
    answers: Handler,
) -> None:
    seen: list[bytes | None] = []

    def who(connection: socket.socket) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        seen.append(connection.getpeercert(binary_form=True))
        answers(connection)

    url = serve(who, context=demanding)
    one, two = clients.issue_client("one"), clients.issue_client("two")
    reused = [wire.send(Request("GET", url, certificate=certificate)).reused for certificate in (one, two, one, two)]
    assert reused == [False, False, True, True]
    assert seen == [one.der, two.der]


def test_a_server_by_an_unknown_authority_is_not_trusted(serve: Serve, make_wire: Callable[..., Wire]) -> None:
    wire = make_wire(authorities=trustme.CA().cert_pem.bytes())
    answer = wire.send(Request("GET", serve(), certificate_is_the_difference=True))
    assert (answer.fault, answer.sent) == ("tls", b"")
    assert "certificate of localhost" in answer.error


def test_a_server_of_another_name_is_not_trusted(serve: Serve, wire: Wire) -> None:
    assert wire.send(Request("GET", serve().replace("localhost", "127.0.0.1"))).fault == "tls"


def test_a_server_without_tls_is_told(serve: Serve, wire: Wire) -> None:
    url = serve(lambda connection: connection.sendall(b"220 plain\r\n"), tls=False)
    answer = wire.send(Request("GET", url.replace("http:", "https:"), certificate_is_the_difference=True))
    assert answer.fault == "tls"


def test_contexts_are_made_once(authority: trustme.CA, clients: pki.Authority) -> None:
    cache, pem, certificate = ContextCache(), authority.cert_pem.bytes(), clients.issue_client("one")
    assert cache.get(pem, certificate) is cache.get(pem, certificate)
    assert cache.get(pem, None) is not cache.get(pem, certificate)
    assert cache.get(b"", None) is not cache.get(pem, None)
