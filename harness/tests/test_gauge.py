"""The gauge on servers whose windows are known, in a world whose time passes only when somebody waits."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.parties import gauge as module
from holdfast.parties.changes import Change
from holdfast.parties.client import Client
from holdfast.parties.endpoints import _Endpoint
from holdfast.parties.gauge import AGE, FARTHEST, LEAD, MEMORY, NONCE, Gauge
from holdfast.parties.present import Spot, resource_request
from holdfast.parties.run import Message, Run, Worker
from holdfast.wire import Answer, Request

if TYPE_CHECKING:
    import threading

    from holdfast.parties.bench import Bench
    from holdfast.parties.clock import Clock
    from holdfast.wire import Wire

URL = "https://rs.test/resource"
CLIENT = Client("client", "dpop", None, jose.generate())
FOR_EVER = float("inf")
LATENCY = 0.02


@dataclass
class Server:
    """Takes proofs in a window around its own time and remembers each `jti` for a while, counted from its arrival."""

    past: float = 60
    future: float = 10
    memory: float = FOR_EVER
    refreshes: bool = False
    nonce: float | None = None
    single_use: bool = False
    ahead: float = 0
    now: float = 1_700_000_000.4
    seen: dict[str, float] = field(default_factory=dict)
    supplied: dict[str, float] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)

    def take(self, request: Request) -> bool:
        claims = cast("dict[str, Any]", jose.decode(dict(request.headers)["DPoP"]).claims)
        here = self.now + self.ahead
        if not -self.future <= here - claims["iat"] <= self.past or not self.is_good(claims.get("nonce")):
            return False
        is_new = here - self.seen.get(claims["jti"], -FOR_EVER) > self.memory or claims["jti"] not in self.seen
        if is_new or self.refreshes:
            self.seen[claims["jti"]] = here
        return is_new

    def is_good(self, nonce: str | None) -> bool:
        if self.nonce is None:
            return True
        good = nonce in self.supplied and self.now - self.supplied[nonce] <= self.nonce and nonce not in self.spent
        if self.single_use and nonce is not None:
            self.spent.add(nonce)
        return good

    def send(self, request: Request, again: Callable[[], Request] | None = None) -> Answer:
        """Be the wire as well: half of the latency goes by on the way there."""
        del again
        started = self.now
        self.now += LATENCY / 2
        taken = self.take(request)
        headers = []
        if self.nonce is not None:
            self.supplied[f"n{len(self.supplied)}"] = self.now
            headers.append(("DPoP-Nonce", f"n{len(self.supplied) - 1}"))
        if not taken:
            error = "use_dpop_nonce" if headers else "invalid_dpop_proof"
            headers.append(("WWW-Authenticate", f"DPoP error={error}"))
        self.now += LATENCY / 2
        return Answer(200 if taken else 401, tuple(headers), b"canary" * taken, started=started, seconds=LATENCY)


class Place(_Endpoint):
    name = "resource"

    def __init__(self, server: Server, run: Run) -> None:
        self._server, self._run = server, run

    @property
    def url(self) -> str:
        return URL

    def _message(self, client: Client, change: Change) -> Message:
        def make() -> Request:
            nonce = self._run.worker.nonces.get("https://rs.test")
            now = self._server.now + self._server.ahead
            return resource_request(Spot("GET", URL), client, "t", change, nonce=nonce, now=now)

        honest = None if not change.difference else self._message(client, Change())
        facts: dict[str, Any] = {"absorbs": change.absorbs, "control": honest}
        return Message("resource", "client", make, lambda answer: answer.status == 200, change.difference, **facts)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, **server: Any) -> None:
        self.server = Server(**server)
        self.windows: dict[str, float | None] = dict.fromkeys(("past", "future", "jti", "nonce"))
        self.waited = 0.0
        stop = SimpleNamespace(is_set=lambda: False, wait=lambda _seconds: False)
        self.run = Run(Worker(cast("Wire", self.server)), cast("threading.Event", stop))
        self.place = Place(self.server, self.run)
        target = SimpleNamespace(windows=SimpleNamespace(**self.windows))
        bench = SimpleNamespace(
            running=SimpleNamespace(target=target),
            skew=self.server.ahead,
            now=lambda: self.server.now + self.server.ahead,
        )
        clock = SimpleNamespace(wait=self.wait, window={"past": 4.0, "future": 2.0}.__getitem__)
        self.gauge = Gauge(cast("Bench", bench), cast("Clock", clock), self.run)
        monkeypatch.setattr(time, "time", lambda: self.server.now)

    def wait(self, seconds: float) -> None:
        self.server.now += seconds
        self.waited += seconds


Make = Callable[..., World]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Make:
    return lambda **server: World(monkeypatch, **server)


def near(window: module.Window, truth: float, within: float = 1.3) -> bool:
    """Whether the bounds hold the truth and lie close to it."""
    most = window.at_most
    return most is not None and window.at_least <= truth <= most and most - window.at_least <= within


# Windows that are searched


@pytest.mark.parametrize("past", [1, 4, 59.7, 60, 300, 3601, 7199])
def test_the_age_that_is_taken_lies_between_its_bounds(world: Make, past: float) -> None:
    here = world(past=past)
    window = here.gauge.past(here.place, CLIENT)

    assert near(window, past)
    assert here.waited == 0
    assert [(one.name, one.unit, one.at_least, one.at_most) for one in here.run.measured] == [
        (AGE, "s", window.at_least, window.at_most)
    ]


@pytest.mark.parametrize("future", [0, 2, 10, 60.5, 300])
@pytest.mark.parametrize("ahead", [0, -20])
def test_the_lead_that_is_taken_lies_between_its_bounds_whatever_the_targets_clock(
    world: Make, future: float, ahead: float
) -> None:
    here = world(future=future, ahead=ahead)

    assert near(here.gauge.future(here.place, CLIENT), future)
    assert [one.name for one in here.run.measured] == [LEAD]


def test_what_is_taken_at_any_age_has_no_end(world: Make) -> None:
    here = world(past=FOR_EVER)
    window = here.gauge.past(here.place, CLIENT)

    assert (window.ended, window.exceeds(300)) == (False, True)
    assert window.at_least >= FARTHEST


@pytest.mark.parametrize(("past", "exceeds"), [(300, False), (301, False), (304, True), (3600, True)])
def test_a_limit_is_exceeded_only_by_more_than_clocks_differ(world: Make, past: float, exceeds: bool) -> None:  # noqa: FBT001 - a column
    here = world(past=past)

    assert here.gauge.past(here.place, CLIENT).exceeds(300) is exceeds


def test_every_probe_of_a_search_is_judged_and_vouched_for(world: Make) -> None:
    here = world()
    here.gauge.past(here.place, CLIENT)

    assert {seen.accepted for _, seen in here.run.judged} == {True, False}
    assert all(message.control is not None for message, _ in here.run.judged)


# What is remembered


@pytest.mark.parametrize("over", [9, "past+future"])
def test_a_memory_that_lasts_as_long_as_the_proof_has_no_end(world: Make, over: float | str) -> None:
    here = world(past=4, future=2, memory=6.5)
    window = here.gauge.memory(here.place, CLIENT, over=over)

    assert not window.ended
    assert 4 <= window.at_least <= 6
    assert here.run.measured[0].note.startswith("then the proof is stale, by ")


def test_a_memory_of_a_proof_that_stays_fresh_was_seen_to_last(world: Make) -> None:
    here = world()
    window = here.gauge.memory(here.place, CLIENT, over=9)

    assert (window.ended, window.at_least >= 8.9, here.run.measured[0].note) == (False, True, "")
    assert here.waited < 9.1


@pytest.mark.parametrize("memory", [0, 1.5, 3, 8])
@pytest.mark.parametrize("refreshes", [False, True])
def test_a_memory_that_ends_before_the_proof_does_is_seen_to_end(world: Make, memory: float, refreshes: bool) -> None:  # noqa: FBT001 - a column
    here = world(memory=memory, refreshes=refreshes)
    window = here.gauge.memory(here.place, CLIENT, over=9)

    assert window.ended
    assert near(window, memory)
    assert [one.name for one in here.run.measured] == [MEMORY]


def test_a_memory_that_counts_from_the_arrival_of_a_proof_dated_ahead_is_caught(world: Make) -> None:
    # It outlasts the window of the past, and so every proof that is dated honestly.
    here = world(past=4, future=3, memory=5)

    assert here.gauge.memory(here.place, CLIENT, over=9).ended


def test_no_memory_at_all_ends_at_once(world: Make) -> None:
    here = world(memory=-1)

    assert here.gauge.memory(here.place, CLIENT, over=3).at_most == pytest.approx(1.1, abs=0.1)


def test_each_proof_is_sent_again_once_and_its_witness_once(world: Make) -> None:
    here = world()
    here.gauge.memory(here.place, CLIENT, over=5)
    again = [seen for message, seen in here.run.judged if "once more" in message.difference]
    sent = [dict(seen.request.headers)["DPoP"] for seen in here.run.exchanges]

    assert [message.difference[-9:] for message, seen in here.run.judged if seen in again] == [
        f"{n} s later" for n in range(1, 6)
    ]
    assert {sent.count(dict(seen.request.headers)["DPoP"]) for seen in again} == {2}
    assert max(sent.count(proof) for proof in sent) == 2


def test_a_nonce_that_ends_makes_proofs_stale_and_ends_no_memory(world: Make) -> None:
    here = world(nonce=3)
    window = here.gauge.memory(here.place, CLIENT, over=5)

    assert (window.ended, 1.9 <= window.at_least <= 3) == (False, True)


def test_of_proofs_that_are_stale_at_once_nothing_is_known(world: Make) -> None:
    here = world(nonce=0.8)

    with pytest.raises(Inconclusive, match="no proof was fresh any more"):
        here.gauge.memory(here.place, CLIENT, over=3)
    assert here.run.measured == []


def test_a_memory_shorter_than_the_life_of_a_nonce_is_seen_to_end(world: Make) -> None:
    here = world(nonce=10, memory=3)

    assert near(here.gauge.memory(here.place, CLIENT, over=9), 3)


# Nonces


@pytest.mark.parametrize("nonce", [0.5, 2, 4.5, 8])
def test_the_life_of_a_nonce_lies_between_its_bounds(world: Make, nonce: float) -> None:
    here = world(nonce=nonce)
    window = here.gauge.nonce(here.place, CLIENT, over=9)

    assert near(window, nonce)
    assert window.falls_short_of(2) is (nonce < 1)
    assert [one.name for one in here.run.measured] == [NONCE]


@pytest.mark.parametrize(("nonce", "exceeds"), [(5, False), (5.9, False), (7, True), (300, True)])
def test_a_nonce_that_outlives_its_declared_life_is_caught_in_the_time_that_a_case_waits_for_it(
    world: Make,
    nonce: float,
    exceeds: bool,  # noqa: FBT001 - a column
) -> None:
    here = world(nonce=nonce)

    assert here.gauge.nonce(here.place, CLIENT, over=5 + 1.5).exceeds(5) is exceeds


def test_a_nonce_for_one_use_lives_as_long_as_any_other(world: Make) -> None:
    here = world(nonce=5, single_use=True)

    assert near(here.gauge.nonce(here.place, CLIENT, over=9), 5)


def test_where_no_nonce_is_supplied_there_is_nothing_to_measure(world: Make) -> None:
    here = world()

    with pytest.raises(Inconclusive, match="supplied no nonce"):
        here.gauge.nonce(here.place, CLIENT, over=3)


def test_many_seconds_are_looked_at_in_few_moments() -> None:
    assert list(module._moments(3)) == [1, 2, 3]
    assert len(list(module._moments(400))) == module.MOMENTS
    assert list(module._moments(0.5)) == [0.5]


def test_what_the_target_declares_stands_beside_what_was_measured(world: Make) -> None:
    here = world()
    here.gauge._bench.running.target.windows.past = 60.0
    here.gauge.past(here.place, CLIENT)

    assert here.run.measured[0].note == "declared: 60 s"
