from dataclasses import replace
from random import Random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast import jose
from holdfast.jose import Key
from holdfast.results import Jws

# RFC 7638, section 3.1.
RFC7638_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n"
    "3okn"
    "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM"
    "QvRL5"
    "hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDK"
    "gw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
# RFC 8037, appendix A.
RFC8037_KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
# RFC 9449: the example proofs of figures 5, 7 and 13, and the values computed from them.
HEAD = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQy"
    "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
PROOFS = {
    "figure 5": f"{HEAD}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUu"
    "Y29tL3"
    "Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37"
    "xRZT3"
    "Lg",
    "figure 7": f"{HEAD}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUu"
    "Y29tL3"
    "Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mS"
    "Rroap"
    "UA",
    "figure 13": f"{HEAD}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGx"
    "lLm9yZy"
    "9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbV"
    "FFbyJ"
    "9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
}
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.fixture(scope="module")
def keys() -> dict[str, Key]:
    """One key for every algorithm; the RSA algorithms share one, since making it is slow."""
    rsa = jose.generate("RS256")
    return {alg: replace(rsa, alg=alg) if alg[:2] in {"RS", "PS"} else jose.generate(alg) for alg in jose.ASYMMETRIC}


def in_proof(text: str) -> tuple[dict[str, object], dict[str, object]]:
    decoded = jose.decode(text)
    assert isinstance(decoded.header, dict)
    assert isinstance(decoded.claims, dict)
    jwk = decoded.header["jwk"]
    assert isinstance(jwk, dict)
    return jwk, decoded.claims


@pytest.mark.parametrize("figure", PROOFS)
def test_the_example_proofs_of_rfc9449_verify_and_have_its_thumbprint(figure: str) -> None:
    jwk, _ = in_proof(PROOFS[figure])
    assert jose.verify(PROOFS[figure], jwk, "ES256")
    assert jose.thumbprint(jwk) == JKT


def test_the_token_hash_is_that_of_rfc9449() -> None:
    _, claims = in_proof(PROOFS["figure 13"])
    assert jose.token_hash(TOKEN) == ATH == claims["ath"]


