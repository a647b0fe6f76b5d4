"""RFC 8705, sections 3 and 7.3: TLS versions, sessions that are taken up again, and names in SNI."""

import pytest

from holdfast import at, at_token_use, case, row
from holdfast.handshakes import Handshake, Version
from holdfast.parties import Client, ProofEndpoint, ResourceServer

VERSIONS = "RFC8705-7.3-01-{role}"
DIFFERS = "certificate-does-not-match"
RESUMABLE = pytest.mark.parametrize("version", [row("tls-1.2", "1.2"), row("tls-1.3", "1.3")])


@case(VERSIONS, impact="medium")
@at("resource", "token")
@RESUMABLE
def test_certificate_is_taken_in_each_version_of_tls(endpoint: ProofEndpoint, bound: Client, version: Version) -> None:
    """A client is served with its certificate over TLS 1.2 and over TLS 1.3 (RFC 9325, section 3.1.1)."""
    assert endpoint.send(bound, handshake=Handshake(version=version)).accepted


@case(VERSIONS, impact="medium")
@at("resource", "token")
@pytest.mark.parametrize("version", [row("tls-1.0", "1.0"), row("tls-1.1", "1.1")])
def test_old_version_of_tls_is_refused(endpoint: ProofEndpoint, bound: Client, version: Version) -> None:
    """A client that offers nothing newer than TLS 1.1 is refused in the handshake (RFC 8996)."""
    assert endpoint.send(bound, handshake=Handshake(version=version)).refused


@case("RFC8705-3-09", impact="medium")
@at_token_use
@RESUMABLE
def test_token_is_accepted_on_a_connection_that_takes_up_a_session(
    endpoint: ProofEndpoint, bound: Client, version: Version
) -> None:
    """A bound token is accepted on a connection that takes up the session of one on which its certificate was shown.

    A server that does not keep the certificate with the session has to let none be taken up.
    """
    endpoint.accepts(bound, handshake=Handshake(version=version))
    again = Handshake(version=version, resumes="{scheme}://{name}:{port}".format(**endpoint.parts()))

    assert endpoint.send(bound, handshake=again).accepted


@case("RFC8705-3-09", situation=DIFFERS, impact="critical", needs=("lab-ca",))
@at_token_use
@RESUMABLE
def test_token_of_another_certificate_is_refused_where_a_session_is_taken_up(
    endpoint: ResourceServer, bound: Client, version: Version
) -> None:
    """A token of another certificate is refused on a connection that takes up the session of one that was let in."""
    token = endpoint.token(bound.renewed())
    endpoint.accepts(bound, handshake=Handshake(version=version))
    again = Handshake(version=version, resumes="{scheme}://{name}:{port}".format(**endpoint.parts()))

    assert endpoint.send(bound, token=token, handshake=again).refused


@case("RFC8705-3-08", situation=DIFFERS, impact="critical", needs=("lab-ca",))
@pytest.mark.parametrize(
    "name",
    [row("none", ""), row("other", "other.test"), row("capitals", "{HOST}"), row("dot-at-its-end", "{host}.")],
)
def test_token_without_its_certificate_is_refused_under_any_server_name(
    rs: ResourceServer, bound: Client, name: str
) -> None:
    """A bound token is refused without its certificate also where the handshake names no server, or another one.

    A listener that asks for certificates by the name in SNI may have a virtual host for the rest which asks for none.
    CVE-2022-23632 and CVE-2025-66614 are of that kind.
    """
    host = rs.parts()["name"]
    unusual = Handshake(server_name=name.format(host=host, HOST=host.upper()))

    assert rs.send(bound, certificate=None, handshake=unusual).refused


@case("RFC8705-3-09", also=("RFC8705-3-10",), impact="critical", needs=("lab-ca",))
@at("resource")
def test_token_of_the_first_certificate_is_refused_after_a_second_handshake(
    endpoint: ProofEndpoint, bound: Client, thief: Client
) -> None:
    """A token is refused on a connection on which its certificate gave way to another in a second handshake.

    A server lets nobody renegotiate, or it looks at the certificate that was shown last (RFC 9325, section 3.5).
    """
    assert endpoint.send(bound, handshake=Handshake(renegotiates=thief.certificate)).refused
