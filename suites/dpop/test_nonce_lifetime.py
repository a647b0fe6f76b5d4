"""RFC 9449, sections 8, 9, 11.1 and 11.2: how long a nonce is good, for whom, and how long it lets a proof live."""

import pytest

from holdfast import at, at_every_endpoint, case, row
from holdfast.nonces import weakness
from holdfast.parties import AuthorizationServer, Client, Clock, ProofEndpoint, Replicas, ResourceServer

HOUR, YEAR = 3600, 31_536_000
INVENTED = "holdfast-invented-nonce"
ENOUGH_TO_COMPARE = 50


# Good for a while


@case("RFC9449-11.1-09-{role}", latitude="L20-single-use", needs=("nonce-{role}",))
@at_every_endpoint
def test_nonce_works_more_than_once(endpoint: ProofEndpoint, client: Client) -> None:
    """A nonce that was just supplied is good for further requests, so that parallel requests do not starve."""
    same = endpoint.nonce(client)
    endpoint.forget_nonce()
    endpoint.accepts(client, nonce=same)

    assert endpoint.send(client, nonce=same).accepted


@case("RFC9449-8-14|RFC9449-9-03", latitude="L20-previous", needs=("nonce-{role}",))
@at_every_endpoint
def test_nonce_still_works_when_the_next_one_is_out(endpoint: ProofEndpoint, client: Client) -> None:
    """A nonce stays good for a while after another one was supplied, and used.

    Requests on their way when the next nonce comes out carry the last one.
    """
    last = endpoint.nonce(client)
    endpoint.forget_nonce()
    endpoint.refuses(client, nonce=INVENTED)
    endpoint.accepts(client)

    assert endpoint.send(client, nonce=last).accepted


@case("RFC9449-11.1-09-{role}", latitude="L20-other-client", needs=("nonce-{role}",))
@at("resource", "userinfo", "token", "par")
def test_nonce_works_for_any_client(endpoint: ProofEndpoint, client: Client, second: Client) -> None:
    """A nonce that was supplied to one client is good for another.

    Recorded, not demanded: a server may tell apart to whom it supplied a nonce. It is no secret either way.
    """
    endpoint.accepts(client)
    endpoint.forget_nonce()
    theirs = endpoint.nonce(second)
    endpoint.forget_nonce()

    assert endpoint.send(client, nonce=theirs).accepted


