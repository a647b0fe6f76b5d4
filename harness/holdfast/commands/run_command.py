"""holdfast run: judge targets, write results, evidence and report."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click


def run_options(command: Any) -> Any:
    """Give the options that `run` and `demo` share."""
    for option in reversed(
        [
            click.option("--suite", "suites", multiple=True, metavar="NAME", help="Only this suite; may be repeated."),
            click.option("-k", "keyword", default="", metavar="EXPR", help="Only cases that match (pytest's -k)."),
            click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case; may be repeated."),
            click.option("--profile", default="base", metavar="NAME", show_default=True, help="What is demanded."),
            click.option("--variant", default=None, metavar="NAME", help="Only this configuration of the target."),
            click.option("--launch", type=click.Choice(["process", "container", "running"]), help="How it is started."),
            click.option(
                "--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Exchanges in flight."
            ),
            click.option("--no-wait", is_flag=True, help="Leave out cases that wait for real time."),
            click.option("--max-wait", type=float, default=15, show_default=True, help="Longest wait, in seconds."),
            click.option("--out", type=click.Path(path_type=Path), default=Path("holdfast-report"), show_default=True),
            click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML here."),
            click.option("--markdown", type=click.Path(path_type=Path), help="Write a Markdown summary here."),
            click.option("--baseline", type=click.Path(path_type=Path), help="Known failures (TOML)."),
            click.option(
                "--fail-on", type=click.Choice(["failed", "warning", "noted"]), default="failed", show_default=True
            ),
            click.option("--maxfail", type=click.IntRange(0), default=0, help="Stop after so many failures."),
        ]
    ):
        command = option(command)
    return command


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="TARGET...")
@run_options
def run(names: tuple[str, ...], **given: Any) -> int:
    """Judge TARGETs: names (see `holdfast list targets`) or paths to a target.toml.

    Writes results.json, evidence.jsonl.gz and report.html to the --out folder.
    """
    return judge(names, command=shlex.join(["holdfast", *sys.argv[1:]]), **given)


def judge(names: tuple[str, ...], *, command: str, **given: Any) -> int:
    """Run everything that was asked for; the exit code."""
    from holdfast import campaign, catalogue, profiles, rooms, session
    from holdfast.applicability import Limits
    from holdfast.requirements import Tables

    suites = rooms.suites()
    tables = Tables(suites)
    limits = Limits(wait=not given["no_wait"], seconds=given["max_wait"])
    options = session.Options(
        profile=profiles.load(suites, given["profile"]),
        jobs=given["jobs"],
        kind=given["launch"],
        suites=catalogue.known_suites(given["suites"]),
        keyword=given["keyword"],
        limits=limits,
        maxfail=given["maxfail"],
    )
    known = catalogue.collect(tables)
    options = replace(options, cases=catalogue.known_ids(given["cases"], known))
    outputs = campaign.Outputs(given["out"], given["junit"], given["markdown"])
    return campaign.Campaign(tables, options, known, outputs, command).run(
        names, given["variant"], baseline=given["baseline"], fail_on=given["fail_on"]
    )
