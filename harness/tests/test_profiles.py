"""Profiles load, and a mistake in one is one line."""

from pathlib import Path

import pytest

from holdfast import profiles, rooms
from holdfast.applicability import elsewhere
from holdfast.cases import Mark
from holdfast.errors import UsageError
from holdfast.requirements import Requirement, Tables


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    return tmp_path


def said(suites: Path, text: str) -> str:
    (suites / "profiles" / "mine.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        profiles.load(suites, "mine")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_shipped_profiles_load() -> None:
    names = profiles.names(rooms.suites())

    assert {"base", "strict-replay"} <= set(names)
    assert [profiles.load(rooms.suites(), name).name for name in names] == names


def test_the_base_profile_raises_and_demands_nothing() -> None:
    base = profiles.load(rooms.suites(), "base")

    assert (base.requires, dict(base.raised)) == ((), {})


def test_an_unknown_profile_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^--profile: no profile 'strict-reply' \(did you mean strict-replay\?\)$"):
        profiles.load(rooms.suites(), "strict-reply")


def test_a_profile_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(UsageError, match=r"\(there are base, "):
        profiles.load(rooms.suites(), "zzz")


def test_a_profile_of_broken_toml_is_one_line(suites: Path) -> None:
    assert said(suites, "name = \n").startswith("mine.toml: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name = 'mine'", "mine.toml: summary: Field required"),
        ("name = 'mine'\nsummary = 'x'\nraise = 1", "mine.toml: raise: Extra inputs are not permitted"),
        ("name = 'mine'\nsummary = 'x'\n[raised]\nA = 'worse'", "mine.toml: raised.A: Input should be"),
    ],
)
def test_a_mistake_in_a_profile_is_named(suites: Path, text: str, line: str) -> None:
    assert said(suites, text).startswith(line)


def profile(**own: object) -> profiles.Profile:
    return profiles.Profile.model_validate({"name": "p", "summary": "s"} | own)


def test_a_requirement_and_a_point_of_latitude_are_raised_by_name() -> None:
    mine = profile(raised={"X-1": "failed", "L07-past-300": "noted"})

    assert mine.raises("X-1", "") == "failed"
    assert mine.raises("X-2", "L07-past-300") == "noted"
    assert mine.raises("X-2", "L07-past-3600") is None
    assert mine.raises("X-2", "") is None


def test_an_entry_of_latitude_is_raised_with_all_its_points() -> None:
    mine = profile(raised={"L07": "failed"})

    assert mine.raises("X-1", "L07") == mine.raises("X-1", "L07-past-300") == "failed"
    assert mine.raises("X-1", "L071") is None


def test_a_requirement_raised_by_its_own_name_comes_before_its_latitude() -> None:
    assert profile(raised={"X-1": "failed", "L07": "noted"}).raises("X-1", "L07-past-300") == "failed"


def requirement(spec: str) -> Requirement:
    return Requirement.model_validate(
        {"id": f"{spec}-1", "spec": spec, "section": "1", "role": "RS", "level": "MUST", "summary": "s"}
        | {"testable": "black-box", "how": "h"}
    )


def test_a_case_of_another_profile_is_not_asked() -> None:
    tables = Tables(rooms.suites())
    plain = Mark("FAPI2SP-1")

    assert elsewhere(plain, requirement("FAPI2SP"), tables, profile()) == "belongs to profile fapi2"
    assert elsewhere(plain, requirement("FAPI2SP"), tables, profile(includes=["FAPI2SP"])) == ""
    assert elsewhere(plain, requirement("RFC9449"), tables, profile()) == ""


def test_nothing_is_asked_about_what_a_profile_allows() -> None:
    tables = Tables(rooms.suites())
    mine = profile(allows=["L07-future-60"])

    said = elsewhere(Mark("X-1", latitude="L07-future-60"), requirement("RFC9449"), tables, mine)

    assert said.startswith("profile p allows it: How long a proof is good")
    assert elsewhere(Mark("X-1", latitude="L07-past-300"), requirement("RFC9449"), tables, mine) == ""


def test_a_profile_names_its_own_rules_for_refusals(suites: Path) -> None:
    rule = "[[always]]\nid = 'P-1'\nwhere = ['resource']\nsummary = 's'\nbasis = 'b'\n"

    assert said(suites, f"name = 'mine'\nsummary = 'x'\n{rule}").startswith("mine.toml: always.0.hard: ")
    assert said(suites, f"name = 'mine'\nsummary = 'x'\n{rule}hard = {{ statuses = [1] }}").startswith(
        "mine.toml: always.0.hard.statuses: Extra inputs"
    )
