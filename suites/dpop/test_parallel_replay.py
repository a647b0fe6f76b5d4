"""RFC 9449, section 11.1: a proof is good for one use, also where its copies arrive at once."""

from holdfast import at, case
from holdfast.parties import Burst, Client, ProofEndpoint, Replicas, ResourceServer

KEPT = "RFC9449-11.1-04-{role}"


@case(KEPT, also=("RFC9449-4.2-09-{role}",), situation="proof-invalid", impact="high", latitude="L05", serial=True)
@at("resource", "resource-post", "userinfo", "token", "par")
def test_of_twenty_copies_at_once_one_is_accepted(endpoint: ProofEndpoint, client: Client, burst: Burst) -> None:
    """Of twenty copies of a request that arrive at once, at most one is accepted.

    A server that looks first and remembers later lets in all that arrive in between.
    """
    assert burst.let_in(endpoint, client, copies=20) <= 1


@case(
    "RFC9449-11.1-04-RS",
    also=("RFC9700-4.10.1-02",),
    situation="proof-invalid",
    impact="high",
    latitude="L05",
    serial=True,
    needs=("replicas",),
)
def test_of_twenty_copies_at_once_over_all_nodes_one_is_accepted(
    rs: ResourceServer, replicas: Replicas, client: Client, burst: Burst
) -> None:
    """Of twenty copies of a request that arrive at once at the nodes of a resource server, at most one is accepted.

    A memory that is copied from node to node a moment later is none in that moment.
    """
    assert burst.let_in(rs, client, copies=20, among=replicas) <= 1
