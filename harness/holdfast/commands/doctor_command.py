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
    from holdfast import launch, rooms, session, targets
    from holdfast.assemble import bench_for, issuer_for
    from holdfast.errors import one_line
    from holdfast.parties.issuer import Issuer
    from holdfast.requirements import Tables

    target = targets.load(name, variant=variant)
    stop, issuers = threading.Event(), list[Issuer]()
    with contextlib.ExitStack() as ending:
        ending.callback(session.close_all, issuers)
        running = ending.enter_context(launch.start(target, kind, stop, suite=issuer_for(target, issuers)))  # type: ignore[arg-type]
        bench = bench_for(running, Tables(rooms.suites()), stop, issuers[0] if issuers else None)
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
