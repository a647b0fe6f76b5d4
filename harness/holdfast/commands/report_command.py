"""holdfast report: render a report anew."""

from pathlib import Path

import click


@click.command()
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS")
@click.option("--junit", type=click.Path(path_type=Path), help="Write JUnit XML here.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write a Markdown summary here.")
def report(results: Path, junit: Path | None, markdown: Path | None) -> int:
    """Render report.html beside RESULTS (a results.json, or the folder that holds one)."""
    from holdfast import campaign, results_io

    file = results / "results.json" if results.is_dir() else results
    found = results_io.read(file)
    campaign.render(found, campaign.Outputs(file.parent, junit, markdown))
    click.echo(f"report: {file.parent / 'report.html'}")
    return 0
