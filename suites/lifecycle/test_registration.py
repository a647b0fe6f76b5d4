"""Clients that register themselves (RFC 7591): what they say of bound tokens is kept, said back, and enforced."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, ClientRegistration
from holdfast.proofs import ABSENT

REGISTRATION = ("dynamic-registration",)
BY_ITSELF = (*REGISTRATION, "client_credentials")


@case("RFC9449-5.2-03", impact="high", needs=REGISTRATION)
@pytest.mark.parametrize("bound", [row("true", True), row("false", False)])
def test_registration_says_back_whether_tokens_are_bound(registration: ClientRegistration, bound: bool) -> None:
    """A registration says back `dpop_bound_access_tokens` as the boolean that was asked for.

    A client that is told nothing cannot know whether its tokens are protected, and its owner believes they are.
    """
    seen = registration.register(dpop_bound_access_tokens=bound)

    assert seen.accepted and seen.json().get("dpop_bound_access_tokens") is bound


@case("RFC9449-5.2-01", also=("RFC9449-5.2-03",), situation="proof-missing", impact="high", needs=REGISTRATION)
@pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)
def test_client_registered_for_bound_tokens_gets_none_without_a_proof(
    registration: ClientRegistration, authorization_server: AuthorizationServer, user: bool
) -> None:
    """A client that registered itself for bound tokens is refused a token without a proof, from then on."""
    client = registration.client(registration.registered(dpop_bound_access_tokens=True))

    assert authorization_server.ask(client, user=user, proof=None).refused


@case("RFC9449-5-06", also=("RFC9449-5.2-03",), impact="medium", needs=BY_ITSELF)
def test_client_registered_for_bound_tokens_gets_them(
    registration: ClientRegistration, authorization_server: AuthorizationServer
) -> None:
    """A client that registered itself for bound tokens gets one of the type `DPoP` with an honest proof."""
    client = registration.client(registration.registered(dpop_bound_access_tokens=True))

    assert authorization_server.token(client).type.lower() == "dpop"


@case("RFC9449-5.2-03", situation="proof-missing", impact="high", needs=BY_ITSELF)
@pytest.mark.parametrize(
    "value",
    [
        row("text-true", "true"),
        row("capitals", "True"),
        row("one", 1),
        row("null", None),
        row("list", [True]),
        row("object", {"value": True}),
    ],
)
def test_odd_wish_for_bound_tokens_is_not_dropped_in_silence(
    registration: ClientRegistration, authorization_server: AuthorizationServer, value: object
) -> None:
    """A client that asks for bound tokens by a value that is no boolean is refused, or gets them, or is told no.

    Whoever wrote "true" meant it. Taken for false without a word, the client's stolen tokens are good for anybody.
    """
    seen = registration.register(dpop_bound_access_tokens=value)
    told = seen.refused or seen.json().get("dpop_bound_access_tokens") is False

    assert told or authorization_server.ask(registration.client(seen), proof=None).refused


@case("RFC9449-5.2-02", impact="medium", needs=BY_ITSELF)
def test_client_that_asks_for_no_binding_needs_no_proof(
    registration: ClientRegistration, authorization_server: AuthorizationServer
) -> None:
    """A client that registered without `dpop_bound_access_tokens` gets a Bearer token without a proof.

    The default is false. A server may register it for bound tokens all the same, and then says so.
    """
    registered = registration.registered(dpop_bound_access_tokens=ABSENT)
    told = registered.json().get("dpop_bound_access_tokens") is True
    seen = authorization_server.ask(registration.client(registered), proof=None)

    assert (told and seen.refused) or (seen.accepted and authorization_server.read(seen).type.lower() == "bearer")


@case("RFC9700-4.15-01", impact="high", needs=(*REGISTRATION, "authorization_code", "jwt-access-token"))
def test_client_does_not_choose_a_users_name(
    registration: ClientRegistration, authorization_server: AuthorizationServer, client: Client
) -> None:
    """A client that asks for a user's `sub` as its `client_id` does not get it.

    Its own tokens would carry that name as their `sub`, and a resource server would take the client for the user.
    """
    user = authorization_server.token(client, user=True).claims.get("sub", "nobody")

    assert registration.register(client_id=user).json().get("client_id") != user
