"""RFC 9449, sections 4.1 and 4.3 (items 1 to 3): one header line, one well-formed JWT, with all its claims."""

import pytest

from holdfast import at, at_every_endpoint, at_the_authorization_server, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT, Literal


@case("RFC9449-4.3-01-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "proofs",
    [
        row("two-different", "two different"),
        row("the-same-twice", "the same twice", latitude="L14"),
        row("in-one-line", "two in one line"),
        row("valid-first", "valid then invalid"),
        row("valid-last", "invalid then valid"),
    ],
)
def test_two_proofs_are_refused(endpoint: ProofEndpoint, client: Client, proofs: str) -> None:
    """A request with more than one proof is refused.

    Where a gateway checks the first and the server believes the last, the thief sends both.
    """
    assert endpoint.send(client, proofs=proofs).refused


@case("RFC9449-4.3-02-{role}", situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "proof", [row("empty", ""), row("word", "proof"), row("dots", ".."), row("not-a-jwt", "eyJhIjoxfQ.eyJiIjoyfQ.")]
)
def test_proof_that_is_no_jwt_is_refused(endpoint: ProofEndpoint, client: Client, proof: str) -> None:
    """A DPoP header that holds no well-formed JWT is refused, and is no reason to fall over."""
    assert endpoint.send(client, proof=proof).refused


@case("RFC9449-4.3-03-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "jti", [row("absent", ABSENT), row("empty", "", impact="medium"), row("number", Literal(1), impact="medium")]
)
def test_proof_without_jti_is_refused(endpoint: ProofEndpoint, client: Client, jti: object) -> None:
    """A proof without a `jti` to remember it by is refused."""
    assert endpoint.send(client, jti=jti).refused


NAMES = pytest.mark.parametrize("name", [row("small", "dpop"), row("capitals", "DPOP")])


@case("RFC9449-4.1-01-{role}", impact="low")
@at("resource", "resource-post", "userinfo", "token", "token-code", "token-refresh")
@NAMES
def test_name_of_the_header_has_no_case(endpoint: ProofEndpoint, client: Client, name: str) -> None:
    """The proof is found whatever the case of its header's name; HTTP/2 sends it in small letters."""
    assert endpoint.send(client, proof_header=name).accepted


@case("RFC9449-4.1-01-{role}", situation="proof-invalid", impact="low")
@at_the_authorization_server
@NAMES
def test_wrong_proof_is_seen_whatever_the_case_of_the_headers_name(
    endpoint: ProofEndpoint, client: Client, name: str
) -> None:
    """A wrong proof is refused, not overlooked, when its header's name is in another case.

    Where a client may do without a proof, one that is not found looks like one that was accepted.
    """
    assert endpoint.send(client, proof_header=name, typ="JWT").refused


@case("RFC9449-4.2-18-{role}", impact="low")
@at_every_endpoint
def test_unknown_claim_is_ignored(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with a further claim that the server does not know is accepted."""
    assert endpoint.send(client, claims={"holdfast": "unknown"}).accepted


@case("RFC9449-4.2-18-{role}", impact="low")
@at_every_endpoint
def test_unknown_header_parameter_is_ignored(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with a further header parameter that the server does not know is accepted."""
    assert endpoint.send(client, header={"holdfast": "unknown"}).accepted
