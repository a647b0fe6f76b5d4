"""RFC 8705, section 1: a client that authenticates with its certificate does so at every endpoint that asks it to."""

import pytest

from holdfast import at_the_authorization_server, case, row
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint

EVERYWHERE = "RFC8705-1-01"
FAILED, CALLER = "client-authentication-failed", "caller-not-authenticated"
PKI, REGISTERED = ("tls_client_auth",), ("self_signed_tls_client_auth",)
SHOWN = pytest.mark.parametrize("shown", [row("none", "nothing"), row("of-another", "another")])


@case(EVERYWHERE, impact="medium", needs=PKI)
@at_the_authorization_server
def test_client_is_served_with_its_certificate(endpoint: ProofEndpoint, tls_client: Client) -> None:
    """A client that authenticates with its certificate is served at each endpoint and with each grant."""
    assert endpoint.send(tls_client).accepted


@case(EVERYWHERE, situation=FAILED, impact="critical", needs=PKI)
@at_the_authorization_server
@SHOWN
def test_client_is_not_served_without_its_certificate(
    endpoint: ProofEndpoint, tls_client: Client, thief: Client, shown: str
) -> None:
    """A client that authenticates with its certificate is refused without it at each endpoint and with each grant."""
    assert endpoint.send(tls_client, certificate=_shown(shown, thief)).refused


@case(EVERYWHERE, situation=FAILED, impact="critical", needs=REGISTERED)
@at_the_authorization_server
@SHOWN
def test_client_is_not_served_without_its_registered_certificate(
    endpoint: ProofEndpoint, self_signed_client: Client, thief: Client, shown: str
) -> None:
    """A client that registered its certificate is refused without it at each endpoint and with each grant."""
    assert endpoint.send(self_signed_client, certificate=_shown(shown, thief)).refused


@case(EVERYWHERE, situation=CALLER, impact="high", needs=(*PKI, "introspection"))
@SHOWN
def test_client_learns_nothing_of_its_token_without_its_certificate(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client, shown: str
) -> None:
    """A client that authenticates with its certificate is refused the state of its own token without it."""
    token = authorization_server.token(tls_client)

    assert authorization_server.introspect(token.value, tls_client, certificate=_shown(shown, thief)).refused


@case(EVERYWHERE, situation=CALLER, impact="high", needs=(*PKI, "revocation"))
@SHOWN
def test_client_revokes_nothing_without_its_certificate(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client, shown: str
) -> None:
    """A client that authenticates with its certificate is refused a revocation without it."""
    token = authorization_server.token(tls_client)

    assert authorization_server.revoke(token.value, tls_client, certificate=_shown(shown, thief)).refused


def _shown(what: str, thief: Client) -> object:
    return thief.certificate if what == "another" else None


# Refresh tokens of clients that authenticate with certificates


@case("RFC8705-7.1-01", situation=FAILED, impact="critical", needs=(*PKI, "refresh_token", "authorization_code"))
@SHOWN
def test_refresh_token_is_of_no_use_without_the_clients_certificate(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client, shown: str
) -> None:
    """A refresh token of a client that authenticates with its certificate is refused without it.

    It need not be bound to the certificate: to use it, the client has to authenticate.
    """
    token = authorization_server.token(tls_client, user=True)

    assert authorization_server.refresh(tls_client, token, certificate=_shown(shown, thief)).refused


@case(
    "RFC8705-7.1-02",
    impact="medium",
    needs=(*PKI, "lab-ca", "refresh_token", "authorization_code", "jwt-access-token"),
)
def test_refresh_token_outlives_the_certificate(authorization_server: AuthorizationServer, tls_client: Client) -> None:
    """A client refreshes with its renewed certificate, and the new access token is bound to that."""
    token = authorization_server.token(tls_client, user=True)
    renewed = authorization_server.refresh(tls_client, token, certificate=tls_client.reissued)

    assert renewed.accepted
    found = authorization_server.read(renewed).confirmation.get("x5t#S256")
    assert found in {None, tls_client.reissued.thumbprint}
