"""RFC 9449, section 4.3, item 9: the proof names the URI that was asked for."""

import pytest

from holdfast import ACCEPTED, REFUSED, Outcome, at_every_endpoint, at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT, Literal

PARTS = "RFC9449-4.3-12-{role}"
SAME = "RFC9449-4.3-17-{role}"


@case("RFC9449-4.3-11-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    ("htu", "expected"),
    [
        row("other-host", "{scheme}://evil.{host}{path}", REFUSED, impact="critical"),
        row("host-as-prefix", "{scheme}://{name}.evil.test:{port}{path}", REFUSED, impact="critical"),
        row("host-as-user", "{scheme}://{host}@evil.test{path}", REFUSED, impact="critical"),
        row("user-before-host", "{scheme}://evil.test@{host}{path}", REFUSED, impact="low"),
        row("other-port", "{scheme}://{name}:1{path}", REFUSED),
        row("port-of-another-service", "{scheme}://{elsewhere}{path}", REFUSED),
        row("other-scheme", "http://{host}{path}", REFUSED),
        row("no-scheme", "//{host}{path}", REFUSED, impact="medium"),
        row("other-path", "{scheme}://{host}/other", REFUSED, impact="critical"),
        row("path-continued", "{scheme}://{host}{path}/more", REFUSED),
        row("path-in-capitals", "{scheme}://{host}{PATH}", REFUSED),
        row("path-alone", "{path}", REFUSED, impact="medium"),
        row("path-twice-slashed", "{scheme}://{host}/{path}", REFUSED, impact="medium"),
        row("path-up-and-away", "{scheme}://{host}{path}/../other", REFUSED),
        row("target-in-query", "{scheme}://evil.test/?{scheme}://{host}{path}", REFUSED, impact="critical"),
        row("target-in-fragment", "{scheme}://evil.test/#{scheme}://{host}{path}", REFUSED, impact="critical"),
        row("trailing-slash", "{scheme}://{host}{path}/", REFUSED, impact="low", latitude="L10"),
        row("space-around", " {scheme}://{host}{path} ", REFUSED, impact="low", latitude="L10"),
        row("two-in-one", "{scheme}://{host}{path} {scheme}://{host}{path}", REFUSED, impact="medium"),
        row("wildcard", "{scheme}://{host}/*", REFUSED),
        row("query", "{scheme}://{host}{path}?a=b", ACCEPTED, requirement=PARTS, impact="low", latitude="L52"),
        row("fragment", "{scheme}://{host}{path}#f", ACCEPTED, requirement=PARTS, impact="low", latitude="L52"),
        row("scheme-in-capitals", "{SCHEME}://{host}{path}", ACCEPTED, requirement=SAME, impact="low"),
        row("host-in-capitals", "{scheme}://{HOST}{path}", ACCEPTED, requirement=SAME, impact="low"),
        row("letter-escaped", "{scheme}://{host}{escaped}", ACCEPTED, requirement=SAME, impact="low"),
        row("dot-segment", "{scheme}://{host}/.{path}", ACCEPTED, requirement=SAME, impact="low"),
        row("up-and-back", "{scheme}://{host}/x/..{path}", ACCEPTED, requirement=SAME, impact="low"),
    ],
)
def test_htu(endpoint: ProofEndpoint, client: Client, htu: str, expected: Outcome) -> None:
    """The `htu` claim is compared with the URI of the request as section 4.3 says, and with nothing less.

    A proof captured at one server must not open another; and honest spellings of the same URI must not be refused.
    """
    assert endpoint.send(client, htu=htu.format(**endpoint.parts())).outcome is expected


@case("RFC9449-4.3-03-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "htu",
    [row("absent", ABSENT), row("empty", ""), row("null", Literal(None)), row("list", Literal(["https://rs.test/"]))],
)
def test_htu_that_is_no_uri_is_refused(endpoint: ProofEndpoint, client: Client, htu: object) -> None:
    """A proof whose `htu` is missing or no URI is refused."""
    assert endpoint.send(client, htu=htu).refused


@case("RFC9449-4.3-12-{role}", impact="medium")
@at_token_use
def test_request_with_a_query_is_accepted(endpoint: ProofEndpoint, client: Client) -> None:
    """A request with a query is accepted with an `htu` that has none."""
    assert endpoint.send(client, query="page=2").accepted
