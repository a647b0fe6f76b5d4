"""A secret that was learnt never leaves, in whatever form; what is no secret stays readable."""

import base64
import json
import re
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast import jose
from holdfast.masking import WHOLE, Masker

SECRET = "s3cr3t/with+odd=characters&more"
OPAQUE = "Zx81-Kp3_vQm7Tt0LwYd29RbHnCeUfGaJs5XoIiEkM4"


def masker(*secrets: str, kind: str = "secret") -> Masker:
    made = Masker()
    for secret in secrets:
        made.learn(secret, kind)
    return made


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def forms(secret: str) -> dict[str, str]:
    octets = secret.encode()
    return {
        "in clear": secret,
        "percent-encoded": quote(secret, safe=""),
        "percent-encoded, lower": re.sub("%..", lambda octet: octet[0].lower(), quote(secret, safe="")),
        "as a form": quote_plus(secret),
        "in JSON": json.dumps(secret)[1:-1],
        "base64": b64(octets).rstrip("="),
        "base64url": base64.urlsafe_b64encode(octets).decode().rstrip("="),
        "base64 of a form": b64(quote_plus(secret).encode()).rstrip("="),
    }


printable = st.characters(min_codepoint=0x21, max_codepoint=0x17F, exclude_categories=("Cc", "Zs"))
secrets = st.text(printable, min_size=WHOLE, max_size=90)
contexts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60)


@given(secrets, contexts, contexts)
def test_no_form_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    made = masker(secret)
    for form in forms(secret).values():
        assume(form[:WHOLE] not in before + after)
        shown = made.text(before + form + after)
        assert form not in shown
        assert form[:WHOLE] not in shown


@given(secrets, st.data(), contexts, contexts)
def test_no_beginning_and_no_end_of_a_secret_is_left(secret: str, data: st.DataObject, before: str, after: str) -> None:
    length = data.draw(st.integers(WHOLE, len(secret)))
    for piece in (secret[:length], secret[-length:]):
        assume(piece not in before + after)
        assert piece not in masker(secret).text(before + piece + after)


