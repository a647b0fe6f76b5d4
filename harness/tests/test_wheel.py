"""The wheel as its users have it: what it brings, and a run from a folder of theirs. `tox -e wheel` runs this."""

import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

INSTALLED = metadata.distribution("holdfast")
HOLDFAST = Path(sys.executable).with_name("holdfast")
EDITABLE = json.loads(INSTALLED.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable", False)

pytestmark = pytest.mark.skipif(EDITABLE, reason="holdfast is installed editable here: tox -e wheel installs the wheel")


def holdfast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, run in a folder with pytest settings of its own, which must not matter."""
    folder.joinpath("pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    folder.joinpath("conftest.py").write_text("raise SystemExit('a conftest of the caller was read')\n")
    environment = {**os.environ, "PYTEST_ADDOPTS": "--no-such-option", "NO_COLOR": "1"}
    return subprocess.run(
        [HOLDFAST, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_only_top_level_name_is_holdfast() -> None:
    files = [file for file in INSTALLED.files or [] if not file.name.endswith(".pyc")]
    names = {file.parts[0] for file in files if file.parts[0] != ".."}
    assert names == {"holdfast", f"holdfast-{INSTALLED.version}.dist-info"}
    assert {file.name for file in files if file.parts[0] == ".."} == {"holdfast"}


def test_the_rooms_lie_beside_the_code_without_anything_generated() -> None:
    files = {str(file) for file in INSTALLED.files or []}
    expected = ["_suites/pytest.toml", "_reports/templates/report.html.j2", "_reference_impls/strict/target.toml"]
    assert [name for name in expected if f"holdfast/{name}" not in files] == []
    assert "holdfast/py.typed" in files
    assert [name for name in files if "node_modules" in name or name.endswith((".pem", ".key", ".sqlite"))] == []


def test_no_entry_point_but_the_command() -> None:
    assert [(entry.group, entry.name) for entry in INSTALLED.entry_points] == [("console_scripts", "holdfast")]


def test_strict_is_judged_from_a_foreign_folder(tmp_path: Path) -> None:
    done = holdfast(tmp_path, "run", "strict", "--variant", "default", "--suite", "dpop", "--no-wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "strict holds" in done.stdout
    written = {path.name for path in (tmp_path / "holdfast-report").iterdir()}
    assert {"results.json", "evidence.jsonl.gz", "report.html"} <= written


def test_case_ids_are_the_same_from_every_folder(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    listed = [holdfast(folder, "list", "cases", "--json") for folder in (tmp_path, other)]
    assert [done.returncode for done in listed] == [0, 0]
    assert listed[0].stdout == listed[1].stdout
    assert '"dpop/test_htm.py::' in listed[0].stdout
