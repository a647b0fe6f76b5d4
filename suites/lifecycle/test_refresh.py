"""Refresh tokens: bound for public clients, tied to client authentication for the others (RFC 9449, section 5)."""

from holdfast import case
from holdfast.parties import AuthorizationServer, Client
from holdfast.parties.authorization import bound_to

NEEDS = ("refresh_token", "authorization_code")
RESOURCES = (*NEEDS, "jwt-access-token", "resource-indicators", "named-resource")


@case("RFC9449-5-02", impact="medium", needs=NEEDS)
def test_refresh_with_the_same_key_is_accepted(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh token with a proof by the same key yields a new token."""
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(client, token).accepted


@case("RFC9449-5-05", impact="high", needs=(*NEEDS, "jwt-access-token"))
def test_refreshed_token_is_bound(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token from a refresh is bound to the key of the proof that came with the refresh."""
    token = authorization_server.token(client, user=True)
    refreshed = authorization_server.refreshed(client, token)

    assert refreshed.confirmation.get("jkt") == client.jkt


@case(
    "RFC9449-5-10",
    also=("RFC9449-5-09", "RFC9700-2.2.2-01", "RFC9700-4.14-02"),
    situation="grant-bound-to-other-key",
    impact="critical",
    needs=NEEDS,
)
def test_public_clients_refresh_token_with_another_key_is_refused(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A public client's refresh token is refused with a proof by another key.

    Nothing else protects it: a public client has no secret.
    """
    token = authorization_server.token(public, user=True)

    assert authorization_server.refresh(public, token, key=thief.key).refused


@case("RFC9449-5-10", also=("RFC9449-5-09",), situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
def test_public_clients_refresh_token_without_a_proof_is_refused(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """A public client's refresh token is refused without a proof."""
    token = authorization_server.token(public, user=True)

    assert authorization_server.refresh(public, token, proof=None).refused


@case("RFC9449-5-17", impact="low", needs=NEEDS, latitude="L19")
def test_confidential_client_may_refresh_with_a_new_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A confidential client may bring a new key to a refresh: it authenticates, and its keys may rotate."""
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(client, token, key=thief.key).accepted


@case("RFC9449-5-05", impact="high", needs=(*NEEDS, "jwt-access-token"))
def test_refresh_with_a_new_key_binds_to_the_new_key(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A token that a refresh with a new key yields is bound to that key, not to the old one."""
    moved = client.with_key(second.key)
    token = authorization_server.token(client, user=True)
    refreshed = authorization_server.refreshed(moved, token)

    assert bound_to(refreshed) == moved.jkt


@case("RFC9449-5-18", also=("RFC6749-6-01",), situation="client-authentication-failed", impact="critical", needs=NEEDS)
def test_refresh_without_the_clients_secret_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A confidential client's refresh token is refused with a wrong secret, whatever the proof."""
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(client, token, secret="holdfast-wrong-secret").refused


@case("RFC9449-5-18", situation="client-authentication-failed", impact="critical", needs=NEEDS)
def test_refresh_without_any_credentials_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """A confidential client's refresh token is refused when its client_id comes without credentials.

    A thief who has the token knows the client_id too; the proof is by whatever key he likes.
    """
    token = authorization_server.token(client, user=True)
    nameless = {"client_id": client.registered.id}

    assert authorization_server.refresh(client, token, authorization=None, parameters=nameless).refused


@case("RFC6749-6-01", also=("RFC9449-5-18",), impact="critical", needs=NEEDS)
def test_refresh_token_of_another_client_is_refused(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A refresh token is refused to every client but the one that it was issued to, though that one authenticates.

    Any client of the server, also one that registered itself, could otherwise go on with a stolen session.
    """
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(second, token).refused


@case("RFC6749-6-02", also=("RFC9700-4.14-01",), impact="high", needs=(*NEEDS, "several-scopes"))
def test_refresh_does_not_widen_the_scope(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh yields no scope beyond what the user consented to, though the client may ask users for more."""
    least = client.scopes[0]
    code = authorization_server.code(client, parameters={"scope": least})
    token = authorization_server.redeemed(client, code)
    seen = authorization_server.refresh(client, token, parameters={"scope": " ".join(client.scopes)})

    assert authorization_server.granted_scope(seen) <= {least}


@case("RFC9700-4.14-01", impact="high", needs=(*RESOURCES, "second-resource"))
def test_refresh_does_not_reach_another_resource(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh yields no token for a resource server to which the user did not consent."""
    token = authorization_server.token(client, user=True)
    elsewhere = {"resource": authorization_server.other_audience}
    seen = authorization_server.refresh(client, token, parameters=elsewhere)

    assert authorization_server.other_audience not in authorization_server.read(seen).audiences


@case("RFC6749-8707-2.2-01", impact="high", needs=RESOURCES)
def test_refresh_for_one_resource_keeps_the_binding(authorization_server: AuthorizationServer, client: Client) -> None:
    """A refresh that asks for one resource yields a token for it that is bound as the others are."""
    token = authorization_server.token(client, user=True)
    seen = authorization_server.refresh(client, token, parameters={"resource": authorization_server.audience})

    assert bound_to(authorization_server.read(seen)) == client.jkt
