"""A proof is no client authentication, and client authentication is no proof (RFC 9449 sections 4, 5 and 11.11)."""

from typing import Any

import pytest

from holdfast import at, case, row
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint

NO_AUTHENTICATION = "RFC9449-4-03"
LINKED = "RFC9449-11.11-01"
CREDENTIALS = ("client_credentials",)
KINDS = pytest.mark.parametrize(
    "user", [row("client-credentials", False, needs=CREDENTIALS), row("code", True, needs=("authorization_code",))]
)
#: RFC 6749 section 5.2, RFC 8628, RFC 8707, RFC 9449 section 12.2.
REGISTERED = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
}
DEFECTS = pytest.mark.parametrize(
    "defect",
    [
        row("broken-signature", {"signature": "flipped"}),
        row("other-type", {"typ": "JWT"}),
        row("private-key", {"jwk": "private"}),
        row("other-uri", {"htu": "https://elsewhere.test/token"}),
        row("two-proofs", {"proofs": "two different"}),
        row("no-jwt", {"proof": "holdfast"}),
    ],
)


@case(NO_AUTHENTICATION, situation="client-authentication-failed", impact="critical")
@KINDS
@pytest.mark.parametrize("secret", [row("wrong", "holdfast-wrong-secret"), row("absent", None)])
def test_proof_does_not_replace_client_authentication(
    authorization_server: AuthorizationServer, client: Client, user: bool, secret: str | None
) -> None:
    """A client with a wrong secret, or with none, gets no token, however good its proof is."""
    assert authorization_server.ask(client, user=user, secret=secret).refused


@case(NO_AUTHENTICATION, situation="client-authentication-failed", impact="critical", needs=CREDENTIALS)
@pytest.mark.parametrize("secret", [row("of-another-key", "holdfast-another-key"), row("absent", None)])
def test_proof_does_not_replace_a_signed_assertion(
    authorization_server: AuthorizationServer, signing: Client, secret: str | None
) -> None:
    """A client that authenticates by signed assertions gets no token by a proof without one, or with a stranger's.

    Both are JWTs in one request; each is checked by its own key.
    """
    assert authorization_server.ask(signing, secret=secret).refused


@case(NO_AUTHENTICATION, situation="client-authentication-failed", impact="critical", needs=CREDENTIALS)
def test_key_of_the_proof_signs_no_assertion(authorization_server: AuthorizationServer, signing: Client) -> None:
    """A client assertion that is signed by the key of the proof is refused: that key is registered nowhere."""
    assertion = authorization_server.assertion(signing.signing_with(signing.key))

    assert authorization_server.ask(signing, parameters={"client_assertion": assertion}).refused


@case(NO_AUTHENTICATION, situation="client-authentication-failed", impact="critical", needs=CREDENTIALS)
def test_secret_of_one_client_is_none_of_another(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A request in the name of another client than the one whose secret it shows is refused."""
    assert authorization_server.ask(second, acting_as=client.registered.id).refused


@case(NO_AUTHENTICATION, impact="high", needs=("client_credentials", "binding-shown"))
def test_key_of_one_client_makes_nobody_that_client(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A client that proves with the key of another gets a token of its own, or none, and never the other's.

    Who takes the key for the client gives it the other's rights.
    """
    authorization_server.token(client)
    seen = authorization_server.ask(second, key=client.key)
    said = {} if seen.refused else authorization_server.shown(authorization_server.read(seen), second)

    assert seen.refused or said.get("client_id") == second.registered.id


@case("RFC9449-5-05", also=(LINKED,), impact="medium", needs=("client_credentials", "binding-shown"))
def test_proof_that_another_made_binds_to_the_others_key(
    authorization_server: AuthorizationServer, token_endpoint: ProofEndpoint, client: Client, second: Client
) -> None:
    """A token got with an unused proof of somebody else is bound to their key, if it is given at all.

    Nothing but the request ties the proof to the client. Who sends a captured proof gets a token that is of no use
    to it, as long as the server binds it to the key that signed.
    """
    captured = token_endpoint.prepare(second)
    seen = token_endpoint.send_with_proof_of(captured, client)
    said = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), client)

    assert seen.refused or said.get("jkt") == second.jkt


