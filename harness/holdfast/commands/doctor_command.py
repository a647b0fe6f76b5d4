"""holdfast doctor: prove the wiring of a target before judging it."""

import contextlib
import threading

import click


@click.command()
@click.argument("name", metavar="TARGET")
@click.option("--variant", default=None, metavar="NAME", help="Only this configuration of the target.")
@click.option("--launch", "kind", type=click.Choice(["process", "container", "running"]), help="How it is started.")
def doctor(name: str, variant: str | None, kind: str | None) -> int:
    """Look at clock, metadata, certificates, client authentication, and one honest request per endpoint of TARGET."""
    from holdfast import doctor as physician
    from holdfast import launch, rooms, targets
    from holdfast.assemble import bench_for
    from holdfast.errors import one_line
    from holdfast.played import Part, close_all, part_for
    from holdfast.requirements import Tables

    target = targets.load(name, variant=variant)
    stop, parts = threading.Event(), list[Part]()
    with contextlib.ExitStack() as ending:
        ending.callback(close_all, parts)
        running = ending.enter_context(launch.start(target, kind, stop, suite=part_for(target, parts)))  # type: ignore[arg-type]
        bench = bench_for(running, Tables(rooms.suites()), stop, parts[0] if parts else None)
        ending.callback(bench.end)
        found = physician.examine(bench, bench.worker())
        mask = bench.masker.brief
        for what, well, said in found.checks:
            click.echo(one_line(f"{'ok  ' if well else 'BAD '} {what}: {mask(said)}"))
        for finding in bench.findings:
            click.echo(one_line(f"note {mask(finding)}"))
        click.echo(f"capabilities: {', '.join(sorted(bench.capabilities))}")
        problem = mask(found.problem)
    well = all(check[1] for check in found.checks) and not problem
    click.echo("everything is well" if well else one_line(f"not ready: {problem or 'see the lines marked BAD'}"))
    return 0 if well else 2
