"""What became of a request on its way through a proxy, in words that can be compared."""

from typing import cast

import pytest

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.arrival import Arrival
from holdfast.parties.passage import Passage
from holdfast.wire import Answer, Request


def passage(*heads: str, status: int | None = 200, outcome: Outcome = Outcome.ACCEPTED, body: bytes = b"") -> Passage:
    answer = Answer(status=status, headers=(("Vary", "*"),), fault="" if status else "timeout")
    seen = Exchange(Request("GET", "https://h/"), answer, "hostile", "proxy", "client", outcome=outcome)
    return Passage(seen, [Arrival(f"GET / HTTP/1.1\r\n{head}".encode("latin-1"), body) for head in heads])


@pytest.mark.parametrize(
    "line",
    [
        "Client-Cert: v",
        "client_cert: v",
        "Client.Cert: v",
        "Client-Cert : v",
        "Client-Cert:\r\n v",
        "X: a\r\n Client-Cert: v",
        "X: a\rClient-Cert: v",
        "Client-Cert: a, v",
    ],
)
def test_a_line_that_some_server_takes_for_the_header_speaks(line: str) -> None:
    seen = passage(line)

    assert seen.speaks("Client-Cert", "v")
    assert seen.told("Client-Cert", "v").startswith("arrives as ")


@pytest.mark.parametrize("line", ["X-Client-Cert: v", "X: Client-Cert: v", "Client-Cert: other", "Client-Certs: v"])
def test_a_line_of_another_name_or_value_does_not(line: str) -> None:
    assert not passage(line).speaks("Client-Cert", "v")


def test_what_is_in_the_name_is_no_value() -> None:
    assert not passage("Client-Cert: x").speaks("Client-Cert", "-")


def test_a_trailer_speaks_too() -> None:
    seen = passage("Transfer-Encoding: chunked", body=b"0\r\nClient-Cert: v\r\n\r\n")

    assert seen.speaks("Client-Cert", "v")


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (passage("X: y"), "removed"),
        (passage("Client-Cert: own"), "overwritten: Client-Cert: own"),
        (passage(status=400, outcome=Outcome.REFUSED), "refused with 400"),
        (passage(status=None, outcome=Outcome.BROKE), "no answer: timeout"),
        (passage(f"Client-Cert: v{'v' * 60}"), f"arrives as Client-Cert: {'v' * 35}…"),
    ],
)
def test_what_became_of_a_line_is_told_in_words(seen: Passage, said: str) -> None:
    assert seen.told("Client-Cert", "v") == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("DPoP: a", "unchanged"),
        ("DPoP: a\r\nDPoP: b", "2 lines: a | b"),
        ("DPoP: a, b", "1 line: a, b"),
        ("X: y", "lost"),
    ],
)
def test_what_became_of_a_proof_is_told_in_words(lines: str, said: str) -> None:
    assert passage(lines).became(["a"], "DPoP") == said


def test_what_came_back_is_told_in_words() -> None:
    assert passage("X: y").returned(["*"], "Vary") == "unchanged"
    assert passage("X: y").returned(["x"], "DPoP-Nonce") == "lost"


def test_only_a_refusal_of_which_nothing_arrived_is_a_stop() -> None:
    refused = passage(status=400, outcome=Outcome.REFUSED)

    assert refused.stopped
    assert not passage("X: y", status=400, outcome=Outcome.REFUSED).stopped
    assert not passage().stopped


@pytest.mark.parametrize("heads", [[], ["X: y", "X: z"]])
def test_what_did_not_arrive_once_says_nothing_about_itself(heads: list[str]) -> None:
    with pytest.raises(Inconclusive, match="requests arrived behind the proxy where one was sent"):
        cast("object", passage(*heads).arrival)


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ("Content-Length: 1\r\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
        ("Content-Length: 1\r\nContent-Length: 1", b"a"),
        ("Content-Length: 1, 1", b"a"),
        ("Content-Length: +1", b"a"),
        ("Content-Length: 1\r\nTransfer-Encoding : chunked", b"a"),
        ("Transfer-Encoding: xchunked", b""),
        ("Transfer-Encoding: chunked", b"+1\r\na\r\n0\r\n\r\n"),
    ],
)
def test_what_two_servers_could_read_differently_is_ambiguous(lines: str, body: bytes) -> None:
    assert passage(lines, body=body).ambiguous


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ("Content-Length: 1", b"a"),
        ("Transfer-Encoding: chunked", b"1\r\na\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"1\r\n"),
        ("X: y", b""),
    ],
)
def test_what_all_read_alike_is_not(lines: str, body: bytes) -> None:
    assert not passage(lines, body=body).ambiguous
    assert not passage(status=400, outcome=Outcome.REFUSED).ambiguous


def test_of_two_that_arrive_for_one_each_is_looked_at() -> None:
    assert not passage("X: y", "Content-Length: 1").ambiguous
    assert passage("X: y", "Content-Length: 1\r\nContent-Length: 2").ambiguous


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (passage("X: y"), "arrives with no body"),
        (passage("Content-Length: 1"), "arrives with Content-Length: 1"),
        (passage("Transfer-Encoding: chunked", "X: z"), "arrives with Transfer-Encoding: chunked"),
        (passage(status=501, outcome=Outcome.BROKE), "refused with 501"),
    ],
)
def test_how_the_end_of_a_request_is_told_is_told_in_words(seen: Passage, said: str) -> None:
    assert seen.framing() == said
