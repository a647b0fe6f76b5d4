"""One twin, from its start to what each case made of it. Nothing is written: what counts is who caught it."""

import functools
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from holdfast import launch, profiles, rooms, signals, targets
from holdfast.applicability import Limits
from holdfast.assemble import bench_for
from holdfast.engine import Engine
from holdfast.errors import UsageError
from holdfast.exchange import Exchange
from holdfast.judging import Case, Done, Judge
from holdfast.masking import Masker
from holdfast.parties.bench import Bench
from holdfast.parties.cast import Stage
from holdfast.parties.run import Run, Worker
from holdfast.parties.tokens import TokenShelf
from holdfast.played import Part, close_all, part_for
from holdfast.plugin import Collected, admitted
from holdfast.recording import Recorder
from holdfast.requirements import Tables
from holdfast.results import CaseResult, Signal
from holdfast.selftest.flaws import Twin
from holdfast.selftest.host import Host, HostRunner

#: Longest wait of a case that waits for real time, in seconds.
LONGEST = 15.0


class Check(NamedTuple):
    """One thing that is asked of a refusal: by which word of which entry, what is expected, and whether it held.

    place: where, in the words of suites/errors.toml. at: which endpoint that is, where a traced twin says so.
    """

    name: str
    expected: str
    place: str
    held: bool
    at: str = ""


