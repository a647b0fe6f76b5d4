import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from unittest.mock import ANY

import pytest

from holdfast import jose, pki, proofs
from holdfast.jose import Key
from holdfast.proofs import ABSENT, DEFECTS, Duplicate, Literal, ProofRequest

NOW = 1_700_000_000
REQUEST = ProofRequest("POST", "https://rs.test:8443/a/b?c=d#e", NOW + 0.7, token="token", nonce="nonce")


class Keys:
    """The keys of this module; RSA is slow, so they are made once."""

    ec = jose.generate("ES256")
    other = jose.generate("ES256")
    p384 = jose.generate("ES384")
    ed = jose.generate("EdDSA")
    rsa = jose.generate("RS256")


@dataclass(frozen=True)
class Expected:
    """What a value of a keyword changes in an honest proof; everything that is not named stays as it was.

    header, claims: new values of members; ABSENT for a member that goes.
    valid: whether the signature holds under the key that the proof names.
    form: whether it still is compact, of three parts of base64url, and each of two a JSON object of distinct members.
    """

    word: str
    value: object
    header: Mapping[str, object] = field(default_factory=dict)
    claims: Mapping[str, object] = field(default_factory=dict)
    valid: bool = True
    form: bool = True
    key: Key = Keys.ec


E = Expected
JWK = Keys.ec.public_jwk
ATH = jose.token_hash("token")
CERTIFIED = pki.new_authority("lab").issue_client("somebody")

