"""Tokens that the suite mints: odd in one thing, honest in the rest, and told apart in the report."""

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from holdfast import jose, pki
from holdfast.errors import Inconclusive
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration, Token
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.issuer import Issuer
from holdfast.parties.present import Spot, resource_request
from holdfast.parties.spellings import spellings
from holdfast.proofs import ABSENT
from holdfast.wire import Request

if TYPE_CHECKING:
    from holdfast.parties.bench import Bench
    from holdfast.parties.run import Run
    from holdfast.parties.tokens import TokenShelf

NOW = 1_000.0
ISSUER = Issuer("https://issuer.test", "https://rs.test")
CLIENT = Client(
    "client", "dpop", Registration(id="me", auth="none", scope="read"), jose.generate(), pki.self_signed("c")
)
OTHER = jose.generate()


def mint(**odd: Any) -> Token:
    return ISSUER.mint(CLIENT, now=NOW, **odd)


def state(token: Token) -> dict[str, object] | None:
    known = ISSUER._states.get(token.value)
    return None if known is None else dict(known)


def resource(issuer: Issuer | None) -> ResourceServer:
    bench = cast("Bench", SimpleNamespace(issuer=issuer, clients={}, now=lambda: NOW))
    return ResourceServer(bench, cast("Run", None), cast("TokenShelf", None))


async def asked(url: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ISSUER._application())) as client:
        return await client.get(url)


def verified(token: Token, key: jose.Key = ISSUER.key) -> bool:
    return jose.verify(token.value, key.public_jwk)


# The odd thing, and only that


def test_an_honest_token_is_odd_in_nothing() -> None:
    token = mint()

    assert (token.minted, verified(token)) == ("", True)
    assert token.confirmation == {"jkt": CLIENT.jkt}
    assert state(token) == {**token.claims, "active": True, "token_type": "DPoP"}


@pytest.mark.parametrize(
    ("odd", "changed", "said"),
    [
        ({"aud": "https://other.test"}, {"aud": "https://other.test"}, "aud: https://other.test"),
        ({"cnf": {"jkt": 7}}, {"cnf": {"jkt": 7}}, "cnf: jkt=7"),
        ({"cnf": ABSENT}, {"cnf": None}, "cnf: absent"),
        ({"lives": -60}, {"exp": 940}, "exp: now -60 s"),
        ({"scope": "write"}, {"scope": "write"}, ""),
    ],
)
def test_a_claim_is_replaced_or_left_out(odd: dict[str, Any], changed: dict[str, object], said: str) -> None:
    honest, token = mint(), mint(**odd)
    claims = {**honest.claims, **changed, "jti": token.claims["jti"]}

    assert token.claims == {name: value for name, value in claims.items() if value is not None}
    assert token.header == honest.header
    assert verified(token)
    assert token.minted == said


@pytest.mark.parametrize(
    ("header", "changed"),
    [({"typ": "JWT"}, {"typ": "JWT"}), ({"typ": ABSENT}, {"typ": None}), ({"kid": "x"}, {"kid": "x"})],
)
def test_a_member_of_the_header_is_replaced_or_left_out(header: dict[str, Any], changed: dict[str, object]) -> None:
    token = mint(header=header)
    wanted = {**mint().header, **changed}

    assert token.header == {name: value for name, value in wanted.items() if value is not None}
    assert verified(token)
    assert token.minted.startswith("header ")


def test_a_token_by_another_key_says_nothing_of_it_and_is_unknown_to_introspection() -> None:
    token = mint(key=OTHER)

    assert token.header == mint().header
    assert (verified(token), verified(token, OTHER)) == (False, True)
    assert state(token) is None


@pytest.mark.parametrize("alg", ["none", "nOnE"])
def test_a_token_without_a_signature_ends_in_a_dot(alg: str) -> None:
    token = mint(header={"alg": alg})

    assert token.value.endswith(".")
    assert state(token) is None


def test_a_mac_is_made_with_the_public_key_that_the_issuer_publishes() -> None:
    token = mint(header={"alg": "HS512"})

    assert len(jose.decode(token.value).signature) == 64
    assert state(token) is None


def test_a_signature_that_is_kept_belongs_to_another_token() -> None:
    token = mint(signature="kept", cnf={"jkt": OTHER.thumbprint})

    assert token.confirmation == {"jkt": OTHER.thumbprint}
    assert len(jose.decode(token.value).signature) == 64
    assert not verified(token)
    assert state(token) is None


def test_introspection_says_what_it_is_told_to_of_an_honest_token() -> None:
    token = mint(introspection={"active": "true", "token_type": ABSENT})

    assert state(token) == {**token.claims, "active": "true"}
    assert verified(token)
    assert token.minted == "introspection active: true; introspection token_type: absent"


def test_a_foreign_key_lies_at_an_address_of_the_suite() -> None:
    url = ISSUER.publish(OTHER)
    answer = asyncio.run(asked(url))

    assert [jose.thumbprint(key) for key in answer.json()["keys"]] == [OTHER.thumbprint]
    assert "d" not in answer.json()["keys"][0]


