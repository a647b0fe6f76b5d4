"""One request is one request: nothing is sent twice, answered from memory, or read as two (RFC 9112, RFC 9111)."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2, Reply

CACHES, AGAIN, FRAMING = "Answers from memory", "Requests sent again", "Where a request ends"
FRESH = ("Cache-Control", "max-age=600")

#: A second request, for the body of a first.
HIDDEN = "GET {path} HTTP/1.1\r\nHost: {host}\r\nHoldfast-Mark: {mark}\r\n\r\n"

ANSWERS = pytest.mark.parametrize(
    ("headers", "answer"),
    [
        row("token", {"Authorization": "DPoP holdfast"}, (FRESH,)),
        row("token-and-proof", {"Authorization": "DPoP holdfast", "DPoP": "holdfast"}, (FRESH,)),
        row("nonce", {"Authorization": "DPoP holdfast"}, (FRESH, ("DPoP-Nonce", "holdfast"))),
        row("vary", {"Authorization": "DPoP holdfast"}, (FRESH, ("Vary", "Client-Cert"))),
    ],
)
NO_ANSWER = pytest.mark.parametrize(
    ("method", "reply"),
    [
        row("get-no-answer", "GET", Reply(silent=True)),
        row("post-no-answer", "POST", Reply(silent=True)),
        row("get-502", "GET", Reply(502)),
        row("get-503", "GET", Reply(503, (("Retry-After", "0"),))),
        row("get-504", "GET", Reply(504)),
    ],
)


@case("RFC9440-2.4-08", impact="critical")
@ANSWERS
def test_answer_to_one_client_is_not_given_to_another(
    alone: ProxyAlone, client: Client, headers: dict[str, str], answer: tuple[tuple[str, str], ...]
) -> None:
    """An answer to a request with a token is not kept for others, whatever it says of its freshness (RFC 9111, 3.5)."""
    place = alone.somewhere()
    alone.passes(client, reply=Reply(200, answer), headers=headers, path=place)
    seen = alone.replied(client, path=place)
    alone.observe(CACHES, ", ".join(f"{name}: {value}" for name, value in answer), "asked" if seen.arrivals else "kept")

    assert len(seen.arrivals) == 1


@case("RFC9449-12.8-01-proxy", impact="medium")
@NO_ANSWER
def test_request_is_not_sent_again(alone: ProxyAlone, client: Client, method: str, reply: Reply) -> None:
    """A request with a proof is sent to the server once, though no answer came: a proof is good for one use."""
    alone.passes(client)
    seen = alone.tried(client, reply, method=method, headers={"DPoP": "holdfast"})
    alone.observe(AGAIN, f"{method}, {reply.said}", f"sent {len(seen.arrivals)} x")

    assert len(seen.arrivals) == 1


@case("RFC9700-4.13-01", impact="critical", needs=("lab-ca",))
@pytest.mark.parametrize(
    ("lines", "body"),
    [
        row("length-and-chunked", "Content-Length: {hidden}\r\nTransfer-Encoding: chunked", "0\r\n\r\n{second}"),
        row("chunked-and-length", "Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n{second}"),
        row("two-lengths", "Content-Length: 0\r\nContent-Length: {length}", "{second}"),
        row("lengths-in-a-list", "Content-Length: 0, {length}", "{second}"),
        row("length-with-a-sign", "Content-Length: +{length}", "{second}"),
        row("coding-of-another-name", "Content-Length: {hidden}\r\nTransfer-Encoding: xchunked", "0\r\n\r\n{second}"),
        row("space-before-colon", "Content-Length: {hidden}\r\nTransfer-Encoding : chunked", "0\r\n\r\n{second}"),
        row("folded-coding", "Content-Length: {hidden}\r\nTransfer-Encoding:\r\n chunked", "0\r\n\r\n{second}"),
        row("two-codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n{second}"),
        row("size-with-a-sign", "Transfer-Encoding: chunked", "+2\r\nhf\r\n0\r\n\r\n{second}"),
    ],
)
def test_second_request_does_not_hide_in_the_first(alone: ProxyAlone, client: Client, lines: str, body: str) -> None:
    """Where two readers could differ about the end of a request, it is refused, or arrives so that they cannot."""
    alone.passes(client)
    seen = alone.framed(client, lines, body, HIDDEN)
    alone.observe(FRAMING, alone.shown(lines), seen.framing())
    alone.passes(client)

    assert not seen.ambiguous


# The same over HTTP/2


@case("RFC9440-2.4-08", impact="critical")
@ANSWERS
def test_over_http2_answer_to_one_client_is_not_given_to_another(
    over_http2: ProxyOverHttp2, client: Client, headers: dict[str, str], answer: tuple[tuple[str, str], ...]
) -> None:
    """Over HTTP/2 an answer to a request with a token is not kept for others, whatever it says of its freshness."""
    place = over_http2.somewhere()
    over_http2.passes(client, reply=Reply(200, answer), headers=headers, path=place)

    assert len(over_http2.replied(client, path=place).arrivals) == 1


@case("RFC9440-2.4-08", also=("RFC9449-12.8-01-proxy",), impact="critical")
def test_over_http2_answer_to_one_stream_is_not_given_to_another(over_http2: ProxyOverHttp2, client: Client) -> None:
    """Of two streams for one address, under way at once, each is answered by the server: one of them has no token."""
    place, late = over_http2.somewhere(), Reply(200, (FRESH,), late=0.3)
    with_token = {"path": place, "headers": {"Authorization": "DPoP holdfast"}, "reply": late}
    seen = over_http2.together(client, with_token, {"path": place, "reply": late})

    assert [(len(one.arrivals), one.answered) for one in seen] == [(1, True), (1, True)]


@case("RFC9449-12.8-01-proxy", impact="medium")
@NO_ANSWER
def test_over_http2_request_is_not_sent_again(
    over_http2: ProxyOverHttp2, client: Client, method: str, reply: Reply
) -> None:
    """Over HTTP/2 a request with a proof is sent to the server once, though no answer came."""
    over_http2.passes(client)
    seen = over_http2.tried(client, reply, method=method, headers={"DPoP": "holdfast"})
    over_http2.observe(AGAIN, f"{method} over HTTP/2, {reply.said}", f"sent {len(seen.arrivals)} x")

    assert len(seen.arrivals) == 1


@case("RFC9700-4.13-01", impact="critical", needs=("lab-ca",))
@pytest.mark.parametrize(
    ("lines", "body"),
    [
        row("length-of-nothing", (("content-length", "0"),), HIDDEN),
        row("two-lengths", (("content-length", "0"), ("content-length", "{hidden}")), HIDDEN),
        row("length-with-a-sign", (("content-length", "+0"),), HIDDEN),
        row("chunked", (("content-length", "{hidden}"), ("transfer-encoding", "chunked")), f"0\r\n\r\n{HIDDEN}"),
    ],
)
def test_over_http2_second_request_does_not_hide_in_the_first(
    over_http2: ProxyOverHttp2, client: Client, lines: tuple[tuple[str, str], ...], body: str
) -> None:
    """Over HTTP/2 the frames say where a request ends; whatever the fields say of it, one arrives and no second.

    For the server behind the fields are all there is (RFC 9113, section 8.1.1). How a client is told is not judged: it
    hangs on which frames are there when the proxy looks.
    """
    over_http2.passes(client)
    seen = over_http2.fielded(client, *lines, method="POST", body=body, judged=False)
    over_http2.observe(FRAMING, f"over HTTP/2: {over_http2.shown(': '.join(lines[0]))}", seen.framing())
    over_http2.passes(client)

    assert len(seen.arrivals) <= 1 and not seen.ambiguous
