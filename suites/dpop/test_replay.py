"""RFC 9449, section 11.1: a proof is good for one use, and for a short time."""

import pytest

from holdfast import at, at_every_endpoint, case, row
from holdfast.parties import Client, Clock, Gauge, ProofEndpoint, ResourceServer
from holdfast.proof_reuse import reused

KEPT = "RFC9449-11.1-04-{role}"
AT_THE_RESOURCE = ("RFC9449-7.3-02", "RFC9700-4.10.1-02")

PLACES = [
    row("resource", "resource", also=AT_THE_RESOURCE),
    row("resource-post", "resource-post", also=AT_THE_RESOURCE),
    row("userinfo", "userinfo", also=AT_THE_RESOURCE),
    row("token", "token"),
    row("token-refresh", "token-refresh"),
    row("par", "par"),
]
#: Where the same bytes can come twice: those of a request with a code bring a used code too, and are refused for that.
SAME_BYTES = pytest.mark.parametrize("endpoint", PLACES)
EVERYWHERE = pytest.mark.parametrize("endpoint", [*PLACES, row("token-code", "token-code")])


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="high", latitude="L05")
@SAME_BYTES
def test_replayed_request_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request that was accepted once is refused the second time, byte for byte the same, on a connection of its own.

    Whoever reads a request on its way, in a log or at a proxy, has token and proof together.
    """
    seen = endpoint.accepts(client)

    assert endpoint.resend(seen).refused


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="high", latitude="L05")
@SAME_BYTES
def test_request_replayed_on_its_connection_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request that was accepted once is refused the second time, byte for byte the same, on the same connection.

    A proxy that keeps connections open sends the requests of many clients over one of them.
    """
    seen = endpoint.accepts(client)

    assert endpoint.resend(seen, kept=True).refused


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="high", latitude="L05")
@EVERYWHERE
def test_captured_proof_in_a_new_request_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in another request to the same place."""
    seen = endpoint.accepts(client)

    assert endpoint.send_with_proof_of(seen, client).refused


@case(
    "RFC9449-11.1-10-{role}",
    also=(KEPT,),
    situation="proof-invalid",
    impact="high",
    latitude="L05",
    needs=("nonce-{role}",),
)
@EVERYWHERE
def test_captured_proof_is_refused_while_its_nonce_is_good(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused although its nonce is good for other proofs.

    A nonce tells how old a proof is, not whether it was used: replay needs a memory of `jti` all the same.
    """
    seen = endpoint.accepts(client, nonce=endpoint.nonce(client))

    assert endpoint.send_with_proof_of(seen, client).refused


@case(KEPT, also=("RFC9449-4.2-09-{role}",), situation="proof-invalid", impact="medium", latitude="L05")
@at_every_endpoint
@pytest.mark.parametrize(
    "how",
    [
        row("signed-again", "signed again"),
        row("a-second-older", "a second older"),
        row("one-more-claim", "one more claim"),
        row("query-in-htu", "query in htu"),
        row("fragment-in-htu", "fragment in htu"),
        row("host-in-capitals", "host of htu in capitals"),
        row("letter-escaped", "letter of htu escaped"),
    ],
)
def test_jti_that_was_used_is_refused_in_another_proof(endpoint: ProofEndpoint, client: Client, how: str) -> None:
    """A `jti` that was accepted once is refused in another proof by the same key for the same URI, however it is spelt.

    A memory of whole proofs, or of `htu` as it is written, takes each spelling for something new.
    """
    seen = endpoint.accepts(client)
    proof = dict(seen.request.headers)["DPoP"]

    assert endpoint.send(client, proof=reused(proof, client.key, how)).refused


@case("RFC9449-4.3-02-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "defect",
    [
        row("forged-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "DELETE"}, requirement="RFC9449-4.3-10-{role}"),
        row("other-place", {"htu": "https://nowhere.invalid/"}, requirement="RFC9449-4.3-11-{role}"),
        row("stale", {"iat": -86_400}, requirement="RFC9449-4.3-14-{role}", needs=("no:nonce-{role}",)),
    ],
)
def test_refused_request_is_refused_again(endpoint: ProofEndpoint, client: Client, defect: dict[str, object]) -> None:
    """A request whose proof was refused is refused the second time too, byte for byte the same.

    A server that remembers a proof before it has looked at it may find it the next time, and take it for a known one.
    """
    seen = endpoint.refuses(client, **defect)

    assert endpoint.resend(seen).refused


@case("RFC9449-11.1-03-{role}", situation="proof-invalid", impact="high", waits="past", needs=("no:nonce-{role}",))
@at("resource", "userinfo", "token", "par")
def test_proof_is_refused_when_its_time_has_really_passed(
    endpoint: ProofEndpoint, client: Client, clock: Clock, gauge: Gauge
) -> None:
    """A proof that was right when it was made is refused once the server's window has passed.

    No clock is turned here: the request is made, kept, and sent late.
    """
    kept = endpoint.prepare(client, **gauge.lasting(endpoint, client))
    clock.outlast("past")

    assert endpoint.deliver(kept).refused


@case("RFC9449-7-05", situation="proof-invalid", impact="high")
def test_proof_for_the_token_endpoint_is_refused_at_the_resource(
    rs: ResourceServer, client: Client, token_endpoint: ProofEndpoint
) -> None:
    """A proof that was made for the token endpoint does not open the resource, also where its `ath` names the token."""
    assert rs.send(client, htu=token_endpoint.url).refused
