"""holdfast list: what there is."""

import json
from collections.abc import Iterable

import click


@click.command("list")
@click.argument("what", type=click.Choice(["targets", "cases", "requirements"]), default="targets")
@click.option("--requirements", "flag", is_flag=True, help="The same as `list requirements`.")
@click.option("--suite", "suites", multiple=True, metavar="NAME", help="Only cases of this suite.")
@click.option("-k", "keyword", default="", metavar="EXPR", help="Only cases that match (pytest's -k).")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list(  # noqa: A001 - the command's name
    what: str,
    flag: bool,  # noqa: FBT001 - click's call
    suites: tuple[str, ...],
    keyword: str,
    as_json: bool,  # noqa: FBT001 - as above
) -> int:
    """List the targets that ship with Holdfast, the cases, or the requirements with the cases that test them."""
    what = "requirements" if flag else what
    if what == "targets":
        rows = _targets()
    elif what == "cases":
        rows = _cases(suites, keyword)
    else:
        rows = _requirements()
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else "  ".join(str(value) for value in row.values()))
    return 0


def _targets() -> Iterable[dict[str, object]]:
    from holdfast import targets

    for name in targets.names():
        target = targets.load(name)
        yield {"name": name, "variants": ",".join(targets.variants(target)), "summary": target.summary}


def _cases(suites: tuple[str, ...], keyword: str) -> Iterable[dict[str, object]]:
    from holdfast import catalogue, rooms
    from holdfast.requirements import Tables

    found = catalogue.collect(Tables(rooms.suites()), suites=catalogue.known_suites(suites), keyword=keyword)
    for case in found:
        title = (case.item.obj.__doc__ or "").strip().splitlines()[0]
        yield {
            "id": case.item.nodeid,
            "requirement": case.requirement.id,
            "level": case.requirement.level,
            "impact": case.mark.impact,
            "title": title,
        }


def _requirements() -> Iterable[dict[str, object]]:
    from holdfast import catalogue, rooms
    from holdfast.requirements import Tables

    tables = Tables(rooms.suites())
    for row in catalogue.traceability(tables, catalogue.collect(tables)):
        tested = f"{len(row.cases)} case{'s' if len(row.cases) != 1 else ''}" if row.cases else ""
        yield {
            "id": row.id,
            "role": row.role,
            "level": row.level,
            "tested": tested or row.untested or "no case yet",
            "summary": row.summary,
        }
