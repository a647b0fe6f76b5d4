from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.errors import UsageError


@pytest.mark.parametrize("name", ["suites", "reports", "reference_impls"])
def test_each_room_is_found(name: str) -> None:
    assert getattr(rooms, name)().is_dir()


def test_in_a_wheel_a_room_lies_beside_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_suites").mkdir()
    monkeypatch.setattr(rooms, "_PACKAGE", tmp_path)
    assert rooms.suites() == tmp_path / "_suites"


def test_in_a_checkout_a_room_lies_at_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(rooms, "_PACKAGE", tmp_path / "harness" / "holdfast")
    assert rooms.reports() == tmp_path / "reports"


def test_a_folder_of_that_name_above_an_installation_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "reports").mkdir()
    monkeypatch.setattr(rooms, "_PACKAGE", tmp_path / "site-packages" / "holdfast")
    with pytest.raises(UsageError, match=r"reports: not found .* install the wheel again"):
        rooms.reports()
