"""holdfast selftest: flawed twins of the reference implementation, and whether each is caught by exactly its cases."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.plugin import Collected
    from holdfast.selftest.judge_the_judge import Plan


@click.command()
@click.option("--flaw", "flaws", multiple=True, metavar="ID", help="Only this flaw, or ID@ENDPOINT; may be repeated.")
@click.option("--full", is_flag=True, help="Try every case that can meet a flaw, not those that must and some others.")
@click.option(
    "--one-in",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Without --full: how many of the others are tried, functions with all of their rows.",
)
@click.option("--processes", type=click.IntRange(1, 16), default=4, show_default=True, help="Twins at a time.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("holdfast-selftest"),
    show_default=True,
    help="Folder for kill-matrix.json and kill-matrix.html.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of what was seen: what is there and still true is not run again, so that an ended selftest goes on.",
)
def selftest(flaws: tuple[str, ...], *, full: bool, one_in: int, processes: int, out: Path, keep: Path | None) -> int:
    """Judge the judge: every flaw must be caught by exactly the cases that claim to catch it."""
    from holdfast import rooms
    from holdfast.errors import UsageError
    from holdfast.selftest.flaws import load, twins
    from holdfast.selftest.judge_the_judge import Plan
    from holdfast.selftest.kept import Kept

    every = list(twins(load(rooms.reference_impls() / "flawed" / "flaws")))
    chosen = [twin for twin in every if not flaws or {twin.id, twin.flaw.id} & set(flaws)]
    if unknown := sorted(set(flaws) - {name for twin in every for name in (twin.id, twin.flaw.id)}):
        raise UsageError(f"--flaw {unknown[0]}: no such flaw: see reference_impls/flawed/flaws")
    aside = sys.stderr  # which is pytest's while the cases are in hand
    plan = Plan(
        chosen,
        whole=not flaws,
        full=full,
        one_in=one_in,
        processes=processes,
        said=lambda text: click.echo(text, file=aside),
        kept=Kept(keep),
    )
    return _judged(plan, out)


def _judged(plan: "Plan", out: Path) -> int:
    """Run it, write the matrix, say what is wrong; the exit code."""
    from holdfast import campaign, rooms
    from holdfast.requirements import Tables
    from holdfast.selftest import judge_the_judge, matrix, outputs, published

    tables, begun, started = Tables(rooms.suites()), time.monotonic(), published.now()
    kept: list[published.Matrix] = []

    def use(found: "Sequence[Collected]") -> None:
        seen = judge_the_judge.run(plan, found, tables)
        when = outputs.When(started, time.monotonic() - begun, campaign.commit())
        kept.append(outputs.matrix_of(plan, seen, list(judge_the_judge.wrong(plan, seen, tables)), when))

    matrix.with_cases(tables, use)
    if not kept:  # Ctrl-C, which pytest keeps to itself
        raise click.Abort
    (made,) = kept
    campaign.put(out / published.NAME, published.dumps(made))
    campaign.put(out / "kill-matrix.html", outputs.html(made, rooms.reports()))
    for line in made.wrong:
        click.echo(line)
    click.echo(outputs.summary(made))
    return 1 if made.wrong else 0
