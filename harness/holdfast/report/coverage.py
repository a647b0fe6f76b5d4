"""The traceability matrix: requirement by requirement, which cases put it to the test and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from holdfast.report.findings import JUDGED, VERDICTS
from holdfast.results import CaseResult, RequirementRow, Results, Verdict
from holdfast.verdicts import worst

#: Cases of one requirement that the page names; the rest are one click away in the list of all cases.
NAMED = 24

#: With what words catalogue.why_untested begins.
WITHOUT_CASE = ("excluded", "deferred", "not in force")


@dataclass
class Row:
    """A requirement with the verdicts on its cases; `not run` for a case that this run left out altogether."""

    requirement: RequirementRow
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The worst verdict, or why there is none: `excluded`, `deferred`, `not in force`, `no case`."""
        why = self.requirement.untested
        if self.verdicts and not why:
            return worst(list(self.verdicts.values()))
        return next((state for state in WITHOUT_CASE if why.startswith(state)), "no case")

    @property
    def tested(self) -> bool:
        """Whether it is in force and a case that cites it was judged in this run."""
        return self.observable and any(verdict in JUDGED for verdict in self.verdicts.values())

    @property
    def observable(self) -> bool:
        """Whether it is in force and can be seen from outside."""
        return self.state not in {"excluded", "not in force"}

    @property
    def tally(self) -> list[tuple[Verdict, int]]:
        """How many cases have which verdict, gravest first."""
        found: dict[Verdict, int] = {}
        for verdict in self.verdicts.values():
            found[verdict] = found.get(verdict, 0) + 1
        return [(verdict, found[verdict]) for verdict in sorted(found, key=VERDICTS.index)]


@dataclass
class Specification:
    """The requirements of one specification."""

    name: str
    rows: list[Row] = field(default_factory=list)

    @property
    def tested(self) -> int:
        return tested(self.rows)

    @property
    def observable(self) -> int:
        return observable(self.rows)


def tested(rows: Sequence[Row]) -> int:
    """How many requirements were judged in this run."""
    return sum(row.tested for row in rows)


def observable(rows: Sequence[Row]) -> int:
    """How many requirements can be seen from outside."""
    return sum(row.observable for row in rows)


def matrix(results: Results) -> list[Specification]:
    """Requirements by specification, in the order of the file; a case counts once, with its worst verdict."""
    seen: dict[str, list[CaseResult]] = {}
    for run in results.targets:
        for case in run.cases:
            seen.setdefault(case.case, []).append(case)
    cited: dict[str, list[str]] = {}
    for name, those in seen.items():
        for requirement in dict.fromkeys(r for case in those for r in (case.requirement, *case.also)):
            cited.setdefault(requirement, []).append(name)
    found: dict[str, Specification] = {}
    for entry in results.requirements:
        row = Row(entry)
        for name in dict.fromkeys([*entry.cases, *cited.get(entry.id, ())]):
            row.verdicts[name] = worst([case.verdict for case in seen.get(name, ())])
        found.setdefault(entry.spec, Specification(entry.spec)).rows.append(row)
    return list(found.values())
