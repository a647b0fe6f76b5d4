"""RFC 9068, section 4: the token itself is checked, however good the proof beside it is.

The suite mints these tokens; each comes with a valid proof by the client's key, for that very token.
"""

import pytest

from holdfast import at_token_use, case, row
from holdfast.certificate_forms import rfc9440
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint, ResourceServer
from holdfast.pki import self_signed
from holdfast.proofs import ABSENT

JWT = ("mint", "jwt-access-token")
ASKED = ("mint", "opaque-access-token")
OUR_KEYS_ONLY, UNSIGNED = "RFC9068-4-10", "RFC9068-4-07"


@case("RFC9068-4-03", situation="token-invalid", impact="medium", needs=JWT)
@pytest.mark.parametrize(
    "typ",
    [
        row("absent", ABSENT),
        row("jwt", "JWT"),
        row("proof", "dpop+jwt", requirement="RFC9068-5-02", impact="high"),
        row("longer", "at+jwtx"),
        row("logout-token", "logout+jwt"),
        row("empty", ""),
        row("number", 7),
        row("list", ["at+jwt"]),
    ],
)
def test_token_of_another_type_is_refused(rs: ResourceServer, client: Client, typ: object) -> None:
    """A JWT that its issuer did not make as an access token is refused: its `typ` is not `at+jwt`.

    The issuer signs other things too, with the same key: ID tokens, logout tokens, assertions.
    """
    assert rs.send(client, token=rs.mint(client, header={"typ": typ})).refused


@case("RFC9068-4-03", impact="low", latitude="L13", needs=JWT)
@pytest.mark.parametrize("typ", [row("long", "application/at+jwt"), row("capitals", "AT+JWT")])
def test_other_spelling_of_the_type_is_accepted(rs: ResourceServer, client: Client, typ: str) -> None:
    """An access token is accepted when its `typ` is written with the prefix or in capitals: it is a media type."""
    assert rs.send(client, token=rs.mint(client, header={"typ": typ})).accepted


@case("RFC9068-4-04", situation="token-invalid", impact="high", needs=JWT)
@pytest.mark.parametrize(
    "iss",
    [
        row("other", '"https://other.test"'),
        row("trailing-slash", '"$issuer/"', impact="low"),
        row("longer", '"$issuer.evil.test"'),
        row("tenant", '"$issuer/tenant"'),
        row("shorter", '"https://"'),
        row("user-before-host", '"https://other.test/?$issuer"'),
        row("space-after", '"$issuer "', impact="low"),
        row("list", '["$issuer", "https://other.test"]', impact="medium"),
        row("empty", '""'),
        row("null", "null"),
        row("number", "7"),
    ],
)
def test_token_of_another_issuer_is_refused(rs: ResourceServer, client: Client, iss: str) -> None:
    """A token is refused when its `iss` is not, letter for letter, the issuer that the resource server trusts."""
    assert rs.send(client, token=rs.mint(client, iss=rs.claim(iss))).refused


