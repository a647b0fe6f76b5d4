"""holdfast demo: the reference implementation, judged."""

import shlex
import sys
from typing import Any

import click

from holdfast.commands.run_command import judge, run_options


@click.command()
@run_options
def demo(**given: Any) -> int:
    """Start the reference authorization and resource server as they are usually configured, judge them, report."""
    given["variant"] = given["variant"] or "default"
    return judge(("strict",), command=shlex.join(["holdfast", *sys.argv[1:]]), **given)
