"""A secret that was learnt is in no record and no JSON value, wherever a message carries it, and costs no time."""

import base64
import json
import time
from urllib.parse import quote, quote_plus

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from holdfast import jose
from holdfast.exchange import Exchange
from holdfast.masking import LEAST, WHOLE, Masker
from holdfast.outcome import Outcome
from holdfast.wire import Answer, Request

letters = st.characters(min_codepoint=0x21, max_codepoint=0x17F, exclude_categories=("Cc", "Zs", "Cs"))
secrets = st.text(letters, min_size=WHOLE, max_size=60)
repeating = st.builds(lambda unit, times: (unit * times)[:60], st.text("ab.-", min_size=1, max_size=6), st.just(60))
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=20)
KEY = jose.generate("EdDSA")


def spelt(secret: str, how: str) -> str:
    octets = secret.encode()
    return {
        "clear": secret,
        "percent": quote(secret, safe=""),
        "form": quote_plus(secret),
        "json": json.dumps(secret)[1:-1],
        "base64": base64.b64encode(octets).decode(),
        "base64url": base64.urlsafe_b64encode(octets).decode().rstrip("="),
    }[how]


hows = st.sampled_from(["clear", "percent", "form", "json", "base64", "base64url"])
places = st.sampled_from(
    ["url", "header", "body", "raw", "answer header", "answer name", "answer body", "received", "error"]
)


def carrying(text: str, place: str) -> Exchange:
    """An exchange that holds a text in one place."""
    there = {place: text}
    raw = [there.get(name, "").encode("utf-8", "surrogatepass") for name in ("body", "raw", "answer body", "received")]
    headers = ((there.get("answer name", "X"), there.get("answer header", "")),)
    answer = Answer(401, headers, raw[2], raw[1], raw[3], error=there.get("error", ""), fault="protocol")
    request = Request("POST", f"https://rs.test/?a={there.get('url', '')}", (("X", there.get("header", "")),), raw[0])
    return Exchange(request, answer, "hostile", "resource", "client", there.get("error", ""), Outcome.REFUSED)


@settings(max_examples=150)
@given(secrets | repeating, hows, places, texts, texts)
def test_no_place_of_a_record_shows_a_secret(secret: str, how: str, place: str, before: str, after: str) -> None:
    form = spelt(secret, how)
    assume(form[:WHOLE] not in before + after)
    masker = Masker()
    masker.learn(secret, "secret")
    shown = carrying(before + form + after, place).record(masker, 1).model_dump_json()

    assert secret not in shown
    assert form not in shown
    assert json.dumps(form)[1:-1] not in shown


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for inner in value.values() for text in _texts(inner))]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


@given(secrets, st.data())
def test_no_json_value_shows_a_secret_and_all_else_keeps_its_shape(secret: str, data: st.DataObject) -> None:
    word = st.sampled_from([secret, f"a {secret} b"]) | st.text("xyz", max_size=5)
    deep = st.recursive(
        word | st.integers() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(word, inner, max_size=3),
    )
    value = data.draw(deep)
    masker = Masker()
    masker.learn(secret, "secret")
    shown = masker.tree(value)

    assert not any(secret in text for text in _texts(shown))
    if not any(secret in text for text in _texts(value)):
        assert shown == value


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=3), texts, texts)
def test_a_jws_keeps_what_it_says_and_loses_its_signature(said: dict[str, str], before: str, after: str) -> None:
    jws = jose.compact({"alg": "EdDSA", "said": said}, said, KEY.sign)
    signature = jws.rpartition(".")[2]
    masker = Masker()
    masker.learn(jws, "token")
    for made in (masker, Masker()):
        shown = made.text(f"{before} {jws} {after}")
        assert signature not in shown
        assert signature[:WHOLE] not in shown
        assert jws.rpartition(".")[0] in shown


@given(st.lists(secrets | repeating | st.text(letters, max_size=WHOLE), max_size=4), texts)
def test_what_was_learnt_twice_or_in_another_order_leaves_nothing_either(learnt: list[str], text: str) -> None:
    whole = " ".join([text, *learnt])
    for order in (learnt, learnt[::-1], learnt + learnt):
        masker = Masker()
        for secret in order:
            masker.learn(secret, "secret")
        shown = masker.text(whole)
        assert masker.text(shown) == shown
        long = [secret.strip() for secret in learnt if len(secret.strip()) >= WHOLE]
        assert not any(secret in shown for secret in long)


@given(st.text(letters, min_size=LEAST, max_size=WHOLE - 1))
def test_a_short_secret_is_gone_where_it_stands_as_a_word(secret: str) -> None:
    masker = Masker()
    masker.learn(secret, "secret")
    shown = masker.text(f'{{"password": "{secret}"}} {secret}')

    assert shown == '{"password": "«secret-1»"} «secret-1»'


@settings(max_examples=10)
@given(st.text("ab", min_size=1, max_size=3), st.integers(0, 3))
@example("a", 0)
def test_a_secret_that_repeats_itself_costs_no_time(unit: str, cut: int) -> None:
    secret = unit * (6000 // len(unit))
    masker, began = Masker(), time.thread_time()
    masker.learn(secret[cut:] + "c", "secret")
    shown = masker.text(secret)

    assert len(shown) < WHOLE * 2
    assert time.thread_time() - began < 3
