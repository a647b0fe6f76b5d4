"""One case from start to result: parties are made, the function runs, honest requests vouch, a verdict is drawn."""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from holdfast.applicability import arguments, suite_of
from holdfast.cases import Mark, endpoint_of
from holdfast.engine import Job, Suspect
from holdfast.errors import Inconclusive, UsageError
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.cast import CHOSEN, Stage
from holdfast.parties.run import Run, Worker
from holdfast.profiles import Profile
from holdfast.recording import Recorder
from holdfast.requirements import Broken, Requirement
from holdfast.results import CaseResult, Signal
from holdfast.signals import of_refusal, seen_wording
from holdfast.verdicts import Judged, Seen, broken_as, decide

if TYPE_CHECKING:
    from types import TracebackType

#: So many honest requests in a row that hang or find nobody, and the rest of the run is not tried.
BREAKER = 3
#: So many times, 0.02 s apart, it is looked whether a target that broke off, or takes no connection, has ended.
DYING = 100
#: So many undecided cases of a variant are looked at again: as many as can be under way when a part of a target ends.
LOOKS = 16
#: What is seen of a target that ends while it is asked: "tls" where that is in the middle of a handshake.
LAST_SIGNS = {"unreachable", "reset", "closed", "tls"}
#: Purposes of requests that have to be accepted, whatever a case is about.
HONEST = {"control", "ground", "token"}
BROKE_AT_FIRST = "the target broke on this once, and not again when the case ran alone"
UNDECIDED_AT_FIRST = "an honest request broke once, and not again when the case ran alone"


@dataclass
class Case:
    """A collected case with all that is said of it."""

    item: pytest.Function
    mark: Mark
    requirement: Requirement
    job: Job
    not_applicable: str = ""
    left_out: str = ""
    missing: str = ""

    @property
    def id(self) -> str:
        """Its id: the node id relative to suites/."""
        return self.item.nodeid

    @property
    def title(self) -> str:
        """The property that must hold: the first line of the docstring."""
        return (self.item.obj.__doc__ or self.item.name).strip().splitlines()[0].replace("`", "")

    @property
    def rationale(self) -> str:
        """Why an attacker cares: the rest of the docstring."""
        lines = (self.item.obj.__doc__ or "").strip().splitlines()[1:]
        return " ".join(line.strip() for line in lines if line.strip()).replace("`", "")


@dataclass
class Done:
    """A result, and the assertion that failed where one did, for pytest to show."""

    result: CaseResult
    failure: BaseException | None = None


@dataclass
class _Acted:
    held: bool | None
    why_not: str = ""
    ours: bool = False
    failure: BaseException | None = None


