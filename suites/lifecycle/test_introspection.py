"""RFC 7662: who is told of a token, that its binding is told, and that nothing is told of one that is not good."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, Clock, Impostor, ResourceServer
from holdfast.parties.authorization import read_confirmation

INTROSPECTION = ("introspection",)
JWT = ("introspection", "jwt-access-token")
TWO_RESOURCES = ("introspection", "resource-indicators", "second-resource")
REVOKED = ("introspection", "revocation")


@case("RFC9449-6.2-01", also=("RFC7662-2.2-02",), impact="critical", needs=INTROSPECTION)
def test_introspection_shows_the_key_of_a_bound_token(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection of a bound token names its key in `cnf.jkt`; a resource server has nothing else to check by."""
    token = authorization_server.token(client)
    said = authorization_server.introspected(token, client)

    assert read_confirmation(said).get("jkt") == client.jkt


@case("RFC9449-6.2-02", impact="medium", needs=INTROSPECTION)
def test_introspection_does_not_call_a_bound_token_bearer(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """If introspection says a bound token's type, it says `DPoP`."""
    token = authorization_server.token(client)
    said = authorization_server.introspected(token, client)

    assert str(said.get("token_type", "DPoP")).lower() == "dpop"


@case("RFC8705-3.2-01", also=("RFC7662-2.2-02",), impact="critical", needs=(*INTROSPECTION, "mtls"))
def test_introspection_shows_the_certificate_of_a_bound_token(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """Introspection of a certificate-bound token names the certificate in `cnf.x5t#S256`."""
    token = authorization_server.token(bound)
    said = authorization_server.introspected(token, bound)

    assert read_confirmation(said).get("x5t#S256") == (bound.certificate and bound.certificate.thumbprint)


@case("RFC7662-2.2-02", impact="critical", needs=(*INTROSPECTION, "mtls"))
@pytest.mark.parametrize("name", [row("key", "jkt"), row("certificate", "x5t#S256")])
def test_introspection_shows_both_bindings_of_a_token(
    authorization_server: AuthorizationServer, doubly_bound: Client, name: str
) -> None:
    """Introspection of a token that is bound to a key and to a certificate names them both.

    What is left out here, no resource server asks for: the token falls with the weaker of the two.
    """
    token = authorization_server.token(doubly_bound)
    said = authorization_server.introspected(token, doubly_bound)

    assert read_confirmation(said).get(name)


@case("RFC7662-2.1-01", impact="low", needs=INTROSPECTION)
def test_introspection_answers_in_json(authorization_server: AuthorizationServer, client: Client) -> None:
    """A form with a token is answered with 200 and `active: true` in a document that is called JSON."""
    token = authorization_server.token(client)
    seen = authorization_server.introspect(token.value, client)

    assert seen.accepted and seen.status == 200 and "json" in (seen.header("Content-Type") or "")


# Resource servers ask, and have neither key nor proof


@case("RFC9449-6.2-04", also=("RFC7662-2.2-02", "RFC7662-2.2-03"), impact="critical", needs=INTROSPECTION)
def test_resource_server_is_told_the_key_of_a_token(
    authorization_server: AuthorizationServer, introspector: Client, client: Client
) -> None:
    """A resource server that introspects a bound token is told that it is active, and its key in `cnf.jkt`.

    Servers may tell each caller something else. Without `cnf` the resource server takes the token from anybody.
    """
    token = authorization_server.token(client)
    said = authorization_server.introspected(token, introspector)

    assert read_confirmation(said).get("jkt") == client.jkt


@case("RFC9449-6.2-03", impact="medium", needs=INTROSPECTION)
@pytest.mark.parametrize(
    "change",
    [row("good", {"jti": "holdfast-stray-proof"}), row("malformed", {"proof": "holdfast.stray.proof"})],
)
def test_introspection_takes_no_notice_of_a_proof(
    authorization_server: AuthorizationServer, client: Client, change: dict[str, object]
) -> None:
    """Introspection, which needs no proof, takes no notice of one that somebody left in place.

    The resource server cannot make one for the token: the client's key is the client's.
    """
    token = authorization_server.token(client)

    assert authorization_server.introspect(token.value, client, **change).accepted


@case("RFC7662-2.1-02", impact="medium", needs=INTROSPECTION)
@pytest.mark.parametrize("hint", [row("refresh-token", "refresh_token"), row("unknown", "holdfast"), row("empty", "")])
def test_wrong_hint_hides_no_token(authorization_server: AuthorizationServer, client: Client, hint: str) -> None:
    """A `token_type_hint` that is wrong hides neither a bound token nor its key: it only says where to look first."""
    token = authorization_server.token(client)
    seen = authorization_server.introspect(token.value, client, parameters={"token_type_hint": hint})

    assert read_confirmation(seen.json()).get("jkt") == client.jkt


# Who is told


@case(
    "RFC7662-2.1-04",
    also=("RFC7662-2.3-01", "RFC7662-4-06"),
    situation="caller-not-authenticated",
    impact="high",
    needs=INTROSPECTION,
)
def test_introspection_by_a_stranger_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """Introspection is refused to a caller whose secret is wrong: it would be told about stolen tokens."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)

    assert authorization_server.introspect(token.value, client, secret="holdfast-wrong-secret").refused


@case("RFC7662-4-06", also=("RFC7662-2.1-04",), impact="high", needs=INTROSPECTION)
def test_introspection_without_credentials_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection is refused to a caller who shows no credentials at all, for a token that is active.

    Whoever has found a list of tokens could otherwise find out here which of them are still worth something.
    """
    token = authorization_server.token(client)

    assert authorization_server.introspect(token.value, client, authorization=None).refused


@case(
    "RFC7662-4-06", also=("RFC7662-2.1-04",), situation="caller-not-authenticated", impact="high", needs=INTROSPECTION
)
def test_introspection_by_a_client_id_alone_is_refused(
    authorization_server: AuthorizationServer, client: Client, public: Client
) -> None:
    """Introspection of another's token is refused to a public client: its client_id is known to everybody."""
    token = authorization_server.token(client)
    nameless = {"client_id": public.registered.id}

    assert authorization_server.introspect(token.value, client, authorization=None, parameters=nameless).refused


@case(
    "RFC7662-2.3-02",
    also=("RFC7662-2.1-04",),
    situation="caller-not-authenticated",
    impact="high",
    needs=INTROSPECTION,
)
def test_stolen_token_does_not_authorise_its_own_introspection(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection is refused to a caller whose only credential is the client's own access token, as Bearer.

    A thief has the token he asks about. It is bound, and was issued for a resource and not for this endpoint.
    """
    token = authorization_server.token(client)

    assert authorization_server.introspect(token.value, client, authorization=token).refused


@case("RFC7662-2.3-02", situation="caller-not-authenticated", impact="medium", needs=INTROSPECTION)
def test_invalid_bearer_token_does_not_authorise_introspection(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection is refused to a caller who comes with a Bearer token that nobody issued."""
    token = authorization_server.token(client)

    assert authorization_server.introspect(token.value, client, authorization="Bearer holdfast-never-issued").refused


@case("RFC7662-4-07", situation="token-inactive", impact="medium", needs=INTROSPECTION)
def test_another_client_is_not_told_of_a_token(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A client that has nothing to do with a token is not told that it is active, nor anything else of it.

    An ordinary client that registered itself is no resource server: it could try every token it comes across.
    """
    token = authorization_server.token(client)

    assert authorization_server.introspect(token.value, second).refused


@case("RFC7662-4-05", also=("RFC7662-2.2-04",), situation="token-inactive", impact="high", needs=TWO_RESOURCES)
def test_another_resource_server_is_not_told_of_a_token(
    authorization_server: AuthorizationServer, introspector: Client, other_introspector: Client, client: Client
) -> None:
    """A token that is for one resource server is not active for another one that asks.

    Otherwise each resource server takes what any other was sent, and one that is taken over has the tokens of all.
    """
    token = authorization_server.token(client)
    authorization_server.introspected(token, introspector)

    assert authorization_server.introspect(token.value, other_introspector).refused


@case("RFC7662-4-05", also=("RFC7662-2.2-04",), situation="token-inactive", impact="high", needs=TWO_RESOURCES)
def test_token_for_another_resource_server_is_not_active_here(
    authorization_server: AuthorizationServer, introspector: Client, other_introspector: Client, client: Client
) -> None:
    """A token that a client got for another resource server is active there, and not at the one of this target."""
    elsewhere = {"resource": authorization_server.other_audience}
    token = authorization_server.granted(client, parameters=elsewhere)
    authorization_server.introspected(token, other_introspector)

    assert authorization_server.introspect(token.value, introspector).refused


# Tokens that are not good


@case(
    "RFC7662-2.2-04", also=("RFC7662-2.1-05", "RFC7662-2.2-01", "RFC7662-2.3-03"), impact="medium", needs=INTROSPECTION
)
@pytest.mark.parametrize(
    "token", [row("never-issued", "holdfast-never-issued"), row("odd", "\u2603 %00 '\" \\"), row("long", "h" * 3000)]
)
def test_unknown_token_is_inactive(authorization_server: AuthorizationServer, client: Client, token: str) -> None:
    """Introspection of a token that was never issued is answered with 200 and `active: false`, where a real one is."""
    authorization_server.introspected(authorization_server.token(client), client)
    seen = authorization_server.introspect(token, client)

    assert (seen.status, seen.json().get("active")) == (200, False)


@case("RFC7662-4-03", also=("RFC7662-2.2-04", "RFC7662-2.3-03"), impact="high", needs=REVOKED)
def test_revoked_token_is_said_to_be_inactive(authorization_server: AuthorizationServer, client: Client) -> None:
    """Introspection of a revoked token is no error and says `active: false`."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)
    authorization_server.revoked(token.value, client)
    seen = authorization_server.introspect(token.value, client)

    assert (seen.status, seen.json().get("active")) == (200, False)


@case("RFC7662-4-01", also=("RFC7662-2.2-04", "RFC7662-2.3-03"), impact="high", needs=INTROSPECTION, waits="token")
def test_expired_token_is_said_to_be_inactive(
    authorization_server: AuthorizationServer, client: Client, clock: Clock
) -> None:
    """A token that was active is said to be inactive once its time has passed. Real time passes here."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)
    clock.outlast("token")
    seen = authorization_server.introspect(token.value, client)

    assert (seen.status, seen.json().get("active")) == (200, False)


@case("RFC7662-4-04", situation="token-inactive", impact="critical", needs=JWT)
def test_token_with_another_key_written_into_it_is_inactive(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A stolen JWT whose `cnf` was rewritten for the thief's key is not active: its signature does not fit any more.

    A server that only looks up the token's `jti` would vouch for a binding that the thief wrote himself.
    """
    token = authorization_server.token(client).altered(cnf={"jkt": thief.jkt})

    assert authorization_server.introspect(token.value, client).refused


@case("RFC7662-4-04", situation="token-inactive", impact="high", needs=JWT)
def test_token_with_a_later_end_is_inactive(authorization_server: AuthorizationServer, client: Client) -> None:
    """A JWT whose `exp` was moved into the far future is not active."""
    token = authorization_server.token(client).altered(exp=4_102_444_800)

    assert authorization_server.introspect(token.value, client).refused


@case("RFC7662-2.2-05", impact="low", needs=REVOKED)
def test_nothing_else_is_said_of_a_revoked_token(authorization_server: AuthorizationServer, client: Client) -> None:
    """Of a revoked token introspection says `active: false` and nothing besides: not whose it was, nor why it ended."""
    token = authorization_server.token(client)
    authorization_server.revoked(token.value, client)

    assert authorization_server.state(token.value, client).keys() == {"active"}


@case("RFC7662-2.2-05", impact="low", needs=INTROSPECTION)
def test_nothing_else_is_said_of_an_unknown_token(authorization_server: AuthorizationServer, client: Client) -> None:
    """Of a token that was never issued introspection says `active: false`, and nothing besides."""
    authorization_server.introspected(authorization_server.token(client), client)

    assert authorization_server.state("holdfast-never-issued", client).keys() == {"active"}


@case("RFC7662-2.2-06", impact="medium", needs=("revocation", "opaque-access-token"))
def test_revoked_token_is_refused_at_the_resource(
    rs: ResourceServer, authorization_server: AuthorizationServer, client: Client
) -> None:
    """A resource server that asks about its tokens refuses one at once when it is revoked.

    It may keep an answer for a while, and then a stolen token works for that long after its owner had it ended.
    """
    token = rs.fresh_token(client)
    rs.accepts(client, token=token)
    authorization_server.revoked(token.value, client)

    assert rs.send(client, token=token).refused


@case("RFC7662-4-09", impact="critical", needs=("mint", "opaque-access-token"), serial=True)
def test_nobody_else_is_asked_in_the_servers_place(rs: ResourceServer, client: Client, impostor: Impostor) -> None:
    """A token is not accepted on the word of an authorization server whose certificate no trusted authority signed.

    Who stands between the two servers could otherwise call every token active, and bound to whatever key he likes.
    """
    assert not impostor.vouches(rs, client)


@case("RFC7662-4-10", impact="low", needs=INTROSPECTION)
def test_token_in_the_query_of_an_introspection_is_refused(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection by GET, with the token in the query, is refused: URLs are written into logs."""
    token = authorization_server.token(client)
    query = f"token={token.value}"

    assert authorization_server.introspect(
        token.value, client, method="GET", query=query, parameters={"token": None}
    ).refused


@case(
    "RFC9068-4-08",
    also=("FAPI2SP-5.3.4-03", "MCP-token-handling-01", "MCP-token-handling-03"),
    situation="token-invalid",
    impact="high",
    waits="token",
)
def test_expired_token_is_refused(rs: ResourceServer, client: Client, clock: Clock) -> None:
    """A token whose time has passed is refused, with a fresh proof by its key. Real time passes here."""
    token = rs.fresh_token(client)
    clock.outlast("token")

    assert rs.send(client, token=token.value).refused
