"""RFC 8705, section 2: a client that authenticates with its certificate."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client
from holdfast.pki import self_signed


@case("RFC8705-2.1-01", impact="medium", needs=("tls_client_auth",))
def test_client_with_its_certificate_is_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A client that is registered by its subject is authenticated by a certificate of the trusted authority."""
    assert authorization_server.ask(tls_client).accepted


@case("RFC8705-2-05", situation="client-authentication-failed", impact="critical", needs=("tls_client_auth",))
def test_client_without_a_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A client that must show a certificate is refused without one, whatever client_id it names."""
    assert authorization_server.ask(tls_client, certificate=None).refused


@case("RFC8705-2-04", situation="client-authentication-failed", impact="critical", needs=("tls_client_auth",))
def test_client_with_a_certificate_of_another_subject_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client
) -> None:
    """A certificate of the same authority for another subject does not authenticate the client."""
    assert authorization_server.ask(tls_client, certificate=thief.certificate).refused


@case("RFC8705-2.1-01", situation="client-authentication-failed", impact="critical", needs=("tls_client_auth",))
def test_client_with_a_self_made_certificate_of_its_subject_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A self-made certificate with the right subject does not authenticate: the chain is checked."""
    forged = self_signed(tls_client.certificate_name)

    assert authorization_server.ask(tls_client, certificate=forged).refused


@case("RFC8705-2.1-01", situation="client-authentication-failed", impact="high", needs=("tls_client_auth",))
@pytest.mark.parametrize("fault", [row("expired", "expired"), row("for-servers", "for servers")])
def test_client_with_an_unfit_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client, fault: str
) -> None:
    """A certificate that has expired, or is meant for servers, does not authenticate (RFC 5280, 6.1.3 and 4.2.1.12)."""
    assert authorization_server.ask(tls_client, certificate=tls_client.unfit(fault)).refused


@case("RFC8705-2.1-05", impact="low", needs=("tls_client_auth",))
def test_client_with_a_reissued_certificate_is_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A renewed certificate with the same subject authenticates without a new registration."""
    assert authorization_server.ask(tls_client, certificate=tls_client.reissued).accepted


@case("RFC8705-2.2-01", impact="medium", needs=("self_signed_tls_client_auth",))
def test_client_with_its_registered_certificate_is_authenticated(
    authorization_server: AuthorizationServer, self_signed_client: Client
) -> None:
    """A client is authenticated by the self-signed certificate that it registered."""
    assert authorization_server.ask(self_signed_client).accepted


@case(
    "RFC8705-2.2-01",
    situation="client-authentication-failed",
    impact="critical",
    needs=("self_signed_tls_client_auth",),
)
@pytest.mark.parametrize("shown", [row("none", "none"), row("of-another", "other"), row("same-name", "same name")])
def test_client_with_an_unregistered_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, self_signed_client: Client, thief: Client, shown: str
) -> None:
    """A certificate that was not registered does not authenticate a client of the self-signed method."""
    certificates = {
        "none": None,
        "other": thief.certificate,
        "same name": self_signed(self_signed_client.certificate_name),
    }

    assert authorization_server.ask(self_signed_client, certificate=certificates[shown]).refused


@case("RFC9449-4-03", situation="client-authentication-failed", impact="critical", needs=("private_key_jwt",))
def test_signing_client_is_authenticated(authorization_server: AuthorizationServer, signing: Client) -> None:
    """A client that signs its assertion with its registered key is authenticated."""
    assert authorization_server.ask(signing).accepted
