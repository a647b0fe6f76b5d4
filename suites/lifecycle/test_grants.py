"""RFC 9449, sections 5 and 6: every grant with a proof yields a bound token, and the answer says so."""

from typing import Any

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, ResourceServer

KINDS = pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)
CODE, REFRESH = ("authorization_code",), ("authorization_code", "refresh_token")
SHOWN = ("binding-shown",)


@case("RFC9449-5-02", impact="medium")
@KINDS
def test_grant_with_a_proof_is_accepted(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A grant with an honest proof yields a token."""
    assert authorization_server.ask(client, user=user).accepted


@case("RFC9449-5-06", also=("SEP1932-as-03",), impact="medium")
@KINDS
def test_token_type_of_a_bound_token_is_dpop(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """The answer calls a bound token `DPoP`, so that the client knows how to present it."""
    token = authorization_server.token(client, user=user)

    assert token.type.lower() == "dpop"


@case("RFC9449-6.1-02", also=("FAPI2SP-5.3.2.1-05", "SEP1932-as-03"), impact="high", needs=("jwt-access-token",))
@KINDS
def test_token_carries_the_thumbprint_of_the_proof_key(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT access token is bound to the key of the proof: `cnf.jkt` is its thumbprint, exactly."""
    token = authorization_server.token(client, user=user)

    assert token.confirmation.get("jkt") == client.jkt


# No token without a proof, for those who asked for bound ones


@case("RFC9449-5.2-01", also=("FAPI2SP-5.3.2.1-04", "SEP1932-as-02"), situation="proof-missing", impact="high")
@KINDS
def test_bound_client_without_a_proof_gets_no_token(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A client that is registered for bound tokens gets none without a proof, and no Bearer token instead."""
    assert authorization_server.ask(client, user=user, proof=None).refused


@case("RFC9449-5.2-01", situation="proof-missing", impact="high", needs=REFRESH)
def test_bound_client_gets_no_token_by_a_refresh_without_a_proof(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A client that is registered for bound tokens gets none by a refresh without a proof.

    Its secret does not help: otherwise who stole both has a Bearer token, and the binding ends with the first refresh.
    """
    token = authorization_server.token(client, user=True)

    assert authorization_server.refresh(client, token, proof=None).refused


@case("RFC9449-5.2-01", impact="critical", needs=(*CODE, "front-channel"))
@pytest.mark.parametrize(
    "response_type",
    [
        row("token", "token"),
        row("code-token", "code token"),
        row("id-token-token", "id_token token"),
        row("code-id-token-token", "code id_token token"),
    ],
)
def test_no_access_token_comes_through_the_browser(
    authorization_server: AuthorizationServer, client: Client, response_type: str
) -> None:
    """The authorization endpoint gives a client of bound tokens no access token, whatever it is asked for.

    No proof comes with an authorization request, so that such a token is bound to nothing, and lies in an address bar.
    """
    seen = authorization_server.authorize(client, {"response_type": response_type, "nonce": "n-0S6_WzA2Mj"})

    assert "access_token" not in authorization_server.returned(client, seen)


# What the answer calls a token, and what the token is


@case("RFC9449-5-07", also=("RFC9449-5-13",), impact="high", needs=SHOWN)
@KINDS
def test_type_and_binding_of_a_token_agree(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A token is called `DPoP` exactly when it names a key: an unbound one may be issued, but is then called Bearer."""
    token = authorization_server.token(client, user=user)

    assert (token.type.lower() == "dpop") == ("jkt" in authorization_server.binding(token, client))


@case("RFC9449-5-07", also=("RFC9449-5-13",), impact="high", needs=(*REFRESH, *SHOWN))
def test_type_and_binding_of_a_refreshed_token_agree(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token from a refresh is called `DPoP` exactly when it names a key."""
    token = authorization_server.refreshed(client, authorization_server.token(client, user=True))

    assert (token.type.lower() == "dpop") == ("jkt" in authorization_server.binding(token, client))


@case("RFC9449-5-07", also=("RFC9449-5-13",), impact="high", needs=(*CODE, "jwt-access-token"))
def test_type_and_binding_of_a_public_clients_token_agree(
    authorization_server: AuthorizationServer, public: Client
) -> None:
    """A public client's token is called `DPoP` exactly when it names a key."""
    token = authorization_server.token(public, user=True)

    assert (token.type.lower() == "dpop") == ("jkt" in token.confirmation)


@case("RFC9449-5-07", also=("RFC9449-5-13",), impact="high", needs=("client_credentials", *SHOWN))
def test_type_and_binding_of_a_signing_clients_token_agree(
    authorization_server: AuthorizationServer, signing: Client
) -> None:
    """A token of a client that signs its requests is called `DPoP` exactly when it names the key of its proofs."""
    token = authorization_server.token(signing)

    assert (token.type.lower() == "dpop") == ("jkt" in authorization_server.binding(token, signing))


@case("RFC9449-12.1-01", impact="low", latitude="L27")
def test_type_of_a_bound_token_is_spelt_as_registered(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A bound token's type is spelt `DPoP`, as it is registered; some clients compare letter for letter."""
    token = authorization_server.token(client)

    assert token.type == "DPoP"


@case("RFC9449-12.1-01", impact="low", latitude="L27", needs=("introspection",))
def test_type_in_introspection_is_spelt_as_registered(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """If introspection says a bound token's type, it is spelt `DPoP`, as it is registered."""
    said = authorization_server.introspected(authorization_server.token(client), client)

    assert said.get("token_type", "DPoP") == "DPoP"


# Clients that did not ask for bound tokens


@case("RFC9449-5.2-02", impact="low", needs=("client_credentials",))
def test_client_that_asked_for_no_binding_gets_a_bearer_token(
    authorization_server: AuthorizationServer, plain: Client
) -> None:
    """A client that is not registered for bound tokens gets a Bearer token without a proof: that is the default."""
    seen = authorization_server.ask(plain)

    assert seen.accepted and authorization_server.read(seen).type.lower() == "bearer"


@case("RFC9449-5-07", impact="high", needs=("client_credentials", *SHOWN))
def test_token_without_a_proof_is_bound_to_nothing(authorization_server: AuthorizationServer, plain: Client) -> None:
    """A token that was asked for without a proof names no key, and does not claim to be bound."""
    token = authorization_server.token(plain)

    assert token.type.lower() != "dpop" and "jkt" not in authorization_server.binding(token, plain)


@case("RFC9449-5-07", also=("RFC9449-5-05", "RFC9449-5-13"), impact="medium", needs=("client_credentials", *SHOWN))
def test_proof_of_a_client_that_need_not_send_one_binds_or_is_said_not_to(
    authorization_server: AuthorizationServer, plain: Client
) -> None:
    """A client that sends a proof of its own accord gets a token bound to that key, or one that is called Bearer."""
    proving = plain.with_proofs()
    token = authorization_server.token(proving)
    key = authorization_server.binding(token, plain).get("jkt")

    assert (token.type.lower(), key) in {("dpop", plain.jkt), ("bearer", None)}


@case("RFC9449-5-04", situation="proof-invalid", impact="high", needs=("client_credentials",))
@pytest.mark.parametrize(
    "defect",
    [
        row("broken-signature", {"signature": "flipped"}),
        row("other-method", {"htm": "GET"}),
        row("no-jti", {"jti": ""}),
        row("no-proof-at-all", {"proof": "holdfast"}),
        row("empty", {"proof": ""}),
        row("two", {"proofs": "two different"}),
    ],
)
def test_broken_proof_of_a_client_that_need_not_send_one_is_refused(
    authorization_server: AuthorizationServer, plain: Client, defect: dict[str, Any]
) -> None:
    """A broken proof is refused, not passed over, also where none was needed.

    A client that sent it counts on a bound token; a server that hears nothing gives it a Bearer token.
    """
    assert authorization_server.ask(plain.with_proofs(), **defect).refused


# What else a request might ask to be bound to, and how else it might ask


@case("RFC9449-5-05", impact="high", needs=("client_credentials", *SHOWN))
@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("cnf", "cnf", '{"jkt":"$jkt"}'),
        row("cnf-of-its-key", "cnf", '{"jwk":$jwk}'),
        row("req-cnf", "req_cnf", '{"jkt":"$jkt"}'),
        row("jkt", "jkt", "$jkt"),
        row("dpop-jkt", "dpop_jkt", "$jkt"),
    ],
)
def test_parameters_choose_no_other_key(
    authorization_server: AuthorizationServer, client: Client, second: Client, name: str, value: str
) -> None:
    """A token is bound to the key of the proof, whatever key a parameter of the token request names.

    Nobody has shown that it holds that one. A server may also refuse the request.
    """
    seen = authorization_server.ask(client, parameters={name: second.spelt(value)})
    found = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), client)

    assert seen.refused or found.get("jkt") == client.jkt


@case("RFC9449-5-07", impact="high", needs=("client_credentials", *SHOWN))
@pytest.mark.parametrize(
    ("name", "value"),
    [row("cnf", "cnf", '{"jkt":"$jkt"}'), row("req-cnf", "req_cnf", '{"jkt":"$jkt"}'), row("jkt", "jkt", "$jkt")],
)
def test_parameters_bind_nothing_without_a_proof(
    authorization_server: AuthorizationServer, plain: Client, second: Client, name: str, value: str
) -> None:
    """A token request without a proof yields no bound token, whatever key a parameter names."""
    seen = authorization_server.ask(plain, parameters={name: second.spelt(value)})
    found = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), plain)

    assert "jkt" not in found


