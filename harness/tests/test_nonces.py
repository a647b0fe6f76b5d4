"""Nonces as cases judge them: what comes close to a good one, what may stand in the header, what can be guessed."""

import base64
import hashlib
import itertools
import uuid
from random import Random

import pytest

from holdfast.caching import may_be_stored
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.nonces import CHANGES, changed, is_well_formed, weakness
from holdfast.proofs import Literal
from holdfast.wire import Answer, Request

NONCE = "yVQ3aZ-0_kLmN9pRsT2uWx4B"
RANDOM = Random(1)
NOW_NS = 1_900_000_000_000_000_000


def drawn(count: int, size: int) -> list[bytes]:
    return [RANDOM.randbytes(size) for _ in range(count)]


def b64u(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


# Changed copies


@pytest.mark.parametrize(
    ("how", "odd"),
    [
        ("cut by one character", "yVQ3aZ-0_kLmN9pRsT2uWx4"),
        ("cut in half", "yVQ3aZ-0_kLm"),
        ("without its first character", "VQ3aZ-0_kLmN9pRsT2uWx4B"),
        ("one character longer", "yVQ3aZ-0_kLmN9pRsT2uWx4BA"),
        ("padded", "yVQ3aZ-0_kLmN9pRsT2uWx4B="),
        ("after a space", " yVQ3aZ-0_kLmN9pRsT2uWx4B"),
        ("written twice", NONCE + NONCE),
        ("in the other case", "Yvq3Az-0_KlMn9PrSt2UwX4b"),
        ("percent-encoded", "%79VQ3aZ-0_kLmN9pRsT2uWx4B"),
        ("other in its last bit", "yVQ3aZ-0_kLmN9pRsT2uWx4A"),
        ("empty", ""),
        ("null", Literal(None)),
        ("true", Literal(True)),
        ("a number", Literal(0)),
        ("an empty array", Literal([])),
        ("in an array", Literal([NONCE])),
        ("in an object", Literal({"nonce": NONCE})),
    ],
)
def test_a_good_nonce_is_changed_in_one_way(how: str, odd: object) -> None:
    assert changed(NONCE, how) == odd


def test_a_nonce_drawn_anew_has_the_same_shape() -> None:
    one, other = changed(NONCE, "drawn anew"), changed(NONCE, "drawn anew")

    assert isinstance(one, str)
    assert NONCE != one != other
    assert [(c.isdigit(), c.isupper(), c.islower()) for c in one] == [
        (c.isdigit(), c.isupper(), c.islower()) for c in NONCE
    ]
    assert (one[6], one[8]) == ("-", "_")


@pytest.mark.parametrize(("nonce", "how"), [("12-34", "in the other case"), ("", "empty"), ("----", "drawn anew")])
def test_a_change_that_changes_nothing_proves_nothing(nonce: str, how: str) -> None:
    with pytest.raises(Inconclusive, match=f"the nonce is the same when it is {how}"):
        changed(nonce, how)


def test_a_nonce_that_is_no_base64url_has_no_last_bit() -> None:
    with pytest.raises(Inconclusive, match="does not end in a base64url digit"):
        changed("nonce!", "other in its last bit")


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'reversed': no such change of a nonce; there are cut by one character, "):
        changed(NONCE, "reversed")


@pytest.mark.parametrize("how", CHANGES)
def test_no_change_gives_the_good_nonce_back(how: str) -> None:
    assert changed(NONCE, how) != NONCE


# Syntax


@pytest.mark.parametrize("nonce", ["!", "#[]~", NONCE, "a,b", "x" * 5000])
def test_nqchars_are_well_formed(nonce: str) -> None:
    assert is_well_formed(nonce)


@pytest.mark.parametrize("nonce", ["", "a b", 'a"b', "a\\b", "a\tb", "a\x7f", "ä", "a\n"])
def test_anything_else_is_not(nonce: str) -> None:
    assert not is_well_formed(nonce)


# What can be guessed


@pytest.mark.parametrize(
    "nonces",
    [
        [b64u(data) for data in drawn(50, 32)],
        [b64u(data) for data in drawn(50, 12)],
        [data.hex() for data in drawn(50, 8)],
        [str(uuid.UUID(bytes=data, version=4)) for data in drawn(50, 16)],
        [b64u(n.to_bytes(8) + hashlib.sha256(b"%d" % n).digest()) for n in range(50)],
        [f"eyJhbGciOiJkaXIifQ..{b64u(data)}" for data in drawn(50, 40)],
        [b64u(data) for data in drawn(2, 32) for _ in range(25)],
        [b64u(drawn(1, 32)[0])] * 50,
        [b64u(data) for data in drawn(4, 32)] * 12,
        [b64u(drawn(1, 32)[0])],
    ],
    ids=["32 bytes", "12 bytes", "hex", "UUID", "time and MAC", "JWE", "two windows", "one value", "four nodes", "one"],
)
def test_random_nonces_show_no_weakness(nonces: list[str]) -> None:
    assert weakness(nonces) == ""


@pytest.mark.parametrize(
    ("nonces", "said"),
    [
        (["1900000000"] * 50, "no nonce has room for more than 33 bits"),
        (["abc-def-123"] * 5, "no nonce has room for more than 36 bits"),
        (["Zz-_9aB"] * 5, "no nonce has room for more than 42 bits"),
        ([str(NOW_NS + n * 1_234_567) for n in range(50)], "no nonce has room for more than 63 bits"),
        ([f"holdfast-nonce-{n:08}" for n in range(50)], "a nonce differs from the one before it in 1 bits of its text"),
        ([b64u(b"prefix of 16 byt" + n.to_bytes(8)) for n in range(50)], "a nonce differs from the one before it in"),
        ([f"aaaaaaaaaaaaaaa-{n * 7919 + 10**9:x}" for n in range(50)], "a nonce differs from the one before it in"),
        ([f"static-prefix-{NOW_NS + n * 1_234_567_891:019}" for n in range(50)], "only 3"),
        ([f"static-prefix-{data.hex()}" for data in drawn(50, 4)], "only 4"),
        (["nonce-of-the-server-0001", "nonce-of-the-server-0002"], "a nonce differs from the one before it in 2 bits"),
    ],
)
def test_what_is_short_or_counts_or_tells_the_time_is_weak(nonces: list[str], said: str) -> None:
    assert weakness(nonces).startswith(said)


def test_no_nonces_prove_nothing() -> None:
    with pytest.raises(Inconclusive, match="no nonce was supplied"):
        weakness([])


# What a cache may keep


def answered(method: str, status: int, **headers: str) -> Exchange:
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Exchange(Request(method, "https://rs.test/r"), Answer(status, lines), "probe", "resource", "client")


@pytest.mark.parametrize(
    "seen",
    [
        answered("GET", 200),
        answered("HEAD", 404),
        answered("GET", 200, Cache_Control="private"),
        answered("GET", 200, Cache_Control="no-cache, must-revalidate"),
        answered("GET", 401, Cache_Control="max-age=60"),
        answered("GET", 401, Expires="Thu, 01 Jan 2099 00:00:00 GMT"),
        answered("POST", 200, Cache_Control="Public, S-MaxAge=60"),
    ],
)
def test_an_answer_that_a_cache_may_keep(seen: Exchange) -> None:
    assert may_be_stored(seen)


@pytest.mark.parametrize(
    "seen",
    [
        answered("GET", 200, Cache_Control="no-store"),
        answered("GET", 200, Cache_Control="max-age=60, No-Store"),
        answered("GET", 401),
        answered("POST", 200),
        answered("POST", 400, Cache_Control="max-age=0"),
        answered("POST", 200, Cache_Control="no-cache"),
    ],
)
def test_an_answer_that_no_cache_keeps(seen: Exchange) -> None:
    assert not may_be_stored(seen)


def test_the_order_of_cases_is_the_order_of_supply() -> None:
    counted = [f"aaaaaaaaaaaaaaaa-{n:04}" for n in range(20)]
    shuffled = [*itertools.chain(*zip(counted[::2], reversed(counted[1::2]), strict=True))]

    assert weakness(counted)
    assert weakness(shuffled)