def test_the_thumbprint_is_that_of_rfc7638() -> None:
    assert jose.thumbprint(RFC7638_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_thumbprint_of_an_ed25519_key_and_its_signature_are_those_of_rfc8037() -> None:
    key = jose.load(RFC8037_KEY, "EdDSA")
    signed = jose.compact({"alg": "EdDSA"}, b"Example of Ed25519 signing", key.sign)
    assert key.thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert signed == (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


@pytest.mark.parametrize("alg", jose.ASYMMETRIC)
def test_each_algorithm_signs_and_verifies(keys: dict[str, Key], alg: str) -> None:
    key = keys[alg]
    text = jose.compact({"alg": alg}, {"sub": "a"}, key.sign)
    assert jose.verify(text, key.public_jwk)
    assert jose.verify(text, key.public_jwk, alg)
    assert not jose.verify(text[:-8] + "AAAAAAAA", key.public_jwk)


@pytest.mark.parametrize("alg", jose.ASYMMETRIC)
def test_a_key_survives_a_journey_through_its_jwk_and_through_pem(keys: dict[str, Key], alg: str) -> None:
    key = keys[alg]
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for again in (jose.load(key.private_jwk, alg), jose.load_pem(pem, alg)):
        assert again.private_jwk == key.private_jwk
        assert jose.holds(b"data", again.sign(b"data"), key.public_jwk, alg)


def test_an_rsa_key_is_loaded_without_its_primes(keys: dict[str, Key]) -> None:
    jwk = {name: keys["RS256"].private_jwk[name] for name in ("kty", "n", "e", "d")}
    assert jose.load(jwk, "RS256").public_jwk == keys["RS256"].public_jwk


@pytest.mark.parametrize("alg", ["ES256", "RS256", "EdDSA"])
def test_the_public_half_has_no_private_member_and_repr_shows_no_key(keys: dict[str, Key], alg: str) -> None:
    key = keys[alg]
    assert not set(key.public_jwk) & {"d", "p", "q", "dp", "dq", "qi", "kid"}
    assert key.private_jwk["d"] not in repr(key)


def test_a_signature_holds_only_for_its_key_its_algorithm_and_its_data(keys: dict[str, Key]) -> None:
    signed = keys["ES256"].sign(b"data")
    assert not jose.holds(b"other", signed, keys["ES256"].public_jwk, "ES256")
    assert not jose.holds(b"data", signed, jose.generate("ES256").public_jwk, "ES256")
    assert not jose.holds(b"data", signed, keys["ES384"].public_jwk, "ES384")
    assert not jose.holds(b"data", signed, keys["RS256"].public_jwk, "ES256")
    assert not jose.holds(b"data", keys["RS256"].sign(b"data"), keys["RS256"].public_jwk, "PS256")
    assert not jose.holds(b"data", keys["RS256"].sign(b"data"), keys["RS256"].public_jwk, "RS257")
    assert not jose.holds(b"data", b"", {"kty": "oct", "k": ""}, "HS256")


def test_a_key_signs_with_the_hash_of_another_curve_when_told_but_such_a_signature_does_not_verify(
    keys: dict[str, Key],
) -> None:
    odd = replace(keys["ES256"], alg="ES384")
    assert len(odd.sign(b"data")) == 64
    assert not jose.holds(b"data", odd.sign(b"data"), odd.public_jwk, "ES384")


@pytest.mark.parametrize(
    ("alg", "kind"), [("RS256", "ES256"), ("ES256", "RS256"), ("EdDSA", "ES256"), ("none", "ES256"), ("ES257", "ES256")]
)
def test_a_key_does_not_sign_with_an_algorithm_of_another_kind(keys: dict[str, Key], alg: str, kind: str) -> None:
    with pytest.raises(ValueError, match=alg):
        replace(keys[kind], alg=alg).sign(b"data")


def test_no_key_is_made_for_an_unknown_algorithm() -> None:
    with pytest.raises(ValueError, match="HS256: no algorithm"):
        jose.generate("HS256")


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-999", "d": "AQ"},
        {"kty": "EC", "crv": "P-256", "d": "A+"},
        {"kty": "OKP", "crv": "Ed25519", "d": "AA"},
        {"kty": "OKP", "crv": "Ed448", "d": "AA"},
        {"kty": "RSA", "n": "AQ", "e": "AQ"},
        {"kty": "oct", "k": "AA"},
    ],
)
def test_a_broken_private_jwk_is_a_value_error(jwk: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        jose.load(jwk, "ES256")


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_broken_pem_is_a_value_error(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jose.load_pem(pem, "ES256")


@pytest.mark.parametrize(
    "jwk", [{}, {"kty": "EC", "crv": "P-256", "x": "a"}, {"kty": "oct", "k": 1}, {"kty": "XYZ"}, {"kty": ["EC"]}]
)
def test_a_jwk_without_its_required_members_has_no_thumbprint(jwk: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="JWK"):
        jose.thumbprint(jwk)


@given(extra=st.dictionaries(st.sampled_from(["kid", "use", "alg", "ext", "x5c"]), st.text()), seed=st.randoms())
@settings(derandomize=True, deadline=None)
def test_a_thumbprint_depends_on_neither_order_nor_optional_members(extra: dict[str, str], seed: Random) -> None:
    required = {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}
    pairs = list({**extra, **required}.items())
    seed.shuffle(pairs)
    assert jose.thumbprint(dict(pairs)) == jose.thumbprint(required)


@given(value=st.text(min_size=1), other=st.text(min_size=1))
@settings(derandomize=True, deadline=None)
def test_thumbprints_differ_where_a_required_member_does(value: str, other: str) -> None:
    one, two = ({"kty": "oct", "k": text} for text in (value, other))
    assert (jose.thumbprint(one) == jose.thumbprint(two)) is (value == other)


@given(data=st.binary(max_size=80))
@settings(derandomize=True, deadline=None)
def test_base64url_is_read_back(data: bytes) -> None:
    assert jose.unb64u(jose.b64u(data)) == data


@pytest.mark.parametrize("text", ["A", "AA==", "A+", "A/", "A A", "AB", "AA\n", "AAB", "é"])
def test_any_other_spelling_of_base64url_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        jose.unb64u(text)


def test_header_and_payload_given_as_bytes_are_not_touched() -> None:
    header = b'{ "alg":"none" }'
    assert jose.compact(header, b"\xff", jose.unsigned) == jose.b64u(header) + "._w."


def test_a_mac_is_that_of_rfc7515_appendix_a1() -> None:
    secret = jose.unb64u("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
    header = b'{"typ":"JWT",\r\n "alg":"HS256"}'
    payload = b'{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}'
    assert jose.compact(header, payload, jose.hmac_signer(secret)).endswith(
        ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )


def test_verify_says_no_to_whatever_is_not_a_plain_signed_jws(keys: dict[str, Key]) -> None:
    key = keys["ES256"]
    good = jose.compact({"alg": "ES256"}, {}, key.sign)
    odd = [
        "",
        "a.b",
        "....",
        good + "=",
        good + ".",
        good.replace(".", " .", 1),
        jose.compact({"alg": "ES256", "crit": ["b64"]}, {}, key.sign),
        jose.compact({"alg": ["ES256"]}, {}, key.sign),
        jose.compact({}, {}, key.sign),
        jose.compact(b'{"alg":"none","alg":"ES256"}', b"{}", key.sign),
        jose.compact(b'["ES256"]', b"{}", key.sign),
        jose.compact(b"[" * 100_000, b"{}", key.sign),
        jose.compact({"alg": "none"}, {}, jose.unsigned),
    ]
    assert jose.verify(good, key.public_jwk)
    assert not any(jose.verify(text, key.public_jwk) for text in odd)
    assert not jose.verify(good, key.public_jwk, "ES384")
    assert not jose.verify(good, {**key.public_jwk, "alg": "ES384"})
    assert not jose.verify(good, {**key.public_jwk, "y": key.public_jwk["x"]})
    assert not jose.verify(good, {})


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("opaque", "not a JWS: one part"),
        ("a.b.c", "not a JWS: no part is a JSON object"),
        ("e30.e30", "2 parts"),
        ("e30.e30.AA.AA", "4 parts"),
        ("e30....", "5 parts: a JWE, or no JOSE at all"),
        ("e30.e30.A", "signature is not base64url"),
        ("e30=.e30.AA", "header is spelt in base64 of another kind"),
        ("e30.W10.AA", "payload is no JSON object"),
        ("e30.!.AA", "payload is not base64url"),
        ("e30.e30.AA", ""),
    ],
)
def test_decode_says_what_is_odd(text: str, note: str) -> None:
    assert jose.decode(text).note == note


def test_decode_shows_a_duplicate_member_and_keeps_the_last() -> None:
    decoded = jose.decode("e30." + jose.b64u(b'{"a":1,"a":2}') + ".AA")
    assert decoded.claims == {"a": 2}
    assert decoded.note == "payload has a member twice"


SEGMENTS = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=40).map(jose.b64u),
    st.sampled_from(
        [
            b'{"a":"\\ud800"}',
            b'{"a":NaN}',
            b'{"a":1e999}',
            b"[" * 5000,
            b'{"a":' + b"[" * 400 + b"]" * 400 + b"}",
            b'{"a":' + b"9" * 5000 + b"}",
            b'{"a":1,"a":2}',
        ]
    ).map(jose.b64u),
)


