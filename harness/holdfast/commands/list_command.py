"""holdfast list: what there is."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

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
        rows, as_text = _targets(), _line
    elif what == "cases":
        rows, as_text = _cases(suites, keyword), _line
    else:
        rows, as_text = _requirements(), _paragraph
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else as_text(row))
    return 0


def _line(row: Mapping[str, object]) -> str:
    return "  ".join(str(value) for value in row.values())


def _paragraph(row: Mapping[str, object]) -> str:
    """Give a requirement with its tables of cases below it, or the reason why there are none."""
    head = "  ".join(str(row[name]) for name in ("id", "role", "level", "summary"))
    tables = Counter(str(case).split("[")[0] for case in cast("Sequence[str]", row["cases"]))
    below = [name if rows == 1 else f"{name}  {rows} rows" for name, rows in tables.items()]
    return "\n    ".join([head, *(below or [str(row["why"] or "no case yet")])])


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
        yield {
            "id": row.id,
            "role": row.role,
            "level": row.level,
            "in force": row.id in tables.in_force,
            "cases": row.cases,
            "why": row.untested,
            "summary": row.summary,
        }
