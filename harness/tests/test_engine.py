"""The engine with made-up jobs: who acts when, who gets a slot back, and how a run ends. No clocks, only events."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from holdfast.engine import GROUP, Engine, Job, Suspect, groups

#: Nothing here takes long; who waits longer than this waits for ever.
LONG = 30.0

Work = Callable[["Lab", Job, bool], str]


class Lab:
    """Makes an engine whose jobs do what a test says, and keeps what happened."""

    def __init__(self, jobs: int, work: Work, stop: threading.Event | None = None) -> None:
        self.stop = stop or threading.Event()
        self.log: list[tuple[str, bool]] = []
        self.ended: list[int] = []
        self.acting = 0
        self.most = 0
        self.lock = threading.Lock()
        self.workers = 0
        self.work = work
        self.engine: Engine[int, str] = Engine(
            work=self.does,
            not_run=lambda job: f"{job.id} not run",
            make_worker=self.worker,
            end_group=self.ended.append,
            jobs=jobs,
            stop=self.stop,
        )

    def worker(self) -> int:
        with self.lock:
            self.workers += 1
            return self.workers

    def does(self, job: Job, _worker: int, alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        with self.acts():
            self.log.append((job.id, alone))
            return self.work(self, job, alone)

    @contextlib.contextmanager
    def acts(self) -> Iterator[None]:
        with self.lock:
            self.acting += 1
            self.most = max(self.most, self.acting)
        try:
            yield
        finally:
            with self.lock:
                self.acting -= 1

    @contextlib.contextmanager
    def rests(self) -> Iterator[None]:
        """Not acting for a while, as one that waits for real time."""
        with self.lock:
            self.acting -= 1
        try:
            yield
        finally:
            with self.lock:
                self.acting += 1
                self.most = max(self.most, self.acting)

    def results(self, jobs: Sequence[Job]) -> list[str]:
        self.engine.start(jobs)
        found = [self.engine.result(job) for job in jobs]
        self.engine.finish()
        return found


def plain(number: int, *, size: int = 1) -> list[Job]:
    return [Job(f"case-{n}", f"group-{n // size}") for n in range(number)]


def says(_lab: Lab, job: Job, alone: bool) -> str:  # noqa: FBT001 - the engine's signature
    return f"{job.id} {alone}"


@pytest.fixture(params=[1, 2, 16])
def slots(request: pytest.FixtureRequest) -> Iterator[int]:
    before = threading.active_count()
    yield request.param
    assert threading.active_count() <= before


# How many act at once


@pytest.mark.parametrize("number", [2, 5])
def test_j_cases_act_at_once_and_never_more(number: int) -> None:
    together = threading.Barrier(number)

    def meets(_lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        together.wait(LONG)
        return job.id

    lab = Lab(number, meets)
    jobs = plain(number * 4)

    assert lab.results(jobs) == [job.id for job in jobs]
    assert lab.most == number


def test_one_slot_runs_everything_in_the_callers_thread_and_order() -> None:
    threads: set[int] = set()

    def here(_lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        threads.add(threading.get_ident())
        return job.id

    lab = Lab(1, here)
    jobs = plain(6, size=2)

    lab.results(jobs)

    assert [name for name, _ in lab.log] == [job.id for job in jobs]
    assert threads == {threading.get_ident()}


# Waiting for real time


class Meeting(threading.Event):
    """A stop event whose wait lasts until so many wait at the same time."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.barrier = threading.Barrier(number)

    def wait(self, timeout: float | None = None) -> bool:
        del timeout
        self.barrier.wait(LONG)
        return self.is_set()


