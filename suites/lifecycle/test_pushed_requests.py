"""RFC 9126: authorization requests that are pushed, and what comes of their request_uri."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, Clock, ProofEndpoint
from holdfast.parties.issued import variation

PAR = ("par",)
USED = ("par", "authorization_code", "user-agent")
VALIDATED = "RFC9126-2.1-03"
AUTHENTICATED = "RFC9126-2.1-02"


# The endpoint


@case("RFC9126-2-01", impact="high", needs=PAR)
def test_par_endpoint_is_on_tls(push_endpoint: ProofEndpoint, client: Client) -> None:
    """The PAR endpoint that takes an honest request is an https URL."""
    assert push_endpoint.accepts(client).request.url.startswith("https://")


@case("RFC9126-2-01", impact="high", needs=PAR)
def test_par_endpoint_does_not_answer_without_tls(authorization_server: AuthorizationServer, client: Client) -> None:
    """The PAR endpoint does not answer the same without TLS."""
    assert not authorization_server.answers_without_tls("par", client)


@case("RFC9126-2-02", impact="low", needs=(*PAR, "as-metadata"))
def test_par_endpoint_is_announced(push_endpoint: ProofEndpoint, authorization_server: AuthorizationServer) -> None:
    """The PAR endpoint is the one that the metadata announces."""
    assert authorization_server.metadata.get("pushed_authorization_request_endpoint") == push_endpoint.url


@case("RFC9126-5-01", impact="low", needs=(*PAR, "as-metadata"))
def test_whether_requests_must_be_pushed_is_true_or_false(authorization_server: AuthorizationServer) -> None:
    """If the metadata says whether requests must be pushed, it says true or false and no text."""
    assert isinstance(authorization_server.metadata.get("require_pushed_authorization_requests", False), bool)


@case("RFC9126-2.3-03", impact="low", needs=PAR)
def test_pushed_request_by_get_is_not_allowed(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed request by GET is answered with 405, with a proof for GET: its parameters would lie in every log."""
    assert push_endpoint.send(client, method="GET").status == 405


