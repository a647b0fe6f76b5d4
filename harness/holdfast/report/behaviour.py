"""What proxies do with what passes through them: a table by topic, a column for each run, readable without the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.results import Results, TargetRun


@dataclass(frozen=True)
class Row:
    """One thing that was sent or answered, and what became of it in each run; an empty text where it was not seen."""

    about: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Topic:
    """Rows under one heading."""

    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """The runs in which anything was seen, and the topics, all in order of appearance. Empty where nothing was."""

    runs: Sequence[TargetRun]
    topics: Sequence[Topic]


def table(results: Results) -> Table:
    """Give all that was seen of the behaviour of proxies; of what was seen several times, each way once."""
    runs = [run for run in results.targets if any(case.behaviour for case in run.cases)]
    found: dict[str, dict[str, dict[int, dict[str, None]]]] = {}
    for column, run in enumerate(runs):
        for one in (one for case in run.cases for one in case.behaviour):
            of_topic = found.setdefault(one.topic, {})
            of_topic.setdefault(one.about, {}).setdefault(column, {})[one.said] = None
    topics = [
        Topic(
            name, [Row(about, [" / ".join(cells.get(n, ())) for n in range(len(runs))]) for about, cells in of.items()]
        )
        for name, of in found.items()
    ]
    return Table(runs, topics)
