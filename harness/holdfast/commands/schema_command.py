"""holdfast schema: the shapes of the files, for editors and other programs."""

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["target", "results"]))
def schema(what: str) -> int:
    """Print the JSON Schema of target.toml or of results.json."""
    if what == "target":
        from holdfast import targets

        click.echo(json.dumps(targets.schema(), indent=2))
    else:
        from holdfast import results_io

        click.echo(results_io.schema(), nl=False)
    return 0