@dataclass
class Judge:
    """Judges cases of one variant of one target; called from the engine's threads."""

    stage: Stage
    profile: Profile
    recorder: Recorder
    cases: dict[str, Case]
    reproduce: Callable[[Case], str]
    problem: str = ""
    revive: Callable[[], bool] = lambda: False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _silent: int = 0
    _hopeless: bool = False
    _revivals: int = 0
    _undecided: set[str] = field(default_factory=set)

    def work(self, job: Job, worker: Worker, alone: bool) -> Done:  # noqa: FBT001 - the engine's signature
        """Run and judge one case. Raises Suspect when it has to be seen again alone."""
        case = self.cases[job.id]
        if self.problem or self._given_up():
            reason = self.problem or "the target stopped answering honest requests; the rest was not tried"
            return Done(self.blank(case, "inconclusive", reason))
        if alone:
            self.revive()
        started, since = time.perf_counter(), self._revivals
        run = self.stage.bench.run(worker)
        run.apart = alone
        with run.ending:
            acted = self._act(case, run)
        judged = self._vouched(run, acted)
        if self.stage.bench.stop.is_set():
            return Done(self.blank(case, "not run", "the run was interrupted"))
        self._watch(run, since)
        if not alone and (self._broke(judged) or self._died(run, since) or self._looks_again(case, run, acted, judged)):
            raise Suspect
        if alone and any(j.outcome is Outcome.BROKE and j.control for j in judged) and self._died(run, since):
            judged = self._vouched(run, acted)  # the target died of it; what vouches is that it answers when it is back
        if alone:
            judged = [_seen_again(j) if j.outcome is Outcome.BROKE else j for j in judged]
        done = self._result(case, run, acted, judged, time.perf_counter() - started)
        done.result.remarks += self._at_first(job, done.result, judged) if alone else []
        return done

    def _act(self, case: Case, run: Run) -> _Acted:
        callspec = getattr(case.item, "callspec", None)
        values = dict(callspec.params) if callspec else {}
        try:
            for name in arguments(case.item):
                if name not in values or name in CHOSEN:
                    values[name] = self.stage.party(name, run, values.get(name))
            case.item.obj(**values)
        except AssertionError as failure:
            return _Acted(held=False, failure=_trimmed(failure))
        except Inconclusive as why:
            return _Acted(None, str(why))
        except (PermissionError, UnicodeEncodeError) as why:
            return _Acted(None, f"not sent: {why}")
        except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - ours, not the target's
            return _Acted(None, f"our own error: {type(error).__name__}: {error}", ours=True, failure=error)
        return _Acted(held=True)

    def _vouched(self, run: Run, acted: _Acted) -> list[Judged]:
        if acted.held is None:
            return []
        try:
            return run.vouch()
        except Inconclusive as why:
            acted.held, acted.why_not = None, str(why)
        except (UsageError, ValueError, KeyError, TypeError) as error:
            acted.held, acted.why_not, acted.ours = None, f"our own error: {error}", True
        return []

    def _broke(self, judged: list[Judged]) -> bool:
        return any(j.outcome is Outcome.BROKE and not j.control for j in judged) and not self.stage.bench.stop.is_set()

    def _looks_again(self, case: Case, run: Run, acted: _Acted, judged: list[Judged]) -> bool:
        """Whether nothing can be said because an honest request broke, which may be what another case did.

        Of a server with several processes one can end while the others, and whoever started them, go on.
        """
        broke = any(e.purpose in HONEST and (e.broke or e.answer.fault in LAST_SIGNS) for e in run.exchanges)
        if not broke or acted.ours or decide(Seen(acted.held, judged), "failed").verdict != "inconclusive":
            return False
        with self._lock:
            if len(self._undecided) < LOOKS:
                self._undecided.add(case.id)
            return case.id in self._undecided

    def _at_first(self, job: Job, result: CaseResult, judged: list[Judged]) -> list[str]:
        """Say what was seen at first, where a second look, alone, saw something else."""
        if result.verdict == "inconclusive":
            return []
        if job.id in self._undecided:
            return [UNDECIDED_AT_FIRST]
        held = not job.alone and all(j.outcome is not Outcome.BROKE for j in judged)
        return [BROKE_AT_FIRST] if held else []

    def _died(self, run: Run, since: int) -> bool:
        """Whether the target ended by itself; it is running again then, perhaps since another case saw it first.

        since: how often it had been started again before. Its end may take a moment to be seen.
        """
        faults = {e.answer.fault for e in run.exchanges}
        return bool(faults & LAST_SIGNS) and self._ended(since)

    def _given_up(self) -> bool:
        """Whether honest requests go unanswered, and not since the target has ended and is started again."""
        since = self._revivals
        if self._silent < BREAKER:
            self._hopeless = False
        elif not self._hopeless:
            self._hopeless = not self._ended(since)
        return self._hopeless

    def _ended(self, since: int) -> bool:
        bench = self.stage.bench
        for _ in range(DYING if bench.running.services else 1):
            if bench.stop.is_set():
                return False
            with self._lock:
                if self.revive():
                    self._silent = 0
                    self._revivals += 1
                if self._revivals > since:
                    return True
            bench.stop.wait(0.02)
        return False

    def _watch(self, run: Run, since: int) -> None:
        with self._lock:
            if self._revivals > since:
                return
            for seen in run.exchanges:
                if seen.purpose in {"control", "token"}:
                    self._silent = self._silent + 1 if seen.silent else 0

    def _result(self, case: Case, run: Run, acted: _Acted, judged: list[Judged], seconds: float) -> Done:
        decision = decide(Seen(acted.held, judged, acted.why_not, acted.ours), self._broken(case))
        result = self.blank(case, decision.verdict, decision.reason)
        result.label = decision.label
        result.seconds = round(seconds, 4)
        result.signals = self._signals(case, run) if decision.verdict != "inconclusive" else []
        if run.judged:
            message, seen = run.judged[-1]
            result.endpoint = result.endpoint or message.endpoint
            result.difference = self._mask(message.difference)
            result.actual = self._mask(f"{seen.outcome}: {seen_wording(seen)}")
            result.expected = _expected(acted, seen, case)
            result.remarks = [self._mask(text) for text in _remarks(acted)]
        result.behaviour = run.observed
        if run.measured:
            result.measured = run.measured
            result.expected = case.title
            result.actual = "; ".join(f"{one.name}: {one.said}" for one in run.measured)
        elif acted.failure and not run.judged:
            result.expected = case.title
            result.actual = self._mask(str(acted.failure).splitlines()[0] if str(acted.failure) else "it did not hold")
        self.recorder.record(result, run.exchanges)
        return Done(result, acted.failure)

    def _signals(self, case: Case, run: Run) -> list[Signal]:
        """Give each once, however many refusals were alike: a measurement sends as many as it takes."""
        tables = self.stage.bench.tables
        found = [
            signal.model_copy(update={"seen": self._mask(signal.seen)})
            for message, seen in run.judged
            for signal in of_refusal(seen, case.mark.situation, message.endpoint, tables, self.profile)
        ]
        return list({signal.model_dump_json(): signal for signal in found}.values())

    def _broken(self, case: Case) -> Broken:
        """Say what it is called here when the case's property does not hold."""
        return broken_as(case.requirement, self.stage.bench.tables.latitude.get(case.mark.latitude), self.profile)

    def _mask(self, text: str) -> str:
        return self.stage.bench.masker.brief(text)

    def blank(self, case: Case, verdict: str, reason: str = "") -> CaseResult:
        """Give a result that says only who the case is and the verdict."""
        target = self.stage.bench.running.target
        return CaseResult.model_validate(
            {
                "id": f"{target.name}/{target.variant}/{case.id}",
                "case": case.id,
                "variant": target.variant,
                "suite": suite_of(case.item),
                "endpoint": endpoint_of(case.item),
                "title": case.title,
                "rationale": case.rationale,
                "requirement": case.requirement.id,
                "also": list(case.mark.also),
                "impact": case.mark.impact,
                "core": self._broken(case) == "failed",
                "verdict": verdict,
                "reason": self._mask(reason),
                "reproduce": self.reproduce(case),
            }
        )


def _seen_again(judged: Judged) -> Judged:
    return Judged(**{**judged.__dict__, "seen_again": True})


def _expected(acted: _Acted, seen: Exchange, case: Case) -> str:
    if acted.held:
        return str(seen.outcome)
    if _remarks(acted):
        return case.title
    opposite = {Outcome.ACCEPTED: "refused", Outcome.REFUSED: "accepted"}
    return opposite.get(seen.outcome, case.title)


def _remarks(acted: _Acted) -> list[str]:
    """What the failed assertion says beyond the outcome, which stands beside it anyway."""
    said = str(acted.failure).splitlines()[:1] if acted.failure else []
    return [text for text in said if not text.startswith(("assert False", "assert <Outcome."))]


def _trimmed(failure: AssertionError) -> AssertionError:
    """Give the failure with its traceback beginning in the case, not in the engine.

    Its frames forget what the case had in hand: pytest keeps every failure to the end, and with it all that was sent.
    """
    trace: TracebackType | None = failure.__traceback__
    traceback.clear_frames(trace)
    return failure.with_traceback(trace.tb_next if trace else None)
