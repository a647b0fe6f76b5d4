"""What an answer holds to harm its reader, or to be passed by a server that does nothing, comes to nothing."""

import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from holdfast import progress
from holdfast.cli import _say
from holdfast.errors import Inconclusive, UsageError
from holdfast.exchange import SHOWN, Exchange
from holdfast.judging import _trimmed
from holdfast.masking import BRIEF, LONGEST, Masker
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.run import Message, Run, Worker
from holdfast.parties.user_agent import UserAgent
from holdfast.target_model import Authorization
from holdfast.verdicts import Judged, Seen, decide
from holdfast.wire import Answer, Request, Wire

if TYPE_CHECKING:
    from holdfast.parties.bench import Bench
    from holdfast.results import CaseResult

NO = Answer(status=401)
GOOD = Answer(status=200, body=b"canary")
ESCAPES = "a\x1b[31mb\nfailed: another line\u202e\ud800"

# Secrets


@pytest.mark.parametrize("secret", ["a short \ud800", "half of a pair \ud800 in a secret that is long enough"])
def test_a_secret_that_no_encoding_can_write_is_masked(secret: str) -> None:
    masker = Masker()
    masker.learn(secret, "token")

    assert masker.text(f"seen {secret} there") == "seen «token-1» there"


def test_of_a_secret_without_an_end_all_is_masked_that_a_record_can_show() -> None:
    masker, secret = Masker(), "".join(f"{number:x}" for number in range(60_000))
    masker.learn(secret, "token")
    kept = {form for forms in masker._index.values() for form, *_ in forms}
    answer = Answer(status=200)
    request = Request("GET", f"https://rs.test/?access_token={secret}", (("Authorization", f"DPoP {secret}"),))
    record = Exchange(request, answer, "hostile", "resource", "client").record(masker, 1)

    assert max(len(form) for form in kept) <= 2 * LONGEST
    assert LONGEST >= SHOWN
    assert record.request_headers[0][1].startswith("DPoP «token-1»\n[")
    assert record.url.startswith("https://rs.test/?access_token=«token-1»\n[")


def test_a_verdict_says_no_more_than_can_be_read() -> None:
    masker = Masker()
    masker.learn("a secret of the client", "secret")

    assert masker.brief("a secret of the client is short") == "«secret-1» is short"
    assert len(masker.brief("x" * 1_000_000)) == BRIEF + 1


# The terminal


def test_what_a_target_says_is_one_line_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    case = SimpleNamespace(verdict="inconclusive", case="case", variant="default", reason=ESCAPES)
    with progress.watch(cast("Any", SimpleNamespace(name="target", variant="default"))) as watcher:
        watcher.result(cast("CaseResult", case))
    _say(f"the token endpoint is not protected: {ESCAPES}")
    said = capsys.readouterr().err.splitlines()

    assert said[0] == r"inconclusive: case (default): a\x1b[31mb\nfailed: another line\u202e\ud800"
    assert said[2:] == [
        r"holdfast: the token endpoint is not protected: a\x1b[31mb",
        r"holdfast: failed: another line\u202e\ud800",
    ]


# Requests


class FakeWire:
    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers

    def send(self, request: Request, again: object = None) -> Answer:
        del again
        if "elsewhere" in request.url:
            raise PermissionError("elsewhere.test:443 is not named in the target file")
        if any("\n" in value for _, value in request.headers):
            raise UsageError("illegal header value: send it as raw bytes instead")
        return self.answers[request.url.rpartition("/")[2].partition("?")[0]]


def run_of(**answers: Answer) -> Run:
    return Run(Worker(cast("Wire", FakeWire(answers))), threading.Event())


def message(path: str, make: Callable[[], Request] | None = None, **own: Any) -> Message:
    request = Request("GET", f"https://rs.test/{path}")
    return Message("resource", "client", make or (lambda: request), lambda answer: answer.body == b"canary", **own)


def test_a_token_that_no_header_can_hold_makes_a_case_inconclusive() -> None:
    request = Request("GET", "https://rs.test/honest", (("Authorization", "DPoP a\n"),))

    with pytest.raises(Inconclusive, match="the request to the resource endpoint cannot be written: illegal header"):
        run_of(honest=GOOD).send(message("honest", lambda: request), "hostile")