@given(st.text("abcXYZ0129-_", min_size=WHOLE, max_size=90), st.binary(max_size=40), st.binary(max_size=40))
def test_a_secret_inside_something_in_base64_is_not_left(secret: str, before: bytes, after: bytes) -> None:
    whole = before + secret.encode() + after
    shown = masker(secret).text(f"Authorization: Basic {b64(whole)}\r\nX: {base64.urlsafe_b64encode(whole).decode()}")
    for run in re.findall(r"[A-Za-z0-9+/_-]+", shown):
        for start in range(4):
            standard = run[start:].translate(str.maketrans("-_", "+/"))
            standard = standard[: len(standard) // 4 * 4]
            assert secret.encode() not in base64.b64decode(standard)


@given(st.lists(secrets, max_size=4), contexts)
def test_masking_twice_is_masking_once(learnt: list[str], context: str) -> None:
    made = masker(*learnt)
    shown = made.text(" ".join([context, *learnt]))
    assert made.text(shown) == shown


@pytest.mark.parametrize("name", forms(SECRET))
def test_every_form_has_the_same_pseudonym(name: str) -> None:
    assert re.search("«secret-1»", masker(SECRET).text(f"a {forms(SECRET)[name]} b"))


def test_pseudonyms_are_stable_and_numbered_by_kind() -> None:
    made = Masker()
    made.learn(OPAQUE, "token")
    made.learn(SECRET, "client secret")
    made.learn(OPAQUE[::-1], "token")
    made.learn(OPAQUE, "refresh token")
    assert made.text(f"{OPAQUE} {OPAQUE[::-1]} {SECRET} {OPAQUE}") == "«token-1» «token-2» «client-secret-1» «token-1»"


@pytest.mark.parametrize(
    "mutated",
    [OPAQUE[:-1], OPAQUE[1:], OPAQUE[:20] + "~" + OPAQUE[21:], OPAQUE + "x", OPAQUE.swapcase()[:1] + OPAQUE[1:]],
)
def test_a_mutated_secret_keeps_its_pseudonym(mutated: str) -> None:
    made = masker(OPAQUE, kind="token")
    made.learn(mutated, "token")
    shown = made.text(f"DPoP {mutated}")
    assert "«token-1»" in shown
    assert "«token-2»" not in shown


def test_secrets_that_begin_alike_are_told_apart() -> None:
    one, two = "urn:example:tokens:" + "a" * 20, "urn:example:tokens:" + "b" * 20
    assert masker(one, two).text(f"{two} {one}") == "«secret-2» «secret-1»"


def test_a_short_secret_is_masked_where_it_is_a_word() -> None:
    made = masker("hunter2")
    shown = made.text("client_secret=hunter2&hunter22=hunter2_ Basic " + b64(b"main:hunter2"))
    assert shown == "client_secret=«secret-1»&hunter22=hunter2_ Basic " + b64("main:«secret-1»".encode())


@pytest.mark.parametrize("secret", ["", "abc", "  "])
def test_what_is_too_short_for_a_secret_is_left_alone(secret: str) -> None:
    assert masker(secret).text("abc def") == "abc def"


def token() -> str:
    return jose.compact({"typ": "at+jwt", "alg": "ES256"}, {"sub": "me", "jti": "1"}, jose.generate().sign)


def test_a_jws_keeps_its_header_and_claims() -> None:
    jws = token()
    header, claims, signature = jws.split(".")
    assert Masker().text(f'{{"access_token":"{jws}"}}') == f'{{"access_token":"{header}.{claims}.…"}}'
    assert masker(jws, kind="token").text(f"DPoP {jws}\r\n") == f"DPoP {header}.{claims}.«token-1»\r\n"
    assert masker(jws, kind="token").text(signature[2:]) == "«token-1»"


def test_an_unsigned_jws_shows_that_it_is_unsigned() -> None:
    jws = jose.compact({"alg": "none"}, {"sub": "me"}, jose.unsigned)
    assert jws.endswith(".")
    assert Masker().text(f"DPoP: {jws}\r\n") == f"DPoP: {jws}\r\n"


@pytest.mark.parametrize("around", ["{}", "token%3D{}%26", "Bearer%20{}", '"{}"', "a={}&b", "{}.more"])
def test_a_jws_is_found_wherever_it_stands(around: str) -> None:
    jws = token()
    assert jws.rpartition(".")[2] not in Masker().text(around.format(jws))


def test_a_jws_inside_the_claims_of_another_loses_its_signature() -> None:
    inner = token()
    outer = jose.compact({"alg": "none"}, {"nested": inner}, jose.unsigned)
    shown = jose.decode(Masker().text(outer)).claims
    assert shown == {"nested": inner.rpartition(".")[0] + ".…"}


def test_a_private_key_is_not_shown() -> None:
    key = jose.generate()
    d = key.private_jwk["d"]
    proof = jose.compact({"jwk": {**key.private_jwk}}, {"jti": "1"}, key.sign)
    made = Masker()
    header = jose.decode(made.text(proof)).header
    assert isinstance(header, dict)
    assert header["jwk"] == {**key.private_jwk, "d": "…"}
    assert d not in made.text(json.dumps(key.private_jwk))
    assert made.tree({"keys": [key.private_jwk]}) == {"keys": [{**key.private_jwk, "d": "…"}]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://exchange-server1.example-with-dots.test/path",
        "eyeglasses.are.not.tokens",
        "1.2.3",
        "Basic realm",
        '{"d": "short", "x": "not-private-at-all-is-this-member"}',
        "Basic !!!!",
        "Basic //79",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masker(SECRET, "short1").text(text) == text


def test_texts_are_masked_while_others_learn() -> None:
    made = Masker()
    known = [f"{number:03}-{OPAQUE}-{number:03}"[::-1] for number in range(200)]

    def learn() -> None:
        for secret in known:
            made.learn(secret, "token")

    threads = [threading.Thread(target=learn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for secret in known:
        made.learn(secret, "token")
        assert OPAQUE[:WHOLE][::-1] not in made.text(secret)
    for thread in threads:
        thread.join()


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    made = masker(SECRET, "e" * 40)
    for text in ("e" * 200_000, "eyJ" * 60_000, "ey" + "-" * 200_000, "%65e" * 50_000, '"d":"' * 40_000):
        made.text(text)
