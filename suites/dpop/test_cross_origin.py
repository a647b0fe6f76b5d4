"""RFC 9449, section 7.1: scripts of another origin can use DPoP, and learn why they were refused.

A browser hides every header of a foreign answer that the server does not expose, and sends none that it does not allow.
"""

import pytest

from holdfast import at, case, row
from holdfast.parties import Client, ResourceServer, Script

BOTH = at("resource", "userinfo")


@case("RFC9449-7.1-21", impact="low", latitude="L42-exposed", needs=("cors",))
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("no-proof", "no-proof"),
        row("bad-proof", "bad-proof"),
        row("bad-token", "bad-token"),
        row("bound-as-bearer", "bound-as-bearer"),
    ],
)
def test_challenge_is_exposed_to_scripts(endpoint: ResourceServer, client: Client, script: Script, fault: str) -> None:
    """A script of another origin can read WWW-Authenticate of the answer to a request that failed.

    Without it a page learns that something failed, not that its proof did, and asks for a bearer token instead.
    """
    seen = endpoint.fails(client, fault, headers={"Origin": script.origin})

    assert seen.refused and script.sees(seen, "WWW-Authenticate")


@case("RFC9449-7.1-21", impact="low", latitude="L42-exposed", needs=("cors",))
@BOTH
def test_accepted_answer_can_be_read_by_scripts(endpoint: ResourceServer, client: Client, script: Script) -> None:
    """A script of another origin that has a token and a proof can read the answer."""
    seen = endpoint.send(client, headers={"Origin": script.origin})

    assert seen.accepted and script.may_read(seen)


@case("RFC9449-7.1-21", impact="low", latitude="L42-preflight", needs=("cors",))
@BOTH
def test_preflight_needs_no_proof(endpoint: ResourceServer, client: Client, script: Script) -> None:
    """A preflight is answered with success and without the protected answer: it has neither a token nor a proof."""
    seen = script.preflight(endpoint, client)

    assert not seen.accepted and seen.status in range(200, 300) and script.may_read(seen)


@case("RFC9449-7.1-21", impact="low", latitude="L42-allowed", needs=("cors",))
@BOTH
@pytest.mark.parametrize("header", [row("dpop", "DPoP"), row("authorization", "Authorization")])
def test_preflight_allows_what_a_bound_token_needs(
    endpoint: ResourceServer, client: Client, script: Script, header: str
) -> None:
    """The answer to a preflight lets scripts send the proof and the token."""
    assert script.may_send(script.preflight(endpoint, client), header)
