"""RFC 9449, sections 4.3, 10.1, 11.1 and 11.7: a captured proof, presented elsewhere or around something else."""

from holdfast import at, at_every_endpoint, at_the_authorization_server, case
from holdfast.parties import Client, ProofEndpoint, Replicas, ResourceServer

KEPT = "RFC9449-11.1-04-{role}"


@case("RFC9449-10.1-07", situation="proof-invalid", impact="high")
def test_proof_for_the_pushed_request_is_refused_at_the_token_endpoint(
    push_endpoint: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A proof that was made for a pushed authorization request is refused at the token endpoint."""
    captured = push_endpoint.prepare(client)

    assert token_endpoint.send_with_proof_of(captured, client).refused


@case("RFC9449-4.3-11-AS", also=("RFC9449-10.1-07",), situation="proof-invalid", impact="high")
def test_proof_for_the_token_request_is_refused_for_a_pushed_request(
    push_endpoint: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A proof that was made for the token endpoint is refused with a pushed authorization request."""
    captured = token_endpoint.prepare(client)

    assert push_endpoint.send_with_proof_of(captured, client).refused


@case("RFC9449-4.3-11-AS", situation="proof-invalid", impact="high")
@at_the_authorization_server
def test_proof_for_the_resource_is_refused_at_the_authorization_server(
    rs: ResourceServer, endpoint: ProofEndpoint, client: Client
) -> None:
    """A proof that was made for a resource is refused at the authorization server.

    A resource server sees the proofs of all its clients, and must not be able to get tokens with them.
    """
    captured = rs.prepare(client, method="POST")

    assert endpoint.send_with_proof_of(captured, client).refused


@case("RFC9449-4.3-10-RS", also=("RFC9700-4.10.1-02",), situation="proof-invalid", impact="high")
@at("resource-post")
def test_proof_for_reading_is_refused_for_writing(rs: ResourceServer, endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was made to read a resource is refused in a request with another method and a body.

    What a thief gets hold of in a log of harmless requests must not change anything.
    """
    captured = rs.prepare(client)

    assert endpoint.send_with_proof_of(captured, client).refused


@case("RFC9449-4.3-10-RS", also=("RFC9700-4.10.1-02",), situation="proof-invalid", impact="medium")
@at("resource-post")
def test_proof_for_writing_is_refused_for_reading(rs: ResourceServer, endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was made for a request with a body is refused in one that reads."""
    captured = endpoint.prepare(client)

    assert rs.send_with_proof_of(captured, client).refused


@case("RFC9449-4.3-16", also=("RFC9700-4.10.1-02",), situation="key-does-not-match", impact="critical")
@at("resource", "resource-post", "userinfo")
def test_proof_of_another_client_is_refused_with_a_token_of_ones_own(
    endpoint: ResourceServer, client: Client, second: Client
) -> None:
    """A proof that another client made for one's own token is refused beside it, although nobody has used it yet."""
    captured = endpoint.prepare(client, token=endpoint.token(second))

    assert endpoint.send_with_proof_of(captured, second).refused


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="low", latitude="L05")
@at_the_authorization_server
def test_spent_proof_is_refused_from_another_client(endpoint: ProofEndpoint, client: Client, second: Client) -> None:
    """A proof that was accepted from one client is refused from another one, which authenticates as itself.

    A memory that is kept for each client by itself does not know what the others have used.
    """
    seen = endpoint.accepts(client)

    assert endpoint.send_with_proof_of(seen, second).refused


@case(
    "RFC9449-4.2-09-{role}",
    also=(
        KEPT,
        "FAPI2SP-6.2-01",
    ),
    situation="proof-invalid",
    impact="high",
    latitude="L05",
)
@at_every_endpoint
def test_spent_proof_is_refused_with_a_query(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in a request with a query, which `htu` does not name.

    A memory that is kept by the whole URL of the request knows nothing of a proof that comes with another query.
    """
    seen = endpoint.accepts(client)
    proof = dict(seen.request.headers)["DPoP"]

    assert endpoint.send(client, proof=proof, query="again=1").refused


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="high", latitude="L05")
@at_every_endpoint
def test_spent_proof_is_refused_with_another_spelling_of_the_host(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in a request that writes the same host in capitals."""
    seen = endpoint.accepts(client)
    proof = dict(seen.request.headers)["DPoP"]

    assert endpoint.send(client, proof=proof, headers={"Host": endpoint.parts()["HOST"]}).refused


@case("RFC9449-11.7-01", also=("RFC9449-11.1-04-RS",), situation="proof-invalid", impact="high", latitude="L05")
@at("resource-post")
def test_spent_proof_is_refused_around_another_body(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in a request with another body.

    No proof covers the body: nothing but the memory of `jti` stands between a captured request and one that a thief
    has written.
    """
    seen = endpoint.accepts(client)
    proof = dict(seen.request.headers)["DPoP"]

    assert endpoint.send(client, proof=proof, body="holdfast=altered").refused


@case("RFC9449-4.2-09-{role}", also=(KEPT,), situation="proof-invalid", impact="high", latitude="L05")
@at_the_authorization_server
def test_spent_proof_is_refused_around_another_form(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that was accepted once is refused in a request with a further parameter, which no proof covers."""
    seen = endpoint.accepts(client)
    proof = dict(seen.request.headers)["DPoP"]

    assert endpoint.send(client, proof=proof, parameters={"holdfast": "altered"}).refused


@case(
    "RFC9449-11.1-04-RS",
    also=("RFC9700-4.10.1-02",),
    situation="proof-invalid",
    impact="high",
    latitude="L05",
    needs=("replicas",),
)
def test_proof_spent_at_one_node_is_refused_at_the_others(
    rs: ResourceServer, replicas: Replicas, client: Client
) -> None:
    """A proof that one node of a resource server has accepted is refused by all the others.

    Nodes that do not tell each other what was used let a captured request in once each.
    """
    seen = rs.accepts(client)

    assert all(again.refused for again in replicas.resend(seen))


@case(
    "RFC9449-11.1-04-RS",
    also=("RFC9700-4.10.1-02",),
    situation="proof-invalid",
    impact="high",
    latitude="L05",
    needs=("replicas",),
)
def test_proof_spent_at_a_replica_is_refused_at_the_first_node(
    rs: ResourceServer, replicas: Replicas, client: Client
) -> None:
    """A proof that a replica has accepted is refused by the node that the resource's name leads to.

    Where one node tells the others and is told nothing, the way back is open.
    """
    seen = replicas.accept(client)

    assert rs.resend(seen).refused
