"""Any two messages can be laid side by side; one laid beside itself differs in nothing."""

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import jose, pki, proofs, reading
from holdfast.difference import Difference, Sent, differences
from holdfast.proofs import ProofRequest
from holdfast.wire import Request

KEY, OTHER, ED = jose.generate("ES256"), jose.generate("ES256"), jose.generate("EdDSA")
THIEF = pki.new_authority("lab").issue_client("thief")
URL = "https://rs.test/resource"
FORM = ("Content-Type", "application/x-www-form-urlencoded")

any_text = st.text(st.characters(), max_size=12)
numbers = st.sampled_from([0, 1, 1.5, 10**400, -(10**400), True, None, "1"]) | st.floats()
scalars = numbers | st.text(max_size=6)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner))
claims = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(["iat", "exp"], numbers) | dict.fromkeys(["jti", "htm", "htu", "ath", "sub", "cnf"], values),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "typ": st.sampled_from(["dpop+jwt", "at+jwt", 1]),
        "alg": st.sampled_from(["ES256", "HS256", "none", "RS256", ["ES256"]]),
        "jwk": st.sampled_from([KEY.public_jwk, OTHER.public_jwk, ED.public_jwk, {"kty": "oct", "k": "AAAA"}, {}, 1])
        | st.fixed_dictionaries(
            {"kty": st.sampled_from(["EC", "RSA", "OKP", "oct"])}, optional={"crv": scalars, "k": scalars}
        ),
        "crit": values,
        "kid": values,
    },
)
signers = st.sampled_from([KEY.sign, OTHER.sign, ED.sign, jose.unsigned, jose.hmac_signer(b"\0\0\0")])
made = st.builds(jose.compact, headers | st.binary(max_size=9), claims | st.binary(max_size=9), signers)


def honest(token: str | None, **words: Any) -> str:
    return proofs.make(KEY, ProofRequest("GET", URL, 1000.0, token), **words)


TOKEN = jose.compact({"typ": "at+jwt", "alg": "ES256"}, {"sub": "me", "iat": 900, "exp": 1200}, KEY.sign)
jwss = st.one_of(
    made,
    st.sampled_from(
        [TOKEN, honest(TOKEN), honest(None), honest(TOKEN, htm="POST"), honest(TOKEN, serialisation="general")]
    ),
    any_text,
    made.flatmap(lambda text: st.integers(0, len(text)).map(lambda at: text[:at] + "=" + text[at:])),
)
lines = st.one_of(
    st.tuples(st.sampled_from(["DPoP", "dpop", "X-Proof", "Cookie"]), jwss),
    st.tuples(
        st.just("Authorization"), st.builds("{} {}".format, st.sampled_from(["DPoP", "Bearer", "Basic", ""]), jwss)
    ),
    st.tuples(st.just("Authorization"), st.just("Basic bWU6c2VjcmV0")),
    st.just(FORM),
    st.tuples(any_text, any_text),
)
bodies = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"access_token=", b"grant_type=refresh_token&refresh_token=r", b"code=c&code=d", b"client_assertion=a"]
    ),
)
requests = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "OPTIONS"]) | any_text,
    st.sampled_from([URL, f"{URL}?access_token=a&code=b", "http://[", "https://else.test/"]) | any_text,
    st.lists(lines, max_size=4).map(tuple),
    bodies,
    st.sampled_from([None, THIEF]),
    target=st.none() | any_text,
    raw=st.none() | st.binary(max_size=5),
)
messages = st.builds(Sent, requests, st.floats(0, 2000), st.sampled_from(["", "n1"]) | any_text)


@settings(max_examples=100)
@given(messages, messages, st.lists(requests, max_size=2))
@example(
    Sent(Request("GET", URL, (("Authorization", f"DPoP {jose.compact({}, {'iat': 10**400}, jose.unsigned)}"),)), 0.0),
    Sent(Request("GET", URL, (("Authorization", f"DPoP {TOKEN}"),)), 0.0),
    [],
)
@example(
    Sent(Request("GET", URL, (("DPoP", honest("\ud800")), ("Authorization", "DPoP \ud800"))), 0.0),
    Sent(Request("GET", f"{URL}?access_token=\ud800", (("DPoP", honest("\ud800")),)), 0.0),
    [],
)
def test_any_two_messages_are_laid_side_by_side(hostile: Sent, beside: Sent, earlier: list[Request]) -> None:
    found = differences(hostile, beside, earlier)

    assert all(one.said(lambda text: text.replace("a", "b")) for one in found)
    assert len({one.aspect for one in found}) == len(found)
    if hostile.request.method != beside.request.method:
        assert found


@settings(max_examples=100)
@given(messages)
def test_a_message_differs_from_itself_in_nothing(sent: Sent) -> None:
    request = sent.request
    same = Request(
        request.method,
        request.url,
        request.headers,
        request.body,
        request.certificate,
        target=request.target,
        raw=request.raw,
    )

    assert differences(sent, sent) == []
    assert differences(Sent(same, sent.at, sent.nonce), sent) == []
    assert [one.said() for one in differences(sent, sent, [same])] == ["all bytes: of an earlier request, not fresh"]


CHANGES: list[dict[str, object]] = [
    {"method": "DELETE"},
    {"url": "https://other.test/resource"},
    {"url": "http://rs.test/resource"},
    {"url": f"{URL}/deeper"},
    {"url": f"{URL}?holdfast=1"},
    {"certificate": THIEF},
    {"target": "/holdfast"},
    {"body": b"holdfast"},
]


@given(st.sampled_from(CHANGES), st.text("abc", max_size=5))
def test_one_change_of_an_honest_request_is_one_difference(change: dict[str, Any], value: str) -> None:
    fields: dict[str, Any] = {"method": "GET", "url": URL, "headers": (("X-Trace", value), ("DPoP", honest(None)))}
    plain = Sent(Request(**fields), 1000.0)

    assert len(differences(Sent(Request(**fields | change), 1000.0), plain)) == 1


@given(jwss, jwss)
def test_any_text_is_read_as_a_jws_and_has_a_maker(text: str, other: str) -> None:
    found, model = reading.read(text), reading.read(other)

    assert found.text == text
    if found.whole:
        assert reading.made_by(found, model) in {"own", "client", "none", "broken"}
        assert reading.made_by(found, found) == "own"


@given(any_text, st.none() | any_text, st.none() | any_text)
def test_a_difference_is_said_in_words_whatever_it_holds(aspect: str, hostile: str | None, beside: str | None) -> None:
    said = Difference(aspect, hostile, beside).said()

    assert said.startswith(f"{aspect}: {'absent' if hostile is None else hostile[:60]}")


@pytest.mark.parametrize("count", [20_000])
def test_a_token_of_many_claims_is_compared_in_its_length(count: int) -> None:
    long = jose.compact({"alg": "none"}, {f"{number:x}": number for number in range(count)}, jose.unsigned)
    began = time.thread_time()
    hostile, beside = (Sent(Request("GET", URL, (("Authorization", f"DPoP {token}"),)), 0.0) for token in (long, TOKEN))

    assert differences(hostile, beside)
    assert time.thread_time() - began < 5
