"""RFC 9449, sections 4.3 and 7: a stolen token is of no use without the key it is bound to."""

from holdfast import at_every_endpoint, at_token_use, case
from holdfast.parties import Client, ProofEndpoint, ResourceServer
from holdfast.proofs import ABSENT


@case("RFC9449-7.1-04", situation="proof-missing", impact="critical")
@at_token_use
def test_bound_token_without_a_proof_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A bound token under the DPoP scheme is refused when no proof comes with it.

    This is the thief's first try: the token alone, as it was found in a log.
    """
    assert endpoint.send(client, proof=None).refused


@case(
    "RFC9449-4.3-16", also=("FAPI2SP-5.3.4-05", "SEP1932-server-01"), situation="key-does-not-match", impact="critical"
)
@at_token_use
def test_proof_by_another_key_is_refused(endpoint: ProofEndpoint, client: Client, thief: Client) -> None:
    """A perfect proof is refused when its key is not the one the token is bound to.

    The thief makes proofs as well as the client does; only the key is missing.
    """
    assert endpoint.send(client, key=thief.key).refused


@case("RFC9449-4.3-07-{role}", situation="proof-invalid", impact="critical")
@at_every_endpoint
def test_victims_jwk_with_a_foreign_signature_is_refused(
    endpoint: ProofEndpoint, client: Client, thief: Client
) -> None:
    """A proof that shows the client's public key is refused when another key signed it.

    Public keys are public: they travel in every proof.
    """
    assert endpoint.send(client, signed_by=thief.key).refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical")
@at_token_use
def test_bound_token_as_bearer_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A bound token is refused when it is presented as a plain Bearer token, without a proof.

    A server that still takes Bearer gives the whole protection away.
    """
    assert endpoint.send(client, downgraded="Bearer").refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="high")
@at_token_use
def test_bound_token_as_bearer_beside_a_proof_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A bound token is refused under the Bearer scheme even when a valid proof lies beside it."""
    assert endpoint.send(client, scheme="Bearer").refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical")
@at_token_use
def test_bound_token_as_bearer_in_small_letters_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A bound token is refused as `bearer` too: a scheme's name has no case."""
    assert endpoint.send(client, downgraded="bearer").refused


@case("RFC9449-7.1-07", impact="critical")
@at_token_use
def test_proof_without_a_token_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof opens nothing by itself when the Authorization header was lost on the way."""
    assert endpoint.send(client, authorization=None).refused


@case("RFC9449-4.3-15", situation="proof-invalid", impact="high")
@at_token_use
def test_proof_without_ath_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is refused where a token is used and the proof does not say for which (no `ath`)."""
    assert endpoint.send(client, ath=ABSENT).refused


@case("RFC9449-4.3-15", situation="proof-invalid", impact="high")
@at_token_use
def test_proof_for_another_token_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is refused when its `ath` is the hash of another token.

    A proof captured with one token must not open the door for the next.
    """
    assert endpoint.send(client, ath="foreign").refused


@case("RFC9449-4.3-16", situation="key-does-not-match", impact="critical")
def test_token_of_another_client_is_refused(rs: ResourceServer, client: Client, second: Client) -> None:
    """A client's proof does not make another client's token work, even with the right `ath`."""
    stolen = rs.token(second).value

    assert rs.send(client, token=stolen).refused


@case("RFC6750-2-02", situation="several-credentials", impact="high", latitude="L57")
@at_token_use
def test_token_in_header_and_query_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request that presents the token in the header and in the query is refused."""
    assert endpoint.send(client, token_in="header and query").refused


@case("RFC6750-2-02", situation="several-credentials", impact="high", latitude="L15")
@at_token_use
def test_two_authorization_headers_are_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request with a DPoP and a Bearer Authorization header is refused: two parsers would choose differently."""
    assert endpoint.send(client, token_in="two headers").refused


@case("RFC9449-7.1-02", impact="low")
@at_token_use
def test_scheme_in_small_letters_is_accepted(endpoint: ProofEndpoint, client: Client) -> None:
    """The name of the scheme is compared without regard to case."""
    assert endpoint.send(client, scheme="dpop").accepted
