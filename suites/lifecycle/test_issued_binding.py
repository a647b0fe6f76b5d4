"""What an issued token says of its key, of its audience and of its life (RFC 9449 section 6, RFC 7638, RFC 7800)."""

from math import inf
from typing import Any

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client, KeyRing, Listener, ResourceServer
from holdfast.parties.issued import broken_rules, variation
from holdfast.proofs import ABSENT

SHOWN, JWT, MINT = ("binding-shown",), ("jwt-access-token",), ("mint",)
CODE, REFRESH = ("authorization_code",), ("authorization_code", "refresh_token")
THUMBPRINT = "RFC9449-6.1-02"
KINDS = pytest.mark.parametrize(
    "user",
    [row("client-credentials", False, needs=("client_credentials",)), row("code", True, needs=("authorization_code",))],
)
OF_KEYS = "RFC7638-3-02-{role}"


# Where the key is named


@case("RFC9449-5-05", also=("RFC9449-6-03", "RFC9700-2.2.1-01"), impact="critical", needs=SHOWN)
@KINDS
def test_resource_server_can_learn_the_key(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """What a resource server can learn of a token, from itself or by asking, names the key of the proof."""
    token = authorization_server.token(client, user=user)

    assert authorization_server.binding(token, client).get("jkt") == client.jkt


@case("RFC9449-6.1-01", impact="high", needs=JWT)
@KINDS
def test_jwt_access_token_names_a_key(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A JWT access token got with a proof has a `cnf` with a text `jkt` in it."""
    token = authorization_server.token(client, user=user)

    assert isinstance(token.confirmation.get("jkt"), str)


@case("RFC9700-4.10.1-03", also=("RFC9449-5-05",), impact="high", needs=SHOWN)
def test_tokens_got_with_different_keys_are_bound_differently(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """Two tokens of one client, got with two keys, name two keys: the key is the client's own, not one for all."""
    other = client.with_key(second.key)
    first = authorization_server.binding(authorization_server.token(client), client)

    assert authorization_server.binding(authorization_server.token(other), client) != first


@case("RFC9449-5-05", impact="high", needs=(*REFRESH, *SHOWN))
def test_key_of_the_code_is_not_the_key_of_the_refreshed_token(
    authorization_server: AuthorizationServer, client: Client, second: Client
) -> None:
    """A confidential client's token from a refresh names the key of the refresh, and so does the next one."""
    moved = client.with_key(second.key)
    token = authorization_server.refreshed(moved, authorization_server.token(moved, user=True))

    assert authorization_server.binding(token, client).get("jkt") == moved.jkt


@case("RFC9449-5-09", situation="grant-bound-to-other-key", impact="critical", needs=REFRESH)
def test_public_clients_refresh_token_is_bound_to_its_own_key(
    authorization_server: AuthorizationServer, public: Client, second: Client
) -> None:
    """A public client's refresh token is refused with a key under which the same client has got another one.

    It is bound to the key of its own grant, not to any that the server has seen the client use.
    """
    elsewhere = public.with_key(second.key)
    authorization_server.refreshed(elsewhere, authorization_server.token(elsewhere, user=True))
    token = authorization_server.token(public, user=True)

    assert authorization_server.refresh(public, token, key=elsewhere.key).refused


# The thumbprint


@case(THUMBPRINT, also=("RFC7638-3-02-AS", "RFC7638-3.2-01-AS", "RFC9449-5.1-02"), impact="high", needs=SHOWN)
@pytest.mark.parametrize(
    "algorithm",
    [
        row(name.lower(), name, needs=(f"alg:{name}",))
        for name in ("ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519")
    ],
)
def test_token_is_bound_to_a_key_of_every_algorithm(
    authorization_server: AuthorizationServer, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """A proof of an algorithm that the server announces gets a token that names the thumbprint of its key."""
    key = keys.of(algorithm)
    seen = authorization_server.ask(client, key=key)
    found = authorization_server.binding(authorization_server.read(seen), client) if seen.accepted else {}

    assert seen.accepted and found.get("jkt") == key.thumbprint


@case("RFC9449-5.1-02", also=(THUMBPRINT,), impact="medium", needs=(*SHOWN, "as-metadata"))
def test_every_announced_algorithm_gets_a_token_bound_to_its_key(
    authorization_server: AuthorizationServer, client: Client, keys: KeyRing
) -> None:
    """Each of the algorithms that the server announces, also the rare ones, gets a token that names that key."""
    known = [keys.of(name) for name in authorization_server.algorithms]
    seen = [authorization_server.ask(client, key=key) for key in known]
    tokens = [authorization_server.read(answered) for answered in seen if answered.accepted]
    found = [authorization_server.binding(token, client).get("jkt") for token in tokens]

    assert known and found == [key.thumbprint for key in known]


@case(THUMBPRINT, also=("RFC7638-3-01-AS",), impact="high", needs=SHOWN)
@pytest.mark.parametrize(
    "spelling",
    [
        row("other-order", {"spelling": "reordered"}),
        row("other-spaces", {"spelling": "pretty"}),
        row("escapes", {"spelling": "escaped-key"}, requirement="RFC7638-3.3-01-AS"),
        row("names-of-the-key", {"jwk_members": {"kid": "holdfast", "use": "sig", "alg": "ES256"}}),
        row("operations", {"jwk_members": {"key_ops": ["verify"], "ext": True}}),
        row("certificate", {"jwk_members": {"x5t#S256": "aG9sZGZhc3Q", "x5c": []}}),
        row("unknown-member", {"jwk_members": {"holdfast": {"a": [1]}}}),
    ],
)
def test_spelling_of_the_key_does_not_change_what_the_token_is_bound_to(
    authorization_server: AuthorizationServer, client: Client, spelling: dict[str, Any]
) -> None:
    """A token is bound to the same key however the proof's header spells it, and whatever stands beside it there.

    A server may refuse such a proof. One that takes it and binds the token to another thumbprint has locked the
    client out.
    """
    seen = authorization_server.ask(client, **spelling)
    found = {} if seen.refused else authorization_server.binding(authorization_server.read(seen), client)

    assert seen.refused or found.get("jkt") == client.jkt


@case(OF_KEYS, also=("RFC7638-3.2-01-RS",), impact="medium")
@pytest.mark.parametrize(
    "algorithm",
    [
        row("p256", "ES256"),
        row("p384", "ES384", needs=("alg:ES384",)),
        row("p521", "ES512", needs=("alg:ES512",)),
        row("rsa", "RS256", needs=("alg:RS256",)),
        row("ed25519", "EdDSA", needs=("alg:EdDSA",)),
    ],
)
def test_resource_server_makes_the_same_thumbprint_of_every_kind_of_key(
    rs: ResourceServer, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """A token that is bound to a key of each kind is accepted with a proof by that key."""
    assert rs.send(client.with_key(keys.of(algorithm, "thumbprints"))).accepted


@case("RFC7638-3.4-01-RS", also=("RFC9449-11.10-01-RS",), situation="key-does-not-match", impact="medium", needs=MINT)
@pytest.mark.parametrize("cnf", [row("sha-384", '{"jkt": "$sha384"}'), row("sha-256-cut", '{"jkt": "$left128"}')])
def test_thumbprint_by_another_hash_is_refused(rs: ResourceServer, client: Client, cnf: str) -> None:
    """A token is refused when its `jkt` is another hash of the right key, or only the first half of the right one."""
    assert rs.send(client, token=rs.mint(client, cnf=client.confirmation(cnf))).refused


@case("RFC7638-3.3-01-RS", situation="key-does-not-match", impact="medium", needs=MINT)
def test_thumbprint_over_escaped_text_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token is refused when its `jkt` was made over the escapes in which the proof's header spells the key."""
    token = rs.mint(client, cnf=client.confirmation('{"jkt": "$escaped"}'))

    assert rs.send(client, token=token, spelling="escaped-key").refused


@case("RFC7638-3.2.1-01-RS", situation="proof-invalid", impact="high")
def test_private_key_in_a_proof_is_refused_though_its_thumbprint_is_right(rs: ResourceServer, client: Client) -> None:
    """A proof that shows the private key is refused, though the token is bound to that very thumbprint.

    The thumbprint of a private key is that of its public one, so that the binding alone would let it pass.
    """
    assert rs.send(client, jwk="private").refused


# The rules of `cnf`


@case("RFC7800-3-01", impact="medium", needs=JWT)
@KINDS
def test_bound_token_says_who_issued_it_or_whom_it_is_about(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A JWT with a `cnf` names its issuer or its subject: the key is proof of something only for somebody."""
    token = authorization_server.token(client, user=user)

    assert "cnf" in token.claims and {"iss", "sub"} & token.claims.keys()


@case("RFC7800-3-02", impact="medium", needs=JWT)
@pytest.mark.parametrize(
    "rule",
    [
        row("is-an-object", "an-object"),
        row("names-one-key", "one-key", requirement="RFC7800-3.1-03"),
        row("has-the-whole-key", "whole-key", requirement="RFC7800-3.2-01"),
        row("shows-no-secret", "no-open-secret", requirement="RFC7800-3.2-03", also=("RFC7800-3.3-01",)),
    ],
)
def test_confirmation_of_a_bound_token_keeps_the_rules(
    authorization_server: AuthorizationServer, client: Client, rule: str
) -> None:
    """The `cnf` of a JWT access token is an object that names one key, whole if at all, and never a readable secret."""
    token = authorization_server.token(client)

    assert rule not in broken_rules(token)


@case("RFC7800-3.1-04", situation="key-does-not-match", impact="high", needs=MINT)
def test_two_keys_in_a_token_are_not_one(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token that names the sender's key in `jwk` and another's key set in `jku` is refused.

    At most one of them may be there, and which one counts is nobody's guess.
    """
    cnf = {"jwk": client.key.public_jwk, "jku": rs.foreign_key_set(thief)}

    assert rs.send(client, token=rs.mint(client, cnf=cnf)).refused


@case("RFC7800-3.5-02", situation="key-does-not-match", impact="high", needs=MINT)
def test_key_set_without_tls_is_not_fetched(rs: ResourceServer, client: Client, listener: Listener) -> None:
    """A token that names its key by an address without TLS is refused, and nobody asks there."""
    token = rs.mint(client, cnf={"jku": listener.url.replace("https:", "http:"), "kid": client.jkt})

    assert rs.send(client, token=token).refused and not listener.called


# Whom it is for, how far it reaches, how long it lives


@case("RFC9700-2.3-02", also=("RFC6750-5.3-04",), impact="medium", needs=SHOWN)
@KINDS
def test_bound_token_has_an_audience(authorization_server: AuthorizationServer, client: Client, user: bool) -> None:
    """A token says for which resource server it is: elsewhere it is of no use even to whoever has the key."""
    token = authorization_server.token(client, user=user)

    assert authorization_server.shown(token, client).get("aud")


@case("RFC9700-4.10-01", impact="medium", needs=SHOWN)
@KINDS
def test_token_is_bound_and_has_an_audience(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A token is bound to a key and restricted to an audience: one does not make up for the other."""
    said = authorization_server.shown(authorization_server.token(client, user=user), client)

    assert said.get("cnf") and said.get("aud")


@case("RFC9700-2.3-01", impact="medium", needs=(*CODE, "several-scopes", *SHOWN))
def test_token_reaches_no_further_than_was_asked(authorization_server: AuthorizationServer, client: Client) -> None:
    """A token for which one scope was asked has that scope alone, though the client may have more."""
    least = client.scopes[0]
    token = authorization_server.redeemed(client, authorization_server.code(client, parameters={"scope": least}))

    assert authorization_server.shown(token, client).get("scope") == least


@case("RFC6750-5.2-03", impact="medium")
@KINDS
def test_life_of_a_bound_token_is_limited(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """The answer, the token or introspection says when the token ends."""
    token = authorization_server.token(client, user=user)

    assert authorization_server.lifetime(token, client) < inf


@case("RFC6750-5.3-03", impact="medium")
@KINDS
def test_bound_token_lives_an_hour_or_less(
    authorization_server: AuthorizationServer, client: Client, user: bool
) -> None:
    """A token lives an hour or less, and does not leave it open."""
    token = authorization_server.token(client, user=user)

    assert authorization_server.lifetime(token, client) <= 3600


# Whether it can be made up


@case("RFC6750-5.2-02", also=("FAPI2SP-5.4.1-04",), impact="high", needs=("opaque-access-token", "client_credentials"))
def test_opaque_token_cannot_be_guessed(authorization_server: AuthorizationServer, client: Client) -> None:
    """An opaque token varies by 128 bits, less what a UUID spends on its version."""
    seen = [authorization_server.token(client).value for _ in range(20)]

    assert variation(seen) >= 120


@case("RFC6750-5.2-02", also=("FAPI2SP-5.3.4-03",), situation="token-invalid", impact="critical", needs=JWT)
def test_token_with_another_key_written_into_it_is_refused(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token into which a thief has written its own key, leaving the signature, is refused with the thief's proof."""
    stolen = rs.token(client).altered(cnf={"jkt": thief.jkt})

    assert rs.send(client, token=stolen, key=thief.key).refused


@case("RFC6750-5.2-02", situation="token-invalid", impact="critical", needs=JWT)
def test_token_with_its_key_taken_out_is_refused_as_bearer(rs: ResourceServer, client: Client) -> None:
    """A token out of which a thief has taken the confirmation, leaving the signature, is refused as a Bearer token."""
    stolen = rs.token(client).altered(cnf=ABSENT)

    assert rs.send(client, token=stolen, downgraded="Bearer").refused
