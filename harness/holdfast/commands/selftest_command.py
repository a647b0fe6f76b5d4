"""holdfast selftest: flawed twins of the reference implementation, and whether each is caught by exactly its cases."""

import click


@click.command()
@click.option("--flaw", "flaws", multiple=True, metavar="ID", help="Only this flaw, or ID@ENDPOINT; may be repeated.")
@click.option("--full", is_flag=True, help="Run every case against every twin; else those that must catch it and 1/10.")
@click.option("--processes", type=click.IntRange(1, 16), default=2, show_default=True, help="Twins at a time.")
def selftest(flaws: tuple[str, ...], *, full: bool, processes: int) -> int:
    """Judge the judge: every flaw must be caught by exactly the cases that claim to catch it."""
    from holdfast import rooms
    from holdfast.errors import UsageError
    from holdfast.requirements import Tables
    from holdfast.selftest import judge_the_judge as judging
    from holdfast.selftest import matrix
    from holdfast.selftest.flaws import load, twins

    every = list(twins(load(rooms.reference_impls() / "flawed" / "flaws")))
    chosen = [twin for twin in every if not flaws or {twin.id, twin.flaw.id} & set(flaws)]
    if unknown := sorted(set(flaws) - {name for twin in every for name in (twin.id, twin.flaw.id)}):
        raise UsageError(f"--flaw {unknown[0]}: no such flaw: see reference_impls/flawed/flaws")
    tables = Tables(rooms.suites())
    plan = judging.Plan(chosen, full, processes, said=lambda text: click.echo(text, err=True))
    lines: list[str] = []

    def use(found: "matrix.Found") -> None:
        seen = judging.run(plan, found, tables)
        lines.extend(judging.wrong(plan, seen, {one.item.nodeid: one.mark for one in found}))

    matrix.with_cases(tables, use)
    for line in lines:
        click.echo(line)
    click.echo(f"{len(chosen)} twins, {len(lines)} things wrong")
    return 1 if lines else 0
