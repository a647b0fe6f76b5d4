"""Whatever a server answers becomes a documented outcome, in a time that grows with its length and no faster."""

import contextlib
import json
import string
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import challenge_syntax, challenges, exchange, hard, jose, leaks, nonces
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.client import Token
from holdfast.requirements import Hard
from holdfast.wire import Answer, Request

PLAIN = Request("GET", "http://rs.test/")

any_text = st.text(st.characters(), max_size=12)
names = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=8)

# What an answer amounts to

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a~/01", max_size=3), inner, max_size=3),
)
telling = st.sampled_from(
    ["WWW-Authenticate", "DPoP-Nonce", "Retry-After", "Date", "Cache-Control", "Location", "Content-Type"]
)
worded = st.sampled_from(
    [
        "use_dpop_nonce",
        'DPoP error="use_dpop_nonce"',
        "Thu, 01 Jan 1970 00:01:00 GMT",
        "no-store",
        "?error=x",
        "9" * 400,
    ]
)
answers = st.builds(
    Answer,
    st.none() | st.integers(100, 999),
    st.lists(st.tuples(telling | names, worded | any_text), max_size=5).map(tuple),
    st.binary(max_size=40)
    | values.map(lambda value: json.dumps(value).encode())
    | st.just(b'{"error":"use_dpop_nonce"}'),
)
EVERYTHING = Hard(
    status=("4xx",),
    withheld=("a",),
    json_error=("4xx", 200),
    no_store=("2xx", "4xx"),
    challenge=(401,),
    challenge_error=(401,),
    nonce=True,
    characters=True,
    silent=True,
    traceless=True,
)


@settings(max_examples=150)
@given(answers, st.sampled_from(["resource", "authorization", "token"]))
def test_any_answer_has_an_outcome_an_error_and_a_record(answer: Answer, endpoint: str) -> None:
    seen = Exchange(PLAIN, answer, "hostile", endpoint, "client", "", exchange.outcome(answer, lambda a: a.body == b""))

    assert seen.outcome in Outcome
    assert isinstance(seen.error, str)
    assert isinstance(seen.json(), dict)
    assert seen.challenged in {True, False}
    assert seen.retry_after is None or seen.retry_after >= 0
    assert seen.record(Masker(), 1).outcome == seen.outcome.value
    assert all(word and expected and found for word, expected, found in hard.broken(seen, EVERYTHING))


@given(values, st.data())
def test_a_pointer_finds_what_it_points_at(document: object, data: st.DataObject) -> None:
    pointer, node = "", document
    while isinstance(node, dict | list) and node and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
        pointer += "/" + str(key).replace("~", "~0").replace("/", "~1")
        node = node[key]

    assert exchange.pointed(document, pointer) is node
    assert exchange.pointed(document, pointer + "/holdfast") is exchange.MISSING


@given(values, any_text)
def test_any_pointer_into_any_document_is_answered(document: object, pointer: str) -> None:
    exchange.pointed(document, pointer)
    exchange.pointed(document, f"/{pointer}")


# Challenges

words = st.text(string.ascii_letters + "!#$%&'*+.^_`|~-", min_size=1, max_size=8)
quotable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)
parameters = st.dictionaries(words.map(str.lower), quotable, max_size=3)
listed = st.lists(st.tuples(words, parameters), min_size=1, max_size=3)


@given(listed, st.booleans())
def test_challenges_that_are_well_written_are_read_alike_by_both_readers(
    said: list[tuple[str, dict[str, str]]],
    one_line: bool,  # noqa: FBT001
) -> None:
    lines = []
    for scheme, pairs in said:
        spelt = (name + '="' + value.replace("\\", r"\\").replace('"', r"\"") + '"' for name, value in pairs.items())
        lines.append(f"{scheme} {', '.join(spelt)}".strip())
    values = [", ".join(lines)] if one_line else lines
    found, flaws = challenge_syntax.read(values)

    assert (flaws, challenge_syntax.repeated(values)) == ([], [])
    assert [(challenge.scheme, dict(challenge.parameters)) for challenge in found] == said
    assert challenges.parse(values) == said


@given(st.lists(st.text('DPoP ,="\\\t a', max_size=20) | any_text, max_size=3))
def test_any_challenge_is_read_to_the_letter_or_told(values: list[str]) -> None:
    found, flaws = challenge_syntax.read(values)

    assert all(challenge.scheme for challenge in found)
    assert all(flaw.isprintable() for flaw in flaws)
    told = (challenge_syntax.repeated, challenge_syntax.outside_characters, challenge_syntax.misspelt_algorithms)
    assert all(line.isprintable() for function in told for line in function(values))
    assert all(scheme == scheme.lower() for scheme, _ in challenge_syntax.parameters(values, "error"))


