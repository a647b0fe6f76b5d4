"""RFC 9449, section 4.3, item 8: the proof names the method of the request."""

import pytest

from holdfast import at_every_endpoint, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT, Literal

METHOD = "RFC9449-4.3-10-{role}"


@case(METHOD, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "htm",
    [
        row("delete", "DELETE"),
        row("put", "PUT"),
        row("star", "*"),
        row("empty", ""),
        row("two-methods", "GET,POST"),
        row("number", Literal(1), impact="medium"),
        row("list", Literal(["GET", "POST"]), impact="medium"),
        row("absent", ABSENT, requirement="RFC9449-4.3-03-{role}"),
    ],
)
def test_wrong_htm_is_refused(endpoint: ProofEndpoint, client: Client, htm: object) -> None:
    """A proof for another method is refused.

    A proof captured from a harmless GET must not carry a DELETE.
    """
    assert endpoint.send(client, htm=htm).refused


@case(METHOD, situation="proof-invalid", impact="high")
@at_every_endpoint
def test_proof_for_the_other_usual_method_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof for a GET is refused with a POST, and one for a POST with a GET.

    These two are what every client makes proofs for; what was captured while it was reading must not write.
    """
    assert endpoint.send(client, htm=endpoint.parts()["other"]).refused


@case(METHOD, situation="proof-invalid", impact="low", latitude="L12")
@at_every_endpoint
@pytest.mark.parametrize("htm", [row("small", "{small}"), row("capitalised", "{capitalised}")])
def test_htm_in_other_letters_is_refused(endpoint: ProofEndpoint, client: Client, htm: str) -> None:
    """Methods have a case (RFC 9110, section 9.1): a proof for `get` or `Post` is for no method at all."""
    assert endpoint.send(client, htm=htm.format(**endpoint.parts())).refused


@case(METHOD, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "htm",
    [
        row("space-after", "{method} ", impact="low"),
        row("space-before", " {method}", impact="low"),
        row("line-break-after", "{method}\n", impact="low"),
        row("nul-after", "{method}\x00"),
        row("half-a-surrogate-pair-after", "{method}\ud800", impact="medium"),
        row("longer", "{method}X"),
        row("shorter", "{method:.2}"),
        row("twice", "{method} {method}", impact="medium"),
        row("in-quotes", '"{method}"', impact="low"),
        row("with-version", "{method} HTTP/1.1", impact="medium"),
        row("wide-letters", "{wide}", impact="low"),
        row("head", "HEAD"),
        row("connect", "CONNECT"),
    ],
)
def test_htm_that_is_nearly_right_is_refused(endpoint: ProofEndpoint, client: Client, htm: str) -> None:
    """A proof is refused when its `htm` holds the method of the request and more, or less, or only looks like it.

    A comparison that finds one text within the other, or forgives spellings, lets a proof for one method do for more.
    """
    assert endpoint.send(client, htm=htm.format(**endpoint.parts())).refused


@case(METHOD, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "htm", [row("null", Literal(None)), row("true", Literal(True)), row("object", Literal({})), row("zero", Literal(0))]
)
def test_htm_that_is_no_text_is_refused(endpoint: ProofEndpoint, client: Client, htm: object) -> None:
    """A proof whose `htm` is no text is refused."""
    assert endpoint.send(client, htm=htm).refused


@case(METHOD, situation="proof-invalid", impact="medium")
@at_every_endpoint
def test_right_htm_inside_a_list_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is refused when its `htm` is a list of the one right method: lists turn into texts by themselves."""
    assert endpoint.send(client, htm=Literal([endpoint.parts()["method"]])).refused
