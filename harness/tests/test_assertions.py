"""Client assertions: honest ones, and ones that are odd in one thing."""

from typing import Any
from urllib.parse import parse_qs

from holdfast import jose
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration, assertion
from holdfast.parties.present import server_request

KEY = jose.generate("ES256")
CLIENT = Client("signing", "none", Registration("c-1", "private_key_jwt", assertion_key=KEY), KEY)
NOW, ISSUER = 1_000_000.0, "https://as.test"


def text(**change: object) -> str:
    request = server_request(
        "https://as.test/token", CLIENT, {}, Change.of(change), nonce=None, now=NOW, audience=ISSUER
    )
    [found] = parse_qs(request.body.decode())["client_assertion"]
    return found


def claims(**change: object) -> dict[str, Any]:
    found = jose.decode(text(**change)).claims
    assert isinstance(found, dict)
    return {name: value for name, value in found.items() if name != "jti"}


def test_an_honest_assertion_names_client_and_issuer_and_outlives_a_case_that_waits() -> None:
    assert claims() == {"iss": "c-1", "sub": "c-1", "aud": ISSUER, "iat": NOW, "exp": NOW + 300}


def test_one_claim_is_changed_and_no_other() -> None:
    assert claims(assertion={"aud": [ISSUER, "x"]}) == claims() | {"aud": [ISSUER, "x"]}
    assert claims(audience="x") == claims() | {"aud": "x"}


def test_times_are_seconds_from_now() -> None:
    assert claims(assertion={"iat": 65, "exp": 125}) == claims() | {"iat": NOW + 65, "exp": NOW + 125}
    assert claims(assertion={"nbf": -5}) == claims() | {"nbf": NOW - 5}


def test_without_an_algorithm_there_is_no_signature() -> None:
    [header, payload, signature] = assertion(CLIENT.registered, ISSUER, now=NOW, changed={"alg": "none"}).split(".")

    assert (header != "", payload != "", signature) == (True, True, "")
    assert jose.decode(text(assertion={"alg": "none"})).header == {"alg": "none", "typ": "JWT"}


def test_another_secret_is_an_assertion_by_a_foreign_key() -> None:
    assert jose.verify(text(), KEY.public_jwk)
    assert not jose.verify(text(secret="wrong"), KEY.public_jwk)
