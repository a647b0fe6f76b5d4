"""RFC 9449, sections 8, 8.1, 8.2 and 9: the DPoP-Nonce header itself, on answers of every kind."""

import pytest

from holdfast import at, at_every_endpoint, at_the_authorization_server, case, row
from holdfast.caching import may_be_stored
from holdfast.hard import broken
from holdfast.nonces import is_well_formed
from holdfast.parties import Client, ProofEndpoint, Script
from holdfast.proofs import ABSENT
from holdfast.requirements import Hard

INVENTED = "holdfast-invented-nonce"

ANSWERS = pytest.mark.parametrize(
    "change",
    [
        row("success", {}),
        row("challenge", {"nonce": ABSENT}),
        row("wrong-nonce", {"nonce": INVENTED}),
        row("bad-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "DELETE"}),
        row("no-proof", {"proof": None}),
    ],
)


@case(
    "RFC9449-8-04|RFC9449-9-02",
    also=("RFC9449-8-13|", "RFC9449-8-10|RFC9449-9-03"),
    impact="medium",
    needs=("nonce-{role}",),
)
@at_every_endpoint
@pytest.mark.parametrize("nonce", [row("absent", ABSENT, needs=("nonce-{role}-required",)), row("invented", INVENTED)])
def test_answer_that_asks_for_a_nonce_supplies_one(endpoint: ProofEndpoint, client: Client, nonce: object) -> None:
    """An answer with the error `use_dpop_nonce` has one DPoP-Nonce line with a value, and not more than one."""
    seen = endpoint.send(client, nonce=nonce)

    assert seen.error != "use_dpop_nonce" or [bool(supplied) for supplied in seen.headers("DPoP-Nonce")] == [True]


@case("RFC9449-8-10|RFC9449-9-03", also=("|RFC9449-12.8-01-RS",), needs=("nonce-{role}",))
@at("resource", "userinfo", "token", "par")
@ANSWERS
def test_no_answer_has_two_nonce_lines(endpoint: ProofEndpoint, client: Client, change: dict[str, object]) -> None:
    """An answer has at most one DPoP-Nonce line, whatever it says.

    Of two nonces, clients take the first or the last, and where one of them is stale, some never get in.
    """
    assert len(endpoint.send(client, **change).headers("DPoP-Nonce")) <= 1


@case("RFC9449-8.1-01-{role}", needs=("nonce-{role}",))
@at("resource", "userinfo", "token", "par")
@ANSWERS
def test_nonce_has_only_characters_that_it_may_have(
    endpoint: ProofEndpoint, client: Client, change: dict[str, object]
) -> None:
    """A nonce has one or more visible ASCII characters, none of them a quotation mark or a backslash.

    With others it cannot be quoted in a header, and what a proxy or a client makes of it is anybody's guess.
    """
    supplied = endpoint.send(client, **change).headers("DPoP-Nonce")

    assert [nonce for nonce in supplied if not is_well_formed(nonce)] == []


@case("RFC9449-8.2-05-{role}", latitude="L43", needs=("nonce-{role}",))
@at("resource", "userinfo", "token", "par")
@ANSWERS
def test_answer_with_a_nonce_may_be_kept_by_no_cache(
    endpoint: ProofEndpoint, client: Client, change: dict[str, object]
) -> None:
    """An answer that supplies a nonce says that it is not to be stored, or is of a kind that no cache stores unasked.

    Out of a cache come old nonces: each of them is refused, and the client goes in circles.
    """
    seen = endpoint.send(client, **change)

    assert not (seen.headers("DPoP-Nonce") and may_be_stored(seen))


@case("RFC9449-8-16|RFC9449-9-03", latitude="L42-exposed", needs=("cors", "nonce-{role}"))
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize("change", [row("success", {}), row("challenge", {"nonce": INVENTED})])
def test_nonce_is_exposed_to_scripts(
    endpoint: ProofEndpoint, client: Client, script: Script, change: dict[str, object]
) -> None:
    """A script of another origin can read the nonce that an answer supplies.

    An app in a browser that cannot see the nonce of a challenge can never answer it.
    """
    seen = endpoint.send(client, headers={"Origin": script.origin}, **change)

    assert not seen.headers("DPoP-Nonce") or script.sees(seen, "DPoP-Nonce")


@case("RFC9449-8.2-01", needs=("nonce-as",))
@at_the_authorization_server
def test_success_supplies_the_next_nonce(endpoint: ProofEndpoint, client: Client) -> None:
    """The answer to an accepted request supplies the nonce of the next one, so that no challenge comes between.

    Recorded, not demanded: when a new nonce is supplied is the server's choice.
    """
    assert endpoint.accepts(client).headers("DPoP-Nonce"), "the answer supplied no nonce"


@case("RFC9449-8-09", also=("RFC6749-5.2-01", "RFC6749-5.2-02"), needs=("nonce-as",))
@at_the_authorization_server
def test_challenge_of_the_authorization_server_is_a_readable_error(endpoint: ProofEndpoint, client: Client) -> None:
    """The body of a challenge is a JSON object with an error, and what more it says has the characters it may have."""
    seen = endpoint.send(client, nonce=INVENTED)

    assert list(broken(seen, Hard(json_error=("4xx",), characters=True))) == []
