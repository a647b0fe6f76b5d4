"""A chain of refreshes: the binding lasts, a replaced token is worth nothing, a refused try costs nothing."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Burst, Client, Clock

NEEDS = ("refresh_token", "authorization_code")
ROTATION = (*NEEDS, "refresh-rotation")


@case("RFC9449-5-10", also=("RFC9449-5-09",), situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
@pytest.mark.parametrize("times", [row("once", 1), row("five-times", 5)])
def test_binding_survives_rotation(
    authorization_server: AuthorizationServer, public: Client, thief: Client, times: int
) -> None:
    """A public client's refresh token is still bound to its first key after it was replaced by another.

    A binding that is noted for the first token only ends with the first refresh, an hour after the login.
    """
    token = authorization_server.token(public, user=True)
    rotated = authorization_server.refreshed(public, token, times=times)

    assert authorization_server.refresh(public, rotated, key=thief.key).refused


@case("RFC9449-5-10", situation="grant-bound-to-other-key", impact="critical", needs=NEEDS)
def test_rotated_refresh_token_without_a_proof_is_refused(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """A public client's refresh token that has replaced another is refused without a proof."""
    token = authorization_server.token(public, user=True)
    rotated = authorization_server.refreshed(public, token)

    assert authorization_server.refresh(public, rotated, proof=None).refused


@case("RFC9449-5-10", impact="medium", needs=NEEDS)
def test_chain_of_refreshes_goes_on_with_the_same_key(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """A public client refreshes again and again with its key, each time with what it got the time before."""
    token = authorization_server.token(public, user=True)
    rotated = authorization_server.refreshed(public, token, times=5)

    assert authorization_server.refresh(public, rotated).accepted


@case("RFC9449-5-05", impact="high", needs=(*NEEDS, "jwt-access-token"))
def test_access_token_at_the_end_of_the_chain_is_bound(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """The access token of a fifth refresh is bound to the public client's key as the first one was."""
    token = authorization_server.token(public, user=True)
    rotated = authorization_server.refreshed(public, token, times=5)

    assert rotated.confirmation.get("jkt") == public.jkt


@case("RFC9449-5-10", impact="medium", needs=NEEDS)
def test_proof_by_another_key_does_not_burn_the_refresh_token(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A refresh token survives a thief's try with another key: its owner's next refresh succeeds.

    A server that spends, or revokes, what a stranger only shows lets anybody end sessions that he cannot steal.
    """
    token = authorization_server.token(public, user=True)
    authorization_server.refuses_refresh(public, token, key=thief.key)

    assert authorization_server.refresh(public, token).accepted


@case("RFC6749-6-01", impact="medium", needs=NEEDS)
def test_another_client_does_not_burn_the_refresh_token(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A refresh token survives the try of another client: the one that it was issued to can still use it."""
    token = authorization_server.token(client, user=True)
    authorization_server.refuses_refresh(second, token)

    assert authorization_server.refresh(client, token).accepted


@case("RFC9700-4.14-02", also=("RFC9700-2.2.2-01",), impact="high", needs=ROTATION)
def test_replaced_refresh_token_is_refused(authorization_server: AuthorizationServer, public: Client) -> None:
    """A public client's refresh token that was replaced by another is refused, also with a proof by its own key.

    Two holders of one refresh token look alike; that one of them comes with the old one gives the theft away.
    """
    token = authorization_server.token(public, user=True)
    authorization_server.refreshed(public, token)

    assert authorization_server.refresh(public, token).refused


@case("RFC9700-4.14-03", impact="high", needs=ROTATION)
def test_replay_of_a_replaced_refresh_token_ends_the_active_one(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """When a replaced refresh token comes back, the one that replaced it is refused from then on.

    Which of the two is the thief's nobody can tell, so that both have to end.
    """
    token = authorization_server.token(public, user=True)
    active = authorization_server.refreshed(public, token)
    authorization_server.tries_to_refresh(public, token)

    assert authorization_server.refresh(public, active).refused


@case("RFC9700-4.14-02", impact="high", needs=ROTATION, serial=True)
def test_one_refresh_token_at_many_places_at_once_is_good_once(
    authorization_server: AuthorizationServer, public: Client, burst: Burst
) -> None:
    """A refresh token that is good for one use yields tokens for one of twenty requests that come at the same time.

    A server that looks first and remembers later serves the thief beside the owner, and rotation shows neither.
    """
    token = authorization_server.token(public, user=True)

    assert burst.refreshed(authorization_server, public, token, copies=20) == 1


@case("RFC9700-4.14-06", impact="medium", needs=NEEDS, waits="refresh")
def test_unused_refresh_token_expires(authorization_server: AuthorizationServer, client: Client, clock: Clock) -> None:
    """A refresh token that nobody has used for as long as the server says is refused. Real time passes here."""
    token = authorization_server.token(client, user=True)
    clock.outlast("refresh")

    assert authorization_server.refresh(client, token).refused
