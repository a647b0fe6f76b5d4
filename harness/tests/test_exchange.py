"""What an exchange amounts to, and what its record shows."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast import challenges, jose, proofs
from holdfast.exchange import MISSING, SHOWN, Exchange, issued, keeps_out, outcome, pointed, shows
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.wire import STOPPED, Answer, Fault, Request

CANARY = "only behind the door"


def canary(answer: Answer) -> bool:
    return shows(answer, CANARY)


def exchange(answer: Answer, request: Request | None = None, difference: str = "") -> Exchange:
    return Exchange(
        request=request or Request("GET", "https://rs.test/resource"),
        answer=answer,
        purpose="hostile",
        endpoint="resource",
        sender="thief",
        difference=difference,
        outcome=outcome(answer, canary),
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(200, body=CANARY.encode()), Outcome.ACCEPTED, id="canary"),
        pytest.param(Answer(401, body=CANARY.encode()), Outcome.ACCEPTED, id="canary-under-401"),
        pytest.param(Answer(500, body=CANARY.encode()), Outcome.ACCEPTED, id="canary-under-500"),
        pytest.param(Answer(302, body=CANARY.encode()), Outcome.ACCEPTED, id="canary-under-302"),
        pytest.param(Answer(200, body=CANARY.encode(), fault="timeout"), Outcome.ACCEPTED, id="canary-then-hang"),
        pytest.param(Answer(200, body=CANARY.encode(), fault="oversize"), Outcome.ACCEPTED, id="canary-then-endless"),
        pytest.param(Answer(401), Outcome.REFUSED, id="401"),
        pytest.param(Answer(405), Outcome.REFUSED, id="405"),
        pytest.param(Answer(431), Outcome.REFUSED, id="431"),
        pytest.param(Answer(302), Outcome.REFUSED, id="redirect"),
        pytest.param(Answer(200, body=b"please log in"), Outcome.REFUSED, id="login-page"),
        pytest.param(Answer(fault="refused at tls", error="alert"), Outcome.REFUSED, id="refused-at-tls"),
        pytest.param(Answer(fault="no http/2", error="it did not choose h2"), Outcome.NONE, id="no-http2"),
        pytest.param(Answer(500), Outcome.BROKE, id="500"),
        pytest.param(Answer(999), Outcome.BROKE, id="999"),
        pytest.param(Answer(401, fault="timeout"), Outcome.BROKE, id="401-then-hang"),
        pytest.param(Answer(431, fault="reset"), Outcome.REFUSED, id="431-then-reset"),
        pytest.param(Answer(429, fault="reset"), Outcome.NONE, id="429-then-reset"),
        pytest.param(Answer(503, fault="reset"), Outcome.BROKE, id="503-then-reset"),
        pytest.param(Answer(200, fault="reset"), Outcome.BROKE, id="200-then-reset"),
        pytest.param(Answer(fault="timeout"), Outcome.BROKE, id="hang"),
        pytest.param(Answer(fault="reset"), Outcome.BROKE, id="reset"),
        pytest.param(Answer(fault="closed"), Outcome.BROKE, id="closed"),
        pytest.param(Answer(fault="protocol"), Outcome.BROKE, id="no-http"),
        pytest.param(Answer(200, fault="oversize"), Outcome.BROKE, id="endless-without-canary"),
        pytest.param(Answer(429), Outcome.NONE, id="429"),
        pytest.param(Answer(503), Outcome.NONE, id="503"),
        pytest.param(Answer(fault="unreachable"), Outcome.NONE, id="unreachable"),
        pytest.param(Answer(fault="tls"), Outcome.NONE, id="tls"),
        pytest.param(Answer(fault="closed", error=STOPPED), Outcome.NONE, id="stopped"),
        pytest.param(Answer(fault="closed", reused=True), Outcome.NONE, id="kept-connection-ended"),
        pytest.param(Answer(fault="closed", reused=True, received=b"H"), Outcome.BROKE, id="kept-connection-half"),
    ],
)
def test_outcomes(answer: Answer, expected: Outcome) -> None:
    seen = exchange(answer)
    assert seen.outcome is expected
    assert [seen.accepted, seen.refused, seen.broke].count(True) == (expected is not Outcome.NONE)


@pytest.mark.parametrize(
    ("fault", "error", "out"),
    [
        pytest.param("unreachable", "localhost:1: Connection refused", True, id="refused"),
        pytest.param("unreachable", "10.1.1.1:1: no connection in time", True, id="no-answer"),
        pytest.param("unreachable", "10.1.1.1:1: No route to host", True, id="no-route"),
        pytest.param("unreachable", "nowhere.test: Name or service not known", False, id="unknown-name"),
        pytest.param("tls", "localhost:1: Connection refused", False, id="tls"),
        pytest.param("timeout", "no whole answer within 10 s", False, id="hang"),
    ],
)
def test_who_cannot_connect_to_a_known_host_is_kept_out(fault: Fault, error: str, *, out: bool) -> None:
    assert keeps_out(Answer(fault=fault, error=error)) is out


def test_a_refusal_under_a_status_of_success_is_a_wrong_signal() -> None:
    assert exchange(Answer(200)).wrong_signal
    assert not exchange(Answer(401)).wrong_signal
    assert not exchange(Answer(200, body=CANARY.encode())).wrong_signal


@pytest.mark.parametrize(
    ("answer", "silent"),
    [
        (Answer(200, body=CANARY.encode()), False),
        (Answer(401), False),
        (Answer(503), False),
        (Answer(fault="no http/2", error="it did not choose h2 (ALPN)"), False),
        (Answer(500), True),
        (Answer(fault="timeout"), True),
        (Answer(fault="tls", error="handshake"), True),
    ],
)
def test_a_target_is_silent_where_it_neither_answers_nor_says_why_not(*, answer: Answer, silent: bool) -> None:
    assert exchange(answer).silent is silent


@pytest.mark.parametrize(
    ("status", "headers", "busy", "seconds"),
    [
        (429, (("retry-after", "7"),), True, 7.0),
        (503, (), True, None),
        (429, (("Retry-After", "soon"),), True, None),
        (429, (("Retry-After", "-1"),), True, None),
        (429, (("Retry-After", formatdate(1090, usegmt=True)), ("Date", formatdate(1000, usegmt=True))), True, 90.0),
        (429, (("Retry-After", formatdate(900, usegmt=True)), ("Date", formatdate(1000, usegmt=True))), True, 0.0),
        (401, (("Retry-After", "7"),), False, 7.0),
    ],
)
def test_a_busy_target_says_when_to_come_again(
    *, status: int, headers: tuple[tuple[str, str], ...], busy: bool, seconds: float | None
) -> None:
    seen = exchange(Answer(status, headers))
    assert (seen.busy, seen.retry_after) == (busy, seconds)


def test_an_empty_canary_is_an_error() -> None:
    with pytest.raises(ValueError, match="empty canary"):
        shows(Answer(200), "")


RFC6901 = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, " ": 7, "null": None, "~1": 9}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("", RFC6901),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/m~0n", 8),
        ("/ ", 7),
        ("/~01", 9),
        ("/null", None),
        ("/foo/2", MISSING),
        ("/foo/00", MISSING),
        ("/foo/-", MISSING),
        ("/foo/\u0661", MISSING),
        ("/foo/0/0", MISSING),
        ("/nothing/here", MISSING),
        ("foo", MISSING),
    ],
)
def test_json_pointers(pointer: str, expected: object) -> None:
    assert pointed(RFC6901, pointer) == expected


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"data": {"id": 0}}', True),
        (b'{"data": {"id": false}}', True),
        (b'{"data": {"id": null}}', False),
        (b'{"data": null}', False),
        (b'{"data"', False),
        (b"\xff\xfe", False),
        (b"[" * 100_000, False),
        (b'{"data": {"id": 1' + b"0" * 10_000 + b"}}", False),
    ],
)
def test_a_canary_may_be_a_pointer(*, body: bytes, shown: bool) -> None:
    assert shows(Answer(200, body=body), "/data/id") is shown


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([""], []),
        (["DPoP"], [("DPoP", {})]),
        (
            ['DPoP error="invalid_token", algs="ES256 PS256"'],
            [("DPoP", {"error": "invalid_token", "algs": "ES256 PS256"})],
        ),
        (['Bearer, DPoP algs="ES256"'], [("Bearer", {}), ("DPoP", {"algs": "ES256"})]),
        (['Bearer realm="a, b", dpop Error=x'], [("Bearer", {"realm": "a, b"}), ("dpop", {"error": "x"})]),
        (['Bearer realm="a"', "DPoP error=b"], [("Bearer", {"realm": "a"}), ("DPoP", {"error": "b"})]),
        ([r'Basic realm="a \"b\" \\"'], [("Basic", {"realm": r'a "b" \ '[:-1]})]),
        (['DPoP error="a" error_description="b"'], [("DPoP", {"error": "a", "error_description": "b"})]),
        (["Negotiate abc+/==, DPoP"], [("Negotiate", {"token68": "abc+/=="}), ("DPoP", {})]),
        (['DPoP error = "a" , , error="b"'], [("DPoP", {"error": "a"})]),
        (['DPoP error="never closed'], [("DPoP", {"error": "never closed"})]),
        (['error="no scheme", DPoP x=y'], [("DPoP", {"x": "y"})]),
        (["\xff\xfe DPoP error=a"], [("DPoP", {"error": "a"})]),
    ],
)
def test_challenges(values: list[str], expected: list[challenges.Challenge]) -> None:
    seen = exchange(Answer(401, tuple(("www-authenticate", value) for value in values)))
    assert seen.challenges == expected


@given(st.lists(st.text() | st.text('DPoP ,="\\x'), max_size=3))
def test_no_challenge_raises(values: list[str]) -> None:
    for scheme, parameters in challenges.parse(values):
        assert scheme
        assert all(name == name.lower() for name in parameters)


def test_a_long_challenge_is_read_in_its_length() -> None:
    for value in ("a" * 200_000 + "@", "@" * 200_000, '="' * 50_000, "a " * 50_000, "a=" * 50_000, '"\\' * 50_000):
        challenges.parse([value])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(400, body=b'{"error": "invalid_dpop_proof"}'), "invalid_dpop_proof"),
        (Answer(401, (("WWW-Authenticate", 'Bearer, DPoP error="use_dpop_nonce"'),)), "use_dpop_nonce"),
        (Answer(400, body=b'{"error": {"code": 1}}'), ""),
        (Answer(400, body=b'["error"]'), ""),
        (Answer(fault="timeout"), ""),
    ],
)
def test_the_error_code(answer: Answer, expected: str) -> None:
    assert exchange(answer).error == expected


def test_headers_are_found_in_any_spelling() -> None:
    seen = exchange(Answer(200, (("DPoP-Nonce", "1"), ("dpop-nonce", "2"))))
    assert seen.headers("DPOP-NONCE") == ["1", "2"]
    assert seen.header("dpop-Nonce") == "1"
    assert seen.header("Date") is None


def test_the_form_of_a_request_is_read() -> None:
    request = Request("POST", "https://as.test/token", (), b"a=1&b=x%20y+z&c=&a=2")
    seen = Exchange(request, Answer(400), "ground", "token", "client")

    assert seen.form == {"a": "2", "b": "x y z", "c": ""}


def bound_request() -> tuple[Request, str, str]:
    key = jose.generate()
    token = jose.compact({"typ": "at+jwt", "alg": "ES256"}, {"cnf": {"jkt": key.thumbprint}}, key.sign)
    proof = proofs.make(key, proofs.ProofRequest("GET", "https://rs.test/resource", 1000.0, token))
    headers = (("Authorization", f"DPoP {token}"), ("DPoP", proof))
    return Request("GET", "https://rs.test/resource?a=b", headers), token, proof


def test_the_line_of_a_failed_assertion_says_what_was_sent_and_what_came() -> None:
    request, _, _ = bound_request()
    seen = exchange(Answer(401, body=b'{"error": "invalid_dpop_proof"}'), request, "other htu")
    assert repr(seen) == (
        "<GET https://rs.test/resource proof htu=https://rs.test/resource [other htu]"
        " -> 401 invalid_dpop_proof, refused>"
    )
    assert repr(exchange(Answer(fault="timeout", error="no whole answer within 10 s"))) == (
        "<GET https://rs.test/resource -> timeout (no whole answer within 10 s), broke>"
    )


def test_a_record_shows_what_was_sent_without_its_secrets() -> None:
    request, token, proof = bound_request()
    masker = Masker()
    masker.learn(token, "token")
    sent = b"GET /resource HTTP/1.1\r\nDPoP: " + proof.encode() + b"\r\n\r\n"
    received = b"HTTP/1.1 200 OK\r\n\r\n" + token.encode()
    answer = Answer(200, (("Echo", token),), token.encode(), sent, received, started=5.0, seconds=0.5)
    record = exchange(answer, request, "stolen token").record(masker, 3)

    text = record.model_dump_json()
    assert token.rpartition(".")[2] not in text
    assert proof.rpartition(".")[2] not in text
    assert (record.number, record.purpose, record.outcome, record.status) == (3, "hostile", "refused", 200)
    assert record.difference == "stolen token"
    assert record.request_headers[0] == ("Authorization", f"DPoP {token.rpartition('.')[0]}.«token-1»")
    assert record.request_raw.startswith("GET /resource HTTP/1.1\nDPoP: eyJ")
    assert [(jws.kind, jws.note) for jws in record.decoded] == [("token", ""), ("proof", "")]
    claims = record.decoded[1].claims
    assert isinstance(claims, dict)
    assert claims["htu"] == "https://rs.test/resource"


def test_a_record_masks_what_the_target_issued() -> None:
    body = {"access_token": "opaque-token-0123456789", "refresh_token": "refresh-0123456789abc", "token_type": "DPoP"}
    location = "https://client.test/callback?code=code-0123456789abcdef&state=1"
    record = exchange(Answer(200, (("Location", location),), json.dumps(body).encode())).record(Masker(), 1)
    assert json.loads(record.response_body) == {
        "access_token": "«token-1»",
        "refresh_token": "«refresh-token-1»",
        "token_type": "DPoP",
    }
    assert record.response_headers == [("Location", "https://client.test/callback?code=«code-1»&state=1")]


@pytest.mark.parametrize("body", [b"[1]", b'"token"', b'{"access_token": 5}', b'{"access_token": ["token"]}', b"token"])
def test_nothing_is_issued_in_what_is_no_token_answer(body: bytes) -> None:
    assert list(issued(Answer(200, (("Location", "https://[?barcode=1"),), body))) == []


def test_a_client_assertion_is_decoded() -> None:
    assertion = jose.compact({"alg": "ES256"}, {"iss": "main"}, jose.generate().sign)
    body = f"grant_type=client_credentials&client_assertion={assertion}".encode()
    record = exchange(Answer(200), Request("POST", "https://as.test/token", body=body)).record(Masker(), 1)
    assert [(jws.kind, jws.claims) for jws in record.decoded] == [("assertion", {"iss": "main"})]
    assert assertion.rpartition(".")[2] not in record.request_body


def test_odd_bytes_are_shown_escaped_and_long_texts_cut() -> None:
    answer = Answer(200, body=b"a\r\nb\rc\x00\xff\x1b[31m" + b"x" * SHOWN, sent=b"caf\xc3\xa9")
    record = exchange(answer).record(Masker(), 1)
    assert record.response_body.startswith("a\nb\\rc\\x00\\xff\\x1b[31mxxx")
    assert record.response_body.endswith("x\n[13 bytes more]")
    assert record.request_raw == "caf\xe9"


@given(st.binary(max_size=200), st.text(max_size=40), st.text(max_size=40))
def test_anything_can_be_recorded(body: bytes, name: str, value: str) -> None:
    request = Request("POST", "https://rs.test/", ((name, value), ("DPoP", value), ("Authorization", value)), body)
    seen = exchange(Answer(200, ((name, value), ("Location", value)), body, body, body), request)
    assert json.loads(seen.record(Masker(), 1).model_dump_json())
    assert repr(seen)
