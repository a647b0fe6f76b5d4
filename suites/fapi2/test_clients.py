"""FAPI 2.0 Security Profile, section 5.3.2.1: confidential clients only, without secrets, and bound tokens only."""

import pytest

from holdfast import at, case, row
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint
from holdfast.parties.issued import variation

METADATA = ("as-metadata",)
REFRESH = ("authorization_code", "refresh_token")


@case("FAPI2SP-5.3.2.1-06", impact="high", needs=METADATA)
def test_clients_authenticate_with_a_key_or_a_certificate_only(authorization_server: AuthorizationServer) -> None:
    """The server announces private_key_jwt and mutual TLS for client authentication, and nothing else.

    A secret is sent with every request: whoever reads one request is the client from then on.
    """
    announced = set(authorization_server.listed("token_endpoint_auth_methods_supported")) - {"none"}

    assert announced and announced <= {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}


@case("FAPI2SP-5.3.2.1-03", impact="high", needs=METADATA)
def test_public_clients_are_not_announced(authorization_server: AuthorizationServer) -> None:
    """The server announces how clients authenticate, and that none may do without is part of it."""
    announced = authorization_server.listed("token_endpoint_auth_methods_supported")

    assert announced and "none" not in announced


@case("FAPI2SP-5.3.2.1-03", situation="client-authentication-failed", impact="critical")
@at("token", "token-code", "par")
def test_client_that_only_names_itself_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request of a client that says who it is and shows no credentials is refused, with a valid proof or without.

    A proof shows that somebody holds a key, and not who that is.
    """
    assert endpoint.send(client, secret=None).refused


@case("FAPI2SP-5.3.2.1-04", situation="proof-missing", impact="high")
@at("token", "token-code", "token-refresh")
def test_client_that_need_not_be_bound_gets_no_unbound_token(endpoint: ProofEndpoint, willing: Client) -> None:
    """A request without proof and certificate is refused, also of a client whose registration demands neither.

    Whether tokens are bound is the server's policy here, and not each client's choice.
    """
    assert endpoint.send(willing, proof=None).refused


@case("FAPI2SP-5.3.2.1-05", also=("FAPI2SP-5.3.2.1-04",), impact="high")
@pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)
def test_token_for_a_proof_is_never_a_bearer_token(
    authorization_server: AuthorizationServer, willing: Client, user: bool
) -> None:
    """A request with a proof yields a token of type DPoP, also for a client whose registration does not demand it."""
    token = authorization_server.token(willing, user=user)

    assert token.type.lower() == "dpop"


@case("FAPI2SP-5.3.2.1-02", impact="high", needs=("client_credentials",))
def test_password_grant_is_refused_before_the_password_is_looked_at(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A request for the password grant is refused as such, and not for a wrong password.

    An answer that says that the password is wrong says that a right one would do, and helps to guess it.
    """
    asked = {"grant_type": "password", "username": "holdfast", "password": "holdfast-no-such-password"}
    seen = authorization_server.ask(client, parameters=asked)

    assert seen.refused and seen.error != "invalid_grant"


@case("FAPI2SP-5.3.2.1-02", impact="medium", needs=METADATA)
def test_password_grant_is_not_announced(authorization_server: AuthorizationServer) -> None:
    """The grants that the server announces do not include the password grant."""
    announced = authorization_server.listed("grant_types_supported")

    assert announced and "password" not in announced


@case("FAPI2SP-5.3.2.1-08", impact="medium", needs=REFRESH)
def test_refresh_token_is_not_rotated(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh token that was used is still good for the next refresh.

    A client that loses the answer with the new one would be locked out; authentication protects it well enough.
    """
    token = authorization_server.token(client, user=True)
    authorization_server.refreshed(client, token)

    assert authorization_server.refresh(client, token).accepted


@case("FAPI2SP-5.3.2.1-14", impact="medium", needs=(*REFRESH, "several-scopes", "jwt-access-token"))
def test_token_for_less_does_not_reach_further(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token that was asked for with one scope only carries that scope and no other of the consent."""
    token = authorization_server.token(client, user=True)
    asked = client.scopes[0]
    narrowed = authorization_server.read(authorization_server.refresh(client, token, parameters={"scope": asked}))

    assert narrowed.scope == {asked}


@case("FAPI2SP-5.4.1-04", impact="high", needs=("authorization_code",))
def test_code_cannot_be_guessed(authorization_server: AuthorizationServer, client: Client) -> None:
    """An authorization code varies by 128 bits, less what a UUID spends on its version."""
    seen = [authorization_server.code(client).value for _ in range(20)]

    assert variation(seen) >= 120


@case("FAPI2SP-5.4.1-04", impact="high", needs=REFRESH)
def test_refresh_token_cannot_be_guessed(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh token varies by 128 bits, less what a UUID spends on its version."""
    seen = [authorization_server.token(client, user=True).refresh for _ in range(20)]

    assert variation(seen) >= 120
