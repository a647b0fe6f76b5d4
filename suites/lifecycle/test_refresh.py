"""Refresh tokens: bound for public clients, tied to client authentication for the others (RFC 9449, section 5)."""

from holdfast import case
from holdfast.parties import AuthorizationServer, Client
from holdfast.parties.authorization import bound_to

NEEDS = ("refresh_token", "authorization_code")


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


@case("RFC9449-5-10", situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
def test_public_clients_refresh_token_with_another_key_is_refused(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A public client's refresh token is refused with a proof by another key.

    Nothing else protects it: a public client has no secret.
    """
    token = authorization_server.token(public, user=True)

    assert authorization_server.refresh(public, token, key=thief.key).refused


@case("RFC9449-5-10", situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
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


@case("RFC9449-5-18", situation="client-authentication-failed", impact="critical", needs=NEEDS)
def test_refresh_without_the_clients_secret_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A confidential client's refresh token is refused with a wrong secret, whatever the proof."""
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(client, token, secret="holdfast-wrong-secret").refused
