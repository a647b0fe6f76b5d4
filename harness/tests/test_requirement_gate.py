"""The gate: whatever is in force is put to the test, or the tables say in writing why it is not."""

import json
import shutil
from pathlib import Path

import pytest

from holdfast import catalogue, rooms
from holdfast.cli import main
from holdfast.errors import UsageError
from holdfast.requirements import Tables
from holdfast.results import RequirementRow

WHOLE = {"RFC9449", "RFC7638", "RFC7800", "RFC6750", "RFC8705", "RFC9440"}
IN_PART = {"RFC9126", "RFC8414", "RFC7662", "RFC7009", "RFC9068", "RFC9700", "RFC9728"}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(rooms.suites())


@pytest.fixture(scope="module")
def rows(tables: Tables) -> list[RequirementRow]:
    return catalogue.traceability(tables, catalogue.collect(tables))


def test_every_requirement_in_force_has_a_case_or_a_written_reason(tables: Tables, rows: list[RequirementRow]) -> None:
    assert [r.id for r in rows if r.id in tables.in_force and not r.cases and not r.untested] == []


def test_no_requirement_is_both_tested_and_explained_away(tables: Tables, rows: list[RequirementRow]) -> None:
    explained = {r.id for r in tables.requirements.values() if r.excluded or r.deferred}

    assert [r.id for r in rows if r.cases and r.id in explained] == []


def test_a_reason_is_given_once(tables: Tables) -> None:
    assert [r.id for r in tables.requirements.values() if bool(r.excluded) + bool(r.deferred) + r.general > 1] == []


def test_the_specifications_on_bound_tokens_are_in_force(tables: Tables) -> None:
    of = {spec: [r for r in tables.requirements.values() if r.spec == spec] for spec in WHOLE | IN_PART}

    assert {spec for spec, entries in of.items() if all(r.id in tables.in_force for r in entries)} >= WHOLE
    assert {spec for spec, entries in of.items() if any(r.id in tables.in_force for r in entries)} == set(of)
    assert not [r.id for spec in WHOLE for r in of[spec] if r.general]


def test_what_says_nothing_about_bound_tokens_may_still_have_a_case(tables: Tables, rows: list[RequirementRow]) -> None:
    general = [r for r in rows if tables.requirements[r.id].general]

    assert {r.untested for r in general if not r.cases} == {"not in force: says nothing about bound tokens"}


def test_something_is_deferred_only_to_a_suite_that_has_a_name(tmp_path: Path) -> None:
    shutil.copytree(rooms.suites(), tmp_path / "suites")
    spoilt = tmp_path / "suites" / "requirements" / "rfc6750-bearer-errors.toml"
    spoilt.write_text(spoilt.read_text().replace('deferred = "client suite"', 'deferred = "later"', 1))

    with pytest.raises(UsageError, match=r"rfc6750-bearer-errors.toml: RFC6750-.*: deferred: "):
        Tables(tmp_path / "suites")


def test_the_list_shows_for_each_requirement_its_cases_or_the_reason(
    tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["list", "--requirements", "--json"])
    shown = {row["id"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}

    assert not ended.value.code
    assert set(shown) == set(tables.requirements)
    assert [i for i in tables.in_force if not shown[i]["cases"] and not shown[i]["why"]] == []
