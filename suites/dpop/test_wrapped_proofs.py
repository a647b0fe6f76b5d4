"""RFC 9449, section 4.3 (items 2 and 6): what is wrapped, unencoded or signed by a key that fits all is no proof."""

import pytest

from holdfast import at_every_endpoint, at_the_authorization_server, case, row
from holdfast.parties import Client, KeyRing, ProofEndpoint

ONE_JWT = "RFC9449-4.3-02-{role}"
VERIFIES = "RFC9449-4.3-07-{role}"


@case(ONE_JWT, situation="proof-invalid", impact="medium")
@at_every_endpoint
def test_proof_within_a_proof_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof whose payload is a whole proof again, and whose header says so (`cty`), is refused.

    What unwraps it until claims appear checks the outer signature and believes the inner claims.
    """
    assert endpoint.send(client, nested=True).refused


@case(ONE_JWT, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "unencoded",
    [row("said-and-not-done", "said"), row("signed-as-it-is", "signed-raw"), row("payload-elsewhere", "detached")],
)
def test_unencoded_payload_is_refused(endpoint: ProofEndpoint, client: Client, unencoded: str) -> None:
    """A proof whose header demands an unencoded payload (`b64` false) is refused: a JWT never has one (RFC 7797)."""
    assert endpoint.send(client, unencoded=unencoded).refused


@case(VERIFIES, situation="proof-invalid", impact="high", needs=("alg:EdDSA",))
@at_every_endpoint
def test_signature_beyond_the_order_is_refused(endpoint: ProofEndpoint, client: Client, keys: KeyRing) -> None:
    """A proof is refused when the number in its Ed25519 signature is one order too large (RFC 8032, section 5.1.7).

    Two signatures that verify for one proof are two proofs to whoever remembers signatures.
    """
    other = client.with_key(keys.of("EdDSA"))

    assert endpoint.send(other, signature="s-plus-order").refused


@case(VERIFIES, situation="proof-invalid", impact="high", needs=("alg:EdDSA",), latitude="L58")
@at_the_authorization_server
def test_key_that_one_signature_fits_is_not_bound_to(endpoint: ProofEndpoint, client: Client, keys: KeyRing) -> None:
    """A proof by the Ed25519 key of order one is refused: a single signature is good for every message under it.

    A token bound to such a key is a bearer token: anybody can make its proofs.
    """
    other = client.with_key(keys.of("EdDSA"))

    assert endpoint.send(other, neutral_key=True).refused
