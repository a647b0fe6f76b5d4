"""Whatever a server answers becomes a documented outcome, in a time that grows with its length and no faster."""

import json
import string
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import challenge_syntax, challenges, exchange, hard, jose, leaks, nonces
from holdfast.errors import Inconclusive, UsageError
from holdfast.exchange import Exchange
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.client import Token
from holdfast.requirements import Hard
from holdfast.wire import Answer, Request
from holdfast.wire.http1 import Dialogue, Place, Reading, place
from holdfast.wire.line import Line
from holdfast.wire.messages import FaultError

HERE = Place(secure=False, host="rs.test", port=80, authority="rs.test", target="/")
PLAIN = Request("GET", "http://rs.test/")
LIMIT = 60


class Canned:
    """A line that brings these pieces and then ends."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.left = [piece for piece in pieces if piece]
        self.ended = False

    def read(self) -> bytes:
        self.ended = not self.left
        return self.left.pop(0) if self.left else b""


def heard(pieces: Sequence[bytes], request: Request = PLAIN) -> tuple[Reading, str]:
    """What was read of an answer that comes in these pieces, and the fault; only documented ones."""
    dialogue = Dialogue(cast("Line", Canned(pieces)))
    dialogue.ask(request, HERE)
    reading, fault = Reading(), ""
    try:
        dialogue.hear(reading, b"", LIMIT)
    except FaultError as why:
        fault = why.fault
        assert why.error
    assert fault in {"", "protocol", "closed", "oversize"}
    assert fault or reading.status is not None
    assert dialogue.reusable() is False or not fault
    return reading, fault


names = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=8)
plain = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
fields = st.lists(st.tuples(st.builds("X-{}".format, names), plain), max_size=5)
statuses = st.integers(200, 599).filter(lambda status: status not in {204, 304})


def written(status: int, headers: Sequence[tuple[str, str]], body: bytes, how: str) -> bytes:
    head = f"HTTP/1.1 {status} Reason\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
    if how == "length":
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    if how == "chunked":
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"
    return f"{head}\r\n".encode() + body


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(content)) for cut in cuts} | {0, len(content)})
    return [content[start:stop] for start, stop in zip(ends, ends[1:], strict=False)]


cuts = st.lists(st.integers(0, 200), max_size=8)
hows = st.sampled_from(["length", "chunked", "until the end"])


@given(statuses, fields, st.binary(max_size=LIMIT), hows, cuts)
def test_a_whole_answer_is_read_as_it_was_written(
    status: int, headers: list[tuple[str, str]], body: bytes, how: str, cuts: list[int]
) -> None:
    reading, fault = heard(pieces(written(status, headers, body, how), cuts))

    assert (reading.status, bytes(reading.body), fault) == (status, body, "")
    assert list(reading.headers[: len(headers)]) == headers


odd = st.sampled_from([b"\r\n", b"\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 S\r\n\r\n", b"HTTP/2 200\r\n\r\n",
                       b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n", b"\x00", b" ", b":", b"ffffffff\r\n"])  # fmt: skip


@settings(max_examples=150)
@given(statuses, fields, st.binary(max_size=90), hows, st.lists(st.tuples(st.integers(0, 200), odd | st.binary(max_size=4)), max_size=3), cuts)  # fmt: skip
@example(200, [("Content-Length", "9" * 5000)], b"", "until the end", [], [])
def test_a_damaged_answer_is_a_documented_fault_however_it_is_cut(
    status: int, headers: list[tuple[str, str]], body: bytes, how: str, put: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    content = written(status, headers, body, how)
    for at, what in put:
        content = content[:at] + what + content[at:]

    assert heard(pieces(content, cuts)) == heard([content])


@given(st.binary(max_size=120), cuts)
def test_any_bytes_are_a_documented_fault(content: bytes, cuts: list[int]) -> None:
    assert heard(pieces(content, cuts)) == heard([content])


any_text = st.text(st.characters(), max_size=12)
schemes = st.sampled_from(["http://", "https://", "HTTPS:", "ftp://", "//", ""])
urls = st.builds("{}{}{}".format, schemes, st.sampled_from(["rs.test", "a:0", "a:b", "[::1", "[::1]:8", "u@a", "é", "a b", "a\0"]), any_text)  # fmt: skip


@given(urls | any_text)
@example("https://rs.test/\ud800")
@example("https://rs.test\0.else.test/")
@example("http://rs.test:0/")
def test_any_url_is_a_place_or_none(url: str) -> None:
    found = place(url)

    if found is not None:
        assert (found.host + found.target).isascii()
        assert (found.host + found.target + "-").isprintable()
        assert " " not in found.host + found.target
        assert 0 <= found.port <= 65_535
        assert found.authority.encode()
        assert ":0/" not in url or found.port == 0 or "@" in url


@given(
    st.sampled_from(["GET", "POST", "PATCH"]) | any_text,
    urls,
    st.lists(st.tuples(names | any_text, plain | any_text), max_size=3),
    st.binary(max_size=20),
    st.none() | any_text,
)
@example("GET", "https://rs.test/", [("Authorization", "DPoP \ud800")], b"", None)
@example("\u00e9", "https://rs.test/", [], b"", None)
def test_any_request_is_written_or_told_in_one_line(
    method: str, url: str, headers: list[tuple[str, str]], body: bytes, target: str | None
) -> None:
    request = Request(method, url, tuple(headers), body, target=target)
    if (where := place(url)) is None:
        return
    try:
        sent = Dialogue(cast("Line", Canned([]))).ask(request, where)
    except UsageError as error:
        assert str(error).isprintable()
        return
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert head.startswith(method.encode() + b" ")
    assert rest.endswith(body)
    lines = head.split(b"\r\n")[1:]
    assert len(lines) >= len(headers), "none of them ended the head"


@given(st.binary(max_size=40), any_text, cuts)
def test_raw_bytes_are_sent_as_they_are_and_any_answer_is_heard(raw: bytes, method: str, cuts: list[int]) -> None:
    request = Request(method, "http://rs.test/", raw=raw)

    assert Dialogue(cast("Line", Canned([]))).ask(request, HERE) == raw
    assert heard(pieces(written(200, [], b"ok", "length"), cuts), request)[1] == ""


# What an answer amounts to

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a~/01", max_size=3), inner, max_size=3))  # fmt: skip
telling = st.sampled_from(["WWW-Authenticate", "DPoP-Nonce", "Retry-After", "Date", "Cache-Control", "Location", "Content-Type"])  # fmt: skip
worded = st.sampled_from(["use_dpop_nonce", 'DPoP error="use_dpop_nonce"', "Thu, 01 Jan 1970 00:01:00 GMT", "no-store", "?error=x", "9" * 400])  # fmt: skip
answers = st.builds(
    Answer,
    st.none() | st.integers(100, 999),
    st.lists(st.tuples(telling | names, worded | any_text), max_size=5).map(tuple),
    st.binary(max_size=40) | values.map(lambda value: json.dumps(value).encode()) | st.just(b'{"error":"use_dpop_nonce"}'),
)  # fmt: skip
EVERYTHING = Hard(
    status=("4xx",), withheld=("a",), json_error=("4xx", 200), no_store=("2xx", "4xx"), challenge=(401,),
    challenge_error=(401,), nonce=True, characters=True, silent=True, traceless=True,
)  # fmt: skip


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
    said: list[tuple[str, dict[str, str]]], one_line: bool  # noqa: FBT001
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
    "jose": lambda text: jose.decode(text),
    "json": lambda text: exchange.parsed(text.encode()),
}
UNITS = st.sampled_from(["at ", "at /", "/", "System.", "a.go:1", ".rb:1", "goroutine 1 [", "at a() in ", "&#9", '"', "\\", "a=", "a,", "{", '"a":', "e", "eyJ", "Basic ", "?code="])  # fmt: skip


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
    try:
        assert isinstance(token.lifetime, float)
    except Inconclusive as why:
        assert "good" in str(why)
