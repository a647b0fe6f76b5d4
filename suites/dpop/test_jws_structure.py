"""RFC 9449, sections 4.1 and 4.3 (item 2), and RFC 7515: a proof is one JWS in compact form, and nothing like it."""

import pytest

from holdfast import at_every_endpoint, at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint, ResourceServer
from holdfast.proofs import disguised

ONE_JWT = "RFC9449-4.3-02-{role}"
TOKEN68 = "RFC9449-4.1-04-{role}"


@case(ONE_JWT, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "parts",
    [
        row("header-and-payload", "two"),
        row("signature-twice", "four"),
        row("five-parts", "five", impact="medium"),
        row("empty-header", "no-header"),
        row("empty-payload", "no-payload"),
    ],
)
def test_wrong_number_of_parts_is_refused(endpoint: ProofEndpoint, client: Client, parts: str) -> None:
    """A proof has a header, a payload and a signature: one that lacks a part, or has more, is refused.

    A reader that splits at the dots and takes what it finds can be led past the signature.
    """
    assert endpoint.send(client, parts=parts).refused


@case(TOKEN68, situation="proof-invalid", impact="low")
@at_every_endpoint
def test_padded_parts_are_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof whose parts are padded with `=` is refused: token68 has it at the very end only, base64url nowhere.

    Two spellings of one proof are two proofs to whoever remembers the bytes and not the `jti`.
    """
    assert endpoint.send(client, padding=True).refused


@case(ONE_JWT, situation="proof-invalid", impact="low")
@at_every_endpoint
def test_standard_alphabet_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof in the alphabet of plain base64, with `+` and `/`, is refused: JOSE is written in base64url."""
    assert endpoint.send(client, alphabet="standard").refused


@case(TOKEN68, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "whitespace",
    [
        row("space-in-the-payload", "space"),
        row("tab-in-the-payload", "tab"),
        row("signed-with-the-space", "signed", impact="low"),
    ],
)
def test_white_space_inside_is_refused(endpoint: ProofEndpoint, client: Client, whitespace: str) -> None:
    """A proof with white space inside a part is refused, whether the signature covers the space or not."""
    assert endpoint.send(client, whitespace=whitespace).refused


@case(TOKEN68, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize("serialisation", [row("flattened", "flattened"), row("general", "general")])
def test_json_serialisation_is_refused(endpoint: ProofEndpoint, client: Client, serialisation: str) -> None:
    """A proof in one of the JSON serialisations is refused: a JWT has the compact form only.

    The JSON forms have an unprotected header and several signatures, and with them many ways to say two things at once.
    """
    assert endpoint.send(client, serialisation=serialisation).refused


@case(TOKEN68, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "value",
    [
        row("in-quotes", '"{proof}"'),
        row("in-brackets", "<{proof}>"),
        row("with-a-parameter", "{proof};v=1"),
        row("as-a-parameter", 'jwt="{proof}"'),
        row("behind-a-scheme", "DPoP {proof}"),
        row("comma-after", "{proof},"),
        row("escaped-nul-after", "{proof}%00"),
    ],
)
def test_more_than_the_proof_is_refused(endpoint: ProofEndpoint, client: Client, value: str) -> None:
    """The header's value is the proof and nothing around it: a proof within a longer value is refused.

    What one party cuts off and the next one does not, the two understand differently.
    """
    endpoint.accepts(client)
    headers = dict(endpoint.prepare(client).request.headers)

    assert endpoint.send(client, proof=value.format(proof=headers["DPoP"])).refused


@case("RFC9449-4.1-02-{role}", situation="proof-invalid", impact="low")
@at_every_endpoint
def test_proof_in_other_case_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """The header's value has a case: a proof with its capitals and small letters exchanged is refused."""
    endpoint.accepts(client)
    headers = dict(endpoint.prepare(client).request.headers)

    assert endpoint.send(client, proof=headers["DPoP"].swapcase()).refused


@case(ONE_JWT, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "value",
    [
        row("null", "null"),
        row("undefined", "undefined"),
        row("false", "false"),
        row("empty-object", "{}"),
        row("object-as-text", "[object Object]"),
        row("encrypted", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA"),
        row("four-thousand-dots", "." * 4000, impact="medium"),
    ],
)
def test_placeholder_is_refused(endpoint: ProofEndpoint, client: Client, value: str) -> None:
    """A DPoP header that holds some placeholder is a wrong proof, not an absent one, and is refused.

    Where "no proof" means "no check", a header that reads as nothing is the way in.
    """
    assert endpoint.send(client, proof=value).refused


@case("RFC9449-7.1-04", situation="proof-missing", impact="medium")
@at_token_use
@pytest.mark.parametrize(
    "name", [row("prefixed", "X-DPoP"), row("continued", "DPoP-Proof"), row("underscored", "DPoP_")]
)
def test_proof_under_another_name_is_refused(endpoint: ProofEndpoint, client: Client, name: str) -> None:
    """A proof counts in the DPoP header only: a request that carries it under another name is refused.

    Proxies that guard the one header let the other through.
    """
    assert endpoint.send(client, proof_header=name).refused


@case("RFC9449-11.5-01-RS", situation="proof-invalid", impact="high", needs=("jwt-access-token",))
def test_access_token_in_place_of_the_proof_is_refused(rs: ResourceServer, client: Client) -> None:
    """An access token is no proof, although it is a JWT with a good signature: it is refused in the DPoP header.

    Whoever stole the token has it already, and needs nothing else.
    """
    assert rs.send(client, proof=rs.token(client).value).refused


@case("RFC9449-4.2-09-{role}", situation="proof-invalid", impact="high", latitude="L05")
@at_every_endpoint
@pytest.mark.parametrize("how", [row("other-half-of-the-curve", "malleated"), row("stray-bits", "stray-bits")])
def test_captured_proof_in_other_bytes_is_refused(endpoint: ProofEndpoint, client: Client, how: str) -> None:
    """A proof that was accepted once is refused again when its signature is spelt in other bytes.

    An ECDSA signature has a twin that verifies as well, and base64url has bits that lenient readers ignore: a memory of
    bytes, in place of `jti`, takes each spelling for a new proof.
    """
    seen = endpoint.accepts(client)
    headers = dict(seen.request.headers)

    assert endpoint.send(client, proof=disguised(headers["DPoP"], how)).refused