# The party


def test_a_resource_server_mints_where_the_suite_is_its_issuer() -> None:
    token = resource(ISSUER).mint(CLIENT, cnf={})

    assert (token.claims["cnf"], token.claims["exp"]) == ({}, 1_300)


@pytest.mark.parametrize("verb", ["mint", "claim"])
def test_nothing_is_minted_for_the_tokens_of_another_issuer(verb: str) -> None:
    arguments: dict[str, Any] = {"mint": CLIENT, "claim": '"$issuer"'}

    with pytest.raises(Inconclusive, match="the suite is not the issuer"):
        getattr(resource(None), verb)(arguments[verb])


def test_a_claim_names_issuer_and_audience() -> None:
    assert resource(ISSUER).claim('["$issuer/", "$audience"]') == ["https://issuer.test/", "https://rs.test"]


def test_a_claim_with_an_unknown_name_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="isuer"):
        resource(ISSUER).claim('"$isuer"')


# Thumbprints


def test_every_spelling_differs_from_the_thumbprint() -> None:
    said = spellings(CLIENT.key, CLIENT.certificate)

    assert said["jkt"] == CLIENT.jkt
    assert len(set(said.values())) == len(said)
    assert json.loads(said["jwk"]) == CLIENT.key.public_jwk


def test_stray_bits_stand_for_the_same_bytes() -> None:
    for _ in range(8):
        said = spellings(jose.generate())
        with pytest.raises(ValueError, match="stray"):
            jose.unb64u(said["stray"])
        assert jose.unb64u(said["jkt"]).hex() == said["hex"]


def test_a_confirmation_is_read_as_json_with_the_clients_thumbprint() -> None:
    certificate = CLIENT.certificate
    assert certificate is not None

    assert CLIENT.confirmation('{"jkt": ["$jkt"], "x5t#S256": "$x5t"}') == {
        "jkt": [CLIENT.jkt],
        "x5t#S256": certificate.thumbprint,
    }


# Presenting it


def request(**words: Any) -> Request:
    return resource_request(Spot("GET", "https://rs.test/r"), CLIENT, "a.b.c", Change.of(words), nonce=None, now=NOW)


def headers(made: Request, name: str) -> list[str]:
    return [value for key, value in made.headers if key == name]


def test_a_minted_token_is_presented_with_a_proof_for_it_and_shown_by_what_is_odd() -> None:
    token = mint(cnf=ABSENT)
    made = request(token=token)
    proof = jose.decode(headers(made, "DPoP")[0])

    assert headers(made, "Authorization") == [f"DPoP {token.value}"]
    assert isinstance(proof.claims, dict)
    assert proof.claims["ath"] == jose.token_hash(token.value)
    assert Change.of({"token": token}).difference == "token: minted with cnf: absent"
    assert Change.of({"token": mint()}).difference == "token: another"


def test_a_written_header_holds_the_clients_token_and_the_proof_is_for_it() -> None:
    made = request(written='DPoP {token}, realm="{basic}"')
    proof = jose.decode(headers(made, "DPoP")[0])

    assert headers(made, "Authorization") == ['DPoP a.b.c, realm="dG9rZW46YS5iLmM="']
    assert isinstance(proof.claims, dict)
    assert proof.claims["ath"] == jose.token_hash("a.b.c")


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("cookie", ("Cookie", "access_token=a.b.c")),
        ("header X-Access-Token", ("X-Access-Token", "a.b.c")),
        ("header Proxy-Authorization", ("Proxy-Authorization", "Bearer a.b.c")),
    ],
)
def test_a_token_lies_elsewhere_and_nowhere_else(place: str, line: tuple[str, str]) -> None:
    made = request(token_in=place, proof=None)

    assert line in made.headers
    assert headers(made, "Authorization") == headers(made, "DPoP") == []
    assert (made.method, made.body, made.url) == ("GET", b"", "https://rs.test/r")


def test_a_token_in_a_form_is_posted_as_one() -> None:
    made = request(token_in="form", proof=None)

    assert (made.method, made.body) == ("POST", b"access_token=a.b.c")
    assert headers(made, "Content-Type") == ["application/x-www-form-urlencoded"]
    assert headers(made, "Authorization") == []


def test_the_weaker_scheme_may_come_first() -> None:
    made = request(token_in="two headers, Bearer first")

    assert headers(made, "Authorization") == ["Bearer a.b.c", "DPoP a.b.c"]


def test_a_place_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="no such place"):
        request(token_in="pocket")


def test_a_companion_that_did_not_come_is_nothing_to_stand_on() -> None:
    token = Token("a", "DPoP", NOW, response={"id_token": "x.y.z", "refresh_token": ""})

    assert token.companion("id_token") == "x.y.z"
    with pytest.raises(Inconclusive, match="no refresh_token came"):
        token.companion("refresh_token")
