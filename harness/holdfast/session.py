"""One variant of one target, from its start to its results."""

import contextlib
import io
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from holdfast import doctor, launch, rooms
from holdfast.applicability import Limits
from holdfast.assemble import bench_for
from holdfast.engine import Engine
from holdfast.errors import UsageError
from holdfast.evidence import EvidenceWriter
from holdfast.judging import Case, Done, Judge
from holdfast.parties.bench import Bench
from holdfast.parties.cast import Stage
from holdfast.parties.run import Worker
from holdfast.parties.tokens import TokenShelf
from holdfast.played import Part, close_all, part_for
from holdfast.plugin import NAME, Conductor
from holdfast.profiles import Profile
from holdfast.recording import Recorder
from holdfast.requirements import Tables
from holdfast.results import CaseResult, TargetRun
from holdfast.targets import Target


@dataclass(frozen=True)
class Options:
    """What the person asked for, the same for every target.

    suites: folders of suites/ to run; empty: all. keyword: pytest's -k. cases: ids of single cases; empty: all.
    """

    profile: Profile
    jobs: int = 8
    kind: launch.Kind | None = None
    suites: Sequence[str] = ()
    keyword: str = ""
    cases: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    maxfail: int = 0
    name_given: str = ""


@dataclass(frozen=True)
class Watcher:
    """Told as things happen."""

    total: Callable[[int], None] = lambda _total: None
    result: Callable[[CaseResult], None] = lambda _result: None
    note: Callable[[str], None] = lambda _text: None


def run_variant(
    target: Target,
    options: Options,
    tables: Tables,
    evidence: EvidenceWriter,
    watcher: Watcher,
    *,
    logs: Path | None,
    stop: threading.Event | None = None,
    benches: list[Bench] | None = None,
) -> TargetRun:
    """Start the target, examine it, run the cases, end it. Raises UsageError for a mistake in the configuration.

    stop: ends the run early. benches: gets the bench, so that who sets the event can also close its connections.
    """
    started = time.monotonic()
    stop = stop or threading.Event()
    benches = benches if benches is not None else []
    parts: list[Part] = []
    with contextlib.ExitStack() as ending:
        ending.callback(close_all, parts)
        try:
            running = ending.enter_context(
                launch.start(target, options.kind, stop, suite=part_for(target, parts), logs=logs)
            )
        except launch.Stopped:
            why = "the run was interrupted while the target was started"
            return stopped(target, options, time.monotonic() - started, why)
        bench = bench_for(running, tables, stop, parts[0] if parts else None)
        benches.append(bench)
        ending.callback(bench.end)
        examined = doctor.examine(bench, bench.worker())
        if examined.fault and not stop.is_set():
            raise UsageError(f"{target.name}: {bench.masker.brief(examined.problem)}")
        cases = judged_cases(bench, options, tables, evidence, watcher, examined.problem)
        return _summed(bench, examined, cases, interrupted=stop.is_set(), seconds=time.monotonic() - started)


def judged_cases(
    bench: Bench,
    options: Options,
    tables: Tables,
    evidence: EvidenceWriter,
    watcher: Watcher | None = None,
    problem: str = "",
) -> list[CaseResult]:
    """Run the cases against a bench; with a problem nothing is sent and all that applies is inconclusive."""
    watcher = watcher or Watcher()

    def make_engine(conductor: Conductor) -> Engine[Worker, Done]:
        engine: Engine[Worker, Done] = Engine(
            work=conductor.judge.work,
            not_run=lambda job: Done(judge.blank(judge.cases[job.id], "not run", "the run was interrupted")),
            make_worker=bench.worker,
            end_group=Worker.forget_controls,
            jobs=options.jobs,
            stop=bench.stop,
        )
        judge.stage.slots = engine.slots
        return engine

    stage = Stage(bench, TokenShelf(bench), slots=None)  # type: ignore[arg-type]  # the engine's, as soon as it is made
    with Recorder(evidence, bench.masker) as recorder:
        judge = Judge(stage, options.profile, recorder, {}, _reproduce(bench.running.target, options), problem)
        judge.revive = _reviver(bench)
        conductor = Conductor(tables, judge, make_engine, options.limits, options.cases, watcher.total, watcher.result)
        run_pytest(options, conductor)
    return conductor.results


