"""RFC 9449, sections 5 and 6: every grant with a proof yields a bound token, and the answer says so."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, ResourceServer

KINDS = pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)


@case("RFC9449-5-02", impact="medium")
@KINDS
def test_grant_with_a_proof_is_accepted(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A grant with an honest proof yields a token."""
    assert authorization_server.ask(client, user=user).accepted


@case("RFC9449-5-06", impact="medium")
@KINDS
def test_token_type_of_a_bound_token_is_dpop(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """The answer calls a bound token `DPoP`, so that the client knows how to present it."""
    token = authorization_server.token(client, user=user)

    assert token.type.lower() == "dpop"


@case("RFC9449-6.1-02", impact="high", needs=("jwt-access-token",))
@KINDS
def test_token_carries_the_thumbprint_of_the_proof_key(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT access token is bound to the key of the proof: `cnf.jkt` is its thumbprint, exactly."""
    token = authorization_server.token(client, user=user)

    assert token.confirmation.get("jkt") == client.jkt


@case("RFC9449-5.2-01", situation="proof-missing", impact="high")
def test_bound_client_without_a_proof_gets_no_token(authorization_server: AuthorizationServer, client: Client) -> None:
    """A client that is registered for bound tokens gets none without a proof, and no Bearer token instead."""
    assert authorization_server.ask(client, proof=None).refused


@case("RFC9449-4-03", situation="client-authentication-failed", impact="critical")
def test_proof_does_not_replace_client_authentication(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A client with a wrong secret gets no token, however good its proof is."""
    assert authorization_server.ask(client, secret="holdfast-wrong-secret").refused


@case("RFC6749-5.1-01", impact="low")
def test_token_response_is_not_stored(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token response forbids every cache to keep it."""
    answered = authorization_server.ask(client)

    assert "no-store" in (answered.header("Cache-Control") or "").lower()


@case("RFC9449-7.1-07", impact="medium", needs=("client_credentials",))
def test_fresh_token_opens_the_resource(rs: ResourceServer, client: Client) -> None:
    """A freshly issued token with an honest proof is accepted at the resource."""
    assert rs.send(client).accepted


@case("RFC6749-4.1.2-01", situation="grant-bound-to-other-key", impact="high", needs=("authorization_code",))
def test_code_is_good_once(authorization_server: AuthorizationServer, client: Client) -> None:
    """An authorization code that was redeemed is refused the second time, with a fresh proof by the same key."""
    code = authorization_server.code(client)
    authorization_server.redeemed(client, code)

    assert authorization_server.redeem(client, code).refused


@case("RFC9449-5-02", impact="medium", needs=("authorization_code",))
def test_failed_proof_does_not_burn_the_code(authorization_server: AuthorizationServer, client: Client) -> None:
    """A code survives a request whose proof was refused: the honest client can still redeem it.

    Otherwise anybody who sees a code can keep its owner out.
    """
    code = authorization_server.code(client)
    authorization_server.refuses(client, code, signature="flipped")

    assert authorization_server.redeem(client, code).accepted
