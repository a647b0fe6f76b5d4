"""RFC 8705, section 4: refresh tokens of public clients are bound to the certificate, as their access tokens are."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client

NEEDS = ("mtls", "refresh_token", "authorization_code")


@case("RFC8705-4-02", situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
@pytest.mark.parametrize("times", [row("first", 0), row("replaced", 2)])
def test_public_clients_refresh_token_with_another_certificate_is_refused(
    authorization_server: AuthorizationServer, public_bound: Client, thief: Client, times: int
) -> None:
    """A public client's refresh token is refused over a connection with another certificate, however often replaced.

    Its access tokens are bound, so that a thief who has none of its keys would take the refresh token to get new ones.
    """
    token = authorization_server.token(public_bound, user=True)
    token = authorization_server.refreshed(public_bound, token, times=times)

    assert authorization_server.refresh(public_bound, token, certificate=thief.certificate).refused


@case("RFC8705-4-02", situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
def test_public_clients_refresh_token_without_a_certificate_is_refused(
    authorization_server: AuthorizationServer, public_bound: Client
) -> None:
    """A public client's refresh token is refused over a connection without a certificate."""
    token = authorization_server.token(public_bound, user=True)

    assert authorization_server.refresh(public_bound, token, certificate=None).refused


@case("RFC8705-4-03", impact="medium", needs=NEEDS)
def test_public_clients_refresh_token_with_its_certificate_is_accepted(
    authorization_server: AuthorizationServer, public_bound: Client
) -> None:
    """A public client refreshes over a connection with the certificate of the first grant."""
    token = authorization_server.token(public_bound, user=True)

    assert authorization_server.refresh(public_bound, token).accepted


@case("RFC8705-4-03", impact="high", needs=(*NEEDS, "jwt-access-token"))
def test_refreshed_token_of_a_public_client_is_bound_to_its_certificate(
    authorization_server: AuthorizationServer, public_bound: Client
) -> None:
    """The access token of a public client's refresh names the certificate of the connection in `cnf.x5t#S256`."""
    token = authorization_server.token(public_bound, user=True)
    refreshed = authorization_server.refreshed(public_bound, token)
    shown = public_bound.certificate and public_bound.certificate.thumbprint

    assert shown and refreshed.confirmation.get("x5t#S256") == shown


@case("RFC8705-4-01", impact="medium", needs=NEEDS)
def test_public_client_gets_a_token_with_a_certificate_that_nobody_registered(
    authorization_server: AuthorizationServer, public_bound: Client
) -> None:
    """A public client gets a token over a connection with a certificate of its own, which is no credential of it."""
    assert authorization_server.ask(public_bound, user=True).accepted