def run_pytest(options: Options, conductor: object) -> None:
    """Let pytest collect and run the suites with this conductor, and nothing of the caller's own pytest settings.

    Raises UsageError with pytest's reason when it could not collect.
    """
    suites = rooms.suites()
    folders = [str(suites / name) for name in options.suites] or [str(suites)]
    arguments = ["-c", str(suites / "pytest.toml"), "--rootdir", str(suites), "--confcutdir", str(suites), "-q"]
    arguments += ["--tb=native", "--capture=no", "--disable-plugin-autoload", *folders]
    for unneeded in ("logging", "faulthandler", "threadexception"):
        arguments += ["-p", f"no:{unneeded}"]
    arguments += ["-k", options.keyword] if options.keyword else []
    arguments += ["--maxfail", str(options.maxfail)] if options.maxfail else []
    said = io.StringIO()
    collector = _Collector()
    with _no_pytest_options(), contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        code = pytest.main(arguments, plugins=[_Named(conductor), collector])
    if collector.errors:
        raise UsageError(f"suites: {collector.errors[0]}")
    if code in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR}:
        lines = [line for line in said.getvalue().splitlines() if line.strip()]
        raise UsageError((lines or ["pytest ended without saying why"])[0].removeprefix("ERROR: "))


class _Named:
    """Registers a conductor under the name that the plugin looks for."""

    def __init__(self, conductor: object) -> None:
        self._conductor = conductor

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(self._conductor, NAME)


class _Collector:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = str(report.longrepr).splitlines()
            self.errors.append(f"{report.nodeid}: {lines[-1] if lines else 'could not be collected'}")

    def pytest_internalerror(self, excrepr: object) -> None:
        self.errors.append(str(excrepr).splitlines()[-1])


@contextlib.contextmanager
def _no_pytest_options() -> Iterator[None]:
    kept = os.environ.pop("PYTEST_ADDOPTS", None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ["PYTEST_ADDOPTS"] = kept


@contextlib.contextmanager
def stopped_by_signals(stop: threading.Event, benches: list[Bench]) -> Iterator[None]:
    """SIGINT and SIGTERM set the stop event and close every connection; the report is still written."""

    def handle(_number: int, _frame: object) -> None:
        stop.set()
        for bench in benches:
            bench.close()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in kept.items():
            signal.signal(number, old)


RESTARTS = 3


def _reviver(bench: Bench) -> Callable[[], bool]:
    """Brings dead services of the lab's own back, at most so often; whether it did."""
    lock = threading.Lock()
    left = [RESTARTS]

    def revive() -> bool:
        with lock:
            dead = bench.running.dead()
            if not dead or not left[0] or bench.stop.is_set():
                return bool(dead)
            left[0] -= 1
            for name in dead:
                bench.findings.append(f"the target ended by itself and was started again: {name}")
                with contextlib.suppress(UsageError):
                    bench.running.restart(name)
            return True

    return revive


def _reproduce(target: Target, options: Options) -> Callable[[Case], str]:
    def command(case: Case) -> str:
        words = ["holdfast", "run", options.name_given or target.name, "--variant", target.variant]
        words += ["--launch", options.kind] if options.kind else []
        words += ["--profile", options.profile.name] if options.profile.name != "base" else []
        return shlex.join([*words, "--case", case.id])

    return command


def _summed(
    bench: Bench, examined: doctor.Examination, cases: list[CaseResult], *, interrupted: bool, seconds: float
) -> TargetRun:
    running = bench.running
    target = running.target
    mask = bench.masker.brief
    facts = [("issuer", bench.issuer_url), *((f"{name} endpoint", url) for name, url in bench.endpoints.items())]
    facts += [(f"resource {name}", f"{r.method} {r.url}") for name, r in target.resources.items()]
    return TargetRun(
        target=target.name,
        variant=target.variant,
        summary=target.summary,
        roles=list(target.roles),
        launch=running.kind,
        digest=target.digest,
        capabilities=sorted(bench.capabilities),
        facts=[(name, mask(text)) for name, text in facts if text],
        mends=dict(target.proxy.mends) if target.proxy else {},
        checks=[(name, well, mask(said)) for name, well, said in examined.checks],
        findings=[mask(text) for text in bench.findings],
        problem=mask(examined.problem),
        interrupted=interrupted,
        seconds=round(seconds, 3),
        cases=cases,
    )


def stopped(target: Target, options: Options, seconds: float, why: str) -> TargetRun:
    """Give the results of a variant that a stop kept from being judged at all."""
    return TargetRun(
        target=target.name,
        variant=target.variant,
        summary=target.summary,
        roles=list(target.roles),
        launch=options.kind or ("process" if target.started_by_lab else "running"),
        digest=target.digest,
        capabilities=sorted(target.capabilities),
        problem=why,
        interrupted=True,
        seconds=round(seconds, 3),
    )
