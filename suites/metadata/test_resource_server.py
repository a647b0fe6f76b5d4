"""How a resource server asks for a sender-constrained token (RFC 9449 section 7.1, RFC 9728)."""

from holdfast import at, case
from holdfast.parties import Client, ResourceServer

BOTH = at("resource", "userinfo")


@case("RFC6749-9110-11.6.1-01", situation="no-credentials", impact="medium")
@BOTH
def test_request_without_credentials_is_challenged(endpoint: ResourceServer) -> None:
    """A request without credentials is refused with a challenge that says how to come back."""
    seen = endpoint.anonymous()

    assert seen.refused and seen.challenges


@case("RFC9449-7.2-06", impact="low")
@BOTH
def test_challenge_without_credentials_names_no_error(endpoint: ResourceServer) -> None:
    """A challenge to a request without credentials carries no error: nothing went wrong yet."""
    seen = endpoint.anonymous()

    assert seen.refused and not [code for _, code in seen.challenges if "error" in code]


@case("RFC9449-7.1-17", impact="low", needs=("dpop",))
@BOTH
def test_challenge_names_the_proof_algorithms(endpoint: ResourceServer) -> None:
    """The DPoP challenge lists the algorithms that proofs may use."""
    assert endpoint.algorithms


@case("RFC9449-7.1-10", impact="medium", needs=("dpop",), latitude="L01")
@BOTH
def test_refused_proof_is_answered_with_a_dpop_challenge(endpoint: ResourceServer, client: Client) -> None:
    """A refused proof is answered with 401 and a DPoP challenge."""
    seen = endpoint.send(client, signature="flipped")

    assert seen.status == 401 and "dpop" in [scheme.lower() for scheme, _ in seen.challenges]


@case("RFC9728-2-01", also=("MCP-overview-01",), impact="low", needs=("resource-metadata",))
def test_resource_metadata_names_the_resource(rs: ResourceServer) -> None:
    """The resource's metadata is published and names the resource."""
    assert rs.published().get("resource")


@case("RFC9728-2-08", impact="low", needs=("resource-metadata", "dpop"))
def test_resource_metadata_lists_proof_algorithms(rs: ResourceServer) -> None:
    """The resource's metadata lists the algorithms that proofs may use."""
    assert rs.published().get("dpop_signing_alg_values_supported")
