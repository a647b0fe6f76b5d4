"""Runs twins, several at once in processes of their own, each with a host; the cases are collected once."""

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

import pytest

from holdfast import profiles, rooms, session
from holdfast.plugin import Collected, collected
from holdfast.requirements import Tables
from holdfast.selftest.host import Host
from holdfast.selftest.twin_run import Ask, Outcome, outcome

#: Exchanges in flight with one twin.
JOBS = 8

Found = Sequence[Collected]

_host: list[Host] = []
_known: list[tuple[Sequence[Collected], Tables]] = []


@dataclass
class _Collecting:
    """Hands what pytest collects to `use`, and runs nothing of it."""

    tables: Tables
    use: Callable[[Sequence[Collected]], None]
    found: list[Collected] = field(default_factory=list)

    @pytest.hookimpl(trylast=True)  # when -k has done its work
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = list(collected(items, self.tables))
        items[:] = []

    def pytest_runtestloop(self) -> bool:
        self.use(self.found)
        return True


def with_cases(tables: Tables, use: Callable[[Sequence[Collected]], None], keyword: str = "") -> None:
    """Collect the cases, all or those that match pytest's -k, and call `use` with them."""
    options = session.Options(profile=profiles.load(rooms.suites(), "base"), keyword=keyword)
    session.run_pytest(options, _Collecting(tables, use))


def guards() -> list[str]:
    """Give the names of all guards of strict."""
    host = Host(rooms.reference_impls())
    try:
        return host.guards()
    finally:
        host.close()


def _begin() -> None:
    gc.freeze()  # the collected cases stay
    _host.append(Host(rooms.reference_impls()))
    threading.Thread(target=_end_with_parent, daemon=True, name="holdfast-parent").start()


def _end_with_parent() -> None:
    """End this process, and with it its host, when the one that asked for it has gone in whatever way."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _one(ask: Ask, jobs: int) -> Outcome:
    found, tables = _known[-1]
    return outcome(ask, _host[-1], found, tables, jobs)


def outcomes(
    asks: Iterable[Ask], found: Sequence[Collected], tables: Tables, processes: int, jobs: int = JOBS
) -> Iterator[Outcome]:
    """Give what came of each, in the order in which they end."""
    _known.append((found, tables))
    try:
        context = multiprocessing.get_context("fork")  # the collected cases go along and need not be made again
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin) as pool:
            try:
                for done in as_completed([pool.submit(_one, ask, jobs) for ask in asks]):
                    yield done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
    finally:
        _known.pop()
