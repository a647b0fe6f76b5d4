"""Results as a Markdown summary for a CI job: the verdict, what was found, what is undecided and what was not run."""

from collections.abc import Iterator

from holdfast.report import coverage, sentences, standing, windows
from holdfast.report.findings import VERDICTS, Headline, by_reason, counts, findings, headlines, wordings
from holdfast.report.text import for_markdown as safe
from holdfast.report.text import listed, number
from holdfast.results import Results

#: Lines of one table; the HTML report has the rest.
LINES = 50


def markdown(results: Results) -> str:
    """GitHub's Markdown; what a target had a hand in is spelt in entities, so that none of it is read as markup."""
    blocks = [
        f"# {safe(sentences.overall(results).sentence)}",
        *_alarms(results),
        *_sentences(results),
        *_standings(results),
        _targets(results),
        *_findings(results),
        *_wordings(results),
        *_measured(results),
        *_undecided(results),
        *_not_run(results),
        _foot(results),
    ]
    return "\n\n".join(blocks) + "\n"


def _alarms(results: Results) -> Iterator[str]:
    for run, problem in sentences.problems(results):
        yield f"> **{safe(run.target)}/{safe(run.variant)}: {safe(problem)}**"
    if told := sentences.interrupted(results):
        yield f"> **{safe(told)}**"


def _sentences(results: Results) -> Iterator[str]:
    said = sentences.of_targets(results)
    if len(said) > 1:
        yield "\n".join(f"- {safe(one.sentence)}" for one in said)


def _standings(results: Results) -> Iterator[str]:
    if lines := [f"- {safe(one.sentence)}" for one in standing.standings(results)]:
        yield "\n".join(lines)


def _table(head: list[str], rows: list[list[str]], align: str = "") -> str:
    rules = ["---:" if mark == "r" else "---" for mark in align.ljust(len(head))]
    lines = [head, rules, *rows[:LINES]]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return text if len(rows) <= LINES else f"{text}\n\n{len(rows) - LINES} more lines are in the HTML report."


def _targets(results: Results) -> str:
    rows = []
    for run in results.targets:
        found = counts(run.cases)
        rows.append([safe(run.target), safe(run.variant), *(str(found[verdict]) for verdict in VERDICTS)])
    return _table(["target", "variant", *VERDICTS], rows, "  " + "r" * len(VERDICTS))


def _findings(results: Results) -> Iterator[str]:
    if lines := headlines(findings(results)):
        yield "## Findings"
        yield _table(
            ["impact", "verdict", "what does not hold", "cases", "where", "requirement"],
            list(map(_line, lines)),
            "   r",
        )


def _line(headline: Headline) -> list[str]:
    first = headline.first
    marks = [
        first.verdict,
        *(["known"] if first.known else []),
        *([safe(first.first.label)] if first.first.label else []),
    ]
    where = f"{first.target}: {listed(headline.variants)}"
    cells = [safe(first.first.title), str(len(headline.findings)), safe(where), safe(first.first.requirement)]
    return [first.first.impact, ", ".join(marks), *cells]


def _wordings(results: Results) -> Iterator[str]:
    if found := wordings(results, {}):
        yield "## Refused, but worded otherwise"
        rows = [
            [
                w.verdict,
                safe(w.target),
                safe(w.endpoint or "any"),
                safe(w.situation),
                safe(w.expected),
                safe(w.seen),
                str(len(w.cases)),
            ]
            for w in found
        ]
        yield _table(["verdict", "target", "endpoint", "situation", "expected", "seen", "cases"], rows, "      r")


def _measured(results: Results) -> Iterator[str]:
    table = windows.measured(results)
    if table.lines:
        yield "## Measured windows"
        rows = [
            [
                safe(line.target),
                safe(line.variant),
                safe(line.endpoint),
                *(safe(one.said) if one else "" for one in line.cells),
            ]
            for line in table.lines
        ]
        yield _table(["target", "variant", "endpoint", *map(safe, table.columns)], rows)


def _undecided(results: Results) -> Iterator[str]:
    if found := by_reason(results, "inconclusive"):
        yield "## Inconclusive"
        rows = [[safe(g.target), safe(listed(g.variants)), str(len(g.cases)), safe(g.reason)] for g in found]
        yield _table(["target", "variants", "cases", "reason"], rows, "  r")


def _not_run(results: Results) -> Iterator[str]:
    if found := by_reason(results, "not run"):
        yield "## Not run"
        rows = [[safe(g.target), safe(listed(g.variants)), str(len(g.cases)), safe(g.reason)] for g in found]
        yield _table(["target", "variants", "cases", "reason"], rows, "  r")


def _foot(results: Results) -> str:
    rows = [row for specification in coverage.matrix(results) for row in specification.rows]
    tested, observable = coverage.tested(rows), coverage.observable(rows)
    return (
        f"Profile {safe(results.profile)}. Tested {tested:,} of {number(observable, 'observable requirement')}. "
        f"Holdfast {safe(results.suite_version)}, {safe(results.started)}.\n\n"
        f"The suite itself: {safe(sentences.of_the_suite(results.score))}{_matrix(results)}"
    )


def _matrix(results: Results) -> str:
    if results.score is None:
        return ""
    return (
        f" Matrix of {safe(results.score.started)} ({safe(results.score.commit[:12] or results.score.suite_version)})."
    )