@case("RFC9068-4-04", situation="token-invalid", impact="medium", needs=JWT)
def test_token_without_an_issuer_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token that does not say who issued it is refused."""
    assert rs.send(client, token=rs.mint(client, iss=ABSENT)).refused


@case(
    "RFC9700-2.3-03",
    also=("SEP1932-server-06", "MCP-token-handling-02", "MCP-best-practices-01"),
    situation="token-invalid",
    impact="critical",
    needs=("mint",),
)
@pytest.mark.parametrize(
    "aud",
    [
        row("other", '"https://other.test"'),
        row("several-others", '["https://other.test", "https://third.test"]'),
        row("longer", '"$audience.evil.test"', requirement="RFC6750-5.2-05"),
        row("within-another", '"https://other.test/?$audience"', requirement="RFC6750-5.2-05"),
    ],
)
def test_token_for_another_audience_is_refused(rs: ResourceServer, client: Client, aud: str) -> None:
    """A token that was issued for another resource server is refused, even with a proof by its own key.

    That other server, or whoever runs it, holds such tokens by the thousand.
    """
    assert rs.send(client, token=rs.mint(client, aud=rs.claim(aud))).refused


@case("RFC9068-4-05", situation="token-invalid", impact="medium", needs=JWT)
@pytest.mark.parametrize(
    "aud",
    [
        row("empty", '""'),
        row("empty-list", "[]"),
        row("null", "null"),
        row("number", "7"),
        row("true", "true"),
        row("wildcard", '"*"', impact="high"),
        row("shorter", '"https://"'),
        row("two-in-one", '"$audience https://other.test"'),
        row("object", '{"$audience": true}'),
        row("nested-list", '[["$audience"]]'),
    ],
)
def test_audience_that_names_nobody_is_refused(rs: ResourceServer, client: Client, aud: str) -> None:
    """A token is refused when its `aud` is nothing that names this resource server."""
    assert rs.send(client, token=rs.mint(client, aud=rs.claim(aud))).refused


@case(
    "RFC9068-4-05",
    also=("MCP-token-handling-02", "MCP-best-practices-01"),
    situation="token-invalid",
    impact="high",
    needs=JWT,
)
def test_token_without_an_audience_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token that does not say for whom it is is refused: it would open every door of its issuer."""
    assert rs.send(client, token=rs.mint(client, aud=ABSENT)).refused


@case("RFC9068-4-05", impact="low", needs=JWT)
@pytest.mark.parametrize(
    "aud",
    [row("list", '["$audience"]'), row("first", '["$audience", "https://o.test"]'), row("last", '["o", "$audience"]')],
)
def test_audience_among_others_is_accepted(rs: ResourceServer, client: Client, aud: str) -> None:
    """A token for several resource servers is accepted by each of them."""
    assert rs.send(client, token=rs.mint(client, aud=rs.claim(aud))).accepted


@case("RFC9068-4-08", situation="token-invalid", impact="high", needs=JWT)
@pytest.mark.parametrize(
    "seconds",
    [
        row("ten-minutes-ago", -600, requirement="RFC9068-4-09"),
        row("an-hour-ago", -3_600),
        row("a-year-ago", -31_536_000),
    ],
)
def test_token_of_the_past_is_refused(rs: ResourceServer, client: Client, seconds: int) -> None:
    """A token whose `exp` has passed is refused, with a proof made just now."""
    assert rs.send(client, token=rs.mint(client, lives=seconds)).refused


@case("RFC9068-4-08", situation="token-invalid", impact="medium", needs=JWT)
@pytest.mark.parametrize(
    "exp",
    [
        row("absent", ABSENT, impact="high"),
        row("null", None),
        row("text", "never"),
        row("empty", ""),
        row("zero", 0),
        row("negative", -1),
        row("true", True),
        row("list", [9_999_999_999]),
    ],
)
def test_end_that_is_no_time_to_come_is_refused(rs: ResourceServer, client: Client, exp: object) -> None:
    """A token is refused when its `exp` is missing or no time in the future: it would never end."""
    assert rs.send(client, token=rs.mint(client, exp=exp)).refused


@case("RFC9068-4-06", situation="token-invalid", impact="critical", needs=JWT)
def test_token_signed_by_the_key_of_the_proof_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token that the client signed itself is refused: who holds the proof's key is not the issuer for that."""
    assert rs.send(client, token=rs.mint(client, key=client.key)).refused


@case("RFC9068-4-06", situation="token-invalid", impact="critical", needs=JWT)
@pytest.mark.parametrize("kid", [row("absent", ABSENT), row("unknown", "holdfast-unknown"), row("path", "../../null")])
def test_foreign_token_with_another_kid_is_refused(
    rs: ResourceServer, client: Client, thief: Client, kid: object
) -> None:
    """A token by a foreign key is refused, whatever its header says about which key to look for."""
    assert rs.send(client, token=rs.mint(client, key=thief.key, header={"kid": kid})).refused


