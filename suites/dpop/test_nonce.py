"""RFC 9449, sections 4.3 (item 10), 8, 9 and 11.3: which nonces are good, and that none is never good enough."""

import pytest

from holdfast import at, at_every_endpoint, at_the_authorization_server, case, row
from holdfast.nonces import changed
from holdfast.parties import Client, ProofEndpoint, ResourceServer
from holdfast.proofs import ABSENT, Literal

REFUSED_HERE = "RFC9449-8-12|RFC9449-9-03"
ONE_THE_SERVER_GAVE = "RFC9449-4.3-13-{role}"
INVENTED = "holdfast-invented-nonce"


@case(
    "RFC9449-8-03|RFC9449-9-02",
    also=(ONE_THE_SERVER_GAVE, "RFC9449-8-01|RFC9449-9-01"),
    situation="nonce-missing",
    impact="medium",
    needs=("nonce-{role}-required",),
)
@at("resource", "resource-post", "userinfo", "token", "token-code", "token-refresh")
def test_proof_without_the_required_nonce_is_challenged(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof without a nonce is refused where nonces are required, and the answer supplies one.

    A proof without a nonce can have been made at any time: ahead of it, too, by who once held the key.
    """
    assert endpoint.send(client, nonce=ABSENT).refused


@case("RFC9449-10.1-06", situation="nonce-missing", impact="medium", needs=("nonce-as-required",))
def test_pushed_request_without_the_required_nonce_is_challenged(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed authorization request whose proof has no nonce is refused like a token request, with a nonce to use."""
    assert push_endpoint.send(client, nonce=ABSENT).refused


@case(
    "RFC9449-8-04|RFC9449-9-02",
    also=("|RFC9449-12.8-01-RS",),
    impact="medium",
    needs=("nonce-{role}-required",),
)
@at("resource", "resource-post", "userinfo", "token", "token-code", "par")  # a refresh: test_nonce_grants.py
def test_retry_with_the_supplied_nonce_is_accepted(endpoint: ProofEndpoint, client: Client) -> None:
    """The nonce of a challenge works: the same request with it is accepted.

    A nonce that is cut, quoted or swapped on its way, or a challenge without one, locks every client out.
    """
    endpoint.accepts(client)
    endpoint.forget_nonce()

    assert endpoint.send(client).accepted


@case(
    REFUSED_HERE,
    also=(ONE_THE_SERVER_GAVE, "RFC9449-8-06|RFC9449-9-02"),
    situation="nonce-missing",
    impact="high",
    needs=("nonce-{role}",),
)
@at_every_endpoint
def test_nonce_that_the_server_did_not_issue_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with a nonce that the server never issued is refused.

    A nonce that is not looked at does not stop proofs that were made ahead of time.
    """
    assert endpoint.send(client, nonce=INVENTED).refused


@case(REFUSED_HERE, also=(ONE_THE_SERVER_GAVE,), situation="nonce-missing", impact="medium", needs=("nonce-{role}",))
@at_every_endpoint
@pytest.mark.parametrize(
    "how",
    [
        row("shortened", "cut by one character"),
        row("halved", "cut in half"),
        row("beheaded", "without its first character"),
        row("lengthened", "one character longer"),
        row("padded", "padded"),
        row("indented", "after a space"),
        row("doubled", "written twice"),
        row("other-case", "in the other case"),
        row("percent-encoded", "percent-encoded"),
        row("last-bit", "other in its last bit"),
        row("same-shape", "drawn anew", impact="high", also=("RFC9449-8-05|",)),
    ],
)
def test_nonce_that_only_resembles_a_good_one_is_refused(endpoint: ProofEndpoint, client: Client, how: str) -> None:
    """A nonce is compared exactly: what comes close to a good one is refused.

    Where a part, another spelling or the mere shape of a nonce is enough, nonces can be made up.
    """
    good = endpoint.nonce(client)

    assert endpoint.send(client, nonce=changed(good, how)).refused


@case(REFUSED_HERE, also=(ONE_THE_SERVER_GAVE,), impact="medium", needs=("nonce-{role}",))
@at_every_endpoint
@pytest.mark.parametrize(
    "how",
    [
        row("number", "a number"),
        row("true", "true"),
        row("empty-array", "an empty array"),
        row("in-an-array", "in an array"),
        row("in-an-object", "in an object"),
    ],
)
def test_nonce_that_is_no_text_is_refused(endpoint: ProofEndpoint, client: Client, how: str) -> None:
    """A nonce of another JSON type is refused, also one that holds a good nonce.

    Loose comparisons take an array of one text for that text, and zero or an empty array for a nonce that is not there.
    """
    good = endpoint.nonce(client)

    assert endpoint.send(client, nonce=changed(good, how)).refused


@case(REFUSED_HERE, also=(ONE_THE_SERVER_GAVE,), situation="nonce-missing", needs=("nonce-{role}-required",))
@at_every_endpoint
def test_nonce_outside_the_signed_proof_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A good nonce in a header of the request does not take the place of the one in the proof.

    Nobody signs the header: whoever has a proof that was made ahead of time could add the nonce of the day.
    """
    good = endpoint.nonce(client)

    assert endpoint.send(client, nonce=ABSENT, headers={"DPoP-Nonce": good}).refused


@case(REFUSED_HERE, also=(ONE_THE_SERVER_GAVE,), situation="nonce-missing", needs=("nonce-{role}-required",))
@at_every_endpoint
def test_nonce_under_a_name_in_capitals_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """The names of claims have a case (RFC 7519 section 4): a proof with the claim `NONCE` has no nonce."""
    assert endpoint.send(client, renamed={"nonce": "NONCE"}).refused


# The nonce of another server


@case(
    "RFC9449-9-04",
    also=(ONE_THE_SERVER_GAVE,),
    situation="nonce-missing",
    impact="high",
    needs=("nonce-as", "nonce-rs", "no:one-origin"),
)
@at("resource", "resource-post")
def test_nonce_of_the_authorization_server_is_refused_at_the_resource(
    endpoint: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A nonce is good only at the server that issued it.

    Whoever may ask for nonces at one server could otherwise stock up on proofs for another.
    """
    foreign = token_endpoint.nonce(client)

    assert endpoint.send(client, nonce=foreign).refused


@case(
    "RFC9449-8-12",
    also=("RFC9449-4.3-13-AS", "RFC9449-9-04"),
    situation="nonce-missing",
    impact="high",
    needs=("nonce-as", "nonce-rs", "no:one-origin"),
)
@at_the_authorization_server
def test_nonce_of_the_resource_server_is_refused_at_the_authorization_server(
    endpoint: ProofEndpoint, rs: ResourceServer, client: Client
) -> None:
    """A nonce of a resource server is refused at the authorization server.

    A resource server is trusted with far less: it could collect proofs for the server that issues the tokens.
    """
    foreign = rs.nonce(client)

    assert endpoint.send(client, nonce=foreign).refused


# Back to none


@case(
    "RFC9449-11.3-01-{role}",
    also=(ONE_THE_SERVER_GAVE,),
    situation="nonce-missing",
    impact="high",
    latitude="L21-challenged",
    needs=("nonce-{role}-required",),
)
@at_every_endpoint
@pytest.mark.parametrize(
    "nonce", [row("absent", ABSENT), row("null", Literal(None), situation=""), row("empty", "", situation="")]
)
def test_proof_without_a_nonce_is_refused_after_a_challenge(
    endpoint: ProofEndpoint, client: Client, nonce: object
) -> None:
    """Once a client was asked for a nonce and gave it, a proof of its key without one is refused.

    A thief leaves out what would stop the proof, and a server that minds only wrong nonces lets it in.
    """
    endpoint.accepts(client)
    endpoint.forget_nonce()
    endpoint.accepts(client)

    assert endpoint.send(client, nonce=nonce).refused


@case(
    "RFC9449-11.3-01-{role}",
    situation="nonce-missing",
    impact="medium",
    latitude="L21-supplied",
    needs=("nonce-{role}", "no:nonce-{role}-required"),
)
@at_every_endpoint
def test_proof_without_a_nonce_is_refused_once_a_nonce_was_supplied(endpoint: ProofEndpoint, client: Client) -> None:
    """Where nonces are optional, a client that was supplied with one cannot go back to proofs without."""
    endpoint.nonce(client)

    assert endpoint.send(client, nonce=ABSENT).refused


@case("RFC9449-8-02|RFC9449-9-01", needs=("no:nonce-{role}",))
@at_every_endpoint
def test_proof_needs_no_nonce_where_none_is_supplied(endpoint: ProofEndpoint, client: Client) -> None:
    """A server that claims no nonces accepts proofs without one."""
    assert endpoint.send(client, nonce=ABSENT).accepted