TABLE = [
    E("key", Keys.other, header={"jwk": Keys.other.public_jwk}),
    E("key", Keys.p384, header={"jwk": Keys.p384.public_jwk, "alg": "ES384"}),
    E("signed_by", Keys.other, valid=False),
    E("typ", "JWT", header={"typ": "JWT"}),
    E("typ", ABSENT, header={"typ": ABSENT}),
    E("typ", Literal(None), header={"typ": None}),
    E("alg", ABSENT, header={"alg": ABSENT}),
    E("alg", "none", header={"alg": "none"}, valid=False),
    E("alg", "nOnE", header={"alg": "nOnE"}, valid=False),
    E("alg", Literal("none"), header={"alg": "none"}),
    E("alg", Literal(["ES256"]), header={"alg": ["ES256"]}),
    E("alg", "HS256", header={"alg": "HS256"}, valid=False),
    E("alg", "HS512", header={"alg": "HS512"}, valid=False),
    E("alg", "es256", header={"alg": "es256"}),
    E("alg", "RS256", header={"alg": "RS256"}),
    E("alg", "RSA-OAEP", header={"alg": "RSA-OAEP"}),
    E("alg", "PS256", header={"alg": "PS256"}, key=Keys.rsa),
    E("alg", "Ed25519", header={"alg": "Ed25519"}, key=Keys.ed),
    E("alg_symmetric_oct", True, header={"alg": "HS256", "jwk": ANY}, valid=False),
    E("hmac_key", "pem", header={"alg": "HS256"}, valid=False),
    E("hmac_key", "pem-trimmed", header={"alg": "HS256"}, valid=False),
    E("hmac_key", "der", header={"alg": "HS256"}, valid=False),
    E("hmac_key", "jwk", header={"alg": "HS256"}, valid=False),
    E("hmac_key", "point", header={"alg": "HS256"}, valid=False),
    E("jwk", ABSENT, header={"jwk": ABSENT}),
    E("jwk", "private", header={"jwk": Keys.ec.private_jwk}),
    E("jwk", "private", header={"jwk": Keys.rsa.private_jwk}, key=Keys.rsa),
    E("jwk", "foreign", header={"jwk": ANY}, valid=False),
    E("jwk", Keys.other, header={"jwk": Keys.other.public_jwk}, valid=False),
    E("jwk", {**JWK, "d": "AA"}, header={"jwk": {**JWK, "d": "AA"}}),
    E("jwk", Literal([JWK]), header={"jwk": [JWK]}),
    E("jwk_members", {"kid": "a", "use": "sig"}, header={"jwk": {**JWK, "kid": "a", "use": "sig"}}),
    E("kid_only", True, header={"jwk": ABSENT, "kid": Keys.ec.thumbprint}),
    E("key_elsewhere", {"jku": "https://a"}, header={"jwk": ABSENT, "jku": "https://a"}),
    E("certified_by", CERTIFIED, header={"x5c": ANY}, valid=False),
    E("nested", True, form=False),
    E("unencoded", "said", header={"b64": False, "crit": ["b64"]}),
    E("unencoded", "signed-raw", header={"b64": False, "crit": ["b64"]}, valid=False),
    E("unencoded", "detached", valid=False, form=False),
    E("neutral_key", True, header={"jwk": ANY}, key=Keys.ed),
    E("critical", "bork", header={"crit": ["bork"], "bork": True}),
    E("critical", ["bork", "typ"], header={"crit": ["bork", "typ"], "bork": True}),
    E("critical", Literal([]), header={"crit": []}),
    E("header", {"kid": "../key"}, header={"kid": "../key"}),
    E("htm", "GET", claims={"htm": "GET"}),
    E("htm", ABSENT, claims={"htm": ABSENT}),
    E("htu", "https://evil.test/", claims={"htu": "https://evil.test/"}),
    E("htu", ABSENT, claims={"htu": ABSENT}),
    E("htu", Literal(["https://rs.test:8443/a/b"]), claims={"htu": ["https://rs.test:8443/a/b"]}),
    E("iat", -3600, claims={"iat": NOW - 3600}),
    E("iat", 0.5, claims={"iat": NOW + 0.5}),
    E("iat", ABSENT, claims={"iat": ABSENT}),
    E("iat", "text", claims={"iat": str(NOW)}),
    E("iat", "milliseconds", claims={"iat": NOW * 1000}),
    E("iat", Literal(True), claims={"iat": True}),
    E("exp", -60, claims={"exp": NOW - 60}),
    E("nbf", 600, claims={"nbf": NOW + 600}),
    E("jti", ABSENT, claims={"jti": ABSENT}),
    E("jti", "", claims={"jti": ""}),
    E("jti", "same", claims={"jti": "same"}),
    E("ath", ABSENT, claims={"ath": ABSENT}),
    E("ath", "foreign", claims={"ath": ANY}),
    E("ath", jose.token_hash("other"), claims={"ath": jose.token_hash("other")}),
    E("ath", "padded", claims={"ath": ATH + "="}),
    E("ath", "hex", claims={"ath": jose.unb64u(ATH).hex()}),
    E("ath", "upper", claims={"ath": ATH.upper()}),
    E("ath", "truncated", claims={"ath": ATH[:-1]}),
    E("ath", "sha512", claims={"ath": ANY}),
    E("ath", "of-scheme", claims={"ath": jose.token_hash("DPoP token")}),
    E("ath", Literal(1), claims={"ath": 1}),
    E("nonce", ABSENT, claims={"nonce": ABSENT}),
    E("nonce", "made-up", claims={"nonce": "made-up"}),
    E("claims", {"cnf": {"jkt": "x"}}, claims={"cnf": {"jkt": "x"}}),
    E("renamed", {"htm": "HTM"}, claims={"htm": ABSENT, "HTM": "POST"}),
    E("renamed", {"typ": "Typ"}, header={"typ": ABSENT, "Typ": "dpop+jwt"}),
    E("duplicate", Duplicate("htm", "GET"), form=False),
    E("duplicate", Duplicate("htm", "GET", first=False), claims={"htm": "GET"}, form=False),
    E("duplicate", Duplicate("typ", "JWT"), form=False),
    E("spelling", "pretty"),
    E("spelling", "reordered"),
    E("spelling", "escaped"),
    E("spelling", "escaped-key"),
    *(E("syntax", how, form=False) for how in ("bom", "comment", "trailing-comma", "trailing-bytes")),
    *(E("syntax", how, form=False) for how in ("single-quotes", "nan", "array")),
    *(E("signature", how, valid=False) for how in ("empty", "truncated", "trailing", "zero", "ones", "flipped")),
    *(E("signature", how, valid=False) for how in ("der", "r-zero", "s-zero", "r-order", "s-order")),
    E("signature", "r-order", valid=False, key=Keys.p384),
    E("signature", "edited", claims={"jti": "di"}, valid=False),
    E("signature", "other-key", valid=False),
    E("signature", "other-padding", valid=False, key=Keys.rsa),
    E("signature", "flipped", valid=False, key=Keys.ed),
    E("signature", "s-plus-order", valid=False, key=Keys.ed),
    *(E("parts", how, form=False) for how in ("two", "four", "five", "no-header", "no-payload")),
    E("padding", True, form=False),
    E("padding", True, form=False, key=Keys.p384),
    E("alphabet", "standard", claims={"jti": "id~~~~~"}, form=False),
    E("alphabet", "stray-bits", form=False),
    *(E("whitespace", how, form=False) for how in (True, "space", "tab", "signed")),
    E("serialisation", "flattened", form=False),
    E("serialisation", "general", form=False),
]

