"""Profiles load, and a mistake in one is one line."""

from pathlib import Path

import pytest

from holdfast import profiles, rooms
from holdfast.errors import UsageError


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
