"""What was measured: windows and counts, one line for each target, variant and endpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.results import Measurement, Results, TargetRun


@dataclass(frozen=True)
class Line:
    """One endpoint of one variant: what was measured there, in the order of the table's columns; None for nothing."""

    target: str
    variant: str
    endpoint: str
    cells: Sequence[Measurement | None]


@dataclass(frozen=True)
class Measured:
    """A table: the names of what was measured, in order of appearance, and its lines. Empty where nothing was."""

    columns: Sequence[str]
    lines: Sequence[Line]


def measured(results: Results) -> Measured:
    """Give all that a run measured, times first; of several measures of one thing the narrowest bounds count."""
    units = {one.name: one.unit for run in results.targets for case in run.cases for one in case.measured}
    columns = sorted(units, key=lambda name: units[name] != "s")
    return Measured(columns, [line for run in results.targets for line in _lines(run, columns)])


def _lines(run: TargetRun, columns: Sequence[str]) -> Iterator[Line]:
    found: dict[str, dict[str, Measurement]] = {}
    for case in run.cases:
        for one in case.measured:
            here = found.setdefault(one.endpoint, {})
            here[one.name] = _narrowed(here[one.name], one) if one.name in here else one
    for endpoint, cells in found.items():
        yield Line(run.target, run.variant, endpoint, [cells.get(name) for name in columns])


def _narrowed(one: Measurement, other: Measurement) -> Measurement:
    """Bounds that both allow, or all that was seen where they contradict each other; with the further one's note."""
    ends = [end for end in (one.at_most, other.at_most) if end is not None]
    further = max(one, other, key=lambda measure: (measure.at_most is not None, measure.at_least))
    least, most = max(one.at_least, other.at_least), min(ends) if ends else None
    if most is not None and most < least:
        least, most = min(one.at_least, other.at_least), max(ends)
    return further.model_copy(update={"at_least": least, "at_most": most})


def as_text(results: Results) -> list[str]:
    """Give the table as lines for a terminal, the first of them a headline; none where nothing was measured."""
    table = measured(results)
    lines = [f"  {line.target}/{line.variant} {line.endpoint}: {_told(line)}" for line in table.lines]
    return ["measured windows:", *lines] if lines else []


def _told(line: Line) -> str:
    return "; ".join(f"{one.name} {one.said}" for one in line.cells if one is not None)
