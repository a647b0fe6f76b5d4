"""Honest proofs verify for any request; a defect changes what its word names, in any proof, and nothing else."""

import math
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from holdfast import jose, pki, proofs
from holdfast.jose import Key
from holdfast.proofs import ABSENT, DEFECTS, Duplicate, Literal, ProofRequest

EC, OTHER, ED, RSA = (jose.generate(alg) for alg in ("ES256", "ES256", "EdDSA", "RS256"))
P384, P521 = jose.generate("ES384"), jose.generate("ES512")
CERTIFIED = pki.new_authority("lab").issue_client("somebody")

#: Deterministic signatures: two proofs are equal letter by letter where nothing but chance tells them apart.
steady = st.sampled_from([ED, RSA])
texts = st.text(max_size=10)
urls = st.builds(
    "{}://{}{}".format, st.sampled_from(["https", "http", "HTTPS"]), st.sampled_from(["rs.test", "a:1", "[::1]"]), texts
)
requests = st.builds(
    ProofRequest,
    st.sampled_from(["GET", "POST", "get", "M-SEARCH", ""]) | texts,
    urls | texts,
    st.integers(0, 2**33) | st.floats(0, 2**33),
    st.none() | texts,
    st.none() | texts,
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


def make(key: Key, request: ProofRequest, /, **words: Any) -> str:
    return proofs.make(key, request, new_id=lambda: "same", **words)


def parts(text: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    decoded = jose.decode(text)
    assert isinstance(decoded.header, dict)
    assert isinstance(decoded.claims, dict)
    return decoded.header, decoded.claims


def changed(honest: str, text: str) -> set[str]:
    """Names of the members of the header (with a colon) and of the payload that differ."""
    found = set()
    for mark, was, now in zip((":", ""), parts(honest), parts(text), strict=True):
        found |= {mark + name for name in was.keys() | now.keys() if was.get(name, ABSENT) != now.get(name, ABSENT)}
    return found


@given(st.sampled_from([EC, P384, P521, ED, RSA]), requests)
def test_an_honest_proof_verifies_and_says_what_the_request_is(key: Key, request: ProofRequest) -> None:
    text = make(key, request)
    header, claims = parts(text)

    assert jose.verify(text, key.public_jwk, key.alg)
    assert header == {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.public_jwk}
    told = {"htm": request.method, "jti": "same", "iat": math.floor(request.now)}
    told |= {} if request.token is None else {"ath": jose.token_hash(request.token)}
    told |= {} if request.nonce is None else {"nonce": request.nonce}
    assert {name: value for name, value in claims.items() if name != "htu"} == told
    assert request.url.startswith(str(claims["htu"]))
    assert request.url[len(str(claims["htu"])) :][:1] in {"", "?", "#"}
    assert not set("?#") & set(str(claims["htu"]))


@given(steady, requests)
def test_two_honest_proofs_differ_in_their_jti_alone(key: Key, request: ProofRequest) -> None:
    one, two = proofs.make(key, request), proofs.make(key, request)

    assert changed(one, two) == {"jti"}
    assert make(key, request) == make(key, request)


#: Word, a value, and what it changes.
MEMBERS: list[tuple[str, Any, set[str]]] = [
    ("key", P384, {":alg", ":jwk"}),
    ("signed_by", OTHER, set()),
    ("typ", "JWT", {":typ"}),
    ("typ", ABSENT, {":typ"}),
    ("typ", Literal(["dpop+jwt"]), {":typ"}),
    *(("alg", value, {":alg"}) for value in (ABSENT, "none", "HS256", "HS512", "es256", "x", Literal(None))),
    ("alg_symmetric_oct", True, {":alg", ":jwk"}),
    *(("hmac_key", value, {":alg"}) for value in ("pem", "pem-trimmed", "der", "jwk")),
    *(("jwk", value, {":jwk"}) for value in cast("list[object]", [ABSENT, "private", "foreign", OTHER, {}])),
    ("jwk_members", {"kid": "a"}, {":jwk"}),
    ("kid_only", True, {":jwk", ":kid"}),
    ("critical", "odd", {":crit", ":odd"}),
    ("critical", ["alg"], {":crit"}),
    ("critical", Literal([]), {":crit"}),
    ("header", {"kid": ""}, {":kid"}),
    ("claims", {"x": None, "y": 1}, {"x", "y"}),
    *(("htm", value, {"htm"}) for value in ("DELETE", ABSENT, Literal(None))),
    *(("htu", value, {"htu"}) for value in ("https://else.test/", ABSENT, Literal(1))),
    *(("iat", value, {"iat"}) for value in (-1, 1, 0.5, ABSENT, "text", Literal(None))),
    *(("exp", value, {"exp"}) for value in (0, -60, "text", "milliseconds")),
    *(("nbf", value, {"nbf"}) for value in (0, 600, Literal(""))),
    *(("jti", value, {"jti"}) for value in ("", "other", ABSENT, Literal(1))),
    *(("ath", value, {"ath"}) for value in ("foreign", "other", Literal(None))),
    *(("nonce", value, {"nonce"}) for value in ("made-up by the suite", Literal(None))),
    ("renamed", {"htm": "HTM"}, {"htm", "HTM"}),
    ("renamed", {"typ": "Typ"}, {":typ", ":Typ"}),
    ("duplicate", Duplicate("jti", "else", first=False), {"jti"}),
    ("duplicate", Duplicate("jti", "else"), set()),
    *(("spelling", value, set()) for value in ("pretty", "reordered", "escaped", "escaped-key")),
    *(("signature", value, set()) for value in ("empty", "truncated", "trailing", "zero", "ones", "flipped")),
    ("signature", "other-key", set()),
    ("signature", "edited", {"jti"}),
    ("padding", True, set()),
    ("alphabet", "standard", {"jti"}),
    *(("whitespace", value, set()) for value in (True, "tab", "signed")),
    ("key_elsewhere", {"jku": "https://else.test/"}, {":jwk", ":jku"}),
    ("certified_by", CERTIFIED, {":x5c"}),
    ("unencoded", "said", {":b64", ":crit"}),
    ("unencoded", "signed-raw", {":b64", ":crit"}),
]
#: Words that leave no two objects to compare.
FORMS: list[tuple[str, Any]] = [
    *(("syntax", how) for how in ("bom", "comment", "trailing-comma", "trailing-bytes", "single-quotes", "nan")),
    ("syntax", "array"),
    ("nested", True),
    ("unencoded", "detached"),
    *(("parts", how) for how in ("two", "four", "five", "no-header", "no-payload")),
    *(("serialisation", how) for how in ("flattened", "general")),
]
ONLY = {"neutral_key": (ED, True), "alphabet": (ED, "stray-bits"), "signature": (RSA, "other-padding")}


def test_every_word_has_a_row() -> None:
    assert {row[0] for row in [*MEMBERS, *FORMS]} | ONLY.keys() == set(DEFECTS)


@settings(max_examples=200)
@given(steady | st.just(EC), requests, st.sampled_from(MEMBERS))
def test_a_defect_of_any_proof_changes_what_its_word_names(
    key: Key, request: ProofRequest, row: tuple[str, Any, set[str]]
) -> None:
    word, value, names = row
    assume(word not in {"signed_by", "certified_by"} or key is EC)
    assume(not (isinstance(value, str) and value in {request.method, request.nonce, request.url}))
    assume(word != "ath" or request.token is not None)
    honest, text = make(key, request), make(key, request, **{word: value})

    assert text != honest
    assert changed(honest, text) == names


@settings(max_examples=80)
@given(steady, requests, st.sampled_from(FORMS))
def test_a_defect_of_form_leaves_no_honest_proof(key: Key, request: ProofRequest, row: tuple[str, Any]) -> None:
    text = make(key, request, **{row[0]: row[1]})

    assert text != make(key, request)
    assert not jose.verify(text, key.public_jwk, key.alg) or isinstance(jose.decode(text).claims, str)


@given(requests, st.sampled_from(sorted(ONLY)))
def test_a_defect_for_one_kind_of_key_does_not_leave_it_honest(request: ProofRequest, word: str) -> None:
    key, value = ONLY[word]
    text = make(key, request, **{word: value})

    assert text != make(key, request)
    assert not jose.verify(text, key.public_jwk, key.alg)


@settings(max_examples=30)
@given(requests, st.sampled_from(["der", "r-zero", "s-zero", "r-order", "s-order"]), st.sampled_from([EC, P384, P521]))
def test_a_damaged_ecdsa_signature_never_verifies(request: ProofRequest, how: str, key: Key) -> None:
    text = make(key, request, signature=how)

    assert parts(text) == parts(make(key, request))
    assert not jose.verify(text, key.public_jwk)


wide = st.one_of(
    values,
    st.just(ABSENT),
    values.map(Literal),
    st.sampled_from([EC, OTHER, ED, RSA, CERTIFIED, math.inf, b"bytes", object()]),
    st.builds(Duplicate, st.sampled_from(["typ", "alg", "jwk", "htm", "iat", "ath"]) | texts, values, st.booleans()),
    st.sampled_from(
        ["none", "HS256", "private", "foreign", "pem", "point", "hex", "edited", "der", "malleated", "two"]
    ),
    st.dictionaries(st.sampled_from(["jti", "jwk", "typ", "kid"]) | texts, values, max_size=3),
)


@settings(max_examples=250)
@given(st.sampled_from([EC, ED, RSA]), requests, st.sampled_from(sorted(DEFECTS)), wide)
@example(ED, ProofRequest("GET", "https://rs.test/", 0), "iat", math.nan)
@example(ED, ProofRequest("GET", "https://rs.test/", 0), "renamed", {"htm": ["x"]})
def test_any_value_of_any_word_makes_a_proof_or_a_documented_error(
    key: Key, request: ProofRequest, word: str, value: object
) -> None:
    try:
        text = make(key, request, **{word: value})
    except (TypeError, ValueError):
        return
    assert text.isascii(), "a header line can carry it"
    assert jose.verify(make(key, request), key.public_jwk, key.alg), "the next one is honest again"


@given(requests)
def test_a_malleated_proof_is_another_one_that_says_the_same_and_the_way_back_is_the_same_way(
    request: ProofRequest,
) -> None:
    text = make(EC, request)
    other = proofs.disguised(text, "malleated")

    assert other != text
    assert other.rpartition(".")[0] == text.rpartition(".")[0]
    assert jose.verify(other, EC.public_jwk, "ES256")
    assert proofs.disguised(other, "malleated") == text


@given(requests)
def test_stray_bits_are_seen_by_a_strict_reader_only(request: ProofRequest) -> None:
    text = make(EC, request)
    other = proofs.disguised(text, "stray-bits")

    assert jose.decode(other).signature == jose.decode(text).signature
    assert not jose.verify(other, EC.public_jwk)


@pytest.mark.parametrize("word", sorted(DEFECTS))
def test_no_word_takes_a_second_beside_it_unasked(word: str) -> None:
    other = "typ" if word != "typ" else "htm"
    with pytest.raises(ValueError, match="more than one defect"):
        make(EC, ProofRequest("GET", "https://rs.test/", 0), **{word: "x", other: "y"})
