"""FAPI 2.0 Security Profile, section 5.3.2.2: a code comes of an authenticated, pushed request with PKCE by S256."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, Clock

ONLY = "FAPI2SP-5.3.2.2-01"
PUSHED = ("authorization_code", "par")
WALKED = (*PUSHED, "user-agent")


@case(ONLY, impact="high", needs=WALKED)
def test_request_that_was_not_pushed_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """An authorization request is refused when it comes through the browser and was not pushed.

    What comes through the browser can be changed there, and was authenticated by nobody.
    """
    assert authorization_server.authorize(client).refused


@case(ONLY, situation="client-authentication-failed", impact="high", needs=PUSHED)
def test_push_without_client_authentication_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A pushed request is refused when the client only says who it is."""
    assert authorization_server.push(client, secret=None).refused


@case(ONLY, impact="high", needs=WALKED)
@pytest.mark.parametrize(
    "response_type",
    [
        row("token", "token"),
        row("id-token", "id_token"),
        row("id-token-and-token", "id_token token"),
        row("code-and-token", "code token"),
        row("code-and-id-token", "code id_token"),
        row("everything", "code id_token token"),
        row("absent", None, impact="low"),
    ],
)
def test_anything_but_a_code_is_refused(
    authorization_server: AuthorizationServer, client: Client, response_type: str | None
) -> None:
    """A request for a token in the redirect, alone or beside a code, leads to no code and no token.

    A token in a redirect is bound to nobody's key: no proof comes with the browser.
    """
    asked = {"response_type": response_type, "nonce": "holdfast"}

    assert authorization_server.attempt(client, asked, push={}).refused


@case(ONLY, impact="high", needs=WALKED)
@pytest.mark.parametrize(
    ("method", "challenged"),
    [row("no-challenge", None, False), row("plain", "plain", True), row("no-method", None, True)],
)
def test_code_challenge_by_anything_but_s256_is_refused(
    authorization_server: AuthorizationServer, client: Client, method: str | None, challenged: bool
) -> None:
    """A pushed request without a code challenge by S256 leads to no token, also when the verifier is right.

    Without it whoever gets hold of a code in the browser can have it redeemed in a session of the client's own.
    """
    verifier = "holdfast-code-verifier-of-more-than-43-characters"
    asked = {"code_challenge": verifier if challenged else None, "code_challenge_method": method}

    assert authorization_server.attempt(client, asked, push={}, code_verifier=verifier).refused


@case("FAPI2SP-5.3.2.1-11", situation="grant-bound-to-other-key", impact="critical", needs=(*PUSHED, "dpop"))
def test_code_of_a_push_that_only_names_a_key_is_refused_with_another(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that comes of a push with `dpop_jkt` and no proof is refused with a proof by another key.

    Who takes proofs supports both ways of binding a code, whatever else it says that it can do.
    """
    code = authorization_server.code(client, dpop_jkt=client.jkt, pushed=True, proof=None)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case("FAPI2SP-5.3.2.2-02", impact="medium", needs=WALKED)
def test_answer_to_an_authorization_request_names_the_issuer(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """What comes back to the client with the code names the issuer in `iss` (RFC 9207).

    A client of two servers must not be made to bring one's code to the other.
    """
    seen = authorization_server.authorize(client, {"request_uri": authorization_server.pushed(client)})

    assert authorization_server.returned(client, seen).get("iss") == authorization_server.issuer


@case("FAPI2SP-5.3.2.2-04", impact="low", needs=PUSHED)
def test_pushed_request_is_good_for_less_than_ten_minutes(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """The answer to a pushed request says that its `request_uri` is good for less than 600 seconds."""
    seen = authorization_server.push(client)
    lifetime = seen.json().get("expires_in")

    assert isinstance(lifetime, int) and 0 < lifetime < 600


@case(
    "FAPI2SP-5.3.2.1-10",
    situation="grant-bound-to-other-key",
    impact="medium",
    needs=("authorization_code",),
    waits=61.5,
)
def test_code_is_refused_after_a_minute(
    authorization_server: AuthorizationServer, client: Client, clock: Clock
) -> None:
    """An authorization code that is older than sixty seconds is refused. Real time passes here.

    So long is whoever reads a code in a browser's history ahead of nobody.
    """
    code = authorization_server.code(client)
    clock.wait(61.5)

    assert authorization_server.redeem(client, code).refused
