"""RFC 9449, section 7, and RFC 6750, section 3: what a refusal at a protected resource says, and under which status."""

import pytest

from holdfast import at, case, row
from holdfast.parties import Client, Door, ResourceServer

BOTH = at("resource", "userinfo")

#: Error codes of RFC 6750 section 3.1, RFC 9449 sections 7.1 and 9, and RFC 9470 section 3.
REGISTERED = {
    "invalid_request",
    "invalid_token",
    "insufficient_scope",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_user_authentication",
}


@case("RFC6750-3-01", impact="medium")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("proof-alone", "proof-alone", also=("RFC9449-4-02",)),
        row("foreign-scheme", "foreign-scheme"),
        row("bad-token", "bad-token"),
        row("bad-bearer", "bad-bearer"),
        row("bad-proof", "bad-proof"),
        row("no-proof", "no-proof"),
        row("other-key", "other-key"),
        row("bound-as-bearer", "bound-as-bearer"),
    ],
)
def test_failed_request_is_answered_with_a_challenge(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """A request whose credentials are missing or do not suffice is refused with a challenge."""
    seen = endpoint.fails(client, fault)

    assert seen.refused and seen.challenges


@case("RFC9449-7.1-09", impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("no-credentials", "no-credentials"),
        row("foreign-scheme", "foreign-scheme"),
        row("bound-as-bearer", "bound-as-bearer"),
        row("bad-bearer", "bad-bearer"),
    ],
)
def test_challenge_offers_dpop(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """A server that takes DPoP says so in its challenge, also to those who came with something else.

    A client that is told of Bearer alone asks for bearer tokens.
    """
    seen = endpoint.fails(client, fault)

    assert seen.refused and "dpop" in {scheme.lower() for scheme, _ in seen.challenges}


@case("RFC6750-3.1-06", also=("RFC9449-7.2-06", "RFC9449-7.2-05"), impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("no-credentials", "no-credentials"),
        row("foreign-scheme", "foreign-scheme"),
        row("proof-alone", "proof-alone", requirement="RFC9449-7.2-06", also=("RFC9449-4-02",)),
    ],
)
def test_who_presented_no_token_is_told_of_no_error(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """No challenge names an error where no token came: a scheme that is not known here, or a proof alone, is none."""
    seen = endpoint.fails(client, fault)
    told = {name for _, parameters in seen.challenges for name in parameters}

    assert seen.refused and not told & {"error", "error_description", "error_uri"}


@case("RFC9449-7.1-14", also=("RFC6750-3-08",), impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("bad-token", "bad-token"),
        row("bad-proof", "bad-proof"),
        row("other-key", "other-key"),
        row("bound-as-bearer", "bound-as-bearer", requirement="RFC6750-3-08"),
        row("bad-bearer", "bad-bearer", requirement="RFC6750-3-08"),
        row("two-schemes", "two-schemes", also=("RFC9449-7.2-08",)),
    ],
)
def test_who_presented_a_token_is_told_of_an_error(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """A challenge names an error where a token came and did not let its bearer in."""
    seen = endpoint.fails(client, fault)

    assert seen.accepted or any("error" in parameters for _, parameters in seen.challenges)


@case("RFC9449-7.1-15", impact="low")
@BOTH
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        row("bad-token", "bad-token", {"invalid_token"}),
        row("bad-proof", "bad-proof", {"invalid_dpop_proof"}),
        # Section 4.3 counts the key among the checks of the proof; the example in section 7.1 blames the token.
        row("other-key", "other-key", {"invalid_token", "invalid_dpop_proof"}),
    ],
)
def test_error_tells_a_bad_token_from_a_bad_proof(
    endpoint: ResourceServer, client: Client, fault: str, codes: set[str]
) -> None:
    """The error says what was wrong: the token, or the proof.

    A client answers the one with a new token and the other with a new proof.
    """
    seen = endpoint.fails(client, fault)
    named = {parameters["error"] for _, parameters in seen.challenges if "error" in parameters}

    assert seen.refused and named and named <= codes