@case("RFC9449-5.2-01", situation="proof-missing", impact="high", needs=("client_credentials",))
@pytest.mark.parametrize(
    ("name", "value"),
    [row("cnf", "cnf", '{"jkt":"$jkt"}'), row("req-cnf", "req_cnf", '{"jkt":"$jkt"}'), row("jkt", "jkt", "$jkt")],
)
def test_parameters_stand_for_no_proof(
    authorization_server: AuthorizationServer, client: Client, name: str, value: str
) -> None:
    """A client of bound tokens that names its key in a parameter and proves nothing gets no token."""
    assert authorization_server.ask(client, proof=None, parameters={name: client.spelt(value)}).refused


@case("RFC9700-2.4-01", impact="high")
def test_password_grant_is_not_offered(authorization_server: AuthorizationServer, client: Client) -> None:
    """The grant that hands a user's password to the client is refused as such, not for the password's sake.

    The answer to a wrong password, invalid_grant, would say that a right one is taken.
    """
    asked = {"grant_type": "password", "username": "holdfast", "password": "holdfast"}
    seen = authorization_server.ask(client, parameters=asked)

    assert seen.refused and seen.error in {"unsupported_grant_type", "unauthorized_client"}


@case("RFC6749-3.2-01", impact="low")
@KINDS
def test_token_request_by_get_is_refused(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A token request by GET is refused, with a proof for GET: its parameters would lie in every log."""
    assert authorization_server.ask(client, user=user, method="GET").refused


@case("RFC6749-5.1-01", impact="low")
def test_token_response_is_not_stored(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token response forbids every cache to keep it."""
    answered = authorization_server.ask(client)

    assert "no-store" in (answered.header("Cache-Control") or "").lower()


@case("RFC9449-7.1-07", also=("FAPI2SP-5.3.4-01",), impact="medium", needs=("client_credentials",))
def test_fresh_token_opens_the_resource(rs: ResourceServer, client: Client) -> None:
    """A freshly issued token with an honest proof is accepted at the resource."""
    assert rs.send(client).accepted
