"""A large request that is refused before its end: the reset that follows may take the answer along."""

from dataclasses import replace

from holdfast.outcome import Outcome
from holdfast.parties.run import Message, Worker
from holdfast.wire import Answer
from tests.test_run_controls import GOOD, NO, Stand, message

RESET = Answer(fault="reset", error="connection reset by peer")


def large(worker: Worker) -> Message:
    small = message(worker=worker)
    return replace(small, make=lambda: replace(small.make(), headers=(*small.make().headers, ("X-Fill", "a" * 9000))))


def test_a_large_request_whose_answer_a_reset_took_along_is_sent_again() -> None:
    stand = Stand(hostile=[RESET, NO], honest=[GOOD])

    assert stand.run.judge(replace(large(stand.worker), control=stand.honest)).refused
    assert [seen.outcome for seen in stand.run.exchanges if seen.purpose == "hostile"] == ["none", "refused"]


def test_a_large_request_that_is_always_reset_broke_the_target() -> None:
    stand = Stand(hostile=[RESET], honest=[GOOD])

    assert stand.run.judge(replace(large(stand.worker), control=stand.honest)).outcome is Outcome.BROKE
    assert stand.wire.sent.count("hostile") == 4


def test_a_small_request_that_is_reset_broke_the_target() -> None:
    stand = Stand(hostile=[RESET, NO], honest=[GOOD])

    assert stand.run.judge(stand.hostile).outcome is Outcome.BROKE