@case(OUR_KEYS_ONLY, situation="token-invalid", impact="critical", needs=JWT)
def test_token_that_brings_its_own_key_is_refused(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token is refused when the key that verifies it is the one in its own `jwk` header.

    Proofs carry their keys; tokens must not. Code that serves for both is easily wrong here.
    """
    token = rs.mint(client, key=thief.key, header={"jwk": thief.key.public_jwk, "kid": ABSENT})

    assert rs.send(client, token=token).refused


@case(OUR_KEYS_ONLY, situation="token-invalid", impact="critical", needs=JWT)
def test_token_that_says_where_its_key_lies_is_refused(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token is refused when the key that verifies it is found only at the address in its own `jku` header."""
    token = rs.mint(client, key=thief.key, header={"jku": rs.foreign_key_set(thief), "kid": ABSENT})

    assert rs.send(client, token=token).refused


@case(OUR_KEYS_ONLY, situation="token-invalid", impact="critical", needs=JWT)
def test_token_that_brings_its_own_certificate_is_refused(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token is refused when the key that verifies it is in a self-made certificate in its own `x5c` header."""
    certificate = rfc9440(self_signed("issuer", key=thief.key).der).strip(":")
    token = rs.mint(client, key=thief.key, header={"x5c": [certificate], "kid": ABSENT})

    assert rs.send(client, token=token).refused


@case(UNSIGNED, situation="token-invalid", impact="critical", needs=JWT)
@pytest.mark.parametrize("alg", [row("none", "none"), row("capitals", "NONE"), row("mixed", "nOnE")])
def test_unsigned_token_is_refused(rs: ResourceServer, client: Client, alg: str) -> None:
    """A token without a signature is refused: everybody can write one that names their own key in `cnf`."""
    assert rs.send(client, token=rs.mint(client, header={"alg": alg})).refused


@case("RFC9068-4-06", situation="token-invalid", impact="critical", needs=JWT)
@pytest.mark.parametrize("alg", [row("hs256", "HS256"), row("hs384", "HS384"), row("hs512", "HS512")])
def test_token_with_a_mac_by_the_public_key_is_refused(rs: ResourceServer, client: Client, alg: str) -> None:
    """A token is refused whose signature is a MAC with the issuer's public key, which everybody can fetch."""
    assert rs.send(client, token=rs.mint(client, header={"alg": alg})).refused


@case("RFC9068-4-06", situation="token-invalid", impact="medium", needs=JWT)
@pytest.mark.parametrize(
    "alg", [row("absent", ABSENT), row("empty", ""), row("number", 7), row("of-rsa", "RS256"), row("unknown", "XX256")]
)
def test_token_whose_algorithm_is_not_that_of_its_key_is_refused(
    rs: ResourceServer, client: Client, alg: object
) -> None:
    """A token is refused when its header names no algorithm, or one that its issuer's key is not for."""
    assert rs.send(client, token=rs.mint(client, header={"alg": alg})).refused


@case("RFC9068-4-06", situation="token-invalid", impact="medium", needs=JWT)
@pytest.mark.parametrize("crit", [row("unknown", ["holdfast"]), row("empty", []), row("text", "holdfast")])
def test_token_with_an_extension_that_must_be_understood_is_refused(
    rs: ResourceServer, client: Client, crit: object
) -> None:
    """A token is refused when its `crit` header asks for more than the resource server knows, or for nothing at all.

    Its issuer said that whoever does not understand all of it must not trust any of it (RFC 7515 section 4.1.11).
    """
    assert rs.send(client, token=rs.mint(client, header={"crit": crit, "holdfast": True})).refused


@case("RFC7800-4-03", situation="token-invalid", impact="critical", needs=JWT)
def test_confirmation_changed_after_signing_is_refused(rs: ResourceServer, second: Client, client: Client) -> None:
    """A stolen token is refused when its `cnf` was rewritten for another key and the signature left as it was."""
    stolen = rs.mint(second, signature="kept", cnf=client.confirmation('{"jkt": "$jkt"}'))

    assert rs.send(client, token=stolen).refused


@case("RFC7800-4-03", situation="token-invalid", impact="critical", needs=(*JWT, "mtls"))
def test_confirmation_changed_to_a_certificate_after_signing_is_refused(
    rs: ResourceServer, client: Client, bound: Client
) -> None:
    """A stolen token is refused when its `cnf` was rewritten for the sender's certificate, which is shown with it.

    A certificate takes the place of the key; only the signature knows that it was another's.
    """
    stolen = rs.mint(client, signature="kept", cnf=bound.confirmation('{"x5t#S256": "$x5t"}'))

    assert rs.send(bound, token=stolen).refused


@case("RFC7800-4-03", situation="token-invalid", impact="critical", needs=JWT)
def test_confirmation_cut_out_after_signing_does_not_make_a_bearer_token(rs: ResourceServer, client: Client) -> None:
    """A stolen token is refused as Bearer when its `cnf` was cut out and the signature left as it was."""
    stolen = rs.mint(client, signature="kept", cnf=ABSENT)

    assert rs.send(client, token=stolen, downgraded="Bearer").refused


@case("RFC9068-5-02", situation="token-invalid", impact="high", needs=("jwt-access-token",))
@at_token_use
def test_proof_in_place_of_a_token_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is refused as a token, with another proof by the same key beside it."""
    proof = dict(endpoint.prepare(client).request.headers)["DPoP"]

    assert endpoint.send(client, token=proof).refused


@case("RFC9449-7.1-07", situation="token-invalid", impact="high", needs=("authorization_code",))
@pytest.mark.parametrize(
    "name",
    [
        row("refresh-token", "refresh_token", needs=("refresh_token",)),
        row("id-token", "id_token", needs=("userinfo",), requirement="RFC9068-5-02"),
    ],
)
def test_another_kind_of_token_is_refused(
    rs: ResourceServer, client: Client, authorization_server: AuthorizationServer, name: str
) -> None:
    """A token that is no access token is refused, though the same server issued it to the same client."""
    other = authorization_server.token(client, user=True).companion(name)

    assert rs.send(client, token=other).refused


@case("RFC9068-5-02", situation="token-invalid", impact="high", needs=("authorization_code", "userinfo"))
def test_id_token_as_bearer_token_is_refused(
    rs: ResourceServer, client: Client, authorization_server: AuthorizationServer
) -> None:
    """An ID token is refused as a Bearer token: it is bound to nothing, and clients hand it around."""
    identity = authorization_server.token(client, user=True).companion("id_token")

    assert rs.send(client, token=identity, downgraded="Bearer").refused


@case("RFC7662-4-11", situation="token-invalid", impact="critical", needs=ASKED)
@pytest.mark.parametrize(
    "active",
    [
        row("false", False),
        row("absent", ABSENT),
        row("null", None),
        row("text-false", "false"),
        row("text-true", "true", impact="low"),
        row("one", 1, impact="low"),
        row("object", {}, impact="low"),
    ],
)
def test_token_that_introspection_does_not_call_active_is_refused(
    rs: ResourceServer, client: Client, active: object
) -> None:
    """A token is refused unless introspection says `active: true`, whatever else it says about the token."""
    assert rs.send(client, token=rs.mint(client, introspection={"active": active})).refused


@case("RFC7662-2.2-07", situation="token-invalid", impact="high", needs=ASKED)
def test_token_that_introspection_shows_to_have_ended_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token is refused when introspection calls it active and gives an `exp` that has passed."""
    assert rs.send(client, token=rs.mint(client, lives=-3_600)).refused
