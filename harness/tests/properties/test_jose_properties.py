"""Bytes of a JWS: what is written is read back, a changed letter never verifies, garbage is a ValueError."""

import base64
import hashlib
import json
from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import jose, reading

RSA = jose.generate("RS256")
KEYS = {alg: replace(RSA, alg=alg) if alg[:2] in {"RS", "PS"} else jose.generate(alg) for alg in jose.ASYMMETRIC}
PEM = KEYS["ES256"].private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

algs = st.sampled_from(jose.ASYMMETRIC)
texts = st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
objects = st.dictionaries(texts, values, max_size=4)

#: A JWK whose members are well spelt, whatever numbers they are.
numbers = st.binary(max_size=70).map(jose.b64u)
kinds = st.sampled_from(["EC", "RSA", "OKP", "oct"])
curves = st.sampled_from(["P-256", "P-384", "P-521", "Ed25519", "X25519", "P-999"])
members = {"kty": kinds, "crv": curves} | dict.fromkeys(["x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi"], numbers)
jwks = st.fixed_dictionaries({}, optional=members)


@given(algs, objects, st.one_of(st.binary(max_size=40), objects))
def test_what_a_key_signs_verifies_under_its_own_jwk_alone(
    alg: str, header: dict[str, object], payload: bytes | dict[str, object]
) -> None:
    key = KEYS[alg]
    said = {name: value for name, value in header.items() if name != "crit"} | {"alg": alg}
    text = jose.compact(said, payload, key.sign)

    assert jose.verify(text, key.public_jwk, alg)
    assert not any(jose.verify(text, other.public_jwk) for other in KEYS.values() if other.private != key.private)


@given(st.sampled_from(["ES256", "EdDSA", "RS256", "PS384"]), objects, st.data())
def test_a_jws_with_one_changed_letter_does_not_verify(
    alg: str, claims: dict[str, object], data: st.DataObject
) -> None:
    text = jose.compact({"alg": alg}, claims, KEYS[alg].sign)
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_.=+/ \n\u00e9"))
    changed = data.draw(st.sampled_from([text[:at] + letter + text[at + 1 :], text[:at] + text[at + 1 :]]))

    assert jose.verify(changed, KEYS[alg].public_jwk) is (changed == text)


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=80))
def test_parts_given_as_bytes_are_the_parts_of_the_jws(header: bytes, payload: bytes, signature: bytes) -> None:
    text = jose.compact(header, payload, lambda _data: signature)

    assert [jose.unb64u(part) for part in text.split(".")] == [header, payload, signature]


@given(values)
def test_json_is_written_in_ascii_and_read_back(value: object) -> None:
    written = jose.to_json(value)

    assert written.isascii()
    assert json.loads(written) == value


@given(st.binary(max_size=40), st.sampled_from(["plain", "padded", "standard", "spaced"]))
def test_a_tolerant_reader_finds_the_bytes_in_any_spelling(data: bytes, how: str) -> None:
    spelt = {
        "plain": jose.b64u(data),
        "padded": base64.urlsafe_b64encode(data).decode(),
        "standard": base64.b64encode(data).decode(),
        "spaced": " \t".join(jose.b64u(data)) + "\n",
    }[how]

    assert jose.tolerant(spelt) == data


@given(texts | st.text("AQgw09-_=+/.", max_size=12))
def test_canonical_base64url_has_one_spelling(text: str) -> None:
    with suppress(ValueError):
        assert jose.b64u(jose.unb64u(text)) == text
    if (found := jose.tolerant(text)) is not None:
        assert jose.unb64u(jose.b64u(found)) == found


@given(jwks, algs, st.binary(max_size=140))
def test_no_public_key_of_whatever_numbers_raises_or_has_a_signature_by_accident(
    jwk: dict[str, object], alg: str, signature: bytes
) -> None:
    with suppress(ValueError):
        jose.public_from(jwk)
    assert not jose.holds(b"data", signature, jwk, alg)
    assert not jose.verify(jose.compact({"alg": alg}, b"{}", lambda _data: signature), jwk)


@given(jwks, algs)
def test_a_private_key_of_whatever_numbers_is_a_key_or_a_value_error(jwk: dict[str, str], alg: str) -> None:
    with suppress(ValueError):
        found = jose.load(jwk, alg)
        assert found.public_jwk["kty"] == jwk["kty"]


@given(st.integers(0, len(PEM) - 1), st.integers(0, len(PEM)), st.binary(max_size=6))
def test_a_damaged_pem_is_a_key_or_a_value_error(start: int, length: int, put: bytes) -> None:
    with suppress(ValueError):
        assert jose.load_pem(PEM[:start] + put + PEM[start + length :], "ES256").alg == "ES256"


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(["kty", "crv", "x", "y", "n", "e", "k"], kinds | values)))
def test_a_thumbprint_is_the_hash_of_the_required_members_in_order(jwk: dict[str, object]) -> None:
    named = {"EC": "crv kty x y", "RSA": "e kty n", "OKP": "crv kty x", "oct": "k kty"}
    kind = jwk.get("kty")
    required = named.get(kind, "") if isinstance(kind, str) else ""
    found = [jwk.get(name) for name in required.split()]
    if not found or not all(isinstance(value, str) for value in found):
        with pytest.raises(ValueError, match="JWK"):
            jose.thumbprint(jwk)
        return
    pairs = zip(required.split(), found, strict=True)
    written = (
        "{" + ",".join(json.dumps(pair[0]) + ":" + json.dumps(pair[1], ensure_ascii=False) for pair in pairs) + "}"
    )

    assert jose.thumbprint(jwk) == jose.b64u(hashlib.sha256(written.encode()).digest())


@given(st.text(st.characters(), max_size=12))
@example("\ud800")
def test_any_text_has_a_token_hash_of_its_own(token: str) -> None:
    assert len(jose.token_hash(token)) == 43
    assert jose.token_hash(token) != jose.token_hash(token + "a")


@given(st.lists(st.tuples(texts, scalars), max_size=6))
def test_a_member_that_stands_twice_is_noticed_by_every_reader(pairs: list[tuple[str, object]]) -> None:
    written = b"{" + b",".join(jose.to_json(name) + b":" + jose.to_json(value) for name, value in pairs) + b"}"
    text = f"{jose.b64u(b'{}')}.{jose.b64u(written)}."
    twice = {name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1}

    assert ("member twice" in jose.decode(text).note) is bool(twice)
    assert reading.read(text).claims.twice == twice
    assert reading.read(text).claims.members == dict(pairs)


@pytest.mark.parametrize("count", [40_000])
def test_a_payload_of_many_members_is_read_in_its_length(count: int) -> None:
    claims = {f"{number:x}": 1 for number in range(count)}
    text = jose.compact({"alg": "none"}, claims, jose.unsigned)

    assert jose.decode(text).claims == claims
    assert reading.read(text).claims.members == claims


@settings(max_examples=20)
@given(algs, st.binary(max_size=30))
def test_both_halves_of_an_ecdsa_signature_are_joined_and_split(alg: str, data: bytes) -> None:
    signed = KEYS[alg].sign(data)
    if not alg.startswith("ES"):
        return
    curve = KEYS[alg].private.curve  # type: ignore[union-attr]  # ES* has an EC key

    assert jose.join_rs(*jose.split_rs(signed), curve) == signed