@given(text=st.one_of(st.text(), st.lists(SEGMENTS, max_size=6).map(".".join)))
@settings(derandomize=True, deadline=None)
def test_decode_reads_anything_and_what_it_gives_can_be_written_down(text: str) -> None:
    decoded = jose.decode(text)
    shown = Jws(kind="token", header=decoded.header, claims=decoded.claims, note=decoded.note)
    assert Jws.model_validate_json(shown.model_dump_json()) == shown
    assert not jose.verify(text, RFC7638_KEY)


MEMBERS = st.one_of(st.sampled_from(["EC", "RSA", "OKP", "P-256", "Ed25519", "AQAB", ""]), st.text(), st.integers())
JWKS = st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg"]), MEMBERS)


@given(jwk=JWKS, alg=st.one_of(st.sampled_from(jose.ASYMMETRIC + jose.SYMMETRIC), st.text()), signature=st.binary())
@settings(derandomize=True, deadline=None)
def test_no_signature_holds_under_an_accidental_key_and_none_raises(
    jwk: dict[str, object], alg: str, signature: bytes
) -> None:
    assert not jose.holds(b"data", signature, jwk, alg)


@given(claims=st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.booleans(), st.none()), max_size=4))
@settings(derandomize=True, deadline=None)
def test_decode_reads_back_what_compact_wrote(claims: dict[str, object]) -> None:
    decoded = jose.decode(jose.compact({"alg": "none"}, claims, jose.unsigned))
    assert (decoded.header, decoded.claims) == ({"alg": "none"}, claims)
