"""The command. Each subcommand lives in its own module under commands/ and is imported when it is asked for."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from holdfast import __version__
from holdfast.errors import UsageError, one_line

COMMANDS = {
    "run": "Judge targets and write the report.",
    "demo": "Judge the reference implementation: the shortest way to a report.",
    "init": "Write a target.toml from the metadata of a running authorization server.",
    "list": "List targets, cases or requirements.",
    "doctor": "Prove the wiring of a target, one honest request per endpoint.",
    "report": "Render the report anew from a results file.",
    "selftest": "Judge the judge: flawed twins, and which cases catch each.",
    "lab": "Keep a target up in the background, to be tried by hand with curl.",
    "schema": "Print the JSON Schema of target.toml or of results.json.",
}


class _Lazy(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = getattr(import_module(f"holdfast.commands.{name}_command"), name)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
            raise UsageError(f"holdfast {args[0]}: no such command ({hint})")
        return super().resolve_command(context, args)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="holdfast")
def cli() -> None:
    """Holdfast: conformance tests for sender-constrained OAuth access tokens.

    Exit codes: 0 no findings, 1 findings, 2 a mistake in usage or configuration, 3 inconclusive.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code. A mistake of the person's is one clear line and exit code 2."""
    try:
        code = cli.main(
            args=list(arguments) if arguments is not None else None, prog_name="holdfast", standalone_mode=False
        )
    except UsageError as error:
        _say(str(error))
        sys.exit(2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        sys.exit(2)
    except click.UsageError as error:
        _say(error.format_message())
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str) -> None:
    click.echo("\n".join(f"holdfast: {one_line(line)}" for line in text.splitlines()), err=True)