@case(LINKED, impact="low", needs=CREDENTIALS)
@pytest.mark.parametrize(
    "defect", [row("broken-signature", {"signature": "flipped"}), row("other-type", {"typ": "JWT"})]
)
def test_stranger_is_not_told_whether_its_proof_is_good(
    authorization_server: AuthorizationServer, client: Client, defect: dict[str, Any]
) -> None:
    """A client that cannot authenticate is answered the same, whether its proof is good or not.

    Otherwise anybody learns from the answers what a proof has to look like here.
    """
    good = authorization_server.ask(client, secret="holdfast-wrong-secret")
    bad = authorization_server.ask(client, secret="holdfast-wrong-secret", **defect)

    assert (bad.refused, bad.status, bad.error) == (True, good.status, good.error)


# A certificate beside the proof


@case("RFC8705-3-01", also=("RFC9449-5-05",), impact="high", needs=("client_credentials", "mtls", "binding-shown"))
def test_token_of_a_doubly_bound_client_names_key_and_certificate(
    authorization_server: AuthorizationServer, doubly_bound: Client
) -> None:
    """A client that is registered for both gets a token that names its key and its certificate."""
    token = authorization_server.token(doubly_bound)
    found = authorization_server.binding(token, doubly_bound)

    assert (found.get("jkt"), found.get("x5t#S256")) == (
        doubly_bound.jkt,
        doubly_bound.certificate and doubly_bound.certificate.thumbprint,
    )


@case("RFC8705-3-01", impact="high", needs=("client_credentials", "mtls", "binding-shown"))
def test_proof_does_not_take_the_place_of_the_certificate(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """A client of certificate-bound tokens that sends a proof as well gets its certificate into the token, or none."""
    seen = authorization_server.ask(bound, key=bound.key)
    found = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), bound)

    assert seen.refused or found.get("x5t#S256") == (bound.certificate and bound.certificate.thumbprint)


@case("RFC9449-5-05", impact="high", needs=("client_credentials", "mtls", "binding-shown"))
def test_certificate_does_not_take_the_place_of_the_key(
    authorization_server: AuthorizationServer, client: Client, doubly_bound: Client
) -> None:
    """A client of key-bound tokens that shows a certificate as well gets its key into the token, or no token."""
    seen = authorization_server.ask(client, certificate=doubly_bound.certificate)
    found = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), client)

    assert seen.refused or found.get("jkt") == client.jkt


# How a broken proof is answered


@case("RFC9449-5-04", situation="proof-invalid", impact="medium")
@at("token", "token-code", "par")
@DEFECTS
def test_broken_proof_is_answered_as_an_error_of_oauth(
    endpoint: ProofEndpoint, client: Client, defect: dict[str, Any]
) -> None:
    """A broken proof is answered with 400, or 401, and an error code in JSON: no page, no redirect, no silence."""
    seen = endpoint.send(client, **defect)

    assert seen.refused and seen.status in {400, 401} and isinstance(seen.json().get("error"), str)


@case("RFC9449-12.2-01-AS", impact="low")
@at("token", "par")
@DEFECTS
def test_error_of_a_broken_proof_is_a_registered_one(
    endpoint: ProofEndpoint, client: Client, defect: dict[str, Any]
) -> None:
    """The error code of a broken proof is one that clients know, and none of the server's own making."""
    seen = endpoint.send(client, **defect)

    assert seen.refused and seen.error in REGISTERED


# A broken proof uses no credentials up


@case(LINKED, impact="low", needs=CREDENTIALS)
@pytest.mark.parametrize(
    "defect", [row("broken-signature", {"signature": "flipped"}), row("other-type", {"typ": "JWT"})]
)
def test_failed_proof_does_not_burn_the_clients_assertion(
    authorization_server: AuthorizationServer, signing: Client, defect: dict[str, Any]
) -> None:
    """A client's assertion survives a request whose proof was refused: the honest retry may carry it again."""
    assertion = {"client_assertion": authorization_server.assertion(signing)}
    authorization_server.refuses_grant(signing, parameters=assertion, **defect)

    assert authorization_server.ask(signing, parameters=assertion).accepted
