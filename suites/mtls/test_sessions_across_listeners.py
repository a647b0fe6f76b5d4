"""RFC 8705, sections 2 and 3: a TLS session that began at one listener, taken up at another.

A resource server takes any certificate, for the token says which one it has to be; a token endpoint knows clients by
theirs. Where both have one memory of sessions, a session brings along a certificate that this listener never looked at,
or none. CVE-2025-23419 and CVE-2025-23048 are of that kind.
"""

import pytest

from holdfast import case, row
from holdfast.handshakes import Handshake, Version
from holdfast.parties import AuthorizationServer, Client, ResourceServer, Sessions
from holdfast.pki import new_authority, self_signed

PKI = ("tls_client_auth",)
#: Certificates can be issued by the authority that the target trusts.
ISSUED = (*PKI, "lab-ca")
SELF_SIGNED = ("self_signed_tls_client_auth",)
FAILED = "client-authentication-failed"
RESUMABLE = pytest.mark.parametrize("version", [row("tls-1.2", "1.2"), row("tls-1.3", "1.3")])


# From the resource server to the token endpoint


@case("RFC8705-2.1-01", impact="medium", needs=PKI)
@RESUMABLE
def test_client_is_authenticated_on_a_connection_that_takes_up_a_session_of_the_resource(
    sessions: Sessions, authorization_server: AuthorizationServer, tls_client: Client, version: Version
) -> None:
    """A client is authenticated on a connection that takes up the session in which the resource server let it in.

    The session's certificate counts, or a whole handshake is done.
    """
    again = sessions.of_a_client("resource", tls_client, version)

    assert authorization_server.ask(tls_client, handshake=again).accepted


@case("RFC8705-2.2-01", impact="medium", needs=SELF_SIGNED)
@RESUMABLE
def test_self_signed_client_is_authenticated_on_a_connection_that_takes_up_a_session_of_the_resource(
    sessions: Sessions, authorization_server: AuthorizationServer, self_signed_client: Client, version: Version
) -> None:
    """A client of a registered certificate is authenticated on a connection that takes up its session of the resource.

    The session's certificate counts, or a whole handshake is done.
    """
    again = sessions.of_a_client("resource", self_signed_client, version)

    assert authorization_server.ask(self_signed_client, handshake=again).accepted


@case("RFC8705-2.1-01", also=("RFC8705-7.4-01",), situation=FAILED, impact="critical", needs=PKI)
@RESUMABLE
def test_pretender_is_not_authenticated_by_a_session_of_the_resource(
    sessions: Sessions, authorization_server: AuthorizationServer, tls_client: Client, version: Version
) -> None:
    """A certificate of an unknown authority with the client's subject does not authenticate by a session.

    The resource server may take it and begin a session; that it was looked at there says nothing at the token endpoint.
    """
    forged = tls_client.certified(by=new_authority("Holdfast elsewhere"))
    authorization_server.granted(tls_client, handshake=Handshake(version=version))
    again = sessions.of_nobody("resource", forged, version)

    assert authorization_server.ask(tls_client, certificate=forged, handshake=again).refused


@case("RFC8705-2.2-01", situation=FAILED, impact="critical", needs=SELF_SIGNED)
@RESUMABLE
def test_certificate_that_is_not_registered_does_not_authenticate_by_a_session_of_the_resource(
    sessions: Sessions, authorization_server: AuthorizationServer, self_signed_client: Client, version: Version
) -> None:
    """A self-signed certificate with the client's name that it did not register does not authenticate by a session."""
    forged = self_signed(self_signed_client.certificate_name)
    authorization_server.granted(self_signed_client, handshake=Handshake(version=version))
    again = sessions.of_nobody("resource", forged, version)

    assert authorization_server.ask(self_signed_client, certificate=forged, handshake=again).refused


@case("RFC8705-2-05", situation=FAILED, impact="critical", needs=PKI)
@RESUMABLE
def test_client_without_a_certificate_is_not_authenticated_by_a_session_of_the_resource(
    sessions: Sessions, authorization_server: AuthorizationServer, tls_client: Client, version: Version
) -> None:
    """A client that showed no certificate to the resource server is not authenticated by the session that it began.

    A listener that insists on certificates may not notice that a session has none: nobody asks when it is taken up.
    """
    authorization_server.granted(tls_client, handshake=Handshake(version=version))
    again = sessions.of_nobody("resource", None, version)

    assert authorization_server.ask(tls_client, certificate=None, handshake=again).refused


@case("RFC8705-2.1-01", also=("RFC8705-5-02",), impact="medium", needs=(*PKI, "mtls-aliases"))
@RESUMABLE
def test_client_is_authenticated_at_the_alias_where_a_session_from_beside_it_is_taken_up(
    sessions: Sessions, authorization_server: AuthorizationServer, tls_client: Client, version: Version
) -> None:
    """A client is authenticated at the alias though it takes up a session from where no certificate is asked for.

    The listener does a whole handshake there: the session has no certificate that could count.
    """
    authorization_server.granted(tls_client, handshake=Handshake(version=version))
    again = sessions.of_nobody("token", tls_client.certificate, version)

    assert authorization_server.ask(tls_client, handshake=again).accepted


# From the token endpoint to the resource server


@case("RFC8705-3-09", also=("RFC8705-3-06",), situation="certificate-does-not-match", impact="critical", needs=ISSUED)
@RESUMABLE
def test_token_of_another_certificate_is_refused_in_the_session_of_an_authenticated_client(
    sessions: Sessions, rs: ResourceServer, tls_client: Client, version: Version
) -> None:
    """A token of another certificate is refused in a session in which the token endpoint authenticated a client.

    Whoever is known at one listener is nobody in particular at the other, where only the token's certificate opens.
    """
    token = rs.token(tls_client.renewed())
    again = sessions.of_a_client("token", tls_client, version)

    assert rs.send(tls_client, token=token, handshake=again).refused


@case("RFC8705-3-08", also=("RFC8705-3-09",), situation="certificate-missing", impact="critical")
@RESUMABLE
def test_token_without_its_certificate_is_refused_in_a_session_of_the_token_endpoint(
    sessions: Sessions, rs: ResourceServer, bound: Client, version: Version
) -> None:
    """A bound token is refused without its certificate also in a session that began at the token endpoint.

    No certificate is asked for when a session is taken up, and one that began without has none.
    """
    rs.accepts(bound, handshake=Handshake(version=version))
    again = sessions.of_nobody("token", None, version)

    assert rs.send(bound, certificate=None, handshake=again).refused
