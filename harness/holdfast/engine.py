"""Runs cases with J exchanges in flight, whatever a case is; pytest collects, selects and reports around it.

Cases that wait for real time start first, each in a thread of its own, and give their slot back while they wait.
Groups go to J workers. Cases that broke, or that change the target as a whole, run alone, last.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Generic, TypeVar

#: Threads for waiting cases. More than these wait for a thread, which only costs time.
WAITERS = 64
#: A group is cut at this many cases, so that a long one does not keep one worker busy while others idle.
GROUP = 8

Result = TypeVar("Result")
Worker = TypeVar("Worker")


@dataclass
class Job:
    """One case to run: its group, whether it waits for real time, whether it must run alone."""

    id: str
    group: str
    waits: bool = False
    alone: bool = False


class Slots:
    """At most J cases act at once; one that waits for real time gives its slot back meanwhile.

    Whoever comes back from waiting has the next slot that is free, so that it is not late; the others follow in turn.
    """

    def __init__(self, number: int, stop: threading.Event) -> None:
        self._free = number
        self._back: deque[threading.Event] = deque()
        self._new: deque[threading.Event] = deque()
        self._lock = threading.Lock()
        self._stop = stop
        self._held = threading.local()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Act within a slot."""
        self._take(self._new)
        self._held.yes = True
        try:
            yield
        finally:
            self._held.yes = False
            self._give()

    def wait(self, seconds: float) -> bool:
        """Sleep, without the slot if one is held; False when the run was stopped meanwhile."""
        if not getattr(self._held, "yes", False):
            return not self._stop.wait(seconds)
        self._give()
        try:
            return not self._stop.wait(seconds)
        finally:
            self._take(self._back)

    def _take(self, queue: "deque[threading.Event]") -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            queue.append(turn)
        turn.wait()

    def _give(self) -> None:
        """Hand the slot to whoever is next, or leave it free."""
        with self._lock:
            if queue := self._back or self._new:
                queue.popleft().set()
            else:
                self._free += 1


class Suspect(Exception):  # noqa: N818 - a signal to run the case again alone, not an error
    """Raised by the work of a case whose outcome has to be seen again with nothing else going on."""


@dataclass
class Engine(Generic[Worker, Result]):
    """Runs jobs. `work(job, worker, alone)` does one; `not_run(job)` makes the result of one that a stop left out."""

    work: Callable[[Job, Worker, bool], Result]
    not_run: Callable[[Job], Result]
    make_worker: Callable[[], Worker]
    end_group: Callable[[Worker], None]
    jobs: int
    stop: threading.Event
    futures: dict[str, "Future[Result]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slots = Slots(self.jobs, self.stop)
        self._director: threading.Thread | None = None
        self._waiters: ThreadPoolExecutor | None = None
        self._waiting: list[Future[None]] = []
        self._own: Worker | None = None
        self._last_group = ""
        self._all: list[Job] = []

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin. With one slot only the waiting cases begin now; the others run when `result` asks for them."""
        self.futures = {job.id: Future() for job in jobs}
        self._all = list(jobs)
        waiting = [job for job in jobs if job.waits and not job.alone]
        self._waiters = ThreadPoolExecutor(min(WAITERS, max(1, len(waiting))), thread_name_prefix="waiting")
        later: list[Job] = []
        self._waiting = [self._waiters.submit(self._do_waiting, job, later) for job in waiting]
        if self.jobs > 1:
            self._director = threading.Thread(target=self._direct, args=(jobs, later), name="director", daemon=True)
            self._director.start()

    def result(self, job: Job) -> Result:
        """Give the result of a job, when it is there."""
        future = self.futures[job.id]
        if self.jobs == 1 and not future.done():
            for other in [other for other in self._all if job.alone and not other.alone]:
                self._bring(other)
            self._bring(job)
        while not future.done():
            with contextlib.suppress(TimeoutError):
                future.result(timeout=0.2)
        return future.result()

    def finish(self) -> None:
        """Wait for every thread; after a stop that is at once."""
        for waiting in self._waiting:
            waiting.result()
        if self._waiters is not None:
            self._waiters.shutdown()
        if self._director is not None:
            self._director.join()

    # One slot: in the caller's thread, in the caller's order

    def _bring(self, job: Job) -> None:
        if job.waits and not job.alone:
            for waiting in self._waiting:
                waiting.result()
        if not self.futures[job.id].done():
            self._in_place(job)

    def _in_place(self, job: Job) -> None:
        if self._own is None:
            self._own = self.make_worker()
        if job.group != self._last_group:
            self.end_group(self._own)
            self._last_group = job.group
        with self.slots.held():
            self._seen_twice(job, self._own, first=True)

    # Several slots

    def _direct(self, jobs: Sequence[Job], later: list[Job]) -> None:
        try:
            self._run_all(jobs, later)
        except BaseException as error:  # noqa: BLE001 - a future that is never settled would hang the run
            wait(self._waiting)
            for future in self.futures.values():
                if not future.done():
                    future.set_exception(error)

    def _run_all(self, jobs: Sequence[Job], later: list[Job]) -> None:
        plain = [job for job in jobs if not job.waits and not job.alone]
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="case") as pool:
            local = threading.local()
            for done in [pool.submit(self._do_group, group, local, later) for group in groups(plain)]:
                done.result()
        for waiting in self._waiting:
            waiting.result()
        worker = self.make_worker()
        for job in [*later, *(job for job in jobs if job.alone)]:
            self.end_group(worker)
            with self.slots.held():
                self._seen_twice(job, worker, first=job not in later)

    def _do_group(self, group: Sequence[Job], local: threading.local, later: list[Job]) -> None:
        worker: Worker | None = getattr(local, "worker", None)
        if worker is None:
            worker = local.worker = self.make_worker()
        for job in group:
            with self.slots.held():
                self._try(job, worker, later)
        self.end_group(worker)

    def _do_waiting(self, job: Job, later: list[Job]) -> None:
        try:
            worker = self.make_worker()
        except BaseException as error:  # noqa: BLE001 - a future that is never settled would hang the run
            self.futures[job.id].set_exception(error)
            return
        with self.slots.held():
            self._try(job, worker, later)

    def _seen_twice(self, job: Job, worker: Worker, *, first: bool) -> None:
        """Run a job with nothing else going on; where it is its first run, a suspect is run once more."""
        if first:
            with contextlib.suppress(Suspect):
                self._settle(job, worker, alone=False)
                return
            self.end_group(worker)
        self._settle(job, worker, alone=True)

    def _try(self, job: Job, worker: Worker, later: list[Job]) -> None:
        try:
            self._settle(job, worker, alone=False)
        except Suspect:
            later.append(job)

    def _settle(self, job: Job, worker: Worker, *, alone: bool) -> None:
        if self.stop.is_set():
            self.futures[job.id].set_result(self.not_run(job))
            return
        try:
            result = self.work(job, worker, alone)
        except Suspect as suspect:
            if not alone:
                raise
            self.futures[job.id].set_exception(suspect)
            return
        except BaseException as error:  # noqa: BLE001 - a future that is never settled would hang the run
            self.futures[job.id].set_exception(error)
            return
        self.futures[job.id].set_result(result)


def groups(jobs: Sequence[Job], size: int = GROUP) -> list[list[Job]]:
    """Jobs by their group, in order of first appearance, cut into pieces of at most `size`."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.group, []).append(job)
    return [members[at : at + size] for members in found.values() for at in range(0, len(members), size)]
