"""Any bytes of a server become an answer or a documented fault, however cut; any request is written or told."""

import itertools
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.errors import UsageError
from holdfast.wire import Request
from holdfast.wire.http1 import Dialogue, Place, Reading, place
from holdfast.wire.messages import FaultError

if TYPE_CHECKING:
    from holdfast.wire.line import Line

HERE = Place(secure=False, host="rs.test", port=80, authority="rs.test", target="/")
PLAIN = Request("GET", "http://rs.test/")
LIMIT = 60


class Canned:
    """A line that brings these pieces and then ends."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.left = [piece for piece in pieces if piece]
        self.received = b""
        self.ended = False

    def read(self) -> bytes:
        self.ended = not self.left
        piece = self.left.pop(0) if self.left else b""
        self.received += piece
        return piece


def heard(pieces: Sequence[bytes], request: Request = PLAIN) -> tuple[Reading, str]:
    """What was read of an answer that comes in these pieces, and the fault; only documented ones."""
    dialogue = Dialogue(cast("Line", Canned(pieces)))
    dialogue.ask(request, HERE)
    reading, fault, said = Reading(), "", "whole"
    try:
        dialogue.hear(reading, b"", LIMIT)
    except FaultError as why:
        fault, said = why.fault, why.error
    assert said
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
        chunks = b"".join(
            b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7)
        )
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"
    return f"{head}\r\n".encode() + body


def pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted({min(cut, len(content)) for cut in cuts} | {0, len(content)})
    return [content[start:stop] for start, stop in itertools.pairwise(ends)]


cuts = st.lists(st.integers(0, 200), max_size=8)
hows = st.sampled_from(["length", "chunked", "until the end"])


@given(statuses, fields, st.binary(max_size=LIMIT), hows, cuts)
def test_a_whole_answer_is_read_as_it_was_written(
    status: int, headers: list[tuple[str, str]], body: bytes, how: str, cuts: list[int]
) -> None:
    reading, fault = heard(pieces(written(status, headers, body, how), cuts))

    assert (reading.status, bytes(reading.body), fault) == (status, body, "")
    assert list(reading.headers[: len(headers)]) == headers


odd = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 S\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\x00",
        b" ",
        b":",
        b"ffffffff\r\n",
    ]
)


@settings(max_examples=150)
@given(
    statuses,
    fields,
    st.binary(max_size=90),
    hows,
    st.lists(st.tuples(st.integers(0, 200), odd | st.binary(max_size=4)), max_size=3),
    cuts,
)
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
urls = st.builds(
    "{}{}{}".format,
    schemes,
    st.sampled_from(["rs.test", "a:0", "a:b", "[::1", "[::1]:8", "u@a", "é", "a b", "a\0"]),
    any_text,
)


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
        told = str(error)
    else:
        told, (head, _, rest) = "", sent.partition(b"\r\n\r\n")
        assert head.startswith(method.encode() + b" ")
        assert rest.endswith(body)
        assert head.count(b"\r\n") >= len(headers), "none of them ended the head"
    assert told.isprintable()


@given(st.binary(max_size=40), any_text, cuts)
def test_raw_bytes_are_sent_as_they_are_and_any_answer_is_heard(raw: bytes, method: str, cuts: list[int]) -> None:
    request = Request(method, "http://rs.test/", raw=raw)

    assert Dialogue(cast("Line", Canned([]))).ask(request, HERE) == raw
    assert heard(pieces(written(200, [], b"ok", "length"), cuts), request)[1] == ""
