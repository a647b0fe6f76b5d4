"""holdfast demo: the reference implementation, judged."""

import shlex
import sys
from typing import Any

import click

from holdfast.commands.run_command import judge, run_options


@click.command()
@run_options
def demo(**given: Any) -> int:
    """Start the reference authorization and resource server, judge them, write the report."""
    return judge(("strict",), command=shlex.join(["holdfast", *sys.argv[1:]]), **given)
