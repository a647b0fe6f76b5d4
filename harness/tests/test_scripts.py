"""The scripts beside the code: run.py, and what a CI reads last."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def script(path: Path) -> ModuleType:
    if not path.is_file():
        pytest.skip(f"{path.name} is not part of this copy of the tree")
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("arguments", [[], ["tests"], ["demo", "now"], ["--help"]])
def test_other_words_than_demo_and_test_get_one_line_of_help(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, ROOT / "run.py", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.fullmatch(r"usage: python3 run\.py demo .* python3 run\.py test .*\n", done.stderr)


def test_an_old_python_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = script(ROOT / "run.py")
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(sys, "version", "3.9.2 (default)")
    assert run.main("demo") == 2
    assert capsys.readouterr().err == "run.py: Python 3.11 or later is needed, and this is 3.9.2\n"


def test_a_missing_venv_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = script(ROOT / "run.py")
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert run.main("test") == 2
    assert capsys.readouterr().err == "run.py: Python's venv is missing: apt-get install python3-venv\n"


def test_nothing_is_installed_again_while_the_project_file_is_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = script(ROOT / "run.py")
    ran: list[list[str]] = []
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "VENV", tmp_path)
    monkeypatch.setattr(run, "works", lambda: True)
    monkeypatch.setattr(run.subprocess, "check_call", ran.append)
    for text, expected in [("a", 1), ("a", 1), ("b", 2)]:
        (tmp_path / "pyproject.toml").write_text(text)
        run.installed("demo", "something")
        assert len(ran) == expected


@pytest.mark.parametrize(
    ("log", "status", "last"),
    [
        ("noise\n3 passed in 1.50s\n== 2 passed, 1 skipped in 0.50s ==\n", "0", "5 passed, 1 skipped in 2.00s"),
        ("1 failed, 9 passed in 61.00s (0:01:01)\n2 passed in 1.00s\n", "1", "1 failed, 11 passed in 62.00s"),
        ("2 passed, 2 errors in 1.00s\n", "1", "2 error, 2 passed in 1.00s"),
        ("4 passed in 1.00s\n", "1", "1 error, 4 passed in 1.00s"),
        ("it took 3 apples in 1.00s\nstrict: 507 passed, 68 not applicable\n", "0", "no tests ran in 0.00s"),
    ],
)
def test_the_last_line_of_ci_sums_up_every_pytest_run(
    log: str, status: str, last: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closing = script(ROOT / ".ci" / "closing.py")
    (tmp_path / "log").write_text(log)
    closing.main(str(tmp_path / "log"), status)
    assert capsys.readouterr().out.splitlines()[-1] == last