WHOLE = [expected for expected in TABLE if expected.word != "parts"]
#: What leaves no JSON object to compare members with.
UNREADABLE = ({"word": "syntax"}, {"word": "nested"}, {"word": "unencoded", "value": "detached"})
READABLE = [e for e in WHOLE if not any(odd.items() <= vars(e).items() for odd in UNREADABLE)]


def label(expected: Expected) -> str:
    value = expected.value
    shown = value if isinstance(value, str | int) else type(value).__name__
    return f"{TABLE.index(expected)}-{expected.word}-{shown}-{expected.key.alg}"


def make(key: Key, /, **words: object) -> str:
    return proofs.make(key, REQUEST, new_id=lambda: "id", **words)  # type: ignore[arg-type]


def compact(text: str) -> str:
    """The compact form of a proof, also of one in JSON form."""
    if not text.startswith("{"):
        return text
    form = json.loads(text)
    signature = form["signatures"][0] if "signatures" in form else form
    return ".".join([signature["protected"], form["payload"], signature["signature"]])


def members(text: str) -> list[dict[str, object]]:
    decoded = jose.decode(compact(text))
    assert isinstance(decoded.header, dict)
    assert isinstance(decoded.claims, dict)
    return [decoded.header, decoded.claims]


def changes(honest: Mapping[str, object], seen: Mapping[str, object]) -> dict[str, object]:
    names = honest.keys() | seen.keys()
    return {name: seen.get(name, ABSENT) for name in names if seen.get(name, ABSENT) != honest.get(name, ABSENT)}


def signature_holds(text: str, key: Key) -> bool:
    """Whether the signature holds, for a server that reads base64 leniently, and reads alg or goes by the key."""
    decoded = jose.decode(compact(text))
    header = decoded.header if isinstance(decoded.header, dict) else {}
    jwk = header["jwk"] if isinstance(header.get("jwk"), dict) else key.public_jwk
    assert isinstance(jwk, dict)
    signed = compact(text).rpartition(".")[0]
    return any(
        jose.holds(data.encode(), decoded.signature, jwk, alg)
        for data in (signed, re.sub(r"[ \t]", "", signed))
        for alg in (str(header.get("alg")), key.alg)
    )


def is_well_formed(text: str) -> bool:
    try:
        head, payload, signature = text.split(".")
        jose.unb64u(signature)
        for part in (head, payload):
            json.dumps(jose._object(jose.unb64u(part)), allow_nan=False)
    except ValueError:
        return False
    return True


def test_the_table_covers_every_defect() -> None:
    assert {expected.word for expected in TABLE} == set(DEFECTS)


@pytest.mark.parametrize("expected", READABLE, ids=label)
def test_a_defect_differs_from_the_honest_proof_in_exactly_one_thing(expected: Expected) -> None:
    honest = members(make(expected.key))
    seen = members(make(expected.key, **{expected.word: expected.value}))
    assert [changes(was, now) for was, now in zip(honest, seen, strict=True)] == [expected.header, expected.claims]


