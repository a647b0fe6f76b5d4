"""holdfast lab: targets that stay up in the background, to be tried by hand."""

import contextlib
import json
from collections.abc import Iterator

import click


@click.group()
def lab() -> None:
    """Keep targets up in the background, to be tried by hand."""


@lab.command()
@click.argument("name", metavar="TARGET")
@click.option("--variant", default=None, metavar="NAME", help="Another configuration of the target.")
@click.option("--launch", type=click.Choice(["process", "container"]), default="process", show_default=True)
def up(name: str, variant: str | None, launch: str) -> int:
    """Start TARGET, and what stands behind it.

    Comes back when it answers, and says how to reach it with curl.
    """
    import signal

    from holdfast import targets
    from holdfast.lab import control

    # Ctrl-C ends a start also where a script in the background has SIGINT ignored for all that it calls.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with _files():
        for line in control.up(targets.load(name, variant=variant), launch):
            click.echo(line)
    return 0


@lab.command()
@click.argument("name", metavar="[NAME]", required=False)
def down(name: str | None) -> int:
    """End what is up, or NAME alone.

    What was left by a lab that was killed is removed.
    """
    from holdfast.errors import UsageError
    from holdfast.lab import control, store

    wrong = []
    with _files():
        there = store.names()
        for each in there if name is None else [name] if name in there else []:
            try:
                click.echo(control.down(each))
            except UsageError as why:
                wrong.append(str(why))
        if name is not None and name not in there:
            click.echo(f"{name} is not up" + (f"; what is: {', '.join(there)}" if there else ""))
        elif not there:
            click.echo("nothing is up")
    if wrong:
        raise UsageError("\n".join(wrong))
    return 0


@lab.command("list")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(*, as_json: bool) -> int:
    """List what is up, since when, and its URLs."""
    with _files():
        rows = list(_rows())
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else "  ".join(map(str, _cells(row))))
    if not rows and not as_json:
        click.echo("nothing is up")
    return 0


def _rows() -> Iterator[dict[str, object]]:
    from holdfast.lab import control

    for name, state, lives in control.known():
        status = state.phase if state and lives else "starting" if lives else "gone"
        yield {
            "name": name,
            "variant": state.variant if state else "",
            "launch": state.launch if state else "",
            "since": state.since if state else "",
            "status": status,
            "urls": dict(state.urls) if state else {},
            "ended": [*state.ended] if state else [],
        }


def _cells(row: dict[str, object]) -> Iterator[object]:
    yield from (row[key] for key in ("name", "variant", "launch", "since") if row[key])
    urls, ended = row["urls"], row["ended"]
    if row["status"] == "gone":
        yield f"its keeper is gone: holdfast lab down {row['name']}"
    elif row["status"] == "starting":
        yield "is being started"
    elif isinstance(urls, dict):
        yield from (f"{name}={url}" for name, url in urls.items())
    if isinstance(ended, list) and ended:
        yield f"ended by itself: {', '.join(ended)}"


@lab.command()
@click.argument("name", metavar="NAME")
@click.argument("method", metavar="METHOD")
@click.argument("url", metavar="URL")
@click.option("--token", default=None, metavar="TOKEN", help="The access token that goes with it.")
@click.option("--nonce", default=None, metavar="NONCE", help="The DPoP-Nonce that the server gave last.")
def proof(name: str, method: str, url: str, token: str | None, nonce: str | None) -> int:
    """Print a DPoP proof for one request to URL.

    It is signed with the proof key of NAME, which is up.
    """
    import time

    from holdfast import proofs
    from holdfast.errors import UsageError
    from holdfast.lab import facts, store

    key = None
    with _files(), contextlib.suppress(FileNotFoundError):
        key = facts.load_key(store.place(name)) if name in store.names() else None
    if key is None:
        raise UsageError(f"{name} is not up, or has no client with a proof key: see holdfast lab list")
    click.echo(proofs.make(key, proofs.ProofRequest(method, url, time.time(), token, nonce)))
    return 0


@contextlib.contextmanager
def _files() -> Iterator[None]:
    """Have a folder that cannot be used told in one line."""
    from holdfast.errors import UsageError

    try:
        yield
    except OSError as why:
        raise UsageError(f"{why.filename or 'holdfast lab'}: {why.strerror or why}") from None
