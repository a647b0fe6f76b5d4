"""A whole run: every target, every variant; results, evidence and report written, also when it is cut short."""

import platform
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from holdfast import __version__, baseline, catalogue, evidence, progress, results_io, rooms, session, targets, verdicts
from holdfast.errors import UsageError
from holdfast.parties.bench import Bench
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.results import CaseResult, Results, TargetRun, Verdict
from holdfast.selftest import published
from holdfast.targets import Target

FailOn = Literal["failed", "warning", "noted"]


@dataclass(frozen=True)
class Outputs:
    """Where things are written: a folder, and further files where asked for."""

    folder: Path
    junit: Path | None = None
    markdown: Path | None = None


@dataclass
class Campaign:
    """One call of `holdfast run`."""

    tables: Tables
    options: session.Options
    known: Sequence[Collected]
    outputs: Outputs
    command: str
    runs: list[TargetRun] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    benches: list[Bench] = field(default_factory=list)

    def run(self, names: Sequence[str], variant: str | None, *, baseline: Path | None, fail_on: FailOn) -> int:
        """Judge, write, say the verdict; the exit code.

        Raises UsageError; what was judged before is written all the same.
        """
        chosen = [pair for name in names for pair in _chosen(name, variant, self.options.profile.name)]
        _distinct(chosen)
        entries = _baseline(baseline)
        self._folder()
        started, clock = datetime.now(UTC), time.monotonic()
        with session.stopped_by_signals(self.stop, self.benches):
            with evidence.EvidenceWriter(self.outputs.folder / evidence.NAME) as writer:
                problem = self._all(chosen, writer)
            if problem is not None and not self.runs:
                raise problem
            results = self._results(started, time.monotonic() - clock)
            told = list(_apply(entries, self.runs))
            self._write(results)
            progress.conclude(results, self.outputs.folder, told)
        if problem is not None:
            raise problem
        return 1 if told else exit_code(self.runs, fail_on)

    def _all(self, chosen: Sequence[tuple[str, Target]], writer: evidence.EvidenceWriter) -> UsageError | None:
        """Judge one after the other; the mistake that ended it, if one did."""
        for name, target in chosen:
            try:
                self.runs.append(self._one(name, target, writer))
            except UsageError as error:
                return error
            if self.stop.is_set():
                self.runs += [_not_started(left, self.options) for _, left in chosen[len(self.runs) :]]
                break
        return None

    def _one(self, name: str, target: Target, writer: evidence.EvidenceWriter) -> TargetRun:
        with progress.watch(target) as watcher:
            options = replace(self.options, name_given=name)
            logs = self.outputs.folder / "logs" / target.name / target.variant
            return session.run_variant(
                target, options, self.tables, writer, watcher, logs=logs, stop=self.stop, benches=self.benches
            )

    def _folder(self) -> None:
        try:
            self.outputs.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--out {self.outputs.folder}: {error.strerror}: give another folder") from None
        for file in (self.outputs.junit, self.outputs.markdown):
            if file is not None:
                _ready(file)

    def _results(self, started: datetime, seconds: float) -> Results:
        return Results(
            suite_version=__version__,
            commit=commit(),
            started=started.isoformat(timespec="seconds"),
            seconds=round(seconds, 3),
            command=self.command,
            profile=self.options.profile.name,
            jobs=self.options.jobs,
            waited=self.options.limits.wait,
            environment=environment(),
            targets=self.runs,
            requirements=catalogue.traceability(self.tables, self.known, self.options.profile),
            frameworks=dict(self.tables.frameworks),
            score=published.score(),
        )

    def _write(self, results: Results) -> None:
        results_io.write(results, self.outputs.folder / "results.json")
        render(results, self.outputs)


def _not_started(target: Target, options: session.Options) -> TargetRun:
    return session.stopped(target, options, 0.0, "the run was interrupted before this was started")


def render(results: Results, outputs: Outputs) -> None:
    """Write the report, and what else was asked for, from results and the evidence beside them."""
    from holdfast import report

    kept = evidence.Stored(results, outputs.folder / evidence.NAME)
    put(outputs.folder / "report.html", report.html(results, kept, rooms.reports()))
    if outputs.junit is not None:
        put(outputs.junit, report.junit(results))
    if outputs.markdown is not None:
        put(outputs.markdown, report.markdown(results))


def _ready(path: Path) -> None:
    """Make sure that a file can be written there, before anything is judged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: give another place") from None


def put(path: Path, text: str) -> None:
    """Write a file. Raises UsageError where that is not possible."""
    _ready(path)
    path.write_text(text, encoding="utf-8")


def exit_code(runs: Sequence[TargetRun], fail_on: FailOn) -> int:
    """Give the worst over all targets: findings (1) before inconclusive (3) before nothing (0)."""
    codes = [verdicts.exit_code(list(_counted(run)), fail_on) for run in runs]
    return 1 if 1 in codes else max(codes, default=3)


def _counted(run: TargetRun) -> Iterator[Verdict]:
    """Verdicts that count: those of cases and of signals; what is known counts as if it had passed."""
    for case in run.cases:
        if case.known is None:
            yield case.verdict
            yield from (signal.verdict for signal in case.signals)
        else:
            yield "passed"
    if run.interrupted or run.problem:
        yield "inconclusive"


def _distinct(chosen: Sequence[tuple[str, Target]]) -> None:
    """Raise UsageError where two targets share a name: their results could not be told apart."""
    files: dict[str, Path] = {}
    for _, target in chosen:
        if files.setdefault(target.name, target.file) != target.file:
            raise UsageError(
                f"{target.file}: name: {files[target.name]} is called {target.name!r} too: rename one of them"
            )


def _chosen(name: str, variant: str | None, profile: str) -> Iterator[tuple[str, Target]]:
    if variant is not None:
        yield name, targets.load(name, variant=variant)
        return
    every = targets.load_every(name)
    for each in targets.meant_for(every[targets.DEFAULT], profile):
        yield name, every[each]


def _baseline(path: Path | None) -> list[baseline.Entry]:
    return baseline.load(path) if path is not None else []


def _apply(entries: Sequence[baseline.Entry], runs: Sequence[TargetRun]) -> Iterator[str]:
    cases: list[CaseResult] = [case for run in runs for case in run.cases]
    yield from baseline.apply(entries, cases, datetime.now(UTC).date())


def environment() -> dict[str, str]:
    """Say what the run stood on."""
    from cryptography.hazmat.backends.openssl import backend

    return {
        "holdfast": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(aliased=True, terse=True),
        "openssl of the client": ssl.OPENSSL_VERSION,
        "openssl of cryptography": backend.openssl_version_text(),
    }


def commit() -> str:
    """Give the commit of the suites, where they lie in a checkout of their own."""
    if not (rooms.suites().parent / ".git").exists():
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            ["git", "-C", str(rooms.suites()), "rev-parse", "--short=12", "HEAD"],  # noqa: S607 - git of the PATH
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        return done.stdout.strip()
    return ""
