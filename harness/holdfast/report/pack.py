"""What the script reads: one index of all cases, and their evidence in packed chunks that are opened one at a time."""

import base64
from collections.abc import Iterator, Mapping, Sequence

from holdfast.evidence import gzip_member
from holdfast.report.exchanges import as_data, shown
from holdfast.report.findings import IMPACTS, VERDICTS
from holdfast.results import CaseResult, Evidence, TargetRun
from holdfast.results_io import dumps

#: Cases in one chunk.
CHUNK = 100

Cases = Sequence[tuple[TargetRun, CaseResult]]


class _Strings:
    """Texts that many cases share, each kept once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._at: dict[str, int] = {}

    def at(self, text: str) -> int:
        if text not in self._at:
            self._at[text] = len(self.all)
            self.all.append(text)
        return self._at[text]


def index(cases: Cases) -> dict[str, object]:
    """All cases in the least that filtering and one line of a list need; rows refer to shared texts by number."""
    strings = _Strings()
    runs: dict[str, int] = {}
    rows = []
    for run, case in cases:
        row = (
            runs.setdefault(f"{run.target}/{run.variant}", len(runs)),
            VERDICTS.index(case.verdict),
            IMPACTS.index(case.impact),
            *map(strings.at, (case.suite, case.case, case.title, case.requirement, case.reason)),
        )
        rows.append(row)
    return {
        "chunk": CHUNK,
        "verdicts": VERDICTS,
        "impacts": IMPACTS,
        "runs": list(runs),
        "strings": strings.all,
        "rows": rows,
    }


def chunks(cases: Cases, evidence: Mapping[str, Evidence]) -> Iterator[str]:
    """The rest of every case and its exchanges: base64 of gzip of a JSON array, `CHUNK` cases each."""
    for start in range(0, len(cases), CHUNK):
        part = [_whole(case, evidence) for _, case in cases[start : start + CHUNK]]
        yield base64.b64encode(gzip_member(dumps(part))).decode("ascii")


def _whole(case: CaseResult, evidence: Mapping[str, Evidence]) -> dict[str, object]:
    """Only what there is to show: a case that was not applicable costs next to nothing."""
    stored = evidence.get(case.id)
    kept = {
        "rationale": case.rationale,
        "expected": case.expected,
        "actual": case.actual,
        "difference": case.difference,
        "label": case.label,
        "remarks": case.remarks,
        "signals": [[s.situation, s.expected, s.seen, s.verdict] for s in case.signals],
        "known": [case.known.reason, case.known.owner, case.known.expires] if case.known else None,
        "reproduce": case.reproduce,
        "seconds": case.seconds,
        "exchanges": as_data(shown(stored)) if stored else [],
        "lost": case.evidence is not None and stored is None,
    }
    return {name: value for name, value in kept.items() if value}
