"""The evidence of a case holds the honest request beside each judged one, also where an earlier case sent it."""

import threading
from collections.abc import Callable
from typing import cast

from holdfast.exchange import Exchange
from holdfast.masking import Masker
from holdfast.outcome import ACCEPTED, REFUSED
from holdfast.parties.run import Message, Run, Worker
from holdfast.recording import paired
from holdfast.wire import Answer, Request, Wire


def honest() -> Exchange:
    request = Request("GET", "https://rs.test/resource", (("DPoP", "proof"),))
    return Exchange(request, Answer(status=200, started=1.0), "control", "resource", "client", outcome=ACCEPTED)


def hostile(control: Exchange | None) -> Exchange:
    request = Request("POST", "https://rs.test/resource", (("DPoP", "proof"),))
    seen = Exchange(request, Answer(status=401, started=2.0), "hostile", "resource", "client", "method: POST", REFUSED)
    seen.control = control
    return seen


def test_a_judged_request_names_its_control_and_in_what_it_differs() -> None:
    control = honest()

    records = paired([hostile(control), control], Masker())

    assert [(record.number, record.purpose, record.shared) for record in records] == [
        (1, "hostile", False),
        (2, "control", False),
    ]
    assert (records[0].control, records[0].differs) == (2, ["method: POST, not GET"])
    assert (records[1].control, records[1].differs) == (None, [])


def test_a_control_of_an_earlier_case_is_borrowed_once_and_marked() -> None:
    control = honest()

    records = paired([hostile(control), hostile(control)], Masker())

    assert [(record.number, record.purpose, record.shared) for record in records] == [
        (1, "control", True),
        (2, "hostile", False),
        (3, "hostile", False),
    ]
    assert [record.control for record in records] == [None, 1, 1]


def test_what_was_sent_before_is_told_apart_from_what_is_new() -> None:
    control = honest()

    records = paired([hostile(control), control, hostile(control)], Masker())

    assert records[2].differs == ["all bytes: of an earlier request, not fresh"]


def test_without_a_control_nothing_is_compared() -> None:
    (record,) = paired([hostile(None)], Masker())

    assert (record.control, record.differs) == (None, [])


def test_what_differs_is_masked() -> None:
    control, seen = honest(), hostile(None)
    seen.request = Request("GET", "https://rs.test/resource?access_token=secret-of-the-client", control.request.headers)
    seen.control = control
    masker = Masker()
    masker.learn("secret-of-the-client", "token")

    record = paired([seen, control], masker)[0]

    assert "secret-of-the-client" not in str(record.differs)
    assert record.differs


# Which exchange it is


class Wires:
    """Lets everything in but what is posted, the first time."""

    def __init__(self) -> None:
        self.refused = False

    def send(self, request: Request, again: Callable[[], Request] | None = None) -> Answer:
        assert again is not None
        refuses = request.method == "POST" and not self.refused
        self.refused = self.refused or refuses
        return Answer(status=401 if refuses else 200)


def message(method: str, control: Message | None = None) -> Message:
    request = Request(method, "https://rs.test/resource")
    difference = "method: POST" if control else ""
    made = Message("resource", "client", lambda: request, lambda answer: answer.status == 200, difference)
    return made if control is None else Message(**{**vars(made), "control": control})


def test_a_refusal_is_beside_the_honest_exchange_after_it() -> None:
    run = Run(Worker(cast("Wire", Wires())), threading.Event())

    seen = run.judge(message("POST", message("GET")))
    run.vouch()

    assert seen.control is run.exchanges[-1]
    assert (seen.control.purpose, seen.control.accepted) == ("control", True)


def test_an_acceptance_is_beside_the_one_before_it_also_of_an_earlier_case() -> None:
    worker = Worker(cast("Wire", Wires()))
    first, second = Run(worker, threading.Event()), Run(worker, threading.Event())
    first.judge(message("POST", message("GET")))
    first.vouch()

    seen = second.judge(message("POST", message("GET")))
    second.vouch()

    assert [exchange.purpose for exchange in second.exchanges] == ["hostile"]
    assert seen.control is first.exchanges[-1]


def test_a_group_that_ends_lends_no_control_to_the_next() -> None:
    worker = Worker(cast("Wire", Wires()))
    first, second = Run(worker, threading.Event()), Run(worker, threading.Event())
    first.judge(message("POST", message("GET")))
    first.vouch()
    worker.forget_controls()

    seen = second.judge(message("POST", message("GET")))
    second.vouch()

    assert seen.control is second.exchanges[0]
