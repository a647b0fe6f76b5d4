"""RFC 9449, sections 6 and 7: a bound token opens nothing without its proof, however and wherever it is presented."""

import pytest

from holdfast import at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint, ResourceServer


@case("RFC9449-6-01", impact="critical")
@at_token_use
@pytest.mark.parametrize(
    "written",
    [
        row("no-scheme", "{token}"),
        row("empty-scheme", ": {token}"),
        row("scheme-token", "Token {token}"),
        row("scheme-jwt", "JWT {token}"),
        row("scheme-oauth", "OAuth {token}"),
        row("scheme-negotiate", "Negotiate {token}"),
        row("basic-password", "Basic {basic}"),
        row("basic-alone", "Basic {token}"),
        row("bearer-colon", "Bearer: {token}"),
        row("bearer-equals", "Bearer={token}"),
        row("bearer-unspaced", "Bearer{token}"),
        row("bearer-two-spaces", "Bearer  {token}"),
        row("bearer-tab", "Bearer\t{token}"),
        row("bearer-in-quotes", 'Bearer "{token}"'),
        row("bearer-parameter", 'Bearer token="{token}"'),
        row("bearer-then-parameter", 'Bearer {token}, realm="holdfast"'),
        row("bearer-twice", "Bearer {token}, Bearer {token}"),
        row("bearer-capitals", "BEARER {token}"),
        row("bearer-within-dpop", "DPoP Bearer {token}"),
        row("dpop-within-bearer", "Bearer DPoP {token}"),
        row("dpop-then-bearer", "DPoP {token}, Bearer {token}"),
        row("bearer-then-dpop", "Bearer {token}, DPoP {token}"),
        row("dpop-two-spaces", "DPoP  {token}"),
        row("dpop-tab", "DPoP\t{token}"),
        row("dpop-unspaced", "DPoP{token}"),
        row("dpop-capitals", "DPOP {token}"),
    ],
)
def test_bound_token_without_a_proof_is_refused_however_it_is_written(
    endpoint: ProofEndpoint, client: Client, written: str
) -> None:
    """A bound token alone is refused, whatever scheme or spelling the Authorization header has.

    Code that looks for a scheme it knows, and takes the rest of the header for a token, skips the proof.
    """
    assert endpoint.send(client, written=written, proof=None).refused


@case("RFC9449-7.1-03", impact="medium")
@at_token_use
@pytest.mark.parametrize(
    "written",
    [
        row("token-absent", "DPoP"),
        row("no-scheme", "{token}", impact="low"),
        row("unspaced", "DPoP{token}", impact="low"),
        row("scheme-twice", "DPoP DPoP {token}", impact="low"),
        row("in-quotes", 'DPoP "{token}"', impact="low"),
        row("token-twice", "DPoP {token} {token}"),
        row("token-twice-comma", "DPoP {token},{token}"),
        row("then-bearer", "DPoP {token}, Bearer {token}"),
        row("then-a-parameter", 'DPoP {token}, realm="holdfast"', impact="low"),
        row("as-parameter", 'DPoP token="{token}"', impact="low"),
        row("then-a-comma", "DPoP {token},", impact="low"),
        row("then-a-semicolon", "DPoP {token};", impact="low"),
        row("colon", "DPoP: {token}", impact="low"),
    ],
)
def test_credentials_that_are_not_one_token_are_refused(endpoint: ProofEndpoint, client: Client, written: str) -> None:
    """The scheme is followed by exactly one token; anything else is refused, with a valid proof beside it.

    Two parsers that read such a header differently make a gap between gateway and server.
    """
    assert endpoint.send(client, written=written).refused


@case("RFC9449-6-01", impact="critical")
@at_token_use
@pytest.mark.parametrize(
    "place",
    [
        row("query", "query"),
        row("form", "form"),
        row("cookie", "cookie"),
        row("proxy-authorization", "header Proxy-Authorization"),
        row("access-token", "header X-Access-Token"),
        row("auth-token", "header X-Auth-Token"),
        row("forwarded-access-token", "header X-Forwarded-Access-Token"),
        row("original-authorization", "header X-Original-Authorization"),
        row("forwarded-authorization", "header X-Forwarded-Authorization"),
        row("websocket-protocol", "header Sec-WebSocket-Protocol"),
    ],
)
def test_bound_token_in_another_place_is_refused(endpoint: ProofEndpoint, client: Client, place: str) -> None:
    """A bound token without its proof is refused wherever else in the request it lies.

    Such places are read by other code than the Authorization header, and that code knows no proof.
    """
    assert endpoint.send(client, token_in=place, proof=None).refused


@case("RFC9449-7.2-01", impact="critical")
@at_token_use
def test_bound_token_as_bearer_beside_a_foreign_proof_is_refused(
    endpoint: ProofEndpoint, client: Client, thief: Client
) -> None:
    """A bound token as Bearer is refused with a proof by another key: that some proof is there proves nothing."""
    assert endpoint.send(client, scheme="Bearer", key=thief.key).refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical", needs=("mtls",))
@at_token_use
def test_certificate_in_place_of_the_proof_is_refused(endpoint: ProofEndpoint, client: Client, thief: Client) -> None:
    """A token bound to a key is refused over a connection with a certificate and without a proof.

    The token says what it is bound to; the sender does not choose.
    """
    assert endpoint.send(client, downgraded="Bearer", certificate=thief.certificate).refused


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical", needs=("mtls",))
def test_proof_in_place_of_the_certificate_is_refused(rs: ResourceServer, bound: Client, client: Client) -> None:
    """A token bound to a certificate is refused with a proof and without the certificate."""
    assert rs.send(client, token=rs.token(bound)).refused


@case("RFC6750-2-02", situation="several-credentials", impact="high", latitude="L15")
@at_token_use
def test_bearer_header_before_the_other_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A request with a Bearer and then a DPoP Authorization header is refused, as in the other order."""
    assert endpoint.send(client, token_in="two headers, Bearer first").refused


@case("RFC6750-2-02", situation="several-credentials", impact="high", latitude="L57")
def test_another_token_in_the_query_is_refused(rs: ResourceServer, client: Client, second: Client) -> None:
    """A request with a token in the header and another client's in the query is refused.

    Where one is checked and the other is used, a client acts with a token that it cannot prove.
    """
    other = rs.token(second).value

    assert rs.send(client, query=f"access_token={other}").refused


@case("RFC9449-7.1-02", impact="low")
@at_token_use
@pytest.mark.parametrize("scheme", [row("capitals", "DPOP"), row("mixed", "dPoP")])
def test_case_of_the_scheme_does_not_matter(endpoint: ProofEndpoint, client: Client, scheme: str) -> None:
    """The scheme is found whatever the case of its letters."""
    assert endpoint.send(client, scheme=scheme).accepted
