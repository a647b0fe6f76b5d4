"""SEP-1932, what a server of the Model Context Protocol does with proofs: when they are made, and how it says no."""

import pytest

from holdfast import ACCEPTED, REFUSED, Outcome, at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint, ResourceServer
from holdfast.proofs import ABSENT

STEP = "SEP1932-server-03"


@case("SEP1932-server-02", situation="proof-invalid", impact="high", needs=("no:nonce-rs",))
@at_token_use
@pytest.mark.parametrize(
    ("iat", "expected"),
    [
        row("four-minutes-old", -240, ACCEPTED, impact="low"),
        row("six-minutes-old", -360, REFUSED),
        row("six-minutes-ahead", 360, REFUSED),
    ],
)
def test_proof_is_good_for_five_minutes(endpoint: ProofEndpoint, client: Client, iat: int, expected: Outcome) -> None:
    """A proof is accepted within five minutes after its `iat`, and no more than five minutes before or after it."""
    assert endpoint.send(client, iat=iat).outcome is expected


@case(STEP, also=("SEP1932-server-01",), situation="proof-invalid", impact="medium")
@at_token_use
@pytest.mark.parametrize(
    ("word", "value"),
    [
        row("type", "typ", "jwt"),
        row("algorithm", "alg", "none"),
        row("key-absent", "jwk", ABSENT),
        row("key-private", "jwk", "private"),
        row("signature", "signature", "flipped"),
        row("form", "parts", "two"),
        row("several", "proofs", "two different"),
        row("method", "htm", "DELETE"),
        row("target", "htu", "https://holdfast-other.test/"),
        row("age", "iat", -3600, needs=("no:nonce-rs",)),
        row("token", "ath", "other"),
        row("identifier", "jti", ABSENT),
        row("proof-absent", "proof", None),
    ],
)
def test_failed_step_is_answered_with_401_and_an_error(
    endpoint: ResourceServer, client: Client, word: str, value: object
) -> None:
    """Each check of a proof that fails is answered with 401 and an error in WWW-Authenticate, and never with 400.

    A client that is told 400 does not try again, and does not know what to do better.
    """
    seen = endpoint.send(client, **{word: value})

    assert seen.status == 401 and [code for _, code in seen.challenges if code.get("error")]


@case(STEP, also=("SEP1932-server-01",), situation="key-does-not-match", impact="medium")
@at_token_use
def test_proof_by_another_key_is_answered_with_401_and_an_error(
    endpoint: ResourceServer, client: Client, thief: Client
) -> None:
    """A proof by a key to which the token is not bound is answered with 401 and an error in WWW-Authenticate."""
    seen = endpoint.send(client, key=thief.key)

    assert seen.status == 401 and [code for _, code in seen.challenges if code.get("error")]
