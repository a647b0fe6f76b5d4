"""RFC 9449, sections 8 and 11.1: what failed leaves no trace, so that nobody locks the honest client out."""

import pytest

from holdfast import at_every_endpoint, at_the_authorization_server, case, row
from holdfast.jose import decode
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint, ResourceServer
from holdfast.proofs import new_jti

ELSEWHERE = "RFC9449-11.1-05-{role}"


@case(ELSEWHERE, impact="medium")
@at_every_endpoint
def test_forged_signature_does_not_burn_the_jti(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is accepted although a copy of it with a forged signature was refused just before.

    Who can read a `jti`, or guess it, must not be able to spend it: only what verified is remembered.
    """
    endpoint.accepts(client)
    honest = endpoint.prepare(client)
    proof = dict(honest.request.headers)["DPoP"]
    endpoint.refuses(client, proof=f"{proof[:-8]}AAAAAAAA")

    assert endpoint.deliver(honest).accepted


@case(ELSEWHERE, impact="medium")
@at_every_endpoint
def test_jti_of_another_client_is_free(endpoint: ProofEndpoint, client: Client, second: Client) -> None:
    """A `jti` that another client's proof had is no reason to refuse: each key has its own.

    Otherwise one client spends the identifiers of the next, by chance or on purpose.
    """
    same = new_jti()
    endpoint.accepts(second, jti=same)

    assert endpoint.send(client, jti=same).accepted


@case(ELSEWHERE, impact="medium")
def test_proof_by_another_key_does_not_burn_the_jti(rs: ResourceServer, client: Client, second: Client) -> None:
    """A `jti` stays free when it was first seen in a proof by another key for the same token, which was refused."""
    same = new_jti()
    rs.refuses(second, token=rs.token(client).value, jti=same)

    assert rs.send(client, jti=same).accepted


@case(ELSEWHERE, impact="medium")
@at_the_authorization_server
def test_failed_client_authentication_does_not_burn_the_jti(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is accepted although it came just before with wrong credentials, which were refused.

    Otherwise whoever sees a proof on its way, and knows no credentials, uses it up before it arrives.
    """
    endpoint.accepts(client)
    honest = endpoint.prepare(client)
    endpoint.refuses(client, proof=dict(honest.request.headers)["DPoP"], secret="wrong")

    assert endpoint.deliver(honest).accepted


@case("RFC9449-11.1-09-{role}", impact="medium", latitude="L20", needs=("nonce-{role}",))
@at_every_endpoint
@pytest.mark.parametrize(
    "defect",
    [
        row("forged-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "DELETE"}),
        row("other-place", {"htu": "https://nowhere.invalid/"}),
    ],
)
def test_failed_proof_does_not_burn_the_nonce(
    endpoint: ProofEndpoint, client: Client, defect: dict[str, object]
) -> None:
    """A nonce is good for an honest proof although a proof with it was refused just before.

    A nonce is no secret: whoever sees it could send it first, and the client would never get through.
    """
    endpoint.accepts(client)
    failed = endpoint.refuses(client, **defect)
    claims = decode(dict(failed.request.headers)["DPoP"]).claims
    nonce = claims["nonce"] if isinstance(claims, dict) else ""

    assert endpoint.send(client, nonce=nonce).accepted


@case("RFC9449-5-02", impact="medium", needs=("refresh_token", "authorization_code"))
@pytest.mark.parametrize(
    "defect", [row("forged-signature", {"signature": "flipped"}), row("no-proof", {"proof": None})]
)
def test_failed_proof_does_not_burn_the_refresh_token(
    authorization_server: AuthorizationServer, public: Client, defect: dict[str, object]
) -> None:
    """A public client's refresh token survives a request whose proof was refused: the honest client can still use it.

    A server that spends the token before it looks at the proof lets anybody end the client's session.
    """
    token = authorization_server.token(public, user=True)
    authorization_server.refuses_refresh(public, token, **defect)

    assert authorization_server.refresh(public, token).accepted