def waits(lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
    if job.waits:
        with lab.rests():
            assert lab.engine.slots.wait(LONG)
    return job.id


def test_waiting_jobs_give_their_slot_back_and_overlap(slots: int) -> None:
    lab = Lab(slots, waits, stop=Meeting(4))
    jobs = [Job(f"waiting-{n}", "w", waits=True) for n in range(4)] + plain(3)

    # The barrier opens only when all four wait at the same time, with one slot as with many.
    assert lab.results(jobs) == [job.id for job in jobs]
    assert lab.most <= slots


def test_plain_jobs_run_while_others_wait(slots: int) -> None:
    done = threading.Event()

    class Until(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            del timeout
            assert done.wait(LONG)
            return self.is_set()

    def work(lab: Lab, job: Job, alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        if job.id == "case-2":
            done.set()
        return waits(lab, job, alone)

    lab = Lab(slots, work, stop=Until())
    jobs = [*plain(3), Job("waiting", "w", waits=True)]

    assert lab.results(jobs) == [job.id for job in jobs]


def test_a_wait_outside_of_a_slot_gives_none_back() -> None:
    lab = Lab(1, says, stop=Meeting(1))

    assert lab.engine.slots.wait(LONG)
    with lab.engine.slots.held():
        assert lab.engine.slots.wait(LONG)


# Alone


def suspicious(*names: str) -> Work:
    def work(lab: Lab, job: Job, alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        if job.id in names and not alone:
            raise Suspect
        assert not (alone and lab.acting > 1)
        return f"{job.id} {alone}"

    return work


def test_suspects_are_seen_again_alone(slots: int) -> None:
    lab = Lab(slots, suspicious("case-1", "waiting"))
    jobs = [*plain(6, size=3), Job("waiting", "w", waits=True)]

    found = lab.results(jobs)

    assert found == [f"{job.id} {job.id in {'case-1', 'waiting'}}" for job in jobs]
    assert [alone for name, alone in lab.log if name == "case-1"] == [False, True]


def test_serial_jobs_run_when_all_others_are_done(slots: int) -> None:
    lab = Lab(slots, suspicious())
    jobs = [Job("serial", "s", alone=True), *plain(5), Job("late", "w", waits=True), Job("last", "s", alone=True)]

    lab.results(jobs)

    assert [name for name, _ in lab.log][-2:] == ["serial", "last"]
    assert len(lab.log) == len(jobs)


def test_suspects_run_again_before_serial_jobs_with_several_slots() -> None:
    lab = Lab(4, suspicious("case-2"))
    jobs = [Job("serial", "s", alone=True), *plain(5)]

    lab.results(jobs)

    assert lab.log[-2:] == [("case-2", True), ("serial", False)]


def test_a_serial_job_that_is_suspect_is_seen_twice_too(slots: int) -> None:
    lab = Lab(slots, suspicious("serial"))

    assert lab.results([*plain(2), Job("serial", "s", alone=True)])[-1] == "serial True"
    assert lab.log[-2:] == [("serial", False), ("serial", True)]


def test_a_job_that_is_suspect_for_ever_is_an_error_and_no_hang(slots: int) -> None:
    def work(_lab: Lab, _job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        raise Suspect

    lab = Lab(slots, work)
    job = Job("case", "g")
    lab.engine.start([job])
    with pytest.raises(Suspect):
        lab.engine.result(job)
    lab.engine.finish()


# Groups


def test_a_group_ends_once_and_its_cases_share_a_worker() -> None:
    lab = Lab(1, says)

    lab.results(plain(6, size=3))

    assert (lab.workers, len(lab.ended)) == (1, 2)


def test_long_groups_are_cut() -> None:
    jobs = plain(GROUP * 2 + 1, size=100)

    assert [len(group) for group in groups(jobs)] == [GROUP, GROUP, 1]


def test_groups_come_in_order_of_first_appearance() -> None:
    jobs = [Job("a", "1"), Job("b", "2"), Job("c", "1")]

    assert [[job.id for job in group] for group in groups(jobs)] == [["a", "c"], ["b"]]


# Ends


def test_an_exception_of_the_work_reaches_who_asks_for_the_result(slots: int) -> None:
    def work(_lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        if job.id == "case-1":
            raise KeyError("ours")
        return job.id

    lab = Lab(slots, work)
    jobs = plain(3)
    lab.engine.start(jobs)

    assert lab.engine.result(jobs[0]) == "case-0"
    with pytest.raises(KeyError, match="ours"):
        lab.engine.result(jobs[1])
    assert lab.engine.result(jobs[2]) == "case-2"
    lab.engine.finish()


def test_a_time_out_raised_by_the_work_is_passed_on(slots: int) -> None:
    def work(_lab: Lab, _job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        raise TimeoutError("ours")

    lab = Lab(slots, work)
    job = Job("case", "g")
    lab.engine.start([job])
    with pytest.raises(TimeoutError, match="ours"):
        lab.engine.result(job)
    lab.engine.finish()


def test_workers_that_cannot_be_made_are_an_error_and_no_hang(slots: int) -> None:
    lab = Lab(slots, says)

    def fails() -> int:
        raise OSError("no more files")

    lab.engine.make_worker = fails
    jobs = [Job("waiting", "w", waits=True), *plain(3)]
    lab.engine.start(jobs)
    for job in jobs:
        with pytest.raises(OSError, match="no more files"):
            lab.engine.result(job)
    lab.engine.finish()


def test_a_stop_ends_everything_and_says_what_was_not_run(slots: int) -> None:
    first = threading.Event()

    def work(lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        if job.waits:
            assert first.wait(LONG)
            assert not lab.engine.slots.wait(LONG), "the stop event ends the wait"
            return f"{job.id} was woken"
        lab.stop.set()
        first.set()
        return f"{job.id} ran"

    lab = Lab(slots, work)
    jobs = [*plain(20, size=10), Job("serial", "s", alone=True)]

    found = lab.results(jobs)

    assert found[-1] == "serial not run"
    assert 1 <= sum(said.endswith(" ran") for said in found) <= slots
    assert all(said.endswith((" ran", " not run")) for said in found)


def test_a_stop_ends_jobs_that_wait(slots: int) -> None:
    waiting = threading.Event()

    class Told(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return super().wait(timeout)

    def work(lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        return f"{job.id} {'rested' if lab.engine.slots.wait(LONG) else 'was woken'}"

    lab = Lab(slots, work, stop=Told())
    jobs = [Job("waiting", "w", waits=True)]
    lab.engine.start(jobs)
    assert waiting.wait(LONG)
    lab.stop.set()

    assert lab.engine.result(jobs[0]) == "waiting was woken"
    lab.engine.finish()


def test_results_are_the_same_with_one_slot_and_with_sixteen() -> None:
    jobs = [
        *plain(40, size=7),
        *(Job(f"waiting-{n}", "w", waits=True) for n in range(5)),
        Job("serial", "s", alone=True),
    ]
    names = ("case-3", "case-17", "waiting-2", "serial")

    def found(slots: int) -> list[str]:
        return Lab(slots, suspicious(*names)).results(jobs)

    assert found(1) == found(2) == found(16)


def test_nothing_to_do_is_no_trouble(slots: int) -> None:
    assert Lab(slots, says).results([]) == []
