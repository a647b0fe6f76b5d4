"""RFC 9110, section 11.6.1, RFC 6750, section 3, and RFC 9449, section 7.1: every challenge can be read to the letter.

Which parameters there are is the server's choice; those that are there are written as they have to be.
"""

import pytest

from holdfast import at, case, challenge_syntax, row
from holdfast.parties import Client, Door, ResourceServer
from holdfast.proofs import Literal

BOTH = at("resource", "userinfo")

#: Answers of every kind: nothing presented, a bad token, a bad proof, several credentials (400).
FAULTS = [
    row("no-credentials", "no-credentials"),
    row("proof-alone", "proof-alone"),
    row("foreign-scheme", "foreign-scheme"),
    row("bad-token", "bad-token"),
    row("bad-proof", "bad-proof"),
    row("no-proof", "no-proof"),
    row("other-key", "other-key"),
    row("bound-as-bearer", "bound-as-bearer"),
    row("bad-bearer", "bad-bearer"),
    row("two-schemes", "two-schemes", also=("RFC6750-3-02", "RFC9449-7.1-11", "RFC9449-7.2-08")),
    row("header-and-query", "header-and-query", also=("RFC6750-3-02", "RFC9449-7.1-11")),
    row("malformed", "malformed"),
]
OFFERED = ("RFC9449-7.2-02", "RFC9449-7.1-19", "RFC9728-5.4-01")
ONCE = ("RFC6750-3-07", "RFC6750-3-10", "RFC6750-3-04", "RFC9449-7.1-12")
SPELT = ("RFC6750-3-12", "RFC6750-3-06", "RFC6750-3-09", "RFC9449-7.1-13", "RFC9449-7.1-16")


@case("RFC9449-7.1-10", also=OFFERED, impact="low")
@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_challenges_are_a_list_that_can_be_read(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """WWW-Authenticate is a list of challenges by the grammar, in one line or in several.

    A client that cannot find the DPoP challenge in it does not learn that it has to prove its key.
    """
    seen = endpoint.fails(client, fault)

    assert challenge_syntax.unreadable(seen.headers("WWW-Authenticate")) == []


@case("RFC6750-3-05", also=ONCE, impact="low")
@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_no_parameter_stands_twice_in_a_challenge(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """A challenge has one realm, one scope, one error: of two, each reader takes another."""
    seen = endpoint.fails(client, fault)

    assert challenge_syntax.repeated(seen.headers("WWW-Authenticate")) == []


@case("RFC6750-3-11", also=SPELT, impact="low")
@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_parameters_keep_to_their_characters(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """Scope, error, its description and its URI hold no character that they must not have."""
    seen = endpoint.fails(client, fault)

    assert challenge_syntax.outside_characters(seen.headers("WWW-Authenticate")) == []


@case("RFC9449-7.1-18", impact="low")
@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_algorithms_are_names_with_spaces_between_them(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """The parameter algs is one text of algorithm names with spaces between them, neither commas nor brackets."""
    seen = endpoint.fails(client, fault)

    assert challenge_syntax.misspelt_algorithms(seen.headers("WWW-Authenticate")) == []


@case("RFC6750-3-03", impact="low")
@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_bearer_challenge_has_a_parameter(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """The scheme Bearer is followed by at least one parameter, where it is offered."""
    seen = endpoint.fails(client, fault)

    assert challenge_syntax.bare(seen.headers("WWW-Authenticate"), "Bearer") == []


@case("RFC9449-7.1-13", also=("RFC6750-3.1-05", "RFC6750-3-06", "RFC9449-7.1-11"), impact="low")
def test_needed_scope_keeps_to_its_characters(scoped_door: Door, client: Client) -> None:
    """A challenge that names the scope which was missing can be read, and so can the scope."""
    seen = scoped_door.send(client, token=scoped_door.lesser_token(client))
    lines = seen.headers("WWW-Authenticate")

    assert challenge_syntax.unreadable(lines) + challenge_syntax.outside_characters(lines) == []


@case("RFC6750-3-11", impact="medium")
@BOTH
@pytest.mark.parametrize(
    "change",
    [
        row("htm", {"htm": 'GET", holdfast="injected'}),
        row("htu", {"htu": 'https://evil.test/", holdfast="injected'}),
        row("jti", {"jti": Literal(['", holdfast="injected'])}),
        row("iat", {"iat": Literal('", holdfast="injected')}),
        row("ath", {"ath": Literal('", holdfast="injected')}),
        row("nonce", {"nonce": '", holdfast="injected'}),
        row("typ", {"typ": 'dpop+jwt", holdfast="injected'}),
        row("alg", {"alg": 'ES256", holdfast="injected'}),
        row("line-end", {"htu": 'https://evil.test/"\r\nHoldfast: injected\r\nX: "'}),
        row("backslash", {"htu": 'https://evil.test/\\", holdfast="injected'}),
        row("token", {"written": 'DPoP x", holdfast="injected'}),
        row("bearer", {"written": 'Bearer x", holdfast="injected', "proof": None}),
        row("query", {"query": "access_token=%22%2C%20holdfast%3D%22injected"}),
    ],
)
def test_what_a_request_says_does_not_break_out_of_the_challenge(
    endpoint: ResourceServer, client: Client, change: dict[str, object]
) -> None:
    """A quotation mark or a line end in proof or token adds neither a parameter to the challenge nor a header.

    Who gets a victim to send a proof of the attacker's words could otherwise write the server's answer.
    """
    seen = endpoint.send(client, **change)
    lines = seen.headers("WWW-Authenticate")
    written = challenge_syntax.parameters(lines, "holdfast") or seen.headers("Holdfast")

    assert not written and challenge_syntax.unreadable(lines) == []
