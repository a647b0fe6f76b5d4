"""RFC 9449, sections 4.2, 4.3 (item 12) and 7: a proof says for which token it is, in one spelling."""

import pytest

from holdfast import ACCEPTED, REFUSED, at_the_authorization_server, at_token_use, case, row
from holdfast.jose import token_hash
from holdfast.parties import Client, ProofEndpoint, ResourceServer
from holdfast.proofs import Literal

HASHED = "RFC9449-4.3-15"


@case(HASHED, situation="proof-invalid", impact="medium")
@at_token_use
@pytest.mark.parametrize(
    "ath",
    [
        row("padded", "padded", impact="low"),
        row("hexadecimal", "hex"),
        row("capitals", "upper"),
        row("truncated", "truncated", impact="high"),
        row("sha-512", "sha512"),
        row("of-scheme-and-token", "of-scheme"),
    ],
)
def test_ath_in_another_spelling_is_refused(endpoint: ProofEndpoint, client: Client, ath: str) -> None:
    """A proof is refused when its `ath` is another hash of the token, or the right one in another spelling.

    A comparison that forgives spellings forgives more than that: a part of the hash, or its letters without their case.
    """
    assert endpoint.send(client, ath=ath).refused


@case(HASHED, situation="proof-invalid", impact="high")
@at_token_use
@pytest.mark.parametrize(
    "ath",
    [
        row("empty", ""),
        row("null", Literal(None)),
        row("true", Literal(True)),
        row("false", Literal(False)),
        row("zero", Literal(0)),
        row("list", Literal([])),
        row("object", Literal({})),
        row("star", "*"),
    ],
)
def test_ath_that_is_no_hash_is_refused(endpoint: ProofEndpoint, client: Client, ath: object) -> None:
    """A proof is refused when its `ath` is there and says nothing.

    In languages where an empty value counts as absent, it passes for a proof that need not say.
    """
    assert endpoint.send(client, ath=ath).refused


@case(HASHED, also=("RFC9449-7-03",), situation="proof-invalid", impact="high")
def test_ath_of_another_token_of_the_same_key_is_refused(rs: ResourceServer, client: Client) -> None:
    """A proof for one token of a client does not open the door for another token of the same client and key.

    Who captured the proof for a weak token must not use it with a strong one.
    """
    other = rs.fresh_token(client).value

    assert rs.send(client, ath=token_hash(other)).refused


@case(HASHED, situation="proof-invalid", impact="medium")
@at_token_use
@pytest.mark.parametrize("name", [row("capitals", "ATH"), row("capitalised", "Ath")])
def test_ath_under_another_name_is_refused(endpoint: ProofEndpoint, client: Client, name: str) -> None:
    """A proof is refused when its hash stands under another name: names of claims have a case."""
    assert endpoint.send(client, renamed={"ath": name}).refused


@case("RFC9449-4.2-18-{role}", impact="low")
@at_the_authorization_server
def test_ath_where_there_is_no_token_breaks_nothing(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with an `ath` is accepted or refused, cleanly, where no token is presented that it could be for."""
    assert endpoint.send(client, ath="A" * 43).outcome in {ACCEPTED, REFUSED}
