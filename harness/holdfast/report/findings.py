"""What a run brought to light, grouped the way a reader asks: findings, undecided cases, wordings, what was not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.results import CaseResult, Evidence, Impact, RequirementRow, Results, TargetRun, Verdict
from holdfast.verdicts import RANK

IMPACTS: tuple[Impact, ...] = ("critical", "high", "medium", "low")
FINDINGS: tuple[Verdict, ...] = ("failed", "warning", "noted")
JUDGED: tuple[Verdict, ...] = ("passed", *FINDINGS)
VERDICTS: tuple[Verdict, ...] = ("failed", "inconclusive", "warning", "noted", "passed", "not applicable", "not run")
_LEVELS = ("MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY", "SECURITY-CONSIDERATION")


@dataclass
class Finding:
    """One case that did not hold on one target, with every variant in which it did not.

    mends: lines of configuration by which it would hold, as the target file knows them.
    """

    target: str
    case: str
    verdict: Verdict
    requirement: RequirementRow | None
    seen: list[CaseResult] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)

    @property
    def first(self) -> CaseResult:
        """The result that stands for all: the first with evidence."""
        return next((result for result in self.seen if result.evidence), self.seen[0])

    @property
    def variants(self) -> list[str]:
        return [result.variant for result in self.seen]

    @property
    def known(self) -> bool:
        """Whether a baseline names it in every variant."""
        return all(result.known for result in self.seen)

    @property
    def order(self) -> tuple[int, int, int, str, str]:
        """By verdict, then impact, then level of the requirement; known failures come last of their kind."""
        level = self.requirement.level if self.requirement else ""
        gravity = IMPACTS.index(self.first.impact)
        return (
            -RANK[self.verdict],
            gravity + len(IMPACTS) * self.known,
            _LEVELS.index(level) if level in _LEVELS else len(_LEVELS),
            self.target,
            self.case,
        )


def findings(results: Results) -> list[Finding]:
    """Every failed, warning and noted case, gravest first."""
    rows = {row.id: row for row in results.requirements}
    found: dict[tuple[str, str, str], Finding] = {}
    for run in results.targets:
        for result in run.cases:
            if result.verdict in FINDINGS:
                key = (run.target, result.case, result.verdict)
                known = found.get(key)
                if known is None:
                    row = rows.get(result.requirement)
                    known = found[key] = Finding(run.target, result.case, result.verdict, row)
                known.seen.append(result)
                topics = dict.fromkeys(one.topic for one in result.behaviour)
                known.mends += [
                    run.mends[topic] for topic in topics if run.mends.get(topic, "") not in ("", *known.mends)
                ]
    return sorted(found.values(), key=lambda finding: finding.order)


@dataclass
class Headline:
    """Findings that break the same property of one target in the same way: one line of the first screen."""

    findings: list[Finding]

    @property
    def first(self) -> Finding:
        return self.findings[0]

    @property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(variant for finding in self.findings for variant in finding.variants))

    @property
    def differences(self) -> list[str]:
        """What the requests had that the accepted one had not, each once."""
        found = (finding.first.difference for finding in self.findings)
        return list(dict.fromkeys(difference for difference in found if difference))


def headlines(found: Sequence[Finding]) -> list[Headline]:
    """Findings gathered by target, property, verdict and impact; gravest impact first, then verdict."""
    gathered: dict[tuple[object, ...], Headline] = {}
    for finding in found:
        key = (finding.target, finding.first.title, finding.verdict, finding.first.impact, finding.known)
        gathered.setdefault(key, Headline([])).findings.append(finding)
    return sorted(gathered.values(), key=_gravity)


def _gravity(headline: Headline) -> tuple[bool, int, int]:
    finding = headline.first
    return finding.known, IMPACTS.index(finding.first.impact), -RANK[finding.verdict]


@dataclass
class Group:
    """Cases of which the same thing is to be said."""

    target: str
    reason: str
    cases: list[CaseResult] = field(default_factory=list)

    @property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(case.variant for case in self.cases))


def by_reason(results: Results, verdict: Verdict) -> list[Group]:
    """Cases with a verdict, gathered by target and reason; the largest group of a target first."""
    found: dict[tuple[str, str], Group] = {}
    for run in results.targets:
        for case in run.cases:
            if case.verdict == verdict:
                reason = case.reason or "no reason was recorded"
                found.setdefault((run.target, reason), Group(run.target, reason)).cases.append(case)
    order = list(dict.fromkeys(run.target for run in results.targets))
    return sorted(found.values(), key=lambda group: (order.index(group.target), -len(group.cases), group.reason))


@dataclass
class Wording:
    """A refusal that was worded in one way at one endpoint in one situation, however many cases saw it."""

    target: str
    endpoint: str
    situation: str
    expected: str
    seen: str
    verdict: Verdict
    requirement: str
    cases: list[CaseResult] = field(default_factory=list)

    @property
    def variants(self) -> list[str]:
        return list(dict.fromkeys(case.variant for case in self.cases))


def wordings(results: Results, evidence: Mapping[str, Evidence]) -> list[Wording]:
    """Every signal that was not as expected, gathered; gravest first, then by number of cases."""
    found: dict[tuple[str, ...], Wording] = {}
    for run in results.targets:
        for case in run.cases:
            for signal in case.signals:
                if RANK[signal.verdict] <= RANK["passed"]:
                    continue
                at = endpoint(case, evidence)
                parts = (signal.situation, signal.expected, signal.seen, signal.verdict, signal.requirement)
                key = (run.target, at, *parts)
                group = found.setdefault(key, Wording(run.target, at, *parts))
                if case not in group.cases[-1:]:
                    group.cases.append(case)
    return sorted(found.values(), key=lambda w: (-RANK[w.verdict], -len(w.cases), w.target, w.endpoint, w.situation))


def endpoint(case: CaseResult, evidence: Mapping[str, Evidence]) -> str:
    """Where a case was judged: as it says, else where its last hostile request went; or an empty text."""
    if case.endpoint or case.evidence is None or case.id not in evidence:
        return case.endpoint
    judged = [e.endpoint for e in evidence[case.id].exchanges if e.purpose in {"hostile", "probe"}]
    return judged[-1] if judged else ""


def counts(cases: Sequence[CaseResult]) -> dict[Verdict, int]:
    """How many cases have each verdict, in the order in which a reader wants them."""
    found = dict.fromkeys(VERDICTS, 0)
    for case in cases:
        found[case.verdict] += 1
    return found


def all_cases(results: Results) -> list[tuple[TargetRun, CaseResult]]:
    """Every case with the run it belongs to, in the order of the file."""
    return [(run, case) for run in results.targets for case in run.cases]


def spent_known(cases: Sequence[CaseResult]) -> int:
    """How many failed cases a baseline names."""
    return sum(case.verdict == "failed" and case.known is not None for case in cases)
