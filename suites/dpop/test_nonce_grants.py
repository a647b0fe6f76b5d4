"""RFC 9449, section 8: a nonce challenge costs one round trip, never a code, a token or an assertion."""

import pytest

from holdfast import at, case, row
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint
from holdfast.proofs import ABSENT

CHALLENGED = pytest.mark.parametrize(
    "nonce",
    [
        row("without", ABSENT, needs=("nonce-as-required",)),
        row("with-a-wrong-one", "holdfast-invented-nonce", needs=("nonce-as",)),
    ],
)


@case(
    "RFC9449-8-04",
    also=("RFC9449-8-06",),
    impact="medium",
    latitude="L23-code",
    needs=("authorization_code",),
)
@CHALLENGED
def test_challenge_does_not_burn_the_code(
    authorization_server: AuthorizationServer, client: Client, nonce: object
) -> None:
    """An authorization code, with its verifier, can be redeemed after a request with it was answered by a challenge.

    A client cannot know the nonce before: where the first try burns the code, the user never gets in.
    """
    authorization_server.token(client, user=True)
    code = authorization_server.code(client)
    authorization_server.refuses(client, code, nonce=nonce)

    assert authorization_server.redeem(client, code).accepted


@case(
    "RFC9449-8-04",
    also=("RFC9449-8-06",),
    impact="medium",
    latitude="L23-code",
    needs=("authorization_code",),
)
@CHALLENGED
def test_challenge_does_not_burn_the_code_of_a_public_client(
    authorization_server: AuthorizationServer, public: Client, nonce: object
) -> None:
    """A public client's authorization code can be redeemed after a request with it was answered by a challenge."""
    authorization_server.token(public, user=True)
    code = authorization_server.code(public)
    authorization_server.refuses(public, code, nonce=nonce)

    assert authorization_server.redeem(public, code).accepted


@case(
    "RFC9449-8-04",
    also=("RFC9449-8-06",),
    impact="medium",
    latitude="L23-refresh-token",
    needs=("authorization_code", "refresh_token"),
)
@CHALLENGED
def test_challenge_does_not_burn_the_refresh_token(
    authorization_server: AuthorizationServer, client: Client, nonce: object
) -> None:
    """A refresh token can be used after a request with it was answered by a challenge.

    Where it is burnt, or the retry is taken for a theft, every nonce that grows old ends a session.
    """
    token = authorization_server.token(client, user=True)
    authorization_server.refuses_refresh(client, token, nonce=nonce)

    assert authorization_server.refresh(client, token).accepted


@case(
    "RFC9449-8-04",
    also=("RFC9449-8-06",),
    impact="medium",
    latitude="L23-refresh-token",
    needs=("authorization_code", "refresh_token"),
)
@CHALLENGED
def test_challenge_does_not_burn_the_refresh_token_of_a_public_client(
    authorization_server: AuthorizationServer, public: Client, nonce: object
) -> None:
    """A public client's refresh token, which is rotated, can be used after a challenge."""
    token = authorization_server.token(public, user=True)
    authorization_server.refuses_refresh(public, token, nonce=nonce)

    assert authorization_server.refresh(public, token).accepted


@case("RFC9449-8-04", also=("RFC9449-8-06",), latitude="L23-assertion")
@at("token", "par")
@CHALLENGED
def test_challenge_does_not_burn_the_client_assertion(endpoint: ProofEndpoint, signing: Client, nonce: object) -> None:
    """A client assertion can be sent again after the request with it was answered by a challenge.

    It has a `jti` of its own, and servers remember it: before they look at the proof, or after.
    """
    challenge = endpoint.refuses(signing, nonce=nonce)
    same = challenge.form["client_assertion"]

    assert endpoint.send(signing, parameters={"client_assertion": same}).accepted
