"""What a run sends beside the message that is judged: honest requests, messages made anew, and nothing for a replay."""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from holdfast.errors import Inconclusive
from holdfast.outcome import Outcome
from holdfast.parties.run import PATIENCE_TRIES, Message, Run, Worker, challenged
from holdfast.wire import Answer, Request, Wire

URL = "https://rs.test/resource"
GOOD = Answer(status=200, body=b"canary")
NO = Answer(status=401, headers=(("WWW-Authenticate", "DPoP error=invalid_dpop_proof"),))
BROKE = Answer(status=500)
BUSY = Answer(status=503, headers=(("Retry-After", "2"),))
HANGS = Answer(fault="timeout", error="no whole answer")


def challenge(nonce: str = "n1") -> Answer:
    return Answer(status=401, headers=(("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'), ("DPoP-Nonce", nonce)))


class Stop(threading.Event):
    """Never waits, and remembers for how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


class FakeWire:
    """Answers as it is told: by what the request says it is, in order; the last answer for ever."""

    def __init__(self, **answers: Sequence[Answer]) -> None:
        self.answers = {kind: list(given) for kind, given in answers.items()}
        self.sent: list[str] = []
        self.requests: list[Request] = []
        self.repeatable: list[bool] = []

    def send(self, request: Request, again: Callable[[], Request] | None = None) -> Answer:
        kind = dict(request.headers)["X-Kind"]
        self.sent.append(kind)
        self.requests.append(request)
        self.repeatable.append(again is not None)
        left = self.answers[kind]
        return left.pop(0) if len(left) > 1 else left[0]


MADE = itertools.count()


def message(kind: str = "hostile", *, worker: Worker, **own: Any) -> Message:
    """A message that is fresh each time and carries the nonce that is current."""

    def make() -> Request:
        nonce = worker.nonces.get("https://rs.test", "")
        return Request("GET", URL, (("X-Kind", kind), ("X-Made", str(next(MADE))), ("X-Nonce", nonce)))

    facts: dict[str, Any] = {"difference": "" if kind == "honest" else "htm: POST", "family": "family"}
    return Message("resource", "client", make, lambda answer: answer.body == b"canary", **(facts | own))


class Stand:
    def __init__(self, **answers: Sequence[Answer]) -> None:
        self.wire = FakeWire(**answers)
        self.worker = Worker(cast("Wire", self.wire))
        self.stop = Stop()
        self.run = self.new_run()
        self.honest = message("honest", worker=self.worker)
        self.hostile = message("hostile", worker=self.worker, control=self.honest)

    def new_run(self) -> Run:
        return Run(self.worker, self.stop)

    def nonces(self) -> list[str]:
        return [dict(request.headers)["X-Nonce"] for request in self.wire.requests]


# Nonces


def test_a_challenge_is_answered_with_a_fresh_message_and_the_nonce() -> None:
    stand = Stand(hostile=[challenge("n1"), NO], honest=[GOOD])

    seen = stand.run.judge(stand.hostile)

    assert stand.wire.sent == ["honest", "hostile", "hostile"]
    assert stand.nonces() == ["", "", "n1"]
    made = [dict(request.headers)["X-Made"] for request in stand.wire.requests]
    assert len(set(made)) == 3
    assert (seen.outcome, seen.status) == (Outcome.REFUSED, 401)


def test_a_challenge_is_answered_twice_at_most() -> None:
    stand = Stand(hostile=[challenge("n1"), challenge("n2"), challenge("n3"), GOOD], honest=[GOOD])

    seen = stand.run.judge(stand.hostile)

    assert stand.wire.sent.count("hostile") == 3
    assert seen.refused


def test_a_message_whose_nonce_is_the_change_answers_no_challenge() -> None:
    stand = Stand(hostile=[challenge(), GOOD], honest=[GOOD])
    hostile = message("hostile", worker=stand.worker, control=stand.honest, absorbs=False)

    assert stand.run.judge(hostile).refused
    assert stand.wire.sent == ["honest", "hostile"]


def test_a_nonce_of_any_answer_is_used_next() -> None:
    with_nonce = Answer(status=200, body=b"canary", headers=(("DPoP-Nonce", "n7"),))
    stand = Stand(honest=[with_nonce, GOOD])

    stand.run.ground(stand.honest)
    stand.run.ground(stand.honest)

    assert stand.nonces() == ["", "n7"]


@pytest.mark.parametrize(
    ("answer", "is_one"),
    [
        (challenge(), True),
        (Answer(status=400, headers=(("DPoP-Nonce", "n"),), body=b'{"error": "use_dpop_nonce"}'), True),
        (Answer(status=401, headers=(("WWW-Authenticate", 'DPoP error="use_dpop_nonce"'),)), False),
        (Answer(status=401, headers=(("DPoP-Nonce", "n"),)), False),
        (NO, False),
        (Answer(status=500, headers=challenge().headers), False),
    ],
)
def test_a_challenge_names_its_error_and_supplies_a_nonce(answer: Answer, is_one: bool) -> None:  # noqa: FBT001 - a column
    stand = Stand(hostile=[answer])
    seen = stand.run.send(message("hostile", worker=stand.worker, absorbs=False), "probe")

    assert challenged(seen) is is_one


# Recorded bytes


def test_a_replay_sends_the_very_bytes_and_takes_a_challenge_for_a_refusal() -> None:
    stand = Stand(honest=[GOOD, GOOD, challenge(), GOOD])
    seen = stand.run.ground(stand.honest)

    again = stand.run.resend(seen.request, stand.honest, "the same bytes")

    assert again.refused
    assert replace(again.request, fresh=False) == seen.request
    assert stand.wire.repeatable == [True, True, False]


def test_a_replay_goes_over_a_connection_of_its_own_or_over_the_open_one() -> None:
    stand = Stand(honest=[GOOD])
    seen = stand.run.ground(stand.honest)
    for kept in (False, True):
        stand.run.resend(seen.request, stand.honest, "the same bytes", kept=kept)

    assert [one.request.fresh for _, one in stand.run.judged] == [True, False]


def test_a_replay_over_an_open_connection_that_dies_goes_over_a_new_one() -> None:
    died = Answer(fault="closed", error="ended", reused=True)
    stand = Stand(honest=[GOOD, GOOD, died, NO, GOOD])
    seen = stand.run.ground(stand.honest)
    again = stand.run.resend(seen.request, stand.honest, "the same bytes", kept=True)

    assert again.refused
    assert again.request.fresh
    assert [one for _, one in stand.run.judged] == [again]


def test_what_vouches_for_several_judged_messages_is_the_control_of_the_last() -> None:
    stand = Stand(hostile=[NO], honest=[GOOD], later=[NO])
    first = stand.hostile
    last = replace(first, control=message("later", worker=stand.worker, difference=""))
    stand.run.judge(first)
    stand.run.judge(last)
    judged = stand.run.vouch()

    assert stand.wire.sent[-1] == "later"
    assert [bool(one.control) for one in judged] == [True, True]


def test_a_replay_is_vouched_for_by_an_honest_request_before_and_after() -> None:
    stand = Stand(honest=[GOOD, GOOD, NO, GOOD])
    seen = stand.run.ground(stand.honest)
    stand.run.resend(seen.request, stand.honest, "the same bytes")

    judged = stand.run.vouch()

    assert [(one.outcome, one.control) for one in judged] == [(Outcome.REFUSED, "")]
    assert len(stand.wire.sent) == 4


def test_a_server_that_refuses_everything_after_the_first_is_no_witness_of_a_replay() -> None:
    stand = Stand(honest=[GOOD, NO])
    seen = stand.run.ground(stand.honest)
    stand.run.resend(seen.request, stand.honest, "the same bytes")

    judged = stand.run.vouch()

    assert judged[0].control


# Controls


def test_the_honest_request_goes_before_and_after() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    stand.run.judge(stand.hostile)
    judged = stand.run.vouch()

    assert stand.wire.sent == ["honest", "hostile", "honest"]
    assert judged[0].control == ""
    assert [e.purpose for e in stand.run.exchanges] == ["control", "hostile", "control"]


def test_the_control_after_one_case_is_the_control_before_the_next_of_its_group() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    for _ in range(3):
        run = stand.new_run()
        run.judge(stand.hostile)
        assert run.vouch()[0].control == ""

    assert stand.wire.sent == ["honest", *["hostile", "honest"] * 3]


def test_the_next_group_begins_with_a_control_of_its_own() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    stand.run.judge(stand.hostile)
    stand.run.vouch()
    stand.worker.forget_controls()
    stand.new_run().judge(stand.hostile)

    assert stand.wire.sent == ["honest", "hostile", "honest", "honest", "hostile"]


def test_families_have_controls_of_their_own() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    other = message("honest", worker=stand.worker, family="other")
    stand.run.judge(stand.hostile)
    stand.run.judge(message("hostile", worker=stand.worker, control=other))

    assert stand.wire.sent == ["honest", "hostile", "honest", "hostile"]
    assert [one.control for one in stand.run.vouch()] == ["", ""]
    assert stand.wire.sent[4:] == ["honest", "honest"]


def test_a_control_that_failed_is_not_believed_for_the_next_case() -> None:
    stand = Stand(honest=[NO, GOOD], hostile=[NO])
    stand.run.judge(stand.hostile)
    assert "refused" in str(stand.run.vouch()[0].control)

    run = stand.new_run()
    run.judge(stand.hostile)

    assert run.vouch()[0].control == ""


@pytest.mark.parametrize("honest", [[NO, GOOD], [GOOD, NO], [BROKE, GOOD], [GOOD, HANGS]])
def test_a_bracket_is_good_only_when_both_its_ends_are(honest: list[Answer]) -> None:
    stand = Stand(honest=honest, hostile=[NO])
    stand.run.judge(stand.hostile)

    assert stand.run.vouch()[0].control


def test_nothing_is_sent_after_an_acceptance() -> None:
    stand = Stand(honest=[GOOD], hostile=[GOOD])
    stand.run.judge(stand.hostile)
    judged = stand.run.vouch()

    assert stand.wire.sent == ["honest", "hostile"]
    assert judged[0].outcome is Outcome.ACCEPTED


def test_what_vouches_for_acceptances_is_asked_for_acceptances_only() -> None:
    asked: list[str] = []

    def look(what: str) -> Callable[[Run], str]:
        def check(_run: Run) -> str:
            asked.append(what)
            return f"{what} is bad"

        return check

    stand = Stand(honest=[GOOD], hostile=[NO, GOOD])
    hostile = message(
        "hostile", worker=stand.worker, control=stand.honest, protected=look("protected"), discerning=look("discerning")
    )
    stand.run.judge(hostile)
    refused = stand.run.vouch()[0]
    assert (refused.protected, refused.discerning, asked) == (None, None, [])

    run = stand.new_run()
    run.judge(hostile)
    accepted = run.vouch()[0]

    assert (accepted.protected, accepted.discerning) == ("protected is bad", "discerning is bad")


def test_ground_that_gives_way_is_inconclusive() -> None:
    stand = Stand(honest=[NO])

    with pytest.raises(Inconclusive, match="ground at the resource endpoint was not accepted"):
        stand.run.ground(stand.honest)


# A target that is busy


def test_a_busy_target_is_asked_again_after_as_long_as_it_says() -> None:
    stand = Stand(hostile=[BUSY, NO], honest=[GOOD])

    assert stand.run.judge(stand.hostile).refused
    assert stand.stop.waits == [2.0]


def test_a_target_that_stays_busy_has_judged_nothing() -> None:
    stand = Stand(hostile=[BUSY], honest=[GOOD])
    seen = stand.run.judge(stand.hostile)
    judged = stand.run.vouch()

    assert stand.wire.sent.count("hostile") == 1 + PATIENCE_TRIES
    assert (seen.outcome, judged[0].busy) == (Outcome.NONE, True)


@pytest.mark.parametrize(
    ("header", "seconds"), [("0", 1.0), ("3600", 5.0), ("soon", 1.0), ("", 1.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 1.0)]
)
def test_patience_is_bounded(header: str, seconds: float) -> None:
    busy = Answer(status=429, headers=(("Retry-After", header),))
    stand = Stand(hostile=[busy, NO], honest=[GOOD])
    stand.run.judge(stand.hostile)

    assert stand.stop.waits == [seconds]


# The end


def test_a_stop_ends_a_case_at_its_next_answer() -> None:
    stand = Stand(honest=[GOOD])
    stand.stop.set()

    with pytest.raises(Inconclusive, match="the run was stopped"):
        stand.run.ground(stand.honest)


def test_messages_made_by_the_call_may_be_repeated_on_a_connection_that_died() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    stand.run.send(stand.honest, "probe")
    stand.run.send(message("hostile", worker=stand.worker, absorbs=False), "probe")

    assert stand.wire.repeatable == [True, False]


def test_every_exchange_says_what_it_was_for() -> None:
    stand = Stand(honest=[GOOD], hostile=[NO])
    stand.run.ground(stand.honest)
    stand.run.judge(stand.hostile)
    stand.run.judge(stand.honest)

    assert [(e.purpose, e.difference) for e in stand.run.exchanges] == [
        ("ground", ""),
        ("control", ""),
        ("hostile", "htm: POST"),
        ("probe", ""),
    ]