@dataclass(frozen=True)
class Fact:
    """What one case made of one twin.

    signals: everything that was asked of what was refused; of a twin, as far as it did not hold.
    trips: which guards refused what the case judges, as `guard@endpoint`; told by an honest twin that is traced.
    refusals: which guards refused anything that it sent, for whatever purpose; told by the same, as is what follows.
    checks: which guards were asked about anything that it sent. visits: endpoints that it asked.
    """

    verdict: str
    endpoint: str
    signals: tuple[Check, ...] = ()
    reason: str = ""
    trips: frozenset[str] = frozenset()
    visits: frozenset[str] = frozenset()
    refusals: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()

    @functools.cached_property
    def tripping(self) -> Mapping[str, frozenset[str]]:
        """`trips` by guard: the endpoints at which it refused what the case judges."""
        return _by_guard(self.trips)

    @functools.cached_property
    def refusing(self) -> Mapping[str, frozenset[str]]:
        """`refusals` by guard, in the same way."""
        return _by_guard(self.refusals)

    @functools.cached_property
    def checking(self) -> Mapping[str, frozenset[str]]:
        """`checks` by guard, in the same way."""
        return _by_guard(self.checks)

    @property
    def unheld(self) -> tuple[Check, ...]:
        """What was not as expected."""
        return tuple(check for check in self.signals if not check.held)

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of what was not as expected, each once."""
        return tuple(dict.fromkeys(check.name for check in self.unheld))

    @property
    def seen(self) -> str:
        """Say what the case made of it: caught, passed or undecided."""
        if self.verdict in {"failed", "warning", "noted"} or (self.verdict == "passed" and self.broken):
            return "caught"
        return self.verdict if self.verdict == "passed" else "undecided"


def _by_guard(names: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        guard, _, place = name.partition("@")
        found.setdefault(guard, set()).add(place)
    return {guard: frozenset(places) for guard, places in found.items()}


@dataclass(frozen=True)
class Outcome:
    """What the cases that were asked made of a twin; problem: why it could not be asked at all."""

    twin: str
    facts: Mapping[str, Fact]
    problem: str = ""


#: What a traced twin says of itself in its answers to one case: fields of Fact.
_Traced = dict[str, Any]


class _Unwritten(Recorder):
    """Keeps no evidence, only what a traced twin says of itself."""

    def __init__(self) -> None:  # no file, no thread
        self.traced: dict[str, _Traced] = {}

    def record(self, result: CaseResult, exchanges: Sequence[Exchange]) -> None:
        """Read which guards refused what was judged, and where the case has been."""
        judged = [seen for seen in exchanges if seen.purpose in {"hostile", "probe"}]
        self.traced[result.case] = _Traced(
            trips=_told(judged, "Refused-By"),
            visits=_told(exchanges, "Answered-At"),
            refusals=_told(exchanges, "Refused-By"),
            checks=frozenset(name for told in _told(exchanges, "Checked-By") for name in told.split()),
        )


def _told(exchanges: Sequence[Exchange], header: str) -> frozenset[str]:
    return frozenset(name for seen in exchanges for name in seen.headers(header))


class _Open(Masker):
    """Learns nothing, since nothing is written that could hold a secret."""

    def learn(self, secret: str, kind: str) -> None:
        """Forget it."""


class _Thorough(Judge):
    """Tells of each thing that is asked of a refusal by itself, and at which place."""

    def _signals(self, case: Case, run: Run) -> list[Signal]:
        tables = self.stage.bench.tables
        return [
            one.model_copy(update={"seen": f"{message.endpoint} {seen.header('Answered-At') or ''}"})
            for message, seen in run.judged
            for one in signals.each(seen, case.mark.situation, message.endpoint, tables, self.profile)
        ]


@dataclass(frozen=True)
class Ask:
    """What to ask of a twin. cases: ids; None: all that apply. endpoints: URLs that its target file names itself."""

    name: str
    target: str
    variant: str
    flaw: Mapping[str, Any]
    vars: Mapping[str, str]
    cases: frozenset[str] | None
    waits: bool
    hosted: bool = True
    endpoints: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, twin: Twin, cases: frozenset[str] | None) -> "Ask":
        """Ask a twin these cases."""
        flaw = twin.flaw
        said: dict[str, Any] = {"seam": flaw.seam, "guard": flaw.guard, "does": flaw.does, "places": list(twin.places)}
        if flaw.settings:
            said["settings"] = dict(flaw.settings)
        hosted = flaw.seam != "leak"
        return cls(twin.id, flaw.target, flaw.variant, said, flaw.vars, cases, flaw.waits, hosted, flaw.endpoints)


def outcome(ask: Ask, host: Host, found: Sequence[Collected], tables: Tables, jobs: int) -> Outcome:
    """Start the twin, run the cases, end it. What held is kept of a traced one only."""
    try:
        facts = _facts(ask, host, found, tables, jobs)
        if ask.flaw["seam"] != "trace":
            facts = {case: replace(fact, signals=fact.unheld) for case, fact in facts.items()}
        return Outcome(ask.name, facts)
    except UsageError as error:
        return Outcome(ask.name, {}, str(error))


@functools.cache
def loaded(name: str) -> Mapping[str, targets.Target]:
    """Give every variant of a target, by its name; they are not to be changed."""
    return targets.load_every(name)


def _facts(ask: Ask, host: Host, found: Sequence[Collected], tables: Tables, jobs: int) -> dict[str, Fact]:
    kept = loaded(ask.target)[ask.variant]
    endpoints = kept.endpoints.model_copy(update=dict(ask.endpoints))
    target = kept.model_copy(update={"vars": {**kept.vars, **ask.vars}, "endpoints": endpoints})
    profile = profiles.load(rooms.suites(), next(iter(target.profiles), "base") if ask.variant != "default" else "base")
    stop, parts = threading.Event(), list[Part]()
    by = (lambda of, folder: HostRunner(of, folder, host, ask.name, ask.flaw)) if ask.hosted else None
    try:
        with launch.start(target, "process", stop, suite=part_for(target, parts), by=by) as running:
            bench = bench_for(running, tables, stop, parts[0] if parts else None, _Open())
            try:
                stage = Stage(bench, TokenShelf(bench), slots=None)  # type: ignore[arg-type]  # the engine's
                recorder = _Unwritten()
                judge = _Thorough(stage, profile, recorder, {}, lambda case: case.id)
                _admit(judge, ask, found, tables)
                return _run(judge, bench, recorder.traced, jobs)
            finally:
                bench.end()
    finally:
        close_all(parts)


def _admit(judge: Judge, ask: Ask, found: Sequence[Collected], tables: Tables) -> None:
    limits = Limits(wait=ask.waits, seconds=LONGEST)
    for one in found:
        if ask.cases is None or one.item.nodeid in ask.cases:
            case = admitted(one, judge, tables, limits)
            if not (case.not_applicable or case.left_out or case.missing):
                judge.cases[case.id] = case


def _run(judge: Judge, bench: Bench, traced: Mapping[str, _Traced], jobs: int) -> dict[str, Fact]:
    engine: Engine[Worker, Done] = Engine(
        work=judge.work,
        not_run=lambda job: Done(judge.blank(judge.cases[job.id], "not run")),
        make_worker=bench.worker,
        end_group=Worker.forget_controls,
        jobs=jobs,
        stop=bench.stop,
    )
    judge.stage.slots = engine.slots
    engine.start([case.job for case in judge.cases.values()])
    facts = {case.id: _fact(engine, case) for case in judge.cases.values()}
    engine.finish()
    return {name: replace(fact, **traced.get(name, {})) for name, fact in facts.items()}


def _fact(engine: Engine[Worker, Done], case: Case) -> Fact:
    try:
        result = engine.result(case.job).result
    except Exception as error:  # noqa: BLE001 - an error of ours is never reported as a catch
        return Fact("inconclusive", "", reason=f"our own error: {type(error).__name__}: {error}")
    checks = dict.fromkeys(_check(signal) for signal in result.signals)
    return Fact(result.verdict, result.endpoint, tuple(checks), result.reason)


def _check(signal: Signal) -> Check:
    entry, word = signal.situation.partition(" ")[0], signal.name.removeprefix("hard: ")
    place, _, at = signal.seen.partition(" ")
    return Check(f"{entry} {word}", signal.expected, place, signal.verdict == "passed", at)


def honest(target: str, variant: str, cases: Collection[str] | None, *, waits: bool) -> Ask:
    """Ask the server without any flaw, traced, in the place of a twin; behind the proxy without its leak."""
    chosen = None if cases is None else frozenset(cases)
    own = {"leak": "none"} if target in {"proxy", "gateway"} else {}
    return Ask(f"{target}/{variant}", target, variant, {"seam": "trace"}, own, chosen, waits)
