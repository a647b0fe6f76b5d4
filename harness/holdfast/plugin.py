"""The pytest side: collecting cases, saying which apply, waiting for the engine, reporting. Knows no HTTP.

Plain pytest (an editor, say) may collect the suites with this plugin alone; cases then skip, since there is no target.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import cast

import pytest

from holdfast.applicability import Limits, elsewhere, foreign_arguments, missing_for_profile, not_applicable, wait_of
from holdfast.cases import Mark, mark_of
from holdfast.engine import Engine, Job
from holdfast.errors import Inconclusive, UsageError
from holdfast.judging import Case, Done, Judge
from holdfast.parties.cast import CHOSEN, CLIENTS, OTHERS
from holdfast.parties.run import Worker
from holdfast.requirements import Requirement, Tables
from holdfast.results import CaseResult

NAME = "holdfast-conductor"

DONE = pytest.StashKey[Done]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the two marks known."""
    config.addinivalue_line("markers", "case(mark): what the function puts to the test; written by @case")
    config.addinivalue_line("markers", "row(own): what one row says differently; written by row()")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a conductor nothing can run."""
    if not config.pluginmanager.has_plugin(NAME) and not config.option.collectonly:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no target: use `holdfast run TARGET`"))


def _handed_over(name: str) -> None:
    def party() -> None:
        """Made by the engine; this fixture lets pytest and an editor understand the case."""

    party.__name__ = name
    setattr(sys.modules[__name__], name, pytest.fixture(name=name)(party))


for _name in (*CLIENTS, *OTHERS):
    if _name not in CHOSEN:
        _handed_over(_name)


@dataclass(frozen=True)
class Collected:
    """A case as it was collected, before any target is known."""

    item: pytest.Function
    mark: Mark
    requirement: Requirement


def collected(items: Sequence[pytest.Item], tables: Tables) -> Iterator[Collected]:
    """Give the cases among the items, checked. Raises UsageError for one that breaks a rule of the suites."""
    for item in items:
        try:
            mark = mark_of(item)
        except LookupError as error:
            raise UsageError(str(error)) from None
        if foreign := foreign_arguments(item):
            raise UsageError(f"{item.nodeid}: asks for {', '.join(foreign)}; a case may ask only for parties and rows")
        try:
            requirement, *_ = [tables.requirement(cited) for cited in (mark.requirement, *mark.also)]
            tables.check_names(mark.situation, mark.latitude)
        except UsageError as error:
            raise UsageError(f"{item.nodeid}: {error}") from None
        function = cast("pytest.Function", item)
        if not (function.obj.__doc__ or "").strip():
            raise UsageError(f"{item.nodeid}: has no docstring: its first line is the property that must hold")
        yield Collected(function, mark, requirement)


def admitted(found: Collected, judge: Judge, tables: Tables, limits: Limits) -> Case:
    """Give a collected case with what is said of it for a target: whether it applies, is left out, lacks something."""
    bench, mark, item = judge.stage.bench, found.mark, found.item
    group = f"{item.path.name}/{getattr(item, 'originalname', '')}"
    if "endpoint" in getattr(item, "fixturenames", ()):
        group = f"{item.path.name}@{item.callspec.params.get('endpoint')}"
    job = Job(item.nodeid, group, waits=bool(mark.waits), alone=mark.serial)
    case = Case(item, mark, found.requirement, job)
    case.not_applicable = elsewhere(mark, found.requirement, tables, judge.profile)
    if not case.not_applicable:
        case.missing = missing_for_profile(item, mark, found.requirement, bench, judge.profile)
    if not case.missing and not case.not_applicable:
        case.not_applicable = not_applicable(item, mark, found.requirement, bench, limits)
    if mark.waits and not limits.wait and not case.not_applicable and not case.missing:
        case.left_out = f"left out by --no-wait: it waits {wait_of(mark, bench):g} s of real time"
    return case


@dataclass
class Conductor:
    """Registered for one run: hands cases to the engine and their results to pytest."""

    tables: Tables
    judge: Judge
    make_engine: Callable[["Conductor"], Engine[Worker, Done]]
    limits: Limits
    selected: frozenset[str] = frozenset()
    on_total: Callable[[int], None] = lambda _total: None
    on_result: Callable[[CaseResult], None] = lambda _result: None
    results: list[CaseResult] = field(default_factory=list)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what was selected by id, and say of each case whether it applies."""
        if self.selected:
            kept = [item for item in items if item.nodeid in self.selected]
            config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self.selected])
            items[:] = kept
        try:
            for found in collected(items, self.tables):
                self._admit(found)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None

    def _admit(self, found: Collected) -> None:
        case = admitted(found, self.judge, self.tables, self.limits)
        self.judge.cases[case.id] = case

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """Give every case that applies to the engine, then let pytest ask for the results in its own order."""
        cases = [self.judge.cases[item.nodeid] for item in session.items]
        self.on_total(len(cases))
        self.engine = self.make_engine(self)
        self.engine.start([case.job for case in cases if not self._settled(case)])
        try:
            return (yield)
        finally:
            if self.judge.stage.bench.stop.is_set() or session.shouldstop or session.shouldfail:
                self.judge.stage.bench.stop.set()
                self.judge.stage.bench.close()
            self.engine.finish()
            self._complete(cases)

    def _settled(self, case: Case) -> bool:
        return bool(case.not_applicable or case.left_out or case.missing)

    def _complete(self, cases: Sequence[Case]) -> None:
        told = {result.case for result in self.results}
        for case in cases:
            if case.id not in told:
                future = self.engine.futures.get(case.id)
                done = future.result() if future and future.done() and not future.exception() else None
                self._tell(done.result if done else self.judge.blank(case, "not run", "the run was interrupted"))

    def _tell(self, result: CaseResult) -> None:
        self.results.append(result)
        self.on_result(result)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Wait for the result; what is inconclusive is an error of the set-up, in pytest's words."""
        case = self.judge.cases[item.nodeid]
        done = self._done(case)
        item.stash[DONE] = done
        self._tell(done.result)
        if done.result.verdict in {"not applicable", "not run"}:
            pytest.skip(done.result.reason)
        if done.result.verdict == "inconclusive":
            raise Inconclusive(done.result.reason) from done.failure

    def _done(self, case: Case) -> Done:
        if case.missing:
            return Done(self.judge.blank(case, "failed", case.missing))
        if case.not_applicable:
            return Done(self.judge.blank(case, "not applicable", case.not_applicable))
        if case.left_out:
            return Done(self.judge.blank(case, "not run", case.left_out))
        try:
            return self.engine.result(case.job)
        except CancelledError:
            return Done(self.judge.blank(case, "not run", "the run was interrupted"))
        except Exception as error:  # noqa: BLE001 - an error of ours is never reported as the target's
            return Done(
                self.judge.blank(case, "inconclusive", f"our own error: {type(error).__name__}: {error}"), error
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        """Show the failure of a case that has run already as if it had failed here."""
        done = pyfuncitem.stash[DONE]
        pyfuncitem.user_properties.append(("verdict", done.result.verdict))
        pyfuncitem.user_properties.append(("seconds", done.result.seconds))
        if done.result.verdict == "failed":
            raise done.failure or AssertionError(done.result.reason)
        return True
