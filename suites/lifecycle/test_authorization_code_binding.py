"""A code bound to a key from the start: `dpop_jkt`, and a proof at PAR (RFC 9449, section 10)."""

from holdfast import case
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint

JKT = ("authorization_code", "dpop_jkt")
PUSHED = ("authorization_code", "par")


@case("RFC9449-10-02", impact="medium", needs=JKT)
def test_code_bound_by_dpop_jkt_is_redeemed_with_its_key(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is redeemed with a proof by that key."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code).accepted


@case("RFC9449-10-01", situation="grant-bound-to-other-key", impact="critical", needs=JKT)
def test_code_bound_by_dpop_jkt_is_refused_with_another_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused with a proof by another key.

    A stolen code must not become a token of the thief's.
    """
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case("RFC9449-10-01", situation="grant-bound-to-other-key", impact="critical", needs=JKT)
def test_code_bound_by_dpop_jkt_is_refused_without_a_proof(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused without a proof."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, proof=None).refused


@case("RFC9449-10.1-04", impact="medium", needs=PUSHED)
def test_pushed_request_with_a_proof_is_accepted(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed authorization request with an honest proof is accepted."""
    assert push_endpoint.send(client).accepted


@case("RFC9449-10.1-03", situation="grant-bound-to-other-key", impact="critical", needs=PUSHED)
def test_code_of_a_pushed_request_is_refused_with_another_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that comes of a push with a proof is bound to that proof's key."""
    code = authorization_server.code(client, pushed=True)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case("RFC9449-10.1-05", situation="key-disagrees", impact="high", needs=(*PUSHED, "dpop_jkt"))
def test_push_whose_proof_and_dpop_jkt_differ_is_refused(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A push is refused when its proof is by one key and its `dpop_jkt` names another."""
    assert authorization_server.push(client, parameters={"dpop_jkt": thief.jkt}).refused