@pytest.mark.parametrize("expected", WHOLE, ids=label)
def test_the_signature_of_a_defect_holds_unless_it_is_the_defect(expected: Expected) -> None:
    signer = expected.value if expected.word == "key" else expected.key
    assert isinstance(signer, Key)
    assert signature_holds(make(expected.key, **{expected.word: expected.value}), signer) is expected.valid


@pytest.mark.parametrize("expected", TABLE, ids=label)
def test_a_defect_keeps_the_form_of_a_proof_unless_the_form_is_the_defect(expected: Expected) -> None:
    assert is_well_formed(make(expected.key, **{expected.word: expected.value})) is expected.form


@pytest.mark.parametrize("how", ["two", "four", "five", "no-header", "no-payload"])
def test_parts_are_left_out_or_repeated_and_nothing_else(how: str) -> None:
    head, payload, signature = make(Keys.ed).split(".")  # Ed25519 signs the same way each time
    assert (
        make(Keys.ed, parts=how)
        == {
            "two": f"{head}.{payload}",
            "four": f"{head}.{payload}.{signature}.{signature}",
            "five": f"{head}.{payload}.{signature}.{signature}.{signature}",
            "no-header": f".{payload}.{signature}",
            "no-payload": f"{head}..{signature}",
        }[how]
    )


@pytest.mark.parametrize("key", [Keys.ec, Keys.p384, Keys.ed, Keys.rsa], ids=lambda key: key.alg)
def test_an_honest_proof_verifies_and_says_what_rfc9449_asks_for(key: Key) -> None:
    text = make(key)
    assert jose.verify(text, key.public_jwk, key.alg)
    assert members(text) == [
        {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.public_jwk},
        {
            "jti": "id",
            "htm": "POST",
            "htu": "https://rs.test:8443/a/b",
            "iat": NOW,
            "ath": ATH,
            "nonce": "nonce",
        },
    ]


def test_without_token_and_nonce_an_honest_proof_has_neither_ath_nor_nonce() -> None:
    text = proofs.make(Keys.ec, ProofRequest("GET", "https://as.test/token", NOW))
    assert set(members(text)[1]) == {"jti", "htm", "htu", "iat"}


def test_no_two_proofs_share_a_jti() -> None:
    ids = [members(proofs.make(Keys.ec, REQUEST))[1]["jti"] for _ in range(50)]
    assert len(set(ids)) == len(ids)


def test_the_url_is_not_normalised() -> None:
    odd = ProofRequest("GET", "HTTPS://RS.test:443/%7Ea/../b//", NOW)
    assert members(proofs.make(Keys.ec, odd))[1]["htu"] == odd.url


@pytest.mark.parametrize("spelling", ["pem", "pem-trimmed", "der", "jwk", "point"])
def test_a_symmetric_signature_is_a_true_mac_with_the_public_key_as_its_secret(spelling: str) -> None:
    from holdfast import proof_defects

    signed, _, _ = make(Keys.ec, hmac_key=spelling).rpartition(".")
    secret = proof_defects._public_bytes(Keys.ec, spelling)
    mac = jose.b64u(jose.hmac_signer(secret)(signed.encode()))
    assert make(Keys.ec, hmac_key=spelling) == f"{signed}.{mac}"
    assert (make(Keys.ec, alg="HS256") == f"{signed}.{mac}") is (spelling == "pem")


def test_a_symmetric_jwk_is_the_secret_of_the_mac() -> None:
    text = make(Keys.ec, alg_symmetric_oct=True)
    jwk = members(text)[0]["jwk"]
    assert isinstance(jwk, dict)
    assert jwk["kty"] == "oct"
    signed, _, signature = text.rpartition(".")
    assert jose.b64u(jose.hmac_signer(jose.unb64u(jwk["k"]))(signed.encode())) == signature


def test_the_foreign_key_is_of_the_same_kind_and_not_ours() -> None:
    jwk = members(make(Keys.p384, jwk="foreign"))[0]["jwk"]
    assert isinstance(jwk, dict)
    assert jwk["crv"] == "P-384"
    assert jwk != Keys.p384.public_jwk


