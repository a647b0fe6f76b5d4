"""Results and evidence as one offline HTML page that asks nothing of anybody and runs nothing that a target sent."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from holdfast.errors import UsageError
from holdfast.report import behaviour, coverage, pack, sentences, standing, text, windows
from holdfast.report.exchanges import Diagram, Shown, sequence, shown
from holdfast.report.findings import (
    FINDINGS,
    JUDGED,
    VERDICTS,
    Finding,
    Group,
    all_cases,
    by_reason,
    counts,
    findings,
    headlines,
    wordings,
)
from holdfast.results import CaseResult, Evidence, Results, TargetRun, Verdict

#: Findings whose exchanges are written into the page; those of the rest are opened from the packed evidence.
WRITTEN = 150
#: Exchanges of one finding that are written into the page.
EXCHANGES = 16


@dataclass(frozen=True)
class Detail:
    """A finding or a group with its number in the page, the place of its case in the list, and what was exchanged."""

    number: int
    of: Finding | Group
    row: int
    exchanges: Sequence[Shown]
    diagram: Diagram | None
    omitted: int = 0


def html(results: Results, evidence: Mapping[str, Evidence], room: Path) -> str:
    """Render the report. `evidence`: by case id; `room`: the folder that holds templates, style and script.

    The same input gives the same text. Raises UsageError when the folder is not whole.
    """
    style, script = read(room / "style" / "report.css"), read(room / "script" / "report.js")
    cases = all_cases(results)
    places = {case.id: place for place, (_, case) in enumerate(cases)}
    found = findings(results)
    undecided = by_reason(results, "inconclusive")
    try:
        template = environment(room).get_template("report.html.j2")
    except TemplateNotFound as error:
        raise UsageError(f"{room}: {error}: not found; install the wheel again, or run from a whole checkout") from None
    return template.render(
        results=results,
        policy=policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        overall=sentences.overall(results),
        said=sentences.of_targets(results),
        standings=standing.standings(results),
        problems=sentences.problems(results),
        interrupted=sentences.interrupted(results),
        tallies=[(run, counts(run.cases)) for run in results.targets],
        total=counts([case for _, case in cases]),
        headlines=headlines(found),
        findings=[_detail(n, finding, places, evidence) for n, finding in enumerate(found, 1)],
        undecided=[_detail(n, group, places, evidence) for n, group in enumerate(undecided, 1)],
        wordings=wordings(results, evidence),
        measured=windows.measured(results),
        behaviour=behaviour.table(results),
        left_out=by_reason(results, "not run"),
        suites=_by_suite(results),
        specifications=coverage.matrix(results),
        finding_number={(f.target, f.case, f.verdict): n for n, f in enumerate(found, 1)},
        places=places,
        case_count=len(cases),
        **_packed(cases, evidence),
    )


def _packed(cases: Sequence[tuple[TargetRun, CaseResult]], evidence: Mapping[str, Evidence]) -> dict[str, object]:
    """Give what the script unpacks: the list of all cases, and their evidence."""
    chunks = [Markup(chunk) for chunk in pack.chunks(cases, evidence)]  # noqa: S704 - base64
    return {"index": text.for_script(pack.index(cases)), "chunks": chunks}


def environment(room: Path) -> Environment:
    """Give jinja with our filters, for the templates of a room."""
    made = Environment(
        loader=FileSystemLoader(room / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (text.shown, text.number, text.listed, text.web, text.duration, text.level)
    made.filters |= {function.__name__: function for function in filters}
    made.filters |= {"slug": lambda word: word.replace(" ", "-"), "plain": text.visible}
    made.globals |= {"VERDICTS": VERDICTS, "FINDINGS": FINDINGS, "JUDGED": JUDGED, "NAMED": coverage.NAMED}
    made.globals |= {"tested": coverage.tested, "observable": coverage.observable, "segments": _segments}
    made.globals |= {"of_the_suite": sentences.of_the_suite}
    return made


def read(path: Path) -> str:
    """Give the text of a file of ours. Raises UsageError where it is not there."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        raise UsageError(f"{path}: not found; install the wheel again, or run from a whole checkout") from None


def policy(style: str, script: str) -> str:
    """The content security policy: nothing but these two texts, byte for byte; no text of the page becomes markup."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(data: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(data.encode()).digest()).decode()}'"


def _detail(number: int, of: Finding | Group, places: Mapping[str, int], evidence: Mapping[str, Evidence]) -> Detail:
    case = of.first if isinstance(of, Finding) else next((case for case in of.cases if case.evidence), of.cases[0])
    written = number <= WRITTEN and case.id in evidence
    seen = shown(evidence[case.id]) if written else []
    kept = seen if len(seen) <= EXCHANGES else [*seen[: EXCHANGES // 2], *seen[-EXCHANGES // 2 :]]
    return Detail(number, of, places[case.id], kept, sequence(seen), len(seen) - len(kept))


def _by_suite(results: Results) -> list[tuple[str, list[dict[Verdict, int] | None]]]:
    """Suites against the runs of the file: how many cases have which verdict, or None where there are none."""
    names = sorted({case.suite for run in results.targets for case in run.cases})
    return [(name, [_of_suite(run, name) for run in results.targets]) for name in names]


def _of_suite(run: TargetRun, suite: str) -> dict[Verdict, int] | None:
    cases = [case for case in run.cases if case.suite == suite]
    return counts(cases) if cases else None


def _segments(tally: Mapping[Verdict, int]) -> list[tuple[Verdict, int, int]]:
    """Verdicts as pieces of a bar a thousand wide: verdict, start, width; whatever happened is at least visible."""
    total = sum(tally.values())
    shares = {verdict: max(8, count * 1000 // total) for verdict, count in tally.items() if count}
    spare = 1000 - sum(shares.values())
    if shares:
        widest = max(shares, key=lambda verdict: shares[verdict])
        shares[widest] += spare
    pieces, at = [], 0
    for verdict, width in shares.items():
        pieces.append((verdict, at, width))
        at += width
    return pieces
