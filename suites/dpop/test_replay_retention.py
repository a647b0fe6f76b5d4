"""RFC 9449, section 11.1: a used proof is remembered for as long as it could be used again."""

import pytest

from holdfast import at, case, row
from holdfast.parties import Client, Gauge, ProofEndpoint

KEPT = "RFC9449-11.1-04-{role}"


@case(KEPT, impact="high", latitude="L05")
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize(
    "over",
    [
        row("for-nine-seconds", 9, waits=9),
        row("over-its-windows", "past+future", waits="past+future", needs=("no:nonce-{role}",)),
        row(
            "over-the-life-of-its-nonce",
            "nonce",
            waits="nonce",
            needs=("nonce-{role}",),
            also=("RFC9449-11.1-10-{role}",),
        ),
    ],
)
def test_spent_proof_is_remembered_while_it_is_fresh(
    endpoint: ProofEndpoint, client: Client, gauge: Gauge, over: float | str
) -> None:
    """A proof that was accepted once is refused at every later moment at which one that was not used is still accepted.

    The proofs are dated ahead as far as the server takes them. A memory that counts from their arrival, or one that is
    shorter than the window, lets them in again at the end.
    """
    assert not gauge.memory(endpoint, client, over=over).ended
