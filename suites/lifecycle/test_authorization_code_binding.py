"""A code bound to a key from the start: `dpop_jkt`, and a proof at PAR (RFC 9449, section 10)."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, KeyRing, ProofEndpoint

JKT = ("authorization_code", "dpop_jkt")
PUSHED = ("authorization_code", "par")
OTHER_KEY, PUSHED_KEY = "RFC9449-10-01", "RFC9449-10.1-03"
BOTH_WAYS = "RFC9449-10.1-04"
VERIFIER = "RFC9700-2.1.1-03"
#: Code and verifier have both leaked, and each of key and verifier is looked at.
LEAKED = ("RFC9449-11.9-01", "RFC9449-10-05")


@case("RFC9449-10-02", impact="medium", needs=JKT)
def test_code_bound_by_dpop_jkt_is_redeemed_with_its_key(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is redeemed with a proof by that key."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code).accepted


@case("RFC9449-10-02", also=("RFC7638-3-02-AS",), impact="medium", needs=JKT)
@pytest.mark.parametrize(
    "algorithm",
    [
        row("p384", "ES384", needs=("alg:ES384",)),
        row("p521", "ES512", needs=("alg:ES512",)),
        row("rsa", "RS256", needs=("alg:RS256",)),
        row("ed25519", "EdDSA", needs=("alg:EdDSA",)),
    ],
)
def test_code_bound_by_dpop_jkt_is_redeemed_with_every_kind_of_key(
    authorization_server: AuthorizationServer, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """A code that is bound to a key of another kind is redeemed with it: the thumbprint of each kind is the same."""
    key = keys.of(algorithm)
    code = authorization_server.code(client, dpop_jkt=key.thumbprint)

    assert authorization_server.redeem(client, code, key=key).accepted


@case(
    OTHER_KEY,
    also=(*LEAKED, "FAPI2SP-5.3.2.1-11"),
    situation="grant-bound-to-other-key",
    impact="critical",
    needs=JKT,
)
def test_code_bound_by_dpop_jkt_is_refused_with_another_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused with a proof by another key, though the verifier is right.

    A stolen code must not become a token of the thief's.
    """
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case(OTHER_KEY, also=LEAKED, situation="grant-bound-to-other-key", impact="critical", needs=JKT)
def test_public_clients_code_bound_by_dpop_jkt_is_refused_with_another_key(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A public client's code that was asked for with `dpop_jkt` is refused with a proof by another key.

    Code and verifier may both have leaked; nobody asks the thief for a secret.
    """
    code = authorization_server.code(public, dpop_jkt=public.jkt)

    assert authorization_server.redeem(public, code, key=thief.key).refused


@case(OTHER_KEY, situation="grant-bound-to-other-key", impact="critical", needs=JKT)
def test_code_bound_by_dpop_jkt_is_refused_without_a_proof(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused without a proof."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, proof=None).refused


@case(OTHER_KEY, situation="grant-bound-to-other-key", impact="high", needs=JKT)
def test_code_with_a_key_of_a_client_that_need_not_prove_is_refused_without_a_proof(
    authorization_server: AuthorizationServer, plain: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused without a proof, also where the client needs none.

    The client has said that it will prove: a Bearer token for that code is a token for whoever holds the code.
    """
    code = authorization_server.code(plain, dpop_jkt=plain.jkt)

    assert authorization_server.redeem(plain, code).refused


@case(OTHER_KEY, situation="proof-invalid", impact="critical", needs=JKT)
def test_code_bound_by_dpop_jkt_is_refused_with_its_key_shown_and_another_signing(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that was asked for with `dpop_jkt` is refused with a proof that shows its key and is by another."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, signed_by=thief.key).refused


@case("RFC7638-3.2.1-01-AS", situation="proof-invalid", impact="high", needs=JKT)
def test_code_bound_by_dpop_jkt_is_refused_with_a_private_key_in_the_proof(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code is refused when the proof shows the private key of the right thumbprint.

    A private key has the thumbprint of its public one: the comparison with `dpop_jkt` cannot tell them apart.
    """
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, jwk="private").refused


@case(VERIFIER, also=("RFC9449-10-05",), situation="grant-bound-to-other-key", impact="high", needs=JKT)
def test_right_key_does_not_make_up_for_a_wrong_verifier(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that is bound to a key is refused with a proof by that key and another PKCE verifier."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)
    other = "holdfast-another-verifier-that-is-long-enough-43"

    assert authorization_server.redeem(client, code, code_verifier=other).refused


@case(VERIFIER, also=("RFC9449-10-05",), situation="grant-bound-to-other-key", impact="high", needs=JKT)
def test_right_key_does_not_make_up_for_a_missing_verifier(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that is bound to a key is refused with a proof by that key and no PKCE verifier."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, parameters={"code_verifier": None}).refused


@case(OTHER_KEY, situation="grant-bound-to-other-key", impact="high", needs=(*JKT, "refresh_token"))
def test_first_token_of_a_client_does_not_free_its_next_code(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A code is bound to the key that its own request named, not to any key that the client has used before."""
    known = client.with_key(second.key)
    authorization_server.redeemed(known, authorization_server.code(known, dpop_jkt=known.jkt))
    code = authorization_server.code(client, dpop_jkt=client.jkt)

    assert authorization_server.redeem(client, code, key=known.key).refused


# A proof at PAR


@case(BOTH_WAYS, impact="medium", needs=PUSHED)
def test_pushed_request_with_a_proof_is_accepted(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed authorization request with an honest proof is accepted."""
    assert push_endpoint.send(client).accepted


@case(BOTH_WAYS, impact="medium", needs=(*PUSHED, "dpop_jkt"))
def test_pushed_request_with_a_key_and_no_proof_is_accepted(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A pushed authorization request that names its key in `dpop_jkt` and brings no proof is accepted."""
    assert authorization_server.push(client, proof=None, parameters={"dpop_jkt": client.jkt}).accepted


@case("RFC9449-10.1-05", impact="medium", needs=(*PUSHED, "dpop_jkt"))
def test_push_whose_proof_and_dpop_jkt_agree_is_accepted(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A push is accepted when its `dpop_jkt` names the key of its proof."""
    assert authorization_server.push(client, parameters={"dpop_jkt": client.jkt}).accepted


@case("RFC9449-10.1-05", situation="key-disagrees", impact="high", needs=(*PUSHED, "dpop_jkt"))
def test_push_whose_proof_and_dpop_jkt_differ_is_refused(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A push is refused when its proof is by one key and its `dpop_jkt` names another."""
    assert authorization_server.push(client, parameters={"dpop_jkt": thief.jkt}).refused


@case(PUSHED_KEY, impact="medium", needs=PUSHED)
def test_code_of_a_pushed_request_is_redeemed_with_its_key(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that comes of a push with a proof is redeemed with a proof by that key."""
    code = authorization_server.code(client, pushed=True)

    assert authorization_server.redeem(client, code).accepted


@case(PUSHED_KEY, also=("FAPI2SP-5.3.2.1-11",), situation="grant-bound-to-other-key", impact="critical", needs=PUSHED)
def test_code_of_a_pushed_request_is_refused_with_another_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that comes of a push with a proof is bound to that proof's key, with no `dpop_jkt` anywhere."""
    code = authorization_server.code(client, pushed=True)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case(PUSHED_KEY, situation="grant-bound-to-other-key", impact="critical", needs=PUSHED)
def test_public_clients_code_of_a_pushed_request_is_refused_with_another_key(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A public client's code that comes of a push with a proof is bound to that proof's key."""
    code = authorization_server.code(public, pushed=True)

    assert authorization_server.redeem(public, code, key=thief.key).refused


@case(PUSHED_KEY, situation="grant-bound-to-other-key", impact="critical", needs=PUSHED)
def test_code_of_a_pushed_request_is_refused_without_a_proof(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code that comes of a push with a proof is refused without a proof."""
    code = authorization_server.code(client, pushed=True)

    assert authorization_server.redeem(client, code, proof=None).refused


@case(PUSHED_KEY, situation="grant-bound-to-other-key", impact="high", needs=PUSHED)
def test_code_of_a_push_with_an_unasked_for_proof_is_refused_without_one(
    authorization_server: AuthorizationServer, plain: Client
) -> None:
    """A code that comes of a push with a proof is refused without a proof, also where the client needs none."""
    code = authorization_server.code(plain.with_proofs(), pushed=True)

    assert authorization_server.redeem(plain, code).refused


@case(BOTH_WAYS, situation="grant-bound-to-other-key", impact="critical", needs=(*PUSHED, "dpop_jkt"))
def test_code_of_a_push_that_named_a_key_is_refused_with_another(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that comes of a push with `dpop_jkt` and no proof is bound to the key that was named."""
    code = authorization_server.code(client, dpop_jkt=client.jkt, pushed=True, proof=None)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case("RFC9449-10.1-02", situation="proof-invalid", impact="high", needs=PUSHED)
@pytest.mark.parametrize(
    "defect",
    [
        row("broken-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "GET"}),
        row("other-type", {"typ": "JWT"}),
        row("two-proofs", {"proofs": "two different"}),
        row("no-jwt", {"proof": "holdfast"}),
        row("empty", {"proof": ""}),
    ],
)
def test_broken_proof_of_a_push_is_refused_where_the_key_is_named_too(
    authorization_server: AuthorizationServer, client: Client, defect: dict[str, object]
) -> None:
    """A push with a broken proof is refused, also when its `dpop_jkt` would bind the code by itself.

    Whatever stands in the DPoP header is a proof, and is looked at as one.
    """
    assert authorization_server.push(client, dpop_jkt=client.jkt, **defect).refused


@case("RFC9449-10.1-02", situation="proof-invalid", impact="high", needs=PUSHED)
def test_proof_for_the_token_endpoint_is_refused_at_par(
    authorization_server: AuthorizationServer, push_endpoint: ProofEndpoint, client: Client
) -> None:
    """A push with a proof for the token endpoint's URL is refused."""
    assert push_endpoint.send(client, htu=authorization_server.url("token")).refused


@case("RFC9449-10.1-07", situation="proof-invalid", impact="high", needs=PUSHED)
def test_proof_for_par_is_refused_at_the_token_endpoint(
    push_endpoint: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A proof that was made for a pushed request, and not sent, is refused at the token endpoint."""
    unused = push_endpoint.prepare(client)

    assert token_endpoint.send_with_proof_of(unused, client).refused