# Time

#: Letters; what grows with their square takes many seconds. A secret is laid beside a text in many ways.
LONG, SECRET = 40_000, 4000
READERS: dict[str, Callable[[str], object]] = {
    "challenges": lambda text: challenges.parse([text]),
    "challenge_syntax": lambda text: challenge_syntax.read([text]),
    "repeated": lambda text: challenge_syntax.repeated(["DPoP " + text]),
    "characters": lambda text: challenge_syntax.outside_characters([text]),
    "trace": lambda text: leaks.trace(Answer(400, body=text.encode())),
    "issued": lambda text: list(exchange.issued(Answer(200, (("Location", text),), text.encode()))),
    "masking": lambda text: _masker(text[:SECRET]).text(text[:SECRET]),
    "jose": jose.decode,
    "json": lambda text: exchange.parsed(text.encode()),
}
UNITS = st.sampled_from(
    [
        "at ",
        "at /",
        "/",
        "System.",
        "a.go:1",
        ".rb:1",
        "goroutine 1 [",
        "at a() in ",
        "&#9",
        '"',
        "\\",
        "a=",
        "a,",
        "{",
        '"a":',
        "e",
        "eyJ",
        "Basic ",
        "?code=",
    ]
)


def _masker(secret: str) -> Masker:
    made = Masker()
    made.learn(secret[: len(secret) // 2] + "x", "token")
    made.learn(secret, "token")
    return made


@settings(max_examples=12)
@given(st.lists(UNITS | st.text('aA1 ./:="\\,-', min_size=1, max_size=3), min_size=1, max_size=3).map("".join))
@example("a")
@example("at /")
@example("System.")
@example("9")
@example("&#9")
def test_what_repeats_itself_is_read_in_its_length(unit: str) -> None:
    text = (unit * LONG)[:LONG]
    for name, reader in READERS.items():
        began = time.thread_time()
        reader(text)
        assert time.thread_time() - began < 3, name


def test_a_character_by_a_number_of_thousands_of_digits_hides_no_error() -> None:
    body = b"&#" + b"9" * 5000 + b"; Traceback (most recent call last)"

    assert leaks.trace(Answer(500, body=body)) == "Python"


def test_many_parameters_are_counted_in_their_number() -> None:
    value = "DPoP " + ", ".join(f"p{number}=x" for number in range(20_000))

    assert challenge_syntax.repeated([value]) == []
    assert challenge_syntax.repeated([f"{value}, p7=y"]) == ["DPoP: p7 stands 2 times"]


# Nonces and token answers


@given(st.lists(any_text, max_size=20), st.sampled_from(sorted(nonces.CHANGES)))
def test_any_nonces_are_judged(supplied: list[str], how: str) -> None:
    try:
        assert isinstance(nonces.weakness(supplied), str)
    except Inconclusive:
        assert not supplied
    for nonce in filter(nonces.is_well_formed, supplied):
        try:
            assert nonces.changed(nonce, how) != nonce
        except Inconclusive:
            assert how in {"other in its last bit", "in the other case", "drawn anew"}


lifetimes = scalars | st.sampled_from([10**400, -(10**400), "\u00b2", "3600", "9" * 40, "inf"])


@given(st.fixed_dictionaries({}, optional={"access_token": scalars, "refresh_token": values, "expires_in": lifetimes}))
@example({"expires_in": "\u00b2"})
@example({"expires_in": 10**400})
def test_any_token_answer_is_a_token(said: dict[str, object]) -> None:
    bench = SimpleNamespace(masker=Masker(), now=lambda: 0.0)
    server = AuthorizationServer(cast("Any", bench), cast("Any", None))
    token = server.read(Exchange(PLAIN, Answer(200, body=json.dumps(said).encode()), "token", "token", "client"))

    assert token.value == str(said.get("access_token", ""))
    assert 0 <= token.expires < 10**9


@given(lifetimes, lifetimes, lifetimes)
@example(10**400, 0, 0)
@example(None, 10**400, 0.5)
def test_any_lifetime_is_a_number_or_nobody_s_word(told: object, exp: object, iat: object) -> None:
    value = jose.compact({"alg": "none"}, {"exp": exp, "iat": iat}, jose.unsigned)
    token = Token(value, "DPoP", 0.0, "", {"expires_in": told})
    with contextlib.suppress(Inconclusive):
        assert isinstance(token.lifetime, float)
