"""RFC 6749, section 4.1.3, RFC 7636: who may redeem an authorization code, with what, and how often."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client

CODE = ("authorization_code",)
FOREIGN = "RFC6749-4.1.3-01"
REDIRECT = "RFC6749-4.1.3-02"
ONCE = "RFC6749-4.1.2-01"
PKCE = "RFC9700-2.1.1-03"


@case(FOREIGN, situation="grant-bound-to-other-key", impact="critical", needs=CODE)
def test_code_of_another_client_is_refused(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A code is refused when another client redeems it, with its own secret, its own key and the right verifier.

    A client that is tricked into taking a stranger's code must not get the stranger's tokens.
    """
    code = authorization_server.code(client)

    assert authorization_server.redeem(second, code).refused


@case(FOREIGN, situation="grant-bound-to-other-key", impact="critical", needs=CODE)
def test_code_of_another_client_is_refused_with_that_clients_key(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A code is refused when another client redeems it with a proof by the first one's key.

    The key says nothing of who the client is: only its authentication does.
    """
    code = authorization_server.code(client)

    assert authorization_server.redeem(second.with_key(client.key), code).refused


@case(FOREIGN, situation="grant-bound-to-other-key", impact="critical", needs=CODE)
def test_code_of_a_confidential_client_is_refused_to_a_public_one(
    authorization_server: AuthorizationServer, client: Client, public: Client
) -> None:
    """A confidential client's code is refused to a public client, which has nothing to authenticate with."""
    code = authorization_server.code(client)

    assert authorization_server.redeem(public, code).refused


@case(REDIRECT, situation="grant-bound-to-other-key", impact="high", needs=CODE)
@pytest.mark.parametrize(
    "uri",
    [
        row("another", "https://evil.test/callback"),
        row("deeper", "{uri}/deeper"),
        row("with-a-query", "{uri}?a=b"),
        row("trailing-slash", "{uri}/"),
    ],
)
def test_code_for_another_redirect_uri_is_refused(
    authorization_server: AuthorizationServer, client: Client, uri: str
) -> None:
    """A code is refused when the token request names another redirect_uri than the authorization request.

    A code that was led astray, to an address of the thief's, must not be of use to the client it is put into.
    """
    code = authorization_server.code(client)
    other = authorization_server.near(client, uri)

    assert authorization_server.redeem(client, code, parameters={"redirect_uri": other}).refused


@case(REDIRECT, situation="grant-bound-to-other-key", impact="low", needs=CODE)
def test_code_without_its_redirect_uri_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """A code is refused when the token request leaves out the redirect_uri that the authorization request named."""
    code = authorization_server.code(client)

    assert authorization_server.redeem(client, code, parameters={"redirect_uri": None}).refused


# PKCE


@case("RFC9700-2.1.1-02", impact="medium", needs=CODE)
def test_code_with_its_verifier_is_redeemed(authorization_server: AuthorizationServer, client: Client) -> None:
    """A code that was asked for with a challenge by S256 is redeemed with its verifier."""
    assert authorization_server.ask(client, user=True).accepted


@case(PKCE, situation="grant-bound-to-other-key", impact="high", needs=CODE)
@pytest.mark.parametrize(
    "verifier",
    [
        row("another", "holdfast-another-verifier-that-is-long-enough-43"),
        row("empty", ""),
        row("too-short", "holdfast"),
    ],
)
def test_code_with_another_verifier_is_refused(
    authorization_server: AuthorizationServer, client: Client, verifier: str
) -> None:
    """A code is refused with another verifier than the one whose challenge came with the authorization request."""
    code = authorization_server.code(client)

    assert authorization_server.redeem(client, code, code_verifier=verifier).refused


@case(PKCE, situation="grant-bound-to-other-key", impact="high", needs=CODE)
def test_code_without_its_verifier_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """A code is refused without the verifier whose challenge came with the authorization request."""
    code = authorization_server.code(client)

    assert authorization_server.redeem(client, code, parameters={"code_verifier": None}).refused


@case(PKCE, situation="grant-bound-to-other-key", impact="high", needs=CODE)
def test_code_with_its_challenge_for_a_verifier_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code is refused when the challenge is shown in place of the verifier.

    The challenge was in the address bar; only where it is compared as it stands ("plain") would it do.
    """
    code = authorization_server.code(client)

    assert authorization_server.redeem(client, code, code_verifier=code.challenge).refused


@case(PKCE, situation="grant-bound-to-other-key", impact="high", needs=CODE)
def test_stolen_code_of_a_public_client_is_refused_without_its_verifier(
    authorization_server: AuthorizationServer, public: Client, thief: Client
) -> None:
    """A public client's code that was bound to no key is of no use to a thief with a key and without the verifier.

    RFC 9449 lets any key redeem such a code: PKCE is all that is left.
    """
    code = authorization_server.code(public)
    stolen = public.with_key(thief.key)

    assert authorization_server.redeem(stolen, code, parameters={"code_verifier": None}).refused


# Once


@case(ONCE, also=("FAPI2SP-5.3.2.2-03",), situation="grant-bound-to-other-key", impact="high", needs=CODE)
def test_code_is_good_once(authorization_server: AuthorizationServer, client: Client) -> None:
    """An authorization code that was redeemed is refused the second time, with a fresh proof by the same key."""
    code = authorization_server.code(client)
    authorization_server.redeemed(client, code)

    assert authorization_server.redeem(client, code).refused


@case(ONCE, situation="grant-bound-to-other-key", impact="high", needs=CODE)
def test_code_is_good_once_for_whatever_key(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """An authorization code that was redeemed is refused the second time with a proof by another key."""
    code = authorization_server.code(client)
    authorization_server.redeemed(client, code)

    assert authorization_server.redeem(client, code, key=thief.key).refused


@case("RFC6749-4.1.2-02", impact="medium", needs=(*CODE, "introspection"))
def test_second_use_of_a_code_ends_the_token_of_the_first(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A token is inactive once its code was shown a second time, with another key: one of the two was a thief."""
    code = authorization_server.code(client)
    token = authorization_server.redeemed(client, code)
    authorization_server.introspected(token, client)
    authorization_server.refuses(client, code, key=thief.key)

    assert authorization_server.introspect(token.value, client).refused


# A request that fails uses nothing up


@case("RFC9449-5-02", impact="medium", needs=CODE)
@pytest.mark.parametrize(
    "defect",
    [
        row("broken-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "GET"}),
        row("other-type", {"typ": "JWT"}),
        row("two-proofs", {"proofs": "two different"}),
    ],
)
def test_failed_proof_does_not_burn_the_code(
    authorization_server: AuthorizationServer, client: Client, defect: dict[str, object]
) -> None:
    """A code survives a request whose proof was refused: the honest client can still redeem it.

    Otherwise anybody who sees a code can keep its owner out.
    """
    code = authorization_server.code(client)
    authorization_server.refuses(client, code, **defect)

    assert authorization_server.redeem(client, code).accepted


@case("RFC9449-11.9-01", impact="low", needs=(*CODE, "dpop_jkt"))
def test_wrong_key_does_not_burn_the_code(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A code that is bound to a key survives a thief's try with another: its owner can still redeem it."""
    code = authorization_server.code(client, dpop_jkt=client.jkt)
    authorization_server.refuses(client, code, key=thief.key)

    assert authorization_server.redeem(client, code).accepted
