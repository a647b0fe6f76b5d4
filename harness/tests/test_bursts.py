"""A burst lets in through a race what a row of requests would not, and exactly one where looking and noting are one."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from holdfast.errors import Inconclusive
from holdfast.outcome import Outcome
from holdfast.parties.bursts import LET_IN, Burst
from holdfast.parties.endpoints import Prepared, ProofEndpoint
from holdfast.parties.run import Message, Run, Worker
from holdfast.wire import ContextCache, Request, Wire

if TYPE_CHECKING:
    from holdfast.parties.client import Client
    from holdfast.parties.replicas import Replicas

COPIES = 20


class Server(ThreadingHTTPServer):
    """Takes each proof once, as far as it knows: between looking and noting it stops to think for a moment."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, noted: set[str], *, atomic: bool, answers: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.noted = noted
        self.lock: AbstractContextManager[Any] = threading.Lock() if atomic else nullcontext()
        self.answers = answers
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def takes(self, proof: str) -> bool:
        if proof == "honest":
            return True
        with self.lock:
            if proof in self.noted:
                return False
            time.sleep(0.05)
            self.noted.add(proof)
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast("Server", self.server)
        taken = server.takes(self.headers["DPoP"])
        self.send_response(server.answers if taken else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Server] = []

    def run(noted: set[str] | None = None, **how: Any) -> Server:
        started.append(Server(set() if noted is None else noted, **how))
        return started[-1]

    yield run
    for server in started:
        server.shutdown()
        server.server_close()
        server.thread.join()


@pytest.fixture
def stand(start: Start) -> Iterator[Callable[..., "Stand"]]:
    made: list[Stand] = []

    def make(server: Server | None = None, **how: Any) -> Stand:
        made.append(Stand(server or start(**how)))
        return made[-1]

    yield make
    for one in made:
        one.wire.close()


class Stand:
    """A burst, and the one place that it is sent to."""

    def __init__(self, server: Server) -> None:
        self.wire = Wire(authorities=b"", allowed=lambda *_: True, contexts=ContextCache(), deadline=20)
        self.paced = 0
        self.run = Run(Worker(self.wire, pace=self.pace), threading.Event())
        self.url = f"http://localhost:{server.server_port}/"
        place = SimpleNamespace(name="resource", prepare=lambda _client: Prepared(self.request("once"), self.message()))
        self.place, self.client = cast("ProofEndpoint", place), cast("Client", None)

    def pace(self) -> None:
        self.paced += 1

    def request(self, proof: str) -> Request:
        return Request("GET", self.url, (("DPoP", proof),))

    def message(self) -> Message:
        return Message("resource", "client", lambda: self.request("honest"), lambda answer: answer.status == 200)

    def let_in(self, among: "Replicas | None" = None) -> int:
        return Burst(self.run).let_in(self.place, self.client, copies=COPIES, among=among)


Make = Callable[..., Stand]


def nodes(*servers: Server) -> "Replicas":
    return cast("Replicas", SimpleNamespace(nodes=[SimpleNamespace(through=s.server_address) for s in servers]))


def test_a_memory_that_looks_and_notes_in_one_step_lets_one_in(stand: Make) -> None:
    here = stand(atomic=True)

    assert here.let_in() == 1
    assert [(one.name, one.said) for one in here.run.measured] == [(LET_IN, "1 of 20")]


def test_a_memory_that_looks_first_and_notes_later_lets_many_in(stand: Make) -> None:
    here = stand(atomic=False)
    accepted = here.let_in()

    assert accepted > 1
    assert [(one.at_least, one.at_most) for one in here.run.measured] == [(accepted, accepted)]


def test_nodes_with_a_memory_each_let_one_in_each(stand: Make, start: Start) -> None:
    here = stand(atomic=True)

    assert here.let_in(nodes(start(atomic=True), start(atomic=True))) == 3
    assert here.run.measured[0].name == f"{LET_IN}, over all nodes"


def test_nodes_with_one_memory_let_one_in(stand: Make, start: Start) -> None:
    noted: set[str] = set()
    first, second = start(noted, atomic=True), start(noted, atomic=True)
    second.lock = first.lock

    assert stand(first).let_in(nodes(second)) == 1


def test_where_nothing_gets_in_nothing_is_known(stand: Make) -> None:
    here = stand(noted={"once"}, atomic=True)

    with pytest.raises(Inconclusive, match="none of the 20 copies was accepted"):
        here.let_in()
    assert here.run.measured == []


def test_every_copy_is_recorded_and_judged_between_honest_requests(stand: Make) -> None:
    here = stand(atomic=True)
    here.let_in()
    judged = here.run.vouch()

    assert [seen.purpose for seen in here.run.exchanges] == ["control", *["hostile"] * COPIES, "control"]
    assert {seen.difference for _, seen in here.run.judged} == {"one of 20 copies at once"}
    assert len({seen.answer.sent for _, seen in here.run.judged}) == 1
    assert [one.outcome for one in judged].count(Outcome.ACCEPTED) == 1
    assert {one.control for one in judged if one.outcome is Outcome.REFUSED} == {""}


def test_a_burst_keeps_to_the_politeness_limit(stand: Make) -> None:
    here = stand(atomic=True)
    here.let_in()

    assert here.paced == COPIES + 1