@case("RFC9449-12.2-01-RS", impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("bad-token", "bad-token"),
        row("bad-proof", "bad-proof"),
        row("no-proof", "no-proof"),
        row("other-key", "other-key"),
        row("bound-as-bearer", "bound-as-bearer"),
        row("bad-bearer", "bad-bearer"),
        row("two-schemes", "two-schemes"),
        row("malformed", "malformed"),
    ],
)
def test_error_is_a_registered_one(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """The error in a challenge is one that a client can know, none of the server's own making."""
    seen = endpoint.fails(client, fault)
    named = {parameters["error"] for _, parameters in seen.challenges if "error" in parameters}

    assert named <= REGISTERED


@case("RFC6750-3.1-02", also=("MCP-errors-01", "MCP-token-handling-03"), impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("bad-token", "bad-token"),
        row("bad-bearer", "bad-bearer"),
        row("other-key", "other-key"),
        row("bound-as-bearer", "bound-as-bearer"),
    ],
)
def test_token_that_does_not_suffice_is_answered_with_401(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """A token that is not good, or not good in these hands, is answered with 401: come back with another."""
    assert endpoint.fails(client, fault).status == 401


@case("RFC6750-3.1-01", impact="low")
@BOTH
@pytest.mark.parametrize(
    "fault",
    [
        row("two-schemes", "two-schemes", also=("RFC9449-7.2-08",)),
        row("header-and-query", "header-and-query"),
        row("malformed", "malformed"),
    ],
)
def test_invalid_request_is_answered_with_400(endpoint: ResourceServer, client: Client, fault: str) -> None:
    """The error invalid_request comes with 400, and no other error does, so that either may be read alone."""
    seen = endpoint.fails(client, fault)
    named = {seen.error, *(parameters.get("error", "") for _, parameters in seen.challenges)} - {""}

    assert not named or (seen.status == 400) is ("invalid_request" in named)


@case("RFC9449-7.2-07", also=("RFC9449-7.2-05",), impact="low")
@BOTH
@pytest.mark.parametrize(
    ("fault", "used"),
    [
        row("bad-token", "bad-token", "dpop"),
        row("bad-proof", "bad-proof", "dpop"),
        row("other-key", "other-key", "dpop"),
        row("bound-as-bearer", "bound-as-bearer", "bearer"),
        row("bad-bearer", "bad-bearer", "bearer"),
    ],
)
def test_error_stands_in_the_challenge_of_the_scheme_that_was_used(
    endpoint: ResourceServer, client: Client, fault: str, used: str
) -> None:
    """Where the scheme that the client used is among those offered, only its challenge carries the error."""
    seen = endpoint.fails(client, fault)
    offered = {scheme.lower() for scheme, _ in seen.challenges}
    blamed = {scheme.lower() for scheme, parameters in seen.challenges if "error" in parameters}

    assert used not in offered or blamed <= {used}


@case("RFC9068-4-13", impact="low", needs=("mint", "jwt-access-token"))
@pytest.mark.parametrize(
    "odd",
    [
        row("expired", {"lives": -600}),
        row("audience", {"aud": "https://other.test"}, also=("RFC7800-4-01",)),
        row("issuer", {"iss": "https://other.test"}),
        row("type", {"header": {"typ": "JWT"}}),
        row("signature", {"signature": "kept", "sub": "somebody-else"}),
    ],
)
def test_bad_token_is_named_in_the_dpop_challenge(rs: ResourceServer, client: Client, odd: dict[str, object]) -> None:
    """A token that fails a check is answered with 401 and invalid_token under the scheme DPoP as under Bearer."""
    seen = rs.send(client, token=rs.mint(client, **odd))  # type: ignore[arg-type]  # rows name what mint takes
    named = {parameters.get("error") for scheme, parameters in seen.challenges if scheme.lower() == "dpop"}

    assert seen.status == 401 and named == {"invalid_token"}


@case("RFC9700-2.3-04", situation="scope-insufficient", impact="high")
def test_action_beyond_the_scope_is_refused(scoped_door: Door, client: Client) -> None:
    """A request that asks for more than the token's scope is refused, whoever proves the key."""
    assert scoped_door.send(client, token=scoped_door.lesser_token(client)).refused


@case(
    "RFC6750-3.1-04",
    also=(
        "RFC6750-3.1-05",
        "FAPI2SP-5.3.4-04",
        "MCP-errors-01",
        "MCP-errors-02",
    ),
    impact="low",
)
def test_insufficient_scope_is_answered_with_403(scoped_door: Door, client: Client) -> None:
    """A scope that does not suffice is answered with 403 and insufficient_scope: a new proof would change nothing."""
    seen = scoped_door.send(client, token=scoped_door.lesser_token(client))
    named = {parameters["error"] for _, parameters in seen.challenges if "error" in parameters}

    assert seen.status == 403 and named == {"insufficient_scope"}


@case("RFC6750-2.1-01", impact="low", needs=("bearer",))
def test_unbound_token_is_accepted_in_the_header(rs: ResourceServer, client: Client, plain: Client) -> None:
    """Where tokens that are bound to nothing are taken, the Authorization header with the scheme Bearer is a way."""
    assert rs.send(client, token=rs.token(plain), downgraded="Bearer").accepted


@case("RFC6750-2.3-03", impact="medium")
def test_answer_to_a_token_in_the_query_is_private(rs: ResourceServer, client: Client, plain: Client) -> None:
    """An unbound token in the query opens nothing, or the answer is marked as private.

    A shared cache keeps by the URL, and knows nothing of a token in it.
    """
    seen = rs.send(client, token=rs.token(plain), token_in="query", proof=None)
    cached = {directive.strip().lower() for value in seen.headers("Cache-Control") for directive in value.split(",")}

    assert seen.refused or (seen.accepted and cached & {"private", "no-store"})
