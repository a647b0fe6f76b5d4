"""What is told from issued values: rules on how a key is named, and how well a value can be guessed."""

import itertools
import secrets
import time
import uuid
from collections.abc import Callable

import pytest

from holdfast import jose
from holdfast.parties.client import Token
from holdfast.parties.issued import broken_rules, variation

KEY = jose.generate("ES256")
WHOLE = KEY.public_jwk
COUNT = itertools.count(1_000)


def token(**claims: object) -> Token:
    return Token(jose.compact({"alg": "ES256", "typ": "at+jwt"}, claims, KEY.sign), "DPoP", 0.0)


@pytest.mark.parametrize(
    ("cnf", "broken"),
    [
        ({"jkt": "x"}, set()),
        ({"jkt": "x", "x5t#S256": "y"}, set()),
        ({"jwk": WHOLE}, set()),
        ({"jwk": jose.generate("RS256").public_jwk}, set()),
        ({"jwk": jose.generate("EdDSA").public_jwk}, set()),
        ({"jwe": "x"}, set()),
        ("x", {"an-object"}),
        (["x"], {"an-object"}),
        (None, {"an-object"}),
        ({"jwk": WHOLE, "jku": "https://a.test"}, {"one-key"}),
        ({"jwe": "x", "jku": "https://a.test"}, {"one-key"}),
        ({"jwk": {**WHOLE, "y": 1} | {"kty": "EC"}, "jkt": "x"}, set()),
        ({"jwk": {"kty": "EC", "crv": "P-256", "x": "x"}}, {"whole-key"}),
        ({"jwk": {"kty": "RSA", "n": "x"}}, {"whole-key"}),
        ({"jwk": {"x": "x"}}, {"whole-key"}),
        ({"jwk": "x"}, {"whole-key"}),
        ({"jwk": {"kty": "oct", "k": "x"}}, {"no-open-secret"}),
    ],
)
def test_a_confirmation_breaks_the_rules_that_it_breaks(cnf: object, broken: set[str]) -> None:
    assert broken_rules(token(cnf=cnf)) == broken


def test_no_confirmation_is_no_object() -> None:
    assert broken_rules(token()) == {"an-object"}


@pytest.mark.parametrize(
    ("make", "bits"),
    [
        (lambda: secrets.token_urlsafe(32), 256),
        (lambda: secrets.token_urlsafe(16), 128),
        (lambda: f"urn:{secrets.token_hex(16)}", 128),
        (lambda: f"urn:uuid:{uuid.uuid4()}", 122),
    ],
    ids=["256-bits", "128-bits", "hexadecimal", "uuid"],
)
def test_chance_is_seen(make: Callable[[], str], bits: int) -> None:
    assert abs(variation([make() for _ in range(20)]) - bits) < 8


@pytest.mark.parametrize(
    "make",
    [
        lambda: f"urn:{next(COUNT):040d}",
        lambda: f"urn:{time.time_ns()}",
        lambda: str(uuid.uuid1()),
        lambda: secrets.token_urlsafe(8),
        lambda: f"{'a' * 43}{secrets.token_hex(4)}",
    ],
    ids=["counter", "time", "uuid-of-time", "short", "long-with-a-short-part"],
)
def test_what_can_be_guessed_is_seen(make: Callable[[], str]) -> None:
    assert variation([make() for _ in range(20)]) < 100


def test_a_value_that_comes_twice_and_too_few_values_say_nothing_good() -> None:
    values = [secrets.token_urlsafe(32) for _ in range(20)]

    assert variation([*values, values[0]]) == 0
    assert variation(values[:15]) == 0
