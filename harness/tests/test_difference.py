"""Two messages laid side by side differ in what was changed and in nothing else, and two changes are seen as two."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from holdfast import difference, jose, pki, proofs
from holdfast.difference import Difference, Sent
from holdfast.difference_rules import RULES
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration
from holdfast.parties.present import FORM, Spot, resource_request, server_request
from holdfast.proofs import ABSENT, Duplicate
from holdfast.wire import Request

KEY, OTHER, RSA = jose.generate("ES256"), jose.generate("ES256"), jose.generate("RS256")
SIGNER = jose.generate("ES256")
FOREIGN = pki.new_authority("lab").issue_client("thief")
SPOT = Spot("GET", "https://rs.test/resource")
CLIENT = Client("client", "dpop", Registration(id="me", auth="client_secret_basic", secret="secret"), KEY)
CODE = {
    "grant_type": "authorization_code",
    "code": "c" * 22,
    "code_verifier": "v" * 43,
    "redirect_uri": "https://c.test",
}
HONEST, BODIES = Change(), (b"other=two", b"note=one")
GARBAGE = "holdfast-made-up-token"

Words = Mapping[str, Any]


def token(header: Words | None = None, **claims: object) -> str:
    now = int(time.time())
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "one"} | dict(header or {})
    said = {
        "iss": "https://as.test",
        "sub": "me",
        "client_id": "me",
        "jti": proofs.new_jti(),
        "iat": now,
        "exp": now + 300,
    }
    said |= {"cnf": {"jkt": KEY.thumbprint}} | claims
    kept = [{name: value for name, value in part.items() if value is not ABSENT} for part in (head, said)]
    return jose.compact(kept[0], kept[1], SIGNER.sign)


TOKEN = token()


def differences(hostile: Sent, honest: Sent, earlier: Iterable[Request] = ()) -> list[str]:
    return [found.said() for found in difference.differences(hostile, honest, earlier)]


def sent(request: Request, nonce: str = "") -> Sent:
    return Sent(request, time.time(), nonce)


def at_resource(words: Words, nonce: str = "") -> Sent:
    request = resource_request(SPOT, CLIENT, TOKEN, Change.of(words), nonce=nonce or None, now=time.time())
    return sent(request, nonce)


def at_server(words: Words, form: Mapping[str, str] | None = None) -> Sent:
    url = "https://as.test/token"
    change = Change.of(words)
    return sent(server_request(url, CLIENT, form or CODE, change, nonce=None, now=time.time(), audience=url))


# Each change alone

PROOF: list[tuple[Words, str]] = [
    ({"htm": "POST"}, "proof claim htm: POST, not the request's method"),
    ({"htu": "https://evil.test/"}, "proof claim htu: https://evil.test/, not the request's URL"),
    ({"iat": -3600}, "proof claim iat"),
    ({"jti": ""}, "proof claim jti"),
    ({"ath": ABSENT}, "proof claim ath: absent, not of the token"),
    ({"nonce": "made-up"}, "proof claim nonce: made-up, not absent"),
    ({"claims": {"cnf": {"jkt": "x"}}}, "proof claim cnf"),
    ({"typ": "JWT"}, "proof header typ: JWT, not dpop+jwt"),
    ({"alg": "none"}, "proof header alg: none, not ES256"),
    ({"alg": "HS256"}, "proof header alg"),
    ({"alg": "ES384"}, "proof header alg"),
    ({"alg": "RS256"}, "proof header alg"),
    ({"hmac_key": "pem"}, "proof header alg"),
    ({"alg_symmetric_oct": True}, "proof header jwk"),
    ({"key": OTHER}, "proof header jwk"),
    ({"key": RSA}, "proof header jwk"),
    ({"jwk": "private"}, "proof header jwk"),
    ({"jwk": "foreign"}, "proof header jwk"),
    ({"jwk": {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}}, "proof header jwk"),
    ({"jwk": ABSENT}, "proof header jwk: absent"),
    ({"kid_only": True}, "proof header kid"),
    ({"key_elsewhere": {"jku": "https://evil.test/keys"}}, "proof header jku"),
    ({"certified_by": FOREIGN}, "proof header x5c"),
    ({"critical": "holdfast"}, "proof header crit"),
    ({"unencoded": "detached"}, "proof header crit"),
    ({"nested": True}, "proof header cty"),
    ({"renamed": {"htm": "HTM"}}, "proof claim HTM: GET, not absent"),
    ({"duplicate": Duplicate("htm", "POST")}, "bytes of the proof: claims with htm twice"),
    ({"duplicate": Duplicate("jwk", None, first=False)}, "bytes of the proof: header with jwk twice"),
    ({"spelling": "reordered"}, "bytes of the proof: header the same JSON written otherwise"),
    ({"syntax": "bom"}, "bytes of the proof: claims behind a byte order mark"),
    ({"syntax": "array"}, "bytes of the proof: claims no JSON object"),
    ({"padding": True}, "bytes of the proof"),
    ({"alphabet": "standard"}, "bytes of the proof"),
    ({"alphabet": "stray-bits"}, "bytes of the proof: signature with stray bits"),
    ({"whitespace": "space"}, "bytes of the proof: claims with white space in its base64url"),
    ({"whitespace": "signed"}, "bytes of the proof: claims with white space in its base64url"),
    ({"parts": "two"}, "bytes of the proof: 2 parts"),
    ({"parts": "five"}, "bytes of the proof: 5 parts"),
    ({"parts": "no-payload"}, "bytes of the proof: claims empty"),
    ({"serialisation": "general"}, "bytes of the proof: JSON serialisation"),
    ({"signature": "flipped"}, "signature of the proof: broken, not own"),
    ({"signature": "edited"}, "signature of the proof: broken, not own"),
    ({"signature": "empty"}, "signature of the proof: none, not own"),
    ({"signed_by": OTHER}, "signature of the proof: broken, not own"),
    ({"proofs": "two different"}, "DPoP lines: 2, not 1"),
    ({"proof": None}, "DPoP lines: 0, not 1"),
    ({"proof": "eyJhIjoxfQ.eyJiIjoyfQ."}, "proof header a"),
    ({"proof_header": "X-DPoP"}, "header X-DPoP: a proof, not absent"),
    ({"proof_header": "dpop"}, "name of the DPoP header: dpop, not DPoP"),
]

REQUEST: list[tuple[Words, str]] = [
    ({"method": "POST"}, "method: POST, not GET"),
    ({"path": "/other"}, "path of the URL: /other, not /resource"),
    ({"query": "a=1"}, "query parameter a: 1, not absent"),
    ({"certificate": FOREIGN}, "certificate: "),
    ({"scheme": "Bearer"}, "scheme of the token: Bearer {token}, not DPoP {token}"),
    ({"downgraded": "Bearer"}, "scheme of the token: Bearer {token}, not DPoP {token}"),
    ({"written": "DPoP={token}"}, "scheme of the token: DPoP={token}, not DPoP {token}"),
    ({"authorization": None}, "place of the token: none, not header Authorization"),
    ({"authorization": None, "proof": None}, "place of the token: none, not header Authorization"),
    ({"token_in": "query"}, "place of the token: query, not header Authorization"),
    ({"token_in": "form"}, "place of the token: form, not header Authorization"),
    ({"token_in": "cookie"}, "place of the token: cookie, not header Authorization"),
    ({"token_in": "header X-Authorization"}, "place of the token: none, not header Authorization"),
    ({"token_in": "two headers"}, "place of the token: header Authorization, header Authorization"),
    ({"token": GARBAGE}, f"token: {GARBAGE}, not absent"),
    ({"token": token(cnf=ABSENT)}, "token claim cnf: absent"),
    ({"token": token(cnf=ABSENT, CNF={"jkt": KEY.thumbprint})}, "token claim CNF"),
    ({"token": token(exp=1)}, "token claim exp"),
    ({"token": token({"typ": "JWT"})}, "token header typ: JWT, not at+jwt"),
    ({"token": token({"jwk": OTHER.public_jwk, "kid": ABSENT})}, "token header jwk"),
    ({"token": token(sub="you", client_id="you", cnf={"jkt": OTHER.thumbprint})}, "token claim sub: you, not me"),
    ({"token": token()}, "token: another that says the same, not the client's"),
    ({"override": "header X-HTTP-Method-Override=DELETE"}, "header X-HTTP-Method-Override: DELETE, not absent"),
    (
        {"htu": "https://evil.test/resource", "headers": {"X-Forwarded-Host": "evil.test"}},
        "header X-Forwarded-Host: evil.test, not absent",
    ),
    (
        {
            "authorization": None,
            "proof": None,
            "method": "OPTIONS",
            "headers": {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"},
        },
        "header Access-Control-Request-Method: GET, not absent",
    ),
]

SERVER: list[tuple[Words, str]] = [
    ({"secret": "wrong"}, "client secret: wrong, not secret"),
    ({"authorization": None, "parameters": {"client_id": "me"}}, "client secret: absent, not secret"),
    ({"acting_as": "you"}, "form parameter client_id: you, not absent"),
    ({"code_verifier": "short"}, "form parameter code_verifier: short, not fresh"),
    ({"parameters": {"scope": "admin"}}, "form parameter scope: admin, not absent"),
    ({"parameters": {"code": None}}, "form parameter code: absent, not fresh"),
    ({"parameters": {"resource": ("https://a.test", "https://b.test")}}, "form parameter resource"),
    ({"htu": "https://as.test/par"}, "proof claim htu"),
]


@pytest.mark.parametrize(("words", "said"), [*PROOF, *REQUEST])
def test_one_change_at_the_resource_is_one_difference(words: Words, said: str) -> None:
    (found,) = differences(at_resource(words), at_resource({}))

    assert found.startswith(said)


@pytest.mark.parametrize(("words", "said"), SERVER)
def test_one_change_at_the_authorization_server_is_one_difference(words: Words, said: str) -> None:
    (found,) = differences(at_server(words), at_server({}))

    assert found.startswith(said)


# What is no difference


@pytest.mark.parametrize("words", [{}, {"iat": 1}, {"iat": -1}])
def test_fresh_values_are_none(words: Words) -> None:
    assert differences(at_resource(words, nonce="n1"), at_resource({}, nonce="n2")) == []


def test_a_message_made_as_long_before_it_was_sent_is_the_same() -> None:
    earlier = at_resource({})

    assert differences(at_resource({}), replace(earlier, at=earlier.at)) == []


@pytest.mark.parametrize("value", ["n0", "n1 ", "N1", 1, ABSENT])
def test_any_nonce_but_the_current_one_is_a_difference(value: object) -> None:
    (found,) = differences(at_resource({"nonce": value}, nonce="n1"), at_resource({}, nonce="n2"))

    assert found.startswith("proof claim nonce: ")


def test_another_code_is_none() -> None:
    other = CODE | {"code": "d" * 22, "code_verifier": "w" * 43}

    assert differences(at_server({}, other), at_server({})) == []


# What is no longer fresh


def test_the_same_bytes_again_are_told_as_such() -> None:
    first = at_resource({})

    assert differences(first, at_resource({}), [first.request]) == ["all bytes: of an earlier request, not fresh"]


def test_the_proof_of_an_earlier_request_is_one_difference_whatever_it_says() -> None:
    captured = at_server({}).request
    proof = dict(captured.headers)["DPoP"]

    assert differences(at_resource({"proof": proof}), at_resource({}), [captured]) == ["proof: used before, not fresh"]


def test_a_proof_that_was_made_elsewhere_and_never_sent_is_one_difference() -> None:
    proof = dict(at_server({}).request.headers)["DPoP"]

    assert len(differences(at_resource({"proof": proof}), at_resource({}))) == 1


@pytest.mark.parametrize("how", ["malleated", "stray-bits"])
def test_a_captured_proof_in_other_bytes_is_one_difference(how: str) -> None:
    captured = at_resource({}).request
    proof = proofs.disguised(dict(captured.headers)["DPoP"], how)

    (found,) = differences(at_resource({"proof": proof}), at_resource({}), [captured])

    assert found.startswith(("proof claim jti: used before", "bytes of the proof: signature with stray bits"))


def test_a_captured_proof_in_other_bytes_may_have_an_older_nonce() -> None:
    captured = at_resource({}, nonce="n0").request
    proof = proofs.disguised(dict(captured.headers)["DPoP"], "malleated")

    found = differences(at_resource({"proof": proof}, nonce="n1"), at_resource({}, nonce="n2"), [captured])

    assert found == ["proof claim jti: used before, not fresh"]


def test_a_code_that_was_sent_before_is_told() -> None:
    spent = at_server({}, CODE | {"code": "d" * 22}).request

    found = differences(at_server({}, CODE | {"code": "d" * 22}), at_server({}), [spent])

    assert found == ["form parameter code: used before, not fresh"]


def test_a_request_that_was_made_long_before_it_was_sent_is_told() -> None:
    late = at_resource({})

    (found,) = differences(Sent(late.request, late.at + 10), at_resource({}))

    assert found.startswith("proof claim iat")


def test_another_grant_is_one_difference_with_all_its_parameters() -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": "r" * 22}

    (found,) = differences(at_server({}, refresh), at_server({}))

    assert found == "form parameter grant_type: refresh_token, not authorization_code"


def test_a_request_without_tls_is_one_difference_though_it_goes_to_another_port() -> None:
    honest = at_resource({})
    plain = sent(replace(honest.request, url="http://rs.test:8080/resource"))

    assert differences(plain, honest) == ["scheme of the URL: http, not https"]


def test_another_body_at_a_resource_is_one_difference() -> None:
    form = replace(SPOT, method="POST", headers=(FORM,), body=b"note=one")
    made = [
        resource_request(replace(form, body=body), CLIENT, TOKEN, HONEST, nonce=None, now=time.time())
        for body in BODIES
    ]

    (found,) = differences(sent(made[0]), sent(made[1]))

    assert found == "body parameter other: two, not absent"


def test_a_form_sent_by_get_is_one_difference() -> None:
    honest = at_server({})
    query = honest.request.body.decode()
    hostile = sent(replace(honest.request, method="GET", body=b"", url=f"{honest.request.url}?{query}"))

    assert differences(hostile, honest) == ["method: GET, not POST"]


def test_a_secret_is_masked_before_it_is_cut() -> None:
    secret = "s" * 50
    found = Difference("client secret", f"a-long-beginning-{secret}", None)

    assert (
        found.said(lambda text: text.replace(secret, "«secret»"))
        == "client secret: a-long-beginning-«secret», not absent"
    )


# Two changes are two


@pytest.mark.parametrize(
    "words",
    [
        {"htm": "POST", "headers": {"X-Trace": "1"}},
        {"signature": "flipped", "headers": {"Origin": "https://app.test"}},
        {"signature": "flipped", "certificate": FOREIGN},
        {"scheme": "Bearer", "key": OTHER},
        {"scheme": "Bearer", "token": token(cnf=ABSENT)},
        {"downgraded": "Bearer", "method": "POST"},
        {"token": token(scope="admin", aud="https://else.test")},
        {"token": token({"typ": "JWT"}, cnf=ABSENT)},
        {"token_in": "query", "signature": "flipped"},
        {"token_in": "query", "method": "POST"},
        {"htu": "https://other.test/", "headers": {"X-Forwarded-Host": "evil.test"}},
    ],
)
def test_two_changes_are_two_differences(words: Words) -> None:
    assert len(differences(at_resource(words), at_resource({}))) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"htm": "POST"}, {"htu": "https://evil.test/"}),
        ({"typ": "JWT"}, {"signature": "flipped"}),
        ({"jwk": "foreign"}, {"typ": "JWT"}),
        ({"header": {"kid": "one"}}, {"signature": "flipped"}),
        ({"jti": ABSENT}, {"claims": {"id": "x"}}),
        ({"syntax": "bom"}, {"htm": "POST"}),
        ({"key": OTHER}, {"htm": "POST"}),
    ],
)
def test_two_defects_of_a_proof_are_two_differences(one: Words, other: Words) -> None:
    request = proofs.ProofRequest("GET", SPOT.url, time.time(), TOKEN)
    proof = proofs.make(KEY, request, allow_several=True, **one, **other)

    assert len(differences(at_resource({"proof": proof}), at_resource({}))) == 2


# The rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.why)
def test_every_rule_is_needed_by_a_test_here(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "RULES", tuple(other for other in RULES if other is not rule))
    tests = [
        *((test_one_change_at_the_resource_is_one_difference, row) for row in [*PROOF, *REQUEST]),
        *((test_one_change_at_the_authorization_server_is_one_difference, row) for row in SERVER),
        (test_the_proof_of_an_earlier_request_is_one_difference_whatever_it_says, ()),
        (test_a_proof_that_was_made_elsewhere_and_never_sent_is_one_difference, ()),
        (test_a_captured_proof_in_other_bytes_is_one_difference, ("stray-bits",)),
        (test_a_captured_proof_in_other_bytes_may_have_an_older_nonce, ()),
        (test_another_grant_is_one_difference_with_all_its_parameters, ()),
        (test_a_request_without_tls_is_one_difference_though_it_goes_to_another_port, ()),
        (test_a_form_sent_by_get_is_one_difference, ()),
        (test_another_body_at_a_resource_is_one_difference, ()),
    ]

    assert any(_fails(test, row) for test, row in tests)


def _fails(test: Any, row: tuple[Any, ...]) -> bool:
    try:
        test(*row)
    except (AssertionError, ValueError):
        return True
    return False


@pytest.mark.parametrize("odd", ["", ".", "..", "...", "é.é.é", "e30.e30.e30", "{", "a" * 20_000, "W10.W10.W10"])
def test_no_text_in_place_of_a_proof_breaks_the_comparison(odd: str) -> None:
    assert differences(at_resource({"proof": odd}), at_resource({}))
