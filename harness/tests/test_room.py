"""What the tables leave room for: each entry decides some case, or says which later suite will cite it."""

import shutil
from pathlib import Path

import pytest

from holdfast import catalogue, profiles, rooms
from holdfast.errors import UsageError
from holdfast.plugin import Collected
from holdfast.requirements import Tables


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(rooms.suites())


@pytest.fixture(scope="module")
def cases(tables: Tables) -> list[Collected]:
    return catalogue.collect(tables)


def test_every_point_of_latitude_decides_a_case_or_is_deferred(tables: Tables, cases: list[Collected]) -> None:
    cited = {case.mark.latitude for case in cases} - {""}
    ready = {point.id for entry in tables.room if not entry.deferred for point in entry.citable()}

    assert cited == ready


def test_every_entry_of_latitude_says_what_something_is_called(tables: Tables) -> None:
    assert [entry.id for entry in tables.room if not list(entry.citable())] == []


def test_entries_and_points_are_told_once_and_in_order(tables: Tables) -> None:
    ids = [entry.id for entry in tables.room]

    assert ids == sorted(set(ids))
    assert [e.id for e in tables.room if len({point.name for point in e.points}) < len(e.points)] == []


def test_an_entry_is_deferred_only_to_a_suite_that_has_a_name(tmp_path: Path) -> None:
    shutil.copytree(rooms.suites(), tmp_path / "suites")
    spoilt = tmp_path / "suites" / "latitude.toml"
    spoilt.write_text(spoilt.read_text().replace('deferred = "proxy suite"', 'deferred = "later"', 1))

    with pytest.raises(UsageError, match=r"^latitude.toml: L11: deferred: "):
        Tables(tmp_path / "suites")


def test_every_situation_is_one_that_a_case_meets(tables: Tables, cases: list[Collected]) -> None:
    assert {situation.name for situation in tables.situations} == {case.mark.situation for case in cases} - {""}


def test_what_a_profile_raises_or_allows_decides_a_case(cases: list[Collected]) -> None:
    decided = {case.requirement.id for case in cases} | {case.mark.latitude for case in cases}
    decided |= {case.mark.latitude.partition("-")[0] for case in cases}

    for name in profiles.names(rooms.suites()):
        profile = profiles.load(rooms.suites(), name)
        assert {*profile.raised, *profile.allows} <= decided, name


def test_a_specification_under_profiles_is_included_by_one(tables: Tables) -> None:
    for specification in tables.under_profiles:
        assert profiles.of(rooms.suites(), specification), specification


@pytest.mark.parametrize("specification", ["FAPI2SP", "SEP1932", "MCP"])
def test_every_entry_of_a_profiles_own_specification_has_a_case_or_a_written_reason(
    tables: Tables, cases: list[Collected], specification: str
) -> None:
    rows = [row for row in catalogue.traceability(tables, cases) if row.spec == specification]

    assert rows
    assert [row.id for row in rows if not row.cases and not row.untested] == []
    assert [row.id for row in rows if row.untested.startswith("not in force")] == []


def test_an_entry_of_another_profile_is_not_in_force(tables: Tables, cases: list[Collected]) -> None:
    fapi2 = profiles.load(rooms.suites(), "fapi2")
    rows = {row.spec: row for row in catalogue.traceability(tables, cases, fapi2)}

    assert rows["SEP1932"].untested == "not in force: belongs to profile mcp"
    assert not rows["FAPI2SP"].untested.startswith("not in force")
