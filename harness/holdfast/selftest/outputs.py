"""From what a selftest saw to its matrix, its page and its last line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from holdfast import __version__
from holdfast.report import page, sentences
from holdfast.report.text import number
from holdfast.results import Score
from holdfast.selftest import gates
from holdfast.selftest.flaws import Twin
from holdfast.selftest.judge_the_judge import Plan, Seen, wrong_with
from holdfast.selftest.published import Matrix, Row, digests


@dataclass(frozen=True)
class When:
    """The circumstances of a selftest. seconds: what it took."""

    started: str
    seconds: float
    commit: str


def matrix_of(plan: Plan, seen: Seen, wrong: Sequence[str], when: When) -> Matrix:
    """Give the matrix of a selftest."""
    cases = sorted({case for facts in seen.honest.values() for case, fact in facts.items() if fact.seen == "passed"})
    places = {case: place for place, case in enumerate(cases)}
    unkilled = gates.unkilled(seen.honest.values(), seen.twins)
    exact = sum(not list(wrong_with(twin, seen)) for twin in plan.twins)
    score = Score(
        flaws=len({twin.flaw.id for twin in plan.twins}),
        twins=len(plan.twins),
        exact=exact,
        cases=len(cases),
        killed=len(cases) - len(unkilled),
        full=plan.full,
        one_in=plan.one_in,
        started=when.started,
        commit=when.commit,
        suite_version=__version__,
    )
    return Matrix(
        score=score,
        digests=digests(),
        full=plan.full,
        seconds=round(when.seconds, 1),
        pairs=sum(len(done.facts) for done in seen.twins.values()),
        kept=plan.kept.pairs,
        cases=cases,
        twins=[_row(twin, seen, places) for twin in plan.twins],
        unkilled=unkilled,
        wrong=list(wrong),
    )


def _row(twin: Twin, seen: Seen, places: Mapping[str, int]) -> Row:
    flaw, facts = twin.flaw, seen.twins[twin.id].facts
    became = {word: sorted(places[c] for c, f in facts.items() if f.seen == word and c in places) for word in _BECAME}
    return Row(
        id=twin.id,
        flaw=flaw.id,
        says=flaw.says,
        seam=flaw.seam,
        guard=flaw.guard,
        places=list(twin.places),
        target=flaw.target,
        variant=flaw.variant,
        breaks=list(flaw.breaks),
        precedent=flaw.precedent,
        equivalent=flaw.equivalent,
        nothing_else=flaw.nothing_else,
        exceptions=[f"{', '.join(one.cases)}: {one.becomes}: {one.why}" for one in twin.exceptions],
        asked=len(facts),
        reached=seen.reached[twin.id],
        **became,
    )


_BECAME = ("caught", "undecided")


@dataclass(frozen=True)
class Line:
    """One twin for a reader: how many cases of each suite caught it, and which."""

    row: Row
    by_suite: Mapping[str, int]
    caught: Sequence[str]


def html(matrix: Matrix, room: Path) -> str:
    """Render the matrix. room: the folder that holds templates and style. The same matrix gives the same text."""
    style = page.read(room / "style" / "report.css")
    lines = [_line(row, matrix.cases) for row in matrix.twins]
    suites = sorted({suite for line in lines for suite in line.by_suite})
    return (
        page.environment(room)
        .get_template("kill-matrix.html.j2")
        .render(
            matrix=matrix,
            sentence=sentences.of_the_suite(matrix.score),
            policy=page.policy(style, ""),
            style=Markup(style),  # noqa: S704 - our own file
            lines=lines,
            suites=suites,
        )
    )


def _line(row: Row, cases: Sequence[str]) -> Line:
    caught = [cases[place] for place in row.caught]
    return Line(row, Counter(case.partition("/")[0] for case in caught), caught)


def summary(matrix: Matrix) -> str:
    """Give the last line of a selftest."""
    score = matrix.score
    state = "all gates hold" if not matrix.wrong else number(len(matrix.wrong), "thing is wrong", "things are wrong")
    earlier = f" ({matrix.kept:,} of them earlier)" if matrix.kept else ""
    return (
        f"{score.exact:,} of {score.twins:,} twins ({score.flaws:,} flaws) were caught by exactly their cases; "
        f"{score.killed:,} of {score.cases:,} cases caught a flaw; "
        f"{matrix.pairs:,} pairs{earlier} in {matrix.seconds:,.0f} s: {state}"
    )
