"""RFC 9449, sections 8 and 9: nonces that the server supplies and then looks for."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT

CHALLENGED = pytest.mark.parametrize(
    "endpoint",
    [
        row("resource", "resource", requirement="RFC9449-9-02", needs=("nonce-rs-required",)),
        row("userinfo", "userinfo", requirement="RFC9449-9-02", needs=("nonce-rs-required",)),
        row("token", "token", requirement="RFC9449-8-03", needs=("nonce-as-required",)),
        row("par", "par", requirement="RFC9449-10.1-06", needs=("nonce-as-required",)),
    ],
)

CHECKED = pytest.mark.parametrize(
    "endpoint",
    [
        row("resource", "resource", requirement="RFC9449-9-03", needs=("nonce-rs",)),
        row("userinfo", "userinfo", requirement="RFC9449-9-03", needs=("nonce-rs",)),
        row("token", "token", requirement="RFC9449-8-12", needs=("nonce-as",)),
        row("par", "par", requirement="RFC9449-8-12", needs=("nonce-as",)),
    ],
)


@case("RFC9449-8-03", situation="nonce-missing", impact="medium")
@CHALLENGED
def test_proof_without_the_required_nonce_is_challenged(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof without a nonce is refused where nonces are required, and the answer supplies one."""
    assert endpoint.send(client, nonce=ABSENT).refused


@case("RFC9449-8-12", situation="nonce-missing", impact="high")
@CHECKED
@pytest.mark.parametrize(
    "nonce", [row("invented", "holdfast-invented-nonce"), row("empty", "", needs=("nonce-{role}-required",))]
)
def test_nonce_that_the_server_did_not_issue_is_refused(endpoint: ProofEndpoint, client: Client, nonce: str) -> None:
    """A proof with a nonce that the server never issued is refused.

    A nonce that is not looked at does not stop proofs that were made ahead of time.
    """
    assert endpoint.send(client, nonce=nonce).refused


@case("RFC9449-8-04", impact="medium")
@CHALLENGED
def test_retry_with_the_supplied_nonce_is_accepted(endpoint: ProofEndpoint, client: Client) -> None:
    """The nonce of a challenge works: the same request with it is accepted."""
    endpoint.forget_nonce()

    assert endpoint.send(client).accepted


@case("RFC9449-9-04", situation="nonce-missing", impact="high", needs=("nonce-as", "nonce-rs"))
def test_nonce_of_the_authorization_server_is_refused_at_the_resource(
    rs: ProofEndpoint, token_endpoint: ProofEndpoint, client: Client
) -> None:
    """A nonce is good only at the server that issued it."""
    foreign = token_endpoint.nonce(client)

    assert rs.send(client, nonce=foreign).refused


@case("RFC9449-8-14", impact="low", latitude="L20")
@CHALLENGED
def test_nonce_works_more_than_once(endpoint: ProofEndpoint, client: Client) -> None:
    """A nonce that was just supplied is good for further requests, so that parallel requests do not starve."""
    same = endpoint.nonce(client)
    endpoint.accepts(client, nonce=same)

    assert endpoint.send(client, nonce=same).accepted
