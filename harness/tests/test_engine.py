"""The engine with made-up jobs: who acts when, who gets a slot back, and how a run ends. No clocks, only events."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from holdfast.engine import GROUP, Engine, Job, Suspect, groups

#: Nothing here takes long; who waits longer than this waits for ever.
LONG = 30.0

Work = Callable[["Lab", Job, bool], str]


class Lab:
    """Makes an engine whose jobs do what a test says, and keeps what happened."""

    def __init__(self, jobs: int, work: Work) -> None:
        self.stop = threading.Event()
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

    def acts(self) -> "Acting":
        return Acting(self)

    def results(self, jobs: Sequence[Job]) -> list[str]:
        self.engine.start(jobs)
        found = [self.engine.result(job) for job in jobs]
        self.engine.finish()
        return found


class Acting:
    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def __enter__(self) -> None:
        with self.lab.lock:
            self.lab.acting += 1
            self.lab.most = max(self.lab.most, self.lab.acting)

    def __exit__(self, *_: object) -> None:
        with self.lab.lock:
            self.lab.acting -= 1


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


def test_waiting_jobs_give_their_slot_back_and_overlap(slots: int) -> None:
    everybody = threading.Barrier(5)

    def waits(lab: Lab, job: Job, _alone: bool) -> str:  # noqa: FBT001 - the engine's signature
        if job.waits:
            slept = lab.engine.slots.wait
            meeting = threading.Thread(target=everybody.wait, args=(LONG,))
            lab.engine.slots._stop = Meeting(meeting, lab.stop)  # type: ignore[assignment]
            assert slept(0.0)
        return job.id

    lab = Lab(slots, waits)
    jobs = [Job(f"waiting-{n}", "w", waits=True) for n in range(4)] + plain(3)
    release = threading.Thread(target=everybody.wait, args=(LONG,))
    release.start()

    # The barrier opens only when all four wait at the same time, with one slot as with many.
    assert lab.results(jobs) == [job.id for job in jobs]
    release.join()


class Meeting:
    """In the place of the stop event: a wait that lasts until everybody waits."""

    def __init__(self, meeting: threading.Thread, stop: threading.Event) -> None:
        self.meeting = meeting
        self.stop = stop

    def wait(self, _seconds: float) -> bool:
        self.meeting.start()
        self.meeting.join(LONG)
        return False

    def is_set(self) -> bool:
        return self.stop.is_set()