def test_a_text_that_nothing_can_write_makes_a_case_inconclusive() -> None:
    def make() -> Request:
        return Request("GET", "https://rs.test/honest", body="\ud800".encode())

    with pytest.raises(Inconclusive, match="the request to the resource endpoint cannot be written"):
        run_of(honest=GOOD).send(message("honest", make), "hostile")


@pytest.fixture
def bench() -> "Bench":
    target = SimpleNamespace(authorization=Authorization(driver="redirect"))
    return cast("Bench", SimpleNamespace(running=SimpleNamespace(target=target), metadata={}))


def test_a_browser_that_is_sent_to_a_host_that_nobody_named_stays(bench: "Bench") -> None:
    run = run_of(honest=Answer(status=302, headers=(("Location", "https://elsewhere.test/login"),)))

    with pytest.raises(Inconclusive, match=r"sends the user elsewhere: elsewhere\.test:443 is not named"):
        UserAgent(bench, run).walk(message("honest"), ["https://client.test/"], "ground")


@pytest.mark.parametrize("address", ["https://[", "//[x/"])
def test_a_browser_that_is_sent_to_what_is_no_address_has_come_to_an_end(bench: "Bench", address: str) -> None:
    run = run_of(honest=Answer(status=302, headers=(("Location", address),)))

    assert UserAgent(bench, run).walk(message("honest"), ["https://client.test/"], "ground").refused


@pytest.mark.parametrize("cookie", [r'a="b\012c"', "a=b=c", "a=", 'a={"b": 1}'])
def test_a_cookie_is_sent_back_as_it_was_written(bench: "Bench", cookie: str) -> None:
    first = Answer(status=302, headers=(("Location", "/last"), ("Set-Cookie", f"{cookie}; Path=/")))
    run = run_of(honest=first, last=NO)
    seen = UserAgent(bench, run).walk(message("honest"), ["https://client.test/"], "ground")

    assert dict(seen.request.headers)["Cookie"] == cookie


@pytest.mark.parametrize("line", ["", "a", "=b", "; Path=/"])
def test_what_is_no_cookie_is_kept_out(bench: "Bench", line: str) -> None:
    first = Answer(status=302, headers=(("Location", "/last"), ("Set-Cookie", line)))
    run = run_of(honest=first, last=NO)
    seen = UserAgent(bench, run).walk(message("honest"), ["https://client.test/"], "ground")

    assert "Cookie" not in dict(seen.request.headers)


# A server that answers everything alike


def test_an_honest_request_that_is_refused_says_nothing_of_its_answer() -> None:
    run = run_of(honest=NO)
    run.judge(message("honest"))

    assert decide(Seen(held=True, judged=run.vouch()), "failed").verdict == "inconclusive"
    assert decide(Seen(held=False, judged=run.vouch()), "failed").verdict == "failed"


def test_an_honest_request_that_is_accepted_may_be_asked_for_more() -> None:
    run = run_of(honest=GOOD)
    run.judge(message("honest"))

    assert decide(Seen(held=True, judged=run.vouch()), "failed").verdict == "passed"


@pytest.mark.parametrize(("honest", "verdict"), [(GOOD, "passed"), (NO, "inconclusive")])
def test_a_case_that_stands_on_refusals_alone_needs_an_honest_request_that_is_not(honest: Answer, verdict: str) -> None:
    run = run_of(honest=honest, hostile=NO)
    for _ in range(3):
        run.refused(message("hostile", difference="nonce: invented", control=message("honest", family="honest")))
    judged = run.vouch()

    assert decide(Seen(held=True, judged=judged), "failed").verdict == verdict
    assert [one.purpose for one in run.exchanges] == ["ground", "ground", "ground", "control"]
    assert judged[0] == Judged(Outcome.REFUSED, control=judged[0].control, detail=judged[0].detail)


def test_metadata_that_is_not_there_says_nothing(bench: "Bench") -> None:
    server = AuthorizationServer(bench, run_of())

    for look in (
        lambda: server.metadata,
        lambda: server.listed("grant_types_supported"),
        lambda: server.kind("issuer"),
    ):
        with pytest.raises(Inconclusive, match="publishes no metadata"):
            look()


def test_a_failure_that_is_kept_keeps_nothing_of_what_was_sent() -> None:
    def case() -> None:
        sent = ["all that was exchanged"]
        assert not sent

    try:
        case()
    except AssertionError as error:
        trace = _trimmed(error).__traceback__
        assert trace is not None
        assert trace.tb_frame.f_locals == {}