@case("RFC9449-10.1-06|RFC9449-11.1-09-RS", latitude="L22-endpoints", needs=("nonce-as", "nonce-{role}"))
@at("par", "userinfo")
def test_nonce_works_at_the_other_endpoints_of_its_server(
    endpoint: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A nonce of the token endpoint is good at the other endpoints of the authorization server.

    Recorded, not demanded: where each endpoint has its own, clients that keep one for each server are challenged often.
    """
    shared = token_endpoint.nonce(client)
    endpoint.forget_nonce()

    assert endpoint.send(client, nonce=shared).accepted


@case("RFC9449-11.1-09-RS", latitude="L20", needs=("replicas", "nonce-rs"))
def test_nonce_of_one_node_works_at_the_others(rs: ResourceServer, replicas: Replicas, client: Client) -> None:
    """A nonce that one node of a resource server supplied is good at all of them.

    Where each node knows its own only, a client behind a load balancer is challenged again and again.
    """
    nonce = rs.nonce(client)
    rs.forget_nonce()

    assert all(node.send(client, nonce=nonce).accepted for node in replicas.nodes)


# And no longer


@case(
    "RFC9449-8-12|RFC9449-9-03",
    also=("RFC9449-4.3-13-{role}", "RFC9449-11.2-02-{role}", "RFC9449-8-06|RFC9449-9-02", "RFC9449-8.2-03|"),
    situation="nonce-missing",
    impact="high",
    latitude="L20-past-declared",
    needs=("nonce-{role}",),
    waits="nonce",
)
@at_every_endpoint
def test_old_nonce_is_refused(endpoint: ProofEndpoint, client: Client, clock: Clock) -> None:
    """A nonce is refused when its time has passed, in a proof that was made just now.

    A nonce that never ends stops no proof that was made ahead of time.
    """
    old = endpoint.nonce(client)
    clock.outlast("nonce")

    assert endpoint.send(client, nonce=old).refused


@case(
    "RFC9449-11.2-02-{role}",
    also=("RFC9449-8-12|RFC9449-9-03",),
    situation="nonce-missing",
    impact="high",
    latitude="L08-stale-nonce",
    needs=("nonce-{role}",),
    waits="nonce",
)
@at("resource", "userinfo", "token", "par")
def test_proof_made_ahead_of_time_is_refused_at_its_time(endpoint: ProofEndpoint, client: Client, clock: Clock) -> None:
    """A proof that was made earlier, dated to the moment of its use, is refused: its nonce is of the time it was made.

    Who holds the key for a minute makes proofs for the whole day, and `iat` says what they like it to say.
    """
    kept = endpoint.prepare(client, iat=int(clock.window("nonce")) + 1)
    clock.outlast("nonce")

    assert endpoint.deliver(kept).refused


@case(
    "RFC9449-8-06|RFC9449-9-02",
    also=("RFC9449-8.2-03|", "RFC9449-8-13|"),
    impact="medium",
    needs=("nonce-{role}",),
    waits="nonce",
)
@at_every_endpoint
def test_challenge_to_an_old_nonce_leads_on(endpoint: ProofEndpoint, client: Client, clock: Clock) -> None:
    """The answer to an old nonce supplies one, and the next request with it is accepted.

    Where it does not, a client that was silent for a while never gets in again.
    """
    old = endpoint.nonce(client)
    clock.outlast("nonce")
    endpoint.forget_nonce()
    challenge = endpoint.refuses(client, nonce=old)

    assert challenge.headers("DPoP-Nonce") and endpoint.send(client).accepted


@case("RFC9449-8-06|RFC9449-9-02", also=("RFC9449-8-13|",), impact="medium", needs=("nonce-{role}",))
@at_every_endpoint
def test_challenge_to_a_wrong_nonce_leads_on(endpoint: ProofEndpoint, client: Client) -> None:
    """The answer to a wrong nonce supplies one, and the next request with it is accepted."""
    endpoint.accepts(client)
    endpoint.forget_nonce()
    challenge = endpoint.refuses(client, nonce=INVENTED)

    assert challenge.headers("DPoP-Nonce") and endpoint.send(client).accepted


# Unpredictable


@case("RFC9449-8-05|RFC9449-9-03", impact="medium", needs=("nonce-{role}",))
@at("resource", "token")
def test_nonces_follow_no_pattern(endpoint: ProofEndpoint, client: Client) -> None:
    """Nonces supplied one after the other are too long to be guessed and neither count nor tell the time.

    Who knows the next nonce makes proofs for it now. One value for a while is no pattern, and a hash hides any.
    """
    answers = [endpoint.refuses(client, nonce=INVENTED) for _ in range(ENOUGH_TO_COMPARE)]

    assert weakness([nonce for answer in answers for nonce in answer.headers("DPoP-Nonce")]) == ""


# Nonce and iat


@case("RFC9449-11.1-08-{role}", situation="proof-invalid", needs=("nonce-{role}",))
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize("iat", [row("an-hour-old", -HOUR), row("a-year-old", -YEAR), row("an-hour-ahead", HOUR)])
def test_iat_counts_beside_a_nonce(endpoint: ProofEndpoint, client: Client, iat: int) -> None:
    """A proof with a good nonce and an `iat` far off is refused.

    Recorded, not demanded: the time in a nonce may stand for `iat`. Then everything rests on the nonce's own end.
    """
    assert endpoint.send(client, iat=iat).refused


@case("RFC9449-11.2-01", impact="medium", needs=("no:nonce-rs",))
def test_token_lives_for_an_hour_at_most_where_no_nonce_is_asked(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Where the resource server asks for no nonces, a bound token is good for an hour at most.

    With a token that lives for weeks, proofs made ahead of time are as good as the key.
    """
    assert authorization_server.token(client).lifetime <= HOUR
