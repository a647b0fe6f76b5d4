"""What is asked of a proxy over HTTP/2: what a case's words become, and what the doctor says of the claim."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast import doctor
from holdfast.parties.arrival import Arrival
from holdfast.parties.client import Client
from holdfast.parties.origin_server import Reply
from holdfast.parties.passage import Passage
from holdfast.parties.proxy_http2 import ProxyOverHttp2
from holdfast.parties.run import Run, Worker
from holdfast.target_model import Proxy
from holdfast.wire import Answer, Http2, Request, Wire


class Origin:
    """Remembers nothing, and has seen nothing."""

    def answer(self, mark: str, reply: Reply) -> None:
        pass

    def arrived(self, _mark: str) -> list[Arrival]:
        return []

    def forget(self, mark: str) -> None:
        pass


class Told:
    """A wire that keeps what it was to send, and answers every request with its canary."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0

    def send(self, request: Request, **_: object) -> Answer:
        return self.together([request])[0]

    def together(self, requests: list[Request]) -> list[Answer]:
        self.requests += requests
        self.connections += 1
        marks = [value.removeprefix("holdfast-") for one in requests for name, value in one.headers if "mark" in name]
        return [Answer(200, body=f"answered behind the proxy: {mark}".encode()) for mark in marks]


@pytest.fixture
def wire() -> Told:
    return Told()


@pytest.fixture
def over_http2(wire: Told) -> ProxyOverHttp2:
    facts = Proxy(alone="https://proxy.test:8447/", header="Client-Cert", encoding="rfc9440", http2=True)
    target = SimpleNamespace(proxy=facts)
    bench = cast("Any", SimpleNamespace(running=SimpleNamespace(target=target), origin=Origin(), shown_by_proxy=None))
    stop = cast("Any", SimpleNamespace(is_set=lambda: False))
    return ProxyOverHttp2(bench, Run(Worker(cast("Wire", wire)), stop))


CLIENT = Client("client", "none", None, cast("Any", None))


def last(wire: Told) -> Request:
    return wire.requests[-1]


def test_honest_names_are_small_and_everything_goes_over_http2(over_http2: ProxyOverHttp2, wire: Told) -> None:
    over_http2.send(CLIENT, "header DPoP", headers={"DPoP": "a"})

    assert [request.http2 for request in wire.requests] == [Http2(), Http2()]
    assert [name for name, _ in last(wire).headers] == ["holdfast-mark", "dpop"]


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        ("{name}: {value}", [("client-cert", "v")]),
        ("{capitals}: {value}", [("CLIENT-CERT", "v")]),
        ("{underscored}: {value}", [("client_cert", "v")]),
        ("{name} : {value}", [("client-cert ", "v")]),
        ("{name}:\r\n {value}", [("client-cert", "\r\n v")]),
        ("X-Holdfast: a\n{name}: {value}", [("x-holdfast", "a\nclient-cert: v")]),
        ("{name}:\r\n{name}: {value}", [("client-cert", ""), ("client-cert", "v")]),
    ],
)
def test_lines_of_http1_become_fields(
    over_http2: ProxyOverHttp2, wire: Told, shape: str, fields: list[tuple[str, str]]
) -> None:
    over_http2.shaped(CLIENT, shape, "v")

    assert list(last(wire).headers[1:]) == fields


def test_pseudo_header_fields_stand_for_the_usual_ones(over_http2: ProxyOverHttp2, wire: Told) -> None:
    over_http2.fielded(CLIENT, (":path", "{path}a"), (":path", "/b"), ("{name}", "{value}"), (":late", "x"), value="v")

    sent = last(wire)
    assert sent.http2 is not None
    usual = ((":method", "GET"), (":scheme", "https"), (":authority", "proxy.test:8447"))
    assert sent.http2.pseudo == (*usual, (":path", "/a"), (":path", "/b"))
    assert sent.headers[1:] == (("client-cert", "v"), (":late", "x"))


def test_what_is_left_out_is_not_there(over_http2: ProxyOverHttp2, wire: Told) -> None:
    over_http2.fielded(CLIENT, ("host", "{host}"), without=(":authority",))

    sent = last(wire)
    assert sent.http2 is not None
    assert [name for name, _ in sent.http2.pseudo or ()] == [":method", ":scheme", ":path"]
    assert sent.headers[1:] == (("host", "proxy.test:8447"),)


def test_a_body_knows_its_length_and_its_mark(over_http2: ProxyOverHttp2, wire: Told) -> None:
    over_http2.fielded(CLIENT, ("content-length", "{hidden}"), method="POST", body="a {mark} b", trailers=(("x", "y"),))

    sent = last(wire)
    mark = dict(sent.headers)["holdfast-mark"]
    assert sent.body == f"a {mark} b".encode()
    assert dict(sent.headers)["content-length"] == str(len(sent.body))
    assert sent.http2 == Http2(trailers=(("x", "y"),))


def test_streams_share_a_connection_and_each_has_its_own_mark(over_http2: ProxyOverHttp2, wire: Told) -> None:
    seen = over_http2.together(CLIENT, {"headers": {"DPoP": "1"}}, {"headers": {"DPoP": "2"}})

    assert [one.answered for one in seen] == [True, True]
    assert wire.connections == 2  # the honest request has one of its own
    assert len({dict(request.headers)["holdfast-mark"] for request in wire.requests}) == 3


@pytest.mark.parametrize(
    ("start", "plain"),
    [
        ("GET / HTTP/1.1", True),
        ("OPTIONS * HTTP/1.1", True),
        ("GET * HTTP/1.1", False),
        ("GET /a b HTTP/1.1", False),
        ("GET https://h/ HTTP/1.1", False),
        ("GET  HTTP/1.1", False),
    ],
)
def test_a_request_line_with_one_path_is_plain(start: str, plain: bool) -> None:  # noqa: FBT001 - a row's value
    seen = Passage(cast("Any", None), [Arrival(f"{start}\r\nHost: h".encode())])

    assert seen.plain is plain


def test_schemes_are_read_from_each_place_that_tells_one() -> None:
    head = 'GET / HTTP/1.1\r\nX-Forwarded-Proto: https, HTTP\r\nForwarded: for=a;proto="gopher", proto=ftp'
    seen = Passage(cast("Any", None), [Arrival(head.encode())])

    assert seen.schemes == {"https", "http", "gopher", "ftp"}


@pytest.mark.parametrize(
    ("answer", "well"),
    [
        (Answer(401), True),
        (Answer(fault="no http/2", error="it did not choose h2 (ALPN)"), False),
    ],
)
def test_the_doctor_looks_whether_http2_is_spoken_where_it_is_claimed(answer: Answer, well: bool) -> None:  # noqa: FBT001
    asked: list[Request] = []

    def send(request: Request) -> Answer:
        asked.append(request)
        return answer

    wire = SimpleNamespace(send=send)
    found = doctor.Examination()
    bench = SimpleNamespace(resource=SimpleNamespace(url="https://h/r"))
    doctor._http2(cast("Any", bench), cast("Any", SimpleNamespace(wire=wire)), found)

    [(name, good, said)] = found.checks
    assert (name, good, asked[0].http2) == ("HTTP/2", well, Http2())
    assert ("ALPN" in said) is True
