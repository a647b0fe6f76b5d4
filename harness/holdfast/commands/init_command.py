"""holdfast init: a target.toml from what a running authorization server says of itself."""

from pathlib import Path

import click


@click.command()
@click.argument("url", metavar="URL")
@click.option("--out", type=click.Path(path_type=Path), default=Path("target.toml"), show_default=True)
@click.option("--ca", type=click.Path(path_type=Path), help="PEM file of the authority that signed its certificate.")
@click.option("--name", default=None, help="Name of the target; by default the host's.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def init(url: str, out: Path, ca: Path | None, name: str | None, force: bool) -> int:  # noqa: FBT001 - click's call
    """Write a commented target.toml for the authorization server at URL (its issuer)."""
    from holdfast import first_file

    text = first_file.written(url, ca=ca, name=name, folder=out.parent)
    first_file.put(out, text, force=force)
    click.echo(f"wrote {out}; fill in what is marked with FILL, then: holdfast doctor {out}")
    return 0