@pytest.mark.parametrize(("name", "first", "order"), [("htm", True, ["GET", "POST"]), ("htm", False, ["POST", "GET"])])
def test_a_duplicate_stands_where_it_is_told_to(name: str, *, first: bool, order: list[str]) -> None:
    payload = make(Keys.ec, duplicate=Duplicate(name, "GET", first=first)).split(".")[1]
    assert re.findall(r'"htm":"(\w+)"', jose.unb64u(payload).decode()) == order


@pytest.mark.parametrize("how", ["malleated", "stray-bits"])
def test_a_disguised_proof_has_other_bytes_and_says_the_same_and_verifies(how: str) -> None:
    text = make(Keys.ec)
    other = proofs.disguised(text, how)
    assert other != text
    assert members(other) == members(text)
    assert signature_holds(other, Keys.ec)
    assert jose.verify(other, Keys.ec.public_jwk) is (how == "malleated")


def test_several_defects_are_made_only_when_asked_for() -> None:
    with pytest.raises(ValueError, match="htm, typ: more than one defect"):
        make(Keys.ec, typ="JWT", htm="GET")
    text = make(Keys.ec, typ="JWT", key=Keys.other, ath=ABSENT, allow_several=True)
    header, claims = members(text)
    assert (header["typ"], header["jwk"], "ath" in claims) == ("JWT", Keys.other.public_jwk, False)
    assert jose.verify(text, Keys.other.public_jwk)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ({"htx": "GET"}, TypeError),
        ({"key": "no key"}, TypeError),
        ({"signed_by": None}, TypeError),
        ({"jwk": "public"}, TypeError),
        ({"iat": True}, TypeError),
        ({"iat": "yesterday"}, TypeError),
        ({"critical": 1}, TypeError),
        ({"claims": []}, TypeError),
        ({"renamed": "htm"}, TypeError),
        ({"duplicate": "htm"}, TypeError),
        ({"duplicate": Duplicate("exp", 1)}, ValueError),
        ({"claims": {"htm": "GET"}}, ValueError),
        ({"header": {"alg": "none"}}, ValueError),
        ({"jwk_members": {"x": ""}}, ValueError),
        ({"hmac_key": "hex"}, ValueError),
        ({"kid_only": False}, ValueError),
        ({"padding": 1}, ValueError),
        ({"alg_symmetric_oct": None}, ValueError),
        ({"signature": "other-padding"}, ValueError),
        ({"signature": "bent"}, ValueError),
        ({"parts": "six"}, ValueError),
        ({"alphabet": "greek"}, ValueError),
        ({"whitespace": "none"}, ValueError),
        ({"serialisation": "xml"}, ValueError),
        ({"spelling": "german"}, ValueError),
        ({"syntax": "xml"}, ValueError),
    ],
)
def test_a_word_or_value_that_makes_no_defect_is_an_error(words: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        make(Keys.ec, **words)


@pytest.mark.parametrize("how", [ABSENT, "hex"])
def test_without_a_token_there_is_no_ath_to_spoil(how: object) -> None:
    with pytest.raises(ValueError, match="token"):
        proofs.make(Keys.ec, ProofRequest("POST", "https://as.test/token", NOW), ath=how)


@pytest.mark.parametrize("key", [Keys.ed, Keys.rsa], ids=lambda key: key.alg)
def test_defects_of_an_ecdsa_signature_need_an_ec_key(key: Key) -> None:
    with pytest.raises(ValueError, match="no such defect"):
        make(key, signature="der")
    with pytest.raises(ValueError, match="hmac_key"):
        make(key, hmac_key="point")


def test_a_signature_without_spare_bits_cannot_be_spelt_with_stray_bits() -> None:
    with pytest.raises(ValueError, match="no bits to spare"):
        make(Keys.p384, alphabet="stray-bits")
    with pytest.raises(ValueError, match="malleated or stray-bits"):
        proofs.disguised(make(Keys.ec), "painted")
