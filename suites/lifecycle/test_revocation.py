"""RFC 7009: a token that its client gives up is worth nothing from then on, and nobody else can take it away."""

import pytest

from holdfast import at, case, row
from holdfast.parties import AuthorizationServer, Client, ResourceServer

REVOCATION = ("revocation",)
INTROSPECTED = ("revocation", "introspection")
REFRESH = ("revocation", "refresh_token", "authorization_code")

HINTS = pytest.mark.parametrize(
    "hint",
    [
        row("none", {}),
        row("the-other-kind", {"token_type_hint": "refresh_token"}, requirement="RFC7009-2.1-01"),
        row("unknown", {"token_type_hint": "holdfast"}, requirement="RFC7009-2.2-02"),
        row("empty", {"token_type_hint": ""}, requirement="RFC7009-2.2-02"),
    ],
)


@case("RFC7009-2.1-04", also=("RFC7009-2-02", "RFC7009-5-01"), impact="high", needs=INTROSPECTED)
@HINTS
def test_revoked_token_is_inactive(
    authorization_server: AuthorizationServer, client: Client, hint: dict[str, str]
) -> None:
    """An access token that was active is not active any more once it is revoked, whatever the hint says."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)
    authorization_server.revoked(token.value, client, parameters=hint)

    assert authorization_server.introspect(token.value, client).refused


@case("RFC7009-2-01", also=("RFC7009-2.1-04",), impact="high", needs=REFRESH)
@pytest.mark.parametrize(
    "hint",
    [
        row("none", {}),
        row("the-other-kind", {"token_type_hint": "access_token"}, requirement="RFC7009-2.1-01"),
        row("unknown", {"token_type_hint": "holdfast"}, requirement="RFC7009-2.2-02"),
    ],
)
def test_revoked_refresh_token_is_refused(
    authorization_server: AuthorizationServer, client: Client, hint: dict[str, str]
) -> None:
    """A refresh token that was revoked yields no token any more, with a proof by the right key.

    This is what a user does who has lost a phone: it has to hold, however well the finder can prove himself.
    """
    token = authorization_server.token(client, user=True)
    authorization_server.revoked(token.refresh, client, parameters=hint)

    assert authorization_server.refresh(client, token).refused


@case("RFC7009-2.1-08", also=("RFC7009-2-01",), impact="medium", needs=REFRESH)
@pytest.mark.parametrize("change", [row("no-proof", {}), row("stray-proof", {"jti": "holdfast-stray-proof"})])
def test_public_client_revokes_its_refresh_token_without_its_key(
    authorization_server: AuthorizationServer, public: Client, change: dict[str, object]
) -> None:
    """A public client can revoke its bound refresh token without a proof: the key may be what it has lost."""
    token = authorization_server.token(public, user=True)
    authorization_server.revoked(token.refresh, public, **change)

    assert authorization_server.refresh(public, token).refused


@case("RFC7009-2.1-05", also=("RFC7009-5-01",), impact="high", needs=(*REFRESH, "introspection"))
def test_revoked_refresh_token_takes_the_access_token_along(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """When a refresh token is revoked, the access token that came with it is not active any more."""
    token = authorization_server.token(client, user=True)
    authorization_server.introspected(token, client)
    authorization_server.revoked(token.refresh, client)

    assert authorization_server.introspect(token.value, client).refused


@case("RFC7009-2.1-05", also=("RFC9700-4.14-03",), impact="medium", needs=(*REFRESH, "refresh-rotation"))
def test_revoked_refresh_token_takes_those_before_it_along(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """When a public client's refresh token is revoked that replaced another, its chain ends: neither is taken."""
    token = authorization_server.token(public, user=True)
    rotated = authorization_server.refreshed(public, token)
    authorization_server.revoked(rotated.refresh, public)

    assert authorization_server.refresh(public, rotated).refused


