"""RFC 9449, sections 4.3 (item 8) and 7: every method is guarded, and a method is what the request line says it is."""

import pytest

from holdfast import at, at_every_endpoint, at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint

METHOD, BELIEVED = "RFC9449-4.3-10-{role}", "RFC9700-4.13-02-{role}"

OTHER_METHODS = pytest.mark.parametrize(
    "method",
    [
        row("head", "HEAD", impact="medium"),
        row("get-or-post", "{other}"),
        row("put", "PUT"),
        row("patch", "PATCH"),
        row("delete", "DELETE"),
        row("options", "OPTIONS"),
        row("query", "QUERY"),
        row("propfind", "PROPFIND"),
        row("unheard-of", "HOLDFAST"),
        row("in-small-letters", "{small}"),
    ],
)


@case(METHOD, also=(BELIEVED,), situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "claim",
    [
        row("x-http-method-override", "header X-HTTP-Method-Override={other}"),
        row("x-http-method", "header X-HTTP-Method={other}"),
        row("x-method-override", "header X-Method-Override={other}"),
        row("query", "query _method={other}"),
        row("delete", "header X-HTTP-Method-Override=DELETE"),
    ],
)
def test_proof_for_a_method_that_is_only_claimed_is_refused(
    endpoint: ProofEndpoint, client: Client, claim: str
) -> None:
    """A proof is refused when it is for a method that a header or the query claims, and not for that of the request.

    Where the sender says which method counts, the proof is held against one and the request is run as another.
    """
    assert endpoint.send(client, override=claim.format(**endpoint.parts())).refused


@case(METHOD, also=(BELIEVED,), situation="proof-invalid", impact="high")
@at("resource-post", "token", "token-code", "token-refresh", "par")
def test_proof_for_a_method_that_a_form_claims_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof for GET is refused with POST when a field `_method` of the form claims that it is GET."""
    assert endpoint.send(client, override="form _method=GET").refused


@case(METHOD, impact="medium")
@at("resource", "userinfo")
def test_head_with_a_proof_for_another_method_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A HEAD request is refused with a proof for GET: a server that answers both by one piece of code sees one method.

    Judged by its status, since an answer to HEAD shows nothing else.
    """
    assert endpoint.send(client, method="HEAD", htm=endpoint.parts()["method"]).refused


@case("RFC9449-7.2-01", also=("RFC7800-4-02",), impact="high")
@at_token_use
@OTHER_METHODS
def test_bound_token_as_bearer_is_refused_by_every_method(endpoint: ProofEndpoint, client: Client, method: str) -> None:
    """A bound token as Bearer yields the protected answer by no method, not even by one that nobody knows.

    Guards are often listed by method, and the one that was forgotten is served all the same. HEAD is judged by its
    status.
    """
    assert endpoint.send(client, method=method.format(**endpoint.parts()), downgraded="Bearer").refused


@case("RFC9449-7.1-07", impact="high")
@at_token_use
@OTHER_METHODS
def test_no_method_works_without_credentials(endpoint: ProofEndpoint, client: Client, method: str) -> None:
    """A request without token and proof yields the protected answer by no method; HEAD is judged by its status."""
    asked = method.format(**endpoint.parts())

    assert endpoint.send(client, method=asked, authorization=None, proof=None).refused


@case("RFC9449-7.1-07", impact="medium")
@at_token_use
def test_preflight_yields_nothing_protected(endpoint: ProofEndpoint, client: Client) -> None:
    """A browser's preflight, which never has credentials, is answered with what a script may send, and with no data.

    A rule that lets all of OPTIONS through, so that preflights work, opens what answers to any method.
    """
    preflight = {
        "Origin": "https://app.invalid",
        "Access-Control-Request-Method": endpoint.parts()["method"],
        "Access-Control-Request-Headers": "authorization, dpop",
    }

    assert endpoint.send(client, method="OPTIONS", headers=preflight, authorization=None, proof=None).refused
