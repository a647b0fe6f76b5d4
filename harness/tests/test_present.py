"""An honest message and a hostile one differ in exactly the one named thing.

Compared is everything that is sent but the identifier of the proof and the bytes of its signature; whether the
signature is valid is compared, too. Time stands still here.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from holdfast import jose, pki, proofs
from holdfast.handshakes import Handshake
from holdfast.parties.changes import REQUEST_CHANGES, Change
from holdfast.parties.client import Client, Registration
from holdfast.parties.present import Spot, resource_request, server_request
from holdfast.proofs import ABSENT
from holdfast.wire import Request

AUTHORITY = pki.new_authority("lab")
KEY, OTHER = jose.generate("ES256"), jose.generate("ES256")
CERTIFICATE, FOREIGN = AUTHORITY.issue_client("client"), AUTHORITY.issue_client("thief")
SPOT = Spot("GET", "https://rs.test/resource?page=1", (("X-Trace", "1"),))
TOKEN = "the-token-of-the-client"
Parts = dict[str, object]


def client(binding: str = "dpop", auth: str = "client_secret_basic") -> Client:
    registration = Registration(id="me", auth=auth, secret="s e:cret", assertion_key=KEY, scope="read")
    return Client("client", binding, registration, KEY, CERTIFICATE)  # type: ignore[arg-type]


def at_resource(words: Mapping[str, Any], who: Client | None = None, nonce: str | None = "n1") -> Request:
    return resource_request(SPOT, who or client(), TOKEN, Change.of(words), nonce=nonce, now=1_900_000_000)


def at_server(words: Mapping[str, Any], who: Client | None = None) -> Request:
    form = {"grant_type": "authorization_code", "code": "c", "code_verifier": "v"}
    url = "https://as.test/token"
    return server_request(url, who or client(), form, Change.of(words), nonce="n1", now=1_900_000_000, audience=url)


def parts(request: Request) -> Parts:
    """Everything of a message that a change may touch, by name."""
    found: Parts = {"method": request.method, "url": request.url}
    found["certificate"] = request.certificate and request.certificate.thumbprint
    found["looks for a refusal in TLS"] = request.certificate_is_the_difference
    found["handshake"] = request.handshake
    found["form"] = None
    for name, value in parse_qsl(request.body.decode()):
        found[f"form {name}"] = value
    given = [(name, value) for name, value in request.headers if name.lower() != "dpop"]
    found |= {f"header {name}": [v for n, v in given if n == name] for name, _ in given}
    lines = [(name, value) for name, value in request.headers if name.lower() == "dpop"]
    found["DPoP lines"] = [name for name, _ in lines]
    return found | (proof_parts(lines[0][1]) if lines else {})


def proof_parts(proof: str) -> Parts:
    read = jose.decode(proof)
    if not isinstance(read.header, dict) or not isinstance(read.claims, dict):
        return {"proof": proof}
    found: Parts = {f"proof header {name}": value for name, value in read.header.items()}
    found |= {f"claim {name}": value for name, value in read.claims.items() if name != "jti"}
    found["claim jti is there"] = bool(read.claims.get("jti"))
    jwk = read.header.get("jwk")
    known = jwk if isinstance(jwk, dict) and set(jwk) <= {"kty", "crv", "x", "y"} else KEY.public_jwk
    found["signature is valid"] = jose.verify(proof, known, "ES256")
    return found


def difference(honest: Request, hostile: Request) -> set[str]:
    one, two = parts(honest), parts(hostile)
    return {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}


# The honest message


def test_two_honest_messages_are_the_same_but_for_their_identifier() -> None:
    first, second = at_resource({}), at_resource({})

    assert difference(first, second) == set()
    assert first != second


def test_an_honest_proof_fits_its_request() -> None:
    seen = parts(at_resource({}))

    assert seen["proof header typ"] == "dpop+jwt"
    assert (seen["claim htm"], seen["claim htu"]) == ("GET", "https://rs.test/resource")
    assert (seen["claim iat"], seen["claim nonce"]) == (1_900_000_000, "n1")
    assert seen["claim ath"] == jose.token_hash(TOKEN)
    assert seen["header Authorization"] == [f"DPoP {TOKEN}"]
    assert seen["signature is valid"]


def test_without_a_nonce_there_is_no_such_claim() -> None:
    assert "claim nonce" not in parts(at_resource({}, nonce=None))


@pytest.mark.parametrize(
    ("binding", "scheme", "lines", "shows"),
    [
        ("dpop", "DPoP", 1, False),
        ("certificate", "Bearer", 0, True),
        ("both", "DPoP", 1, True),
        ("none", "Bearer", 0, False),
    ],
)
def test_a_token_is_presented_as_it_is_bound(binding: str, scheme: str, lines: int, shows: bool) -> None:  # noqa: FBT001 - a column
    seen = parts(at_resource({}, client(binding)))

    assert seen["header Authorization"] == [f"{scheme} {TOKEN}"]
    assert seen["DPoP lines"] == ["DPoP"] * lines
    assert seen["certificate"] == (CERTIFICATE.thumbprint if shows else None)


# One change in the proof


PROOF_CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"typ": "JWT"}, {"proof header typ"}),
    ({"typ": ABSENT}, {"proof header typ"}),
    ({"alg": "none"}, {"proof header alg", "signature is valid"}),
    ({"alg": "HS256"}, {"proof header alg", "signature is valid"}),
    ({"jwk": "private"}, {"proof header jwk"}),
    ({"jwk": "foreign"}, {"proof header jwk", "signature is valid"}),
    ({"jwk": ABSENT}, {"proof header jwk"}),
    ({"htm": "POST"}, {"claim htm"}),
    ({"htu": "https://evil.test/resource"}, {"claim htu"}),
    ({"htu": ABSENT}, {"claim htu"}),
    ({"iat": -3600}, {"claim iat"}),
    ({"jti": ABSENT}, {"claim jti is there"}),
    ({"ath": "foreign"}, {"claim ath"}),
    ({"ath": ABSENT}, {"claim ath"}),
    ({"nonce": "made-up"}, {"claim nonce"}),
    ({"nonce": ABSENT}, {"claim nonce"}),
    ({"signature": "flipped"}, {"signature is valid"}),
    ({"signature": "zero"}, {"signature is valid"}),
    ({"key": OTHER}, {"proof header jwk"}),
    ({"claims": {"extra": 1}}, {"claim extra"}),
    ({"header": {"extra": 1}}, {"proof header extra"}),
]


@pytest.mark.parametrize(("words", "named"), PROOF_CHANGES)
def test_a_change_in_the_proof_changes_nothing_else(words: dict[str, Any], named: set[str]) -> None:
    assert difference(at_resource({}), at_resource(words)) == named


def test_the_signature_covers_what_was_changed() -> None:
    for words, named in PROOF_CHANGES:
        if "signature is valid" not in named:
            assert parts(at_resource(words))["signature is valid"] is True, words


# One change around the proof


AROUND: list[tuple[dict[str, Any], set[str]]] = [
    ({"proof": None}, {"DPoP lines"}),
    ({"proofs": "two different"}, {"DPoP lines"}),
    ({"proofs": "the same twice"}, {"DPoP lines"}),
    ({"proofs": "valid then invalid"}, {"DPoP lines"}),
    ({"proofs": "invalid then valid"}, {"DPoP lines", "claim htm"}),
    ({"proof_header": "dpop"}, {"DPoP lines"}),
    ({"scheme": "dpop"}, {"header Authorization"}),
    ({"downgraded": "Bearer"}, {"header Authorization", "DPoP lines"}),
    ({"authorization": None}, {"header Authorization"}),
    ({"authorization": "DPoP"}, {"header Authorization"}),
    ({"written": "DPoP {token},"}, {"header Authorization"}),
    # the proof is honest for the token that is sent
    ({"token": "another"}, {"header Authorization", "claim ath"}),
    ({"token_in": "query"}, {"header Authorization", "url"}),
    ({"token_in": "header and query"}, {"url"}),
    ({"token_in": "two headers"}, {"header Authorization"}),
    ({"token_in": "two headers, Bearer first"}, {"header Authorization"}),
    ({"token_in": "cookie"}, {"header Authorization", "header Cookie"}),
    ({"token_in": "header X-Access-Token"}, {"header Authorization", "header X-Access-Token"}),
    ({"certificate": FOREIGN}, {"certificate", "looks for a refusal in TLS"}),
    ({"handshake": Handshake(version="1.2")}, {"handshake"}),
    # which of its URLs an endpoint of an authorization server is asked at; a resource has one
    ({"aliased": False}, set()),
    ({"headers": {"Client-Cert": ":AA==:"}}, {"header Client-Cert"}),
    # the proof is honest for the request that is sent
    ({"method": "POST"}, {"method", "claim htm"}),
    ({"query": "a=b"}, {"url"}),
    ({"path": "/other"}, {"url", "claim htu"}),
    ({"body": "note=x"}, {"form note"}),
    # the proof is honest for the method that is claimed
    ({"override": "header X-HTTP-Method=PUT"}, {"header X-HTTP-Method", "claim htm"}),
    ({"override": "query _method=PUT"}, {"url", "claim htm"}),
]


def without_proof_parts(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith(("claim", "proof header", "signature"))}


@pytest.mark.parametrize(("words", "named"), AROUND)
def test_a_change_around_the_proof_changes_nothing_else(words: dict[str, Any], named: set[str]) -> None:
    hostile = at_resource(words)
    found = difference(at_resource({}), hostile)
    there = any(name.lower() == "dpop" for name, _ in hostile.headers)

    assert (found if there else without_proof_parts(found)) == named


def test_a_certificate_that_is_taken_away_is_the_one_difference() -> None:
    bound = client("certificate")

    assert difference(at_resource({}, bound), at_resource({"certificate": None}, bound)) == {
        "certificate",
        "looks for a refusal in TLS",
    }


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"htm": "GET"}, {"claim htm"}),
        ({"proof": None}, {"DPoP lines"}),
        ({"parameters": {"scope": "write"}}, {"form scope"}),
        ({"parameters": {"code": None}}, {"form code"}),
        ({"parameters": {"code": "other"}}, {"form code"}),
        ({"secret": "wrong"}, {"header Authorization"}),
        ({"secret": None}, {"header Authorization", "form client_id"}),
        ({"parameters": {"scope": ("read", "write")}}, {"form scope"}),
        ({"acting_as": "victim"}, {"form client_id"}),
        ({"code_verifier": "other"}, {"form code_verifier"}),
        ({"query": "a=b"}, {"url"}),
        ({"override": "form _method=PUT"}, {"form _method", "claim htm"}),
        ({"certificate": FOREIGN}, {"certificate", "looks for a refusal in TLS"}),
        ({"headers": {"X-More": "1"}}, {"header X-More"}),
    ],
)
def test_a_change_at_the_authorization_server_changes_nothing_else(words: dict[str, Any], named: set[str]) -> None:
    hostile = at_server(words)
    found = difference(at_server({}), hostile)
    there = any(name.lower() == "dpop" for name, _ in hostile.headers)

    assert (found if there else without_proof_parts(found)) == named


def test_every_word_for_a_request_is_in_a_row_here() -> None:
    rows = {*REQUEST_CHANGES} - {"parameters", "secret", "acting_as", "code_verifier", "audience", "assertion"}

    assert {word for words, _ in AROUND for word in words} == rows


@pytest.mark.parametrize("words", [{"proofs": "three"}, {"token_in": "pocket"}, {"override": "cookie m=PUT"}])
def test_an_arrangement_that_does_not_exist_is_a_mistake(words: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"no such|write header, query or form"):
        at_resource(words)


# A template with a body


def posted(kind: str, body: bytes, words: Mapping[str, Any]) -> Request:
    spot = Spot("POST", "https://rs.test/resource", (("Content-Type", kind), ("X-Trace", "1")), body)
    return resource_request(spot, client(), TOKEN, Change.of(words), nonce="n1", now=1_900_000_000)


@pytest.mark.parametrize(
    ("words", "added"),
    [({"token_in": "form"}, f"access_token={TOKEN}"), ({"override": "form _method=PUT"}, "_method=PUT")],
)
def test_a_form_gets_one_more_field(words: dict[str, Any], added: str) -> None:
    form = "application/x-www-form-urlencoded"
    honest, hostile = (posted(f"{form};charset=UTF-8", b"note=x", change) for change in ({}, words))

    assert (honest.body, hostile.body) == (b"note=x", f"note=x&{added}".encode())
    assert [value for name, value in hostile.headers if name == "Content-Type"] == [f"{form};charset=UTF-8"]


def test_what_is_no_form_gives_way_to_one() -> None:
    hostile = posted("application/json", b"{}", {"token_in": "form"})

    assert hostile.body == f"access_token={TOKEN}".encode()
    assert [line for line in hostile.headers if line[0] in {"Content-Type", "X-Trace"}] == [
        ("X-Trace", "1"),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]


# Client authentication


@pytest.mark.parametrize(
    ("auth", "names"),
    [
        ("client_secret_basic", {"header Authorization"}),
        ("client_secret_post", {"form client_id", "form client_secret"}),
        ("private_key_jwt", {"form client_id", "form client_assertion", "form client_assertion_type"}),
        ("tls_client_auth", {"form client_id", "certificate"}),
        ("none", {"form client_id"}),
    ],
)
def test_a_client_authenticates_as_it_is_registered(auth: str, names: set[str]) -> None:
    seen = parts(at_server({}, client(auth=auth)))
    possible = {"header Authorization", "certificate", *(f"form client_{n}" for n in ("id", "secret", "assertion"))}
    possible.add("form client_assertion_type")

    assert {name for name in possible if seen.get(name)} == names


def test_a_secret_of_odd_letters_is_encoded_twice_for_the_header() -> None:
    header = parts(at_server({}))["header Authorization"]

    # RFC 6749 section 2.3.1: form-encoded first, then in base64.
    assert header == ["Basic bWU6cytlJTNBY3JldA=="]


def test_another_audience_is_in_the_assertion_alone() -> None:
    signing = client(auth="private_key_jwt")
    hostile = at_server({"audience": "https://elsewhere.test"}, signing)

    assert difference(at_server({}, signing), hostile) == {"form client_assertion"}
    assertion = jose.decode(str(parts(hostile)["form client_assertion"])).claims
    assert isinstance(assertion, dict)
    assert assertion["aud"] == "https://elsewhere.test"


def test_a_request_by_get_has_its_parameters_in_the_query_and_no_body() -> None:
    request = at_server({"method": "GET"})

    assert (request.url.partition("?")[2], request.body) == (at_server({}).body.decode(), b"")
    assert parts(request)["claim htu"] == "https://as.test/token"


def test_an_assertion_is_for_this_server_and_short_lived() -> None:
    form = dict(parse_qsl(at_server({}, client(auth="private_key_jwt")).body.decode()))
    claims = jose.decode(form["client_assertion"]).claims

    assert isinstance(claims, dict)
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("me", "me", "https://as.test/token")
    assert (claims["iat"], claims["exp"]) == (1_900_000_000, 1_900_000_300)
    assert jose.verify(form["client_assertion"], KEY.public_jwk, "ES256")


def test_a_proof_defect_makes_even_an_unproving_client_prove() -> None:
    hostile = at_resource({"htm": "POST"}, client("certificate"))

    assert parts(hostile)["claim htm"] == "POST"


def test_every_proof_defect_is_known_to_the_maker() -> None:
    assert {word for words, _ in PROOF_CHANGES for word in words} <= set(proofs.DEFECTS)