@case("RFC9126-2.3-04", impact="low", needs=PAR)
def test_huge_pushed_request_is_answered(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed request of a megabyte is taken or refused, with 413 if need be, and does not break the server."""
    assert not push_endpoint.send(client, parameters={"state": "a" * 1_000_000}).broke


# Who pushes


@case(AUTHENTICATED, also=("RFC9126-2-03",), situation="client-authentication-failed", impact="high", needs=PAR)
@pytest.mark.parametrize("secret", [row("wrong", "holdfast-wrong-secret"), row("absent", None)])
def test_push_without_the_clients_secret_is_refused(
    push_endpoint: ProofEndpoint, client: Client, secret: str | None
) -> None:
    """A pushed request is refused with a wrong secret and with none, whatever its proof."""
    assert push_endpoint.send(client, secret=secret).refused


@case(AUTHENTICATED, situation="client-authentication-failed", impact="high", needs=PAR)
def test_push_in_the_name_of_another_client_is_refused(
    push_endpoint: ProofEndpoint, client: Client, second: Client
) -> None:
    """A pushed request that names another client than the one whose secret it shows is refused."""
    assert push_endpoint.send(second, acting_as=client.registered.id).refused


@case("RFC9126-2-03", impact="medium", needs=PAR)
def test_client_that_signs_pushes(push_endpoint: ProofEndpoint, signing: Client) -> None:
    """A client that authenticates with private_key_jwt pushes as it asks for tokens."""
    assert push_endpoint.send(signing).accepted


@case("RFC9126-2-03", situation="client-authentication-failed", impact="high", needs=(*PAR, "mtls"))
def test_push_without_the_clients_certificate_is_refused(push_endpoint: ProofEndpoint, tls_client: Client) -> None:
    """A client that authenticates with its certificate pushes with it, and is refused without."""
    assert push_endpoint.send(tls_client, certificate=None).refused


@case("RFC9126-2-04", impact="medium", needs=PAR)
@pytest.mark.parametrize(
    "audience",
    [
        row("token-endpoint", "{token}", needs=("no:assertion-for-issuer-only",)),
        row("par-endpoint", "{par}", needs=("no:assertion-for-issuer-only",)),
    ],
)
def test_audience_of_a_pushing_clients_assertion(
    authorization_server: AuthorizationServer, push_endpoint: ProofEndpoint, signing: Client, audience: str
) -> None:
    """A client's assertion is taken at PAR for the token endpoint and for the PAR endpoint, as it is for the issuer."""
    assert push_endpoint.send(signing, audience=authorization_server.filled(audience)).accepted


# What is pushed


@case("RFC9126-2.1-01", impact="medium", needs=PAR)
def test_request_uri_in_a_push_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """A pushed request that brings the request_uri of an earlier one is refused."""
    earlier = authorization_server.pushed(client)

    assert authorization_server.push(client, parameters={"request_uri": earlier}).refused


@case(VALIDATED, also=("RFC9126-2.1-04",), impact="high", needs=(*USED, "no:unregistered-redirect-uri"))
def test_pushed_redirect_uri_that_is_not_registered_leads_nowhere(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A redirect_uri that is not registered is refused when it is pushed, or later: no token comes of it."""
    asked = {"redirect_uri": "https://evil.test/callback"}

    assert authorization_server.attempt(client, asked, push={}).refused


@case("RFC9126-7.2-01", impact="critical", needs=USED)
def test_public_clients_pushed_redirect_uri_that_is_not_registered_leads_nowhere(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """A public client's redirect_uri that is not registered is refused when it is pushed, or later.

    Only a client that has shown who it is may bring a new one.
    """
    asked = {"redirect_uri": "https://evil.test/callback"}

    assert authorization_server.attempt(public, asked, push={}).refused


@case(VALIDATED, also=("RFC9126-2.1-04",), impact="medium", needs=USED)
@pytest.mark.parametrize(
    "asked",
    [
        row("unknown-scope", {"scope": "holdfast-no-such-scope"}),
        row("no-response-type", {"response_type": None}),
        row("unknown-response-type", {"response_type": "holdfast"}),
        row("unknown-challenge-method", {"code_challenge_method": "holdfast"}),
        row("two-scopes", {"scope": ("openid", "read")}),
    ],
)
def test_pushed_request_is_validated(
    authorization_server: AuthorizationServer, client: Client, asked: dict[str, str | None]
) -> None:
    """A pushed request that is no valid authorization request is refused, or the later request is."""
    assert authorization_server.attempt(client, asked, push={}).refused


@case("RFC9449-10-07", also=(VALIDATED,), impact="medium", needs=(*USED, "dpop_jkt"))
@pytest.mark.parametrize(
    "jkt",
    [
        row("ten-characters", "0123456789"),
        row("padded", "$padded"),
        row("hexadecimal", "$hex"),
        row("sha-512", "$sha512"),
    ],
)
def test_pushed_key_that_is_no_thumbprint_leads_to_no_token(
    authorization_server: AuthorizationServer, client: Client, jkt: str
) -> None:
    """A pushed `dpop_jkt` that is no SHA-256 thumbprint is refused, or leads to a code that no key redeems."""
    asked = {"dpop_jkt": client.spelt(jkt)}

    assert authorization_server.attempt(client, asked, push={"proof": None}).refused


# What comes back


@case("RFC9126-2.2-01", impact="low", needs=PAR)
def test_push_is_answered_with_201(push_endpoint: ProofEndpoint, client: Client) -> None:
    """A pushed request that is accepted is answered with 201."""
    assert push_endpoint.accepts(client).status == 201


@case("RFC9126-2.2-01", impact="low", needs=PAR)
def test_lifetime_of_a_request_uri_is_told(push_endpoint: ProofEndpoint, client: Client) -> None:
    """The answer to a push says in `expires_in`, as a positive whole number, how long its request_uri is good."""
    told = push_endpoint.accepts(client).json().get("expires_in")

    assert type(told) is int and told > 0


@case(
    "RFC9126-2.2-03",
    also=(
        "RFC9126-7.1-01",
        "FAPI2SP-5.4.1-04",
    ),
    impact="high",
    needs=PAR,
)
def test_request_uri_cannot_be_guessed(authorization_server: AuthorizationServer, client: Client) -> None:
    """A request_uri varies by 128 bits, less what a UUID spends on its version; nobody guesses another client's."""
    seen = [authorization_server.pushed(client) for _ in range(20)]

    assert variation(seen) >= 120


@case("RFC9126-2.3-01", impact="low", needs=PAR)
@pytest.mark.parametrize(
    "defect",
    [
        row("broken-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "GET"}),
        row("two-proofs", {"proofs": "two different"}),
    ],
)
def test_refusal_of_a_pushed_proof_is_told_as_at_the_token_endpoint(
    push_endpoint: ProofEndpoint, client: Client, defect: dict[str, object]
) -> None:
    """A push with a broken proof is answered with 400 and an error in JSON, of the codes that are for it."""
    seen = push_endpoint.send(client, **defect)

    assert seen.status == 400 and seen.json().get("error") in {"invalid_dpop_proof", "invalid_request"}


# Its use


@case("RFC9126-2.2-04", impact="critical", needs=USED)
def test_request_uri_of_another_client_is_refused(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A request_uri is refused when another client than the one that pushed uses it, who may ask as much."""
    pushed = authorization_server.pushed(client, parameters={"scope": second.scopes[0]})

    assert authorization_server.authorize(second, {"request_uri": pushed}).refused


@case("RFC9126-2.2-04", impact="high", needs=USED)
def test_request_uri_that_nobody_pushed_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """A request_uri that looks like one of the server's, and was not issued by it, is refused."""
    made_up = authorization_server.pushed(client)[:-8] + "holdfast"

    assert authorization_server.authorize(client, {"request_uri": made_up}).refused


@case("RFC9126-4-02", also=("RFC9126-2.2-02", "RFC9126-7.3-01"), impact="medium", needs=USED)
def test_request_uri_is_good_once(authorization_server: AuthorizationServer, client: Client) -> None:
    """A request_uri that has led to a code is refused the second time, from another browser."""
    pushed = authorization_server.pushed(client)
    authorization_server.code_of(client, pushed)

    assert authorization_server.authorize(client, {"request_uri": pushed}).refused


@case("RFC9126-4-03", impact="medium", needs=USED, waits="pushed")
def test_expired_request_uri_is_refused(
    authorization_server: AuthorizationServer, client: Client, clock: Clock
) -> None:
    """A request_uri whose time has passed is refused. Real time passes here."""
    pushed = authorization_server.pushed(client)
    clock.outlast("pushed")

    assert authorization_server.authorize(client, {"request_uri": pushed}).refused


@case("RFC9126-4-05", impact="medium", needs=("authorization_code", "user-agent", "par-required"))
def test_plain_request_is_refused_where_requests_must_be_pushed(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A server that says that requests must be pushed refuses one that is not."""
    assert authorization_server.authorize(client).refused
