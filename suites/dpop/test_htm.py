"""RFC 9449, section 4.3, item 8: the proof names the method of the request."""

import pytest

from holdfast import at, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT, Literal


@case("RFC9449-4.3-10-{role}", situation="proof-invalid", impact="high")
@at("resource", "userinfo", "token", "par")
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


@case("RFC9449-4.3-10-{role}", situation="proof-invalid", impact="low", latitude="L12")
@at("resource", "userinfo", "token", "par")
def test_htm_in_small_letters_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """Methods have a case (RFC 9110, section 9.1): a proof for `get` or `post` is for no method at all."""
    assert endpoint.send(client, htm=endpoint.parts()["method"].lower()).refused
