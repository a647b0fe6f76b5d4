"""RFC 9449, section 11.1: a proof is good for one use, and for a short time."""

from holdfast import at, case
from holdfast.parties import Client, Clock, ProofEndpoint, ResourceServer


@case("RFC9449-4.2-09-{role}", situation="proof-invalid", impact="high", latitude="L05")
@at("resource", "userinfo", "token", "par")
def test_replayed_request_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request that was accepted once is refused the second time, byte for byte the same.

    Whoever reads a request on its way, in a log or at a proxy, has token and proof together.
    """
    seen = endpoint.accepts(client)

    assert endpoint.resend(seen).refused


@case("RFC9449-4.2-09-{role}", situation="proof-invalid", impact="high", latitude="L05")
@at("resource", "userinfo", "token", "par")
def test_captured_proof_in_a_new_request_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in another request to the same place."""
    seen = endpoint.accepts(client)

    assert endpoint.send_with_proof_of(seen, client).refused


@case("RFC9449-7-05", situation="proof-invalid", impact="high")
def test_proof_captured_at_the_token_endpoint_is_refused_at_the_resource(
    rs: ResourceServer, client: Client, token_endpoint: ProofEndpoint
) -> None:
    """A proof made for the token endpoint does not open the resource."""
    captured = token_endpoint.prepare(client)

    assert rs.send_with_proof_of(captured, client).refused


@case("RFC9449-11.1-03-{role}", situation="proof-invalid", impact="high", waits="past", needs=("no:nonce-{role}",))
@at("resource", "userinfo", "token", "par")
def test_proof_is_refused_when_its_time_has_really_passed(
    endpoint: ProofEndpoint, client: Client, clock: Clock
) -> None:
    """A proof that was right when it was made is refused once the server's window has passed.

    No clock is turned here: the request is made, kept, and sent late.
    """
    kept = endpoint.prepare(client)
    clock.outlast("past")

    assert endpoint.deliver(kept).refused