@case("RFC7009-2.1-04", also=("RFC7009-2-02",), impact="high", needs=(*REVOCATION, "authorization_code", "userinfo"))
@at("userinfo")
def test_revoked_token_is_refused_at_userinfo(
    authorization_server: AuthorizationServer, client: Client, endpoint: ResourceServer
) -> None:
    """An access token that was revoked is refused at userinfo, which the same server answers, with a fresh proof."""
    token = endpoint.fresh_token(client)
    endpoint.accepts(client, token=token)
    authorization_server.revoked(token.value, client)

    assert endpoint.send(client, token=token).refused


# Who may revoke


@case("RFC7009-2.1-02", situation="caller-not-authenticated", impact="high", needs=REVOCATION)
@pytest.mark.parametrize(
    "change",
    [
        row("wrong-secret", {"secret": "holdfast-wrong-secret"}),
        row("no-credentials", {"authorization": None}, situation=""),
    ],
)
def test_revocation_without_the_clients_credentials_is_refused(
    authorization_server: AuthorizationServer, client: Client, change: dict[str, object]
) -> None:
    """A confidential client's token is not revoked for a caller who cannot authenticate as that client."""
    token = authorization_server.token(client)

    assert authorization_server.revoke(token.value, client, **change).refused


@case("RFC7009-2.1-02", impact="high", needs=INTROSPECTED)
def test_refused_revocation_leaves_the_token_active(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token is still active after somebody without its client's secret tried to revoke it.

    A refusal that comes too late is none: whoever has seen tokens could end them all.
    """
    token = authorization_server.token(client)
    authorization_server.refuses_revocation(token.value, client, secret="holdfast-wrong-secret")

    assert authorization_server.introspect(token.value, client).accepted


@case("RFC7009-2.1-03", impact="medium", needs=INTROSPECTED)
def test_another_client_does_not_revoke_a_token(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """An access token is still active after another client revoked it, whatever that one was answered."""
    token = authorization_server.token(client)
    authorization_server.tries_to_revoke(token.value, second)

    assert authorization_server.introspect(token.value, client).accepted


@case("RFC7009-2.1-03", impact="medium", needs=REFRESH)
def test_another_client_does_not_revoke_a_refresh_token(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A refresh token is still good after another client revoked it, whatever that one was answered."""
    token = authorization_server.token(client, user=True)
    authorization_server.tries_to_revoke(token.refresh, second)

    assert authorization_server.refresh(client, token).accepted


# Answers


@case("RFC7009-2.2-01", impact="low", needs=REVOCATION)
def test_revoking_an_unknown_token_is_no_error(authorization_server: AuthorizationServer, client: Client) -> None:
    """Revoking a token that does not exist is answered with 200: it is as revoked as can be."""
    assert authorization_server.revoke("holdfast-never-issued", client).accepted


@case("RFC7009-2.2-01", impact="low", needs=REVOCATION)
def test_revoking_a_token_twice_is_no_error(authorization_server: AuthorizationServer, client: Client) -> None:
    """Revoking a token that is revoked already is answered with 200."""
    token = authorization_server.token(client)
    authorization_server.revoked(token.value, client)

    assert authorization_server.revoke(token.value, client).accepted


@case("RFC7009-2.2.1-01", impact="low", needs=REVOCATION)
def test_revocation_of_no_token_is_told_as_an_error(authorization_server: AuthorizationServer, client: Client) -> None:
    """A revocation that names no token is refused with 400 and `invalid_request` (RFC 6749, section 5.2)."""
    seen = authorization_server.revoke("holdfast-never-issued", client, parameters={"token": None})

    assert seen.refused and (seen.status, seen.error) == (400, "invalid_request")


@case("RFC7009-5-02", impact="medium", needs=REVOCATION, serial=True)
def test_guesses_at_the_revocation_endpoint_do_no_harm(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Forty guessed tokens with odd hints are each answered, as done or as too many, and then it serves as before."""
    assert set(authorization_server.revoke_at_random(client, 40)) <= {200, 429, 503}
