"""What a person sees while a run goes on and when it is over: a bar on a terminal, plain lines elsewhere."""

import contextlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from holdfast.errors import one_line
from holdfast.report import sentences, standing, windows
from holdfast.results import CaseResult, Results
from holdfast.session import Watcher
from holdfast.targets import Target

SHOWN = {"failed", "inconclusive", "warning", "noted"}


@contextlib.contextmanager
def watch(target: Target) -> Iterator[Watcher]:
    """Give a watcher for one variant of one target."""
    name = f"{target.name}/{target.variant}"
    counts: Counter[str] = Counter()
    if sys.stderr.isatty():
        with _bar(name, counts) as watcher:
            yield watcher
    else:
        yield Watcher(result=lambda result: _count(result, counts, _plain))
    summary = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
    _plain(f"{name}: {summary or 'nothing judged'}")


@contextlib.contextmanager
def _bar(name: str, counts: Counter[str]) -> Iterator[Watcher]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(name, total=None)

        def say(text: str) -> None:
            console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

        def result(one: CaseResult) -> None:
            bar.advance(task)
            _count(one, counts, say)

        yield Watcher(total=lambda total: bar.update(task, total=total), result=result)


def _count(result: CaseResult, counts: Counter[str], say: Callable[[str], None]) -> None:
    counts[result.verdict] += 1
    if result.verdict in SHOWN:
        say(f"{result.verdict}: {result.case} ({result.variant}){_why(result)}")


def _why(result: CaseResult) -> str:
    if result.reason:
        return f": {result.reason}"
    return f": expected {result.expected}, seen {result.actual}" if result.actual else ""


def _plain(text: str) -> None:
    sys.stderr.write(f"{one_line(text)}\n")


def conclude(results: Results, folder: Path, told: Sequence[str]) -> None:
    """Give the verdicts in sentences, what the baseline has to say, what was measured, and where the report lies."""
    verdicts = [said.sentence for said in sentences.of_targets(results)]
    verdicts += [said.sentence for said in standing.standings(results)]
    for line in (*verdicts, *told, *windows.as_text(results)):
        sys.stdout.write(f"{one_line(line)}\n")
    sys.stdout.write(f"report: {folder / 'report.html'}\n")
    sys.stdout.flush()
