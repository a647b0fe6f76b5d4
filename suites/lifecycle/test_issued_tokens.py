"""RFC 9068: what a JWT access token says, so that a resource server can judge it, and for whom it is."""

import pytest

from holdfast import at, case, row
from holdfast.jose import ASYMMETRIC, decode
from holdfast.parties import AuthorizationServer, Client, ResourceServer

JWT = ("jwt-access-token",)
USER = (*JWT, "authorization_code")
RESOURCES = (*JWT, "resource-indicators", "named-resource")

KINDS = pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)


@case("RFC9068-2.1-01", also=("RFC9068-4-01",), impact="critical", needs=JWT)
@KINDS
def test_token_is_signed_with_a_published_key(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT access token is signed, and one of the keys that the metadata leads to verifies it."""
    token = authorization_server.token(client, user=user)

    assert authorization_server.signed(token.value)


@case("RFC9068-2.1-02", impact="critical", needs=JWT)
@KINDS
def test_algorithm_of_a_token_is_not_none(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT access token does not have the algorithm `none`, in any spelling."""
    token = authorization_server.token(client, user=user)

    assert str(token.header.get("alg", "none")).lower() != "none"


@case("RFC9068-2.1-03", impact="high", needs=JWT)
@KINDS
def test_algorithm_of_a_token_is_asymmetric(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT access token is signed with a private key: who can check a MAC can also write one."""
    token = authorization_server.token(client, user=user)

    assert token.header.get("alg") in ASYMMETRIC


@case("RFC9068-2.1-05", impact="medium", needs=JWT)
@KINDS
def test_jwt_access_token_is_typed(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A JWT access token says that it is one (`typ` at+jwt), so that nothing else is taken for it."""
    token = authorization_server.token(client, user=user)

    assert str(token.header.get("typ", "")).lower().removeprefix("application/") == "at+jwt"


@case("RFC9068-2.1-06", impact="low", needs=JWT)
def test_type_of_a_token_is_written_in_short(authorization_server: AuthorizationServer, client: Client) -> None:
    """The `typ` of a JWT access token is written without the prefix `application/`."""
    token = authorization_server.token(client)

    assert not str(token.header.get("typ", "application/")).lower().startswith("application/")


@case("RFC9068-2.2-01", impact="medium", needs=JWT)
@KINDS
@pytest.mark.parametrize(
    ("claim", "kinds"),
    [
        row("iss", "iss", ("string",)),
        row("exp", "exp", ("number",), impact="high"),
        row("aud", "aud", ("string", "list"), impact="high"),
        row("sub", "sub", ("string",)),
        row("client-id", "client_id", ("string",)),
        row("iat", "iat", ("number",)),
        row("jti", "jti", ("string",)),
    ],
)
def test_claim_is_there_and_of_its_kind(
    authorization_server: AuthorizationServer, client: Client, user: bool, claim: str, kinds: tuple[str, ...]
) -> None:
    """A JWT access token has every claim that a resource server judges it by, each of the right kind of JSON value."""
    token = authorization_server.token(client, user=user)

    assert token.kind(claim) in kinds


@case("RFC9068-4-01", impact="high", needs=(*JWT, "as-metadata"))
@KINDS
def test_issuer_of_a_token_is_that_of_the_metadata(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """The `iss` of a JWT access token is, letter for letter, the issuer in the server's metadata."""
    token = authorization_server.token(client, user=user)

    assert token.claims.get("iss") == authorization_server.metadata.get("issuer")


@case("RFC9068-2.2-02", impact="medium", needs=(*USER, "userinfo"))
def test_subject_of_a_users_token_is_the_user(authorization_server: AuthorizationServer, client: Client) -> None:
    """The `sub` of a token that a user consented to is the one that the ID token beside it gives the user."""
    token = authorization_server.token(client, user=True)
    identity = decode(token.companion("id_token")).claims

    assert isinstance(identity, dict) and token.claims.get("sub") == identity.get("sub")


@case("RFC9068-2.2-02", impact="medium", needs=(*JWT, "client_credentials"))
def test_subject_of_a_clients_own_token_is_the_client(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """The `sub` of a token that a client asked for by itself is the name by which the server knows the client."""
    token = authorization_server.token(client)

    assert token.claims.get("sub") == client.registered.id


@case("RFC9700-4.15-01", impact="high", needs=(*USER, "client_credentials"))
def test_subject_of_a_clients_own_token_is_no_user(authorization_server: AuthorizationServer, client: Client) -> None:
    """The `sub` of a token without a user is not that of the user: a resource server could not tell them apart."""
    own, users = authorization_server.token(client), authorization_server.token(client, user=True)

    assert own.claims.get("sub") != users.claims.get("sub")


@case("RFC9068-2.2.1-01", impact="low", needs=(*USER, "refresh_token", "auth-time"))
@pytest.mark.parametrize("claim", [row("auth-time", "auth_time"), row("acr", "acr"), row("amr", "amr")])
def test_facts_about_the_login_stay_the_same(
    authorization_server: AuthorizationServer, client: Client, claim: str
) -> None:
    """What a token says of the user's login is the same after a refresh: nobody logged in again."""
    token = authorization_server.token(client, user=True)
    refreshed = authorization_server.refreshed(client, token)

    assert refreshed.claims.get(claim) == token.claims.get(claim)


@case("RFC9068-2.2.3-01", impact="medium", needs=(*JWT, "client_credentials"))
def test_scope_that_was_asked_for_is_in_the_token(authorization_server: AuthorizationServer, client: Client) -> None:
    """A JWT access token carries the scopes that the token response says it has; nothing else limits it."""
    token = authorization_server.token(client)
    said = token.response.get("scope", "")

    assert token.kind("scope") == "string" and token.scope >= set(str(said).split())


# Whom it is for


@case("RFC9068-3-01", also=("RFC9728-7.4-02", "RFC6749-8707-2-01"), impact="high", needs=RESOURCES)
def test_token_is_for_the_resource_that_was_asked_for(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A token that was asked for with a `resource` is for that one and no other."""
    token = authorization_server.granted(client, parameters={"resource": authorization_server.audience})

    assert token.audiences == {authorization_server.audience}


@case(
    "RFC9068-5-01",
    also=("RFC9068-3-01", "RFC9728-7.4-02"),
    impact="high",
    needs=(*RESOURCES, "second-resource"),
)
def test_tokens_for_two_resource_servers_differ_in_their_audience(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A token for another resource server says so: its `aud` has nothing in common with that of a token for this one.

    Otherwise each of the two can use at the other what it was sent.
    """
    here = authorization_server.granted(client, parameters={"resource": authorization_server.audience})
    there = authorization_server.granted(client, parameters={"resource": authorization_server.other_audience})

    assert here.audiences and there.audiences and not here.audiences & there.audiences


@case("RFC9068-4-05", situation="token-invalid", impact="high", needs=(*RESOURCES, "second-resource"))
def test_token_for_another_resource_server_is_refused_here(
    rs: ResourceServer, authorization_server: AuthorizationServer, client: Client
) -> None:
    """A token that the same server issued for another resource server is refused, with a good proof by its key."""
    token = authorization_server.granted(client, parameters={"resource": authorization_server.other_audience})

    assert rs.send(client, token=token).refused


@case("RFC9068-3-02", impact="high", needs=JWT)
@KINDS
def test_token_has_an_audience_that_nobody_asked_for(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A token that was asked for without a `resource` has an audience all the same: it is not for everybody."""
    token = authorization_server.token(client, user=user)

    assert token.audiences - {""}


@case("RFC9068-3-03", impact="high", needs=(*RESOURCES, "second-resource"))
def test_no_token_is_for_two_resource_servers_with_scopes_for_one(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A request with two resources and scopes that are the first one's does not yield one token for them both.

    Nobody could say at which of the two its scopes count.
    """
    both = (authorization_server.audience, authorization_server.other_audience)
    seen = authorization_server.ask(client, parameters={"resource": both})

    assert not authorization_server.read(seen).audiences >= set(both)


# At the resource


@case("RFC9449-7-04", situation="proof-invalid", impact="high", needs=("refresh_token", "authorization_code"))
def test_proof_for_the_old_token_does_not_go_with_the_new_one(
    rs: ResourceServer, authorization_server: AuthorizationServer, client: Client
) -> None:
    """A proof that was made for one access token, and never used, is refused with the token that a refresh brought."""
    token = authorization_server.token(client, user=True)
    unused = rs.prepare(client, token=token)
    refreshed = authorization_server.refreshed(client, token)

    assert rs.send_with_proof_of(unused, client, token=refreshed).refused


@case(
    "RFC9068-4-11",
    situation="scope-insufficient",
    impact="high",
    needs=("authorization_code", "userinfo", "several-scopes"),
)
@at("userinfo")
def test_token_without_the_scope_is_refused(
    endpoint: ResourceServer, authorization_server: AuthorizationServer, client: Client
) -> None:
    """A user's bound token without the scope `openid` is refused at userinfo, with a good proof by its key."""
    others = " ".join(sorted({*client.scopes} - {"openid"}))
    code = authorization_server.code(client, parameters={"scope": others})
    token = authorization_server.redeemed(client, code)

    assert endpoint.send(client, token=token).refused
