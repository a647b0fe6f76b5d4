"""What one case-run costs in the kill matrix against one in a plain run, on the same server and with as many jobs.

Prints seconds and the ratio; asserts nothing. Run it with the project's Python: python matrix_cost.py in this folder.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from holdfast import profiles, rooms, session, targets
from holdfast.applicability import Limits
from holdfast.evidence import EvidenceWriter
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.selftest import matrix, twin_run
from holdfast.selftest.host import Host
from holdfast.selftest.twin_run import Ask

ROUNDS = 3


def plain(tables: Tables) -> float:
    """Milliseconds a case of `holdfast run strict --no-wait` takes, collecting and starting included."""
    options = session.Options(profiles.load(rooms.suites(), "base"), jobs=matrix.JOBS, limits=Limits(wait=False))
    with tempfile.TemporaryDirectory() as folder, EvidenceWriter(Path(folder) / "evidence.jsonl.gz") as evidence:
        started = time.perf_counter()
        run = session.run_variant(targets.load("strict"), options, tables, evidence, session.Watcher(), logs=None)
        seconds = time.perf_counter() - started
    return seconds * 1000 / sum(case.verdict == "passed" for case in run.cases)


def in_the_matrix(tables: Tables) -> float:
    """Milliseconds a case takes with a twin that is strict itself, collecting and starting included."""
    took: list[float] = []

    def use(found: Sequence[Collected]) -> None:
        host = Host(rooms.reference_impls())
        ask = Ask("strict", "strict", "default", {"seam": "none"}, {}, None, waits=False)
        done = twin_run.outcome(ask, host, found, tables, matrix.JOBS)
        host.close()
        took.append((time.perf_counter() - started) * 1000 / len(done.facts))

    started = time.perf_counter()
    matrix.with_cases(tables, use)
    return took[0]


def main() -> None:
    """Measure both in turns, so that what else the machine does falls on both."""
    tables = Tables(rooms.suites())
    rounds = [(plain(tables), in_the_matrix(tables)) for _ in range(ROUNDS)]
    for run, twin in rounds:
        print(f"plain run {run:.2f} ms a case, matrix {twin:.2f} ms a case: {twin / run:.2f} times")
    print(f"best of {ROUNDS}: {min(twin for _, twin in rounds) / min(run for run, _ in rounds):.2f} times")


if __name__ == "__main__":
    main()
