"""Breaks cases, one at a time, and shows that the selftest sees it: python harness/tools/break_cases.py [COUNT] [SEED].

Each time one assertion of one case, chosen at random, is made to hold always, in a copy of the tree. Asked are the
twins which that case has to catch by the matrix of an unbroken run (--matrix), so that each takes seconds. Exit code 1
when a broken case was not seen.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from holdfast import rooms
from holdfast.selftest import published
from holdfast.selftest.flaws import load

TOP = Path(__file__).resolve().parents[2]
#: So many of the twins that a case has to catch are asked at most.
TWINS = 8
COPIED = ("harness/holdfast", "suites", "reports", "reference_impls", "pyproject.toml")


def checks(suites: Path) -> list[tuple[Path, str, int]]:
    """Give every assertion of every case: file, function, and which of its assertions."""
    found = []
    for path in sorted(suites.glob("*/test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                count = sum(isinstance(below, ast.Assert) for below in ast.walk(node))
                found += [(path, node.name, number) for number in range(count)]
    return found


def broken(text: str, function: str, number: int) -> tuple[str, str]:
    """Give the text of a file with one assertion of one function that holds always, and what that one said."""
    tree = ast.parse(text)
    (node,) = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == function]
    check = [below for below in ast.walk(node) if isinstance(below, ast.Assert)][number]
    said = ast.unparse(check.test)
    check.test = ast.BoolOp(ast.Or(), [ast.Tuple([check.test, ast.Constant(value=True)], ast.Load()), check.test])
    return ast.unparse(ast.fix_missing_locations(tree)), said


def copied(folder: Path) -> Path:
    """Copy what a selftest needs."""
    for name in COPIED:
        source = TOP / name
        ignore = shutil.ignore_patterns("__pycache__")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder / name)
    return folder


def seen(copy: Path, twins: list[str]) -> tuple[int, str]:
    """Run the selftest of a copy with these twins: its exit code and what it said."""
    words = [
        sys.executable,
        "-c",
        "from holdfast.cli import main; main()",
        "selftest",
        "--processes",
        "1",
        "--out",
        "out",
    ]
    words += [word for twin in twins for word in ("--flaw", twin)]
    environment = {**os.environ, "PYTHONPATH": str(copy / "harness")}
    done = subprocess.run(words, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main() -> int:
    """Break so many cases; the exit code."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("count", nargs="?", type=int, default=10)
    given.add_argument("seed", nargs="?", default="holdfast")
    given.add_argument("--matrix", type=Path, default=rooms.reports() / published.NAME)
    asked = given.parse_args()
    matrix = published.read(asked.matrix)
    flaws = load(rooms.reference_impls() / "flawed" / "flaws")
    every = checks(rooms.suites())
    missed = 0
    for path, function, number in random.Random(asked.seed).sample(every, asked.count):
        case = f"{path.parent.name}/{path.name}::{function}"
        catches = [row for row in matrix.twins if any(matrix.cases[at].partition("[")[0] == case for at in row.caught)]
        # What spoils the wording of a refusal, or breaks the server, is caught whatever the case asserts.
        catches = [row for row in catches if not flaws[row.flaw].signals]
        twins = [row.id for row in sorted(catches, key=lambda row: row.reached)][:: len(catches) // TWINS + 1]
        with tempfile.TemporaryDirectory() as folder:
            copy = copied(Path(folder))
            there = copy / "suites" / path.parent.name / path.name
            text, said = broken(path.read_text(encoding="utf-8"), function, number)
            there.write_text(text, encoding="utf-8")
            code, output = seen(copy, twins) if twins else (0, "no twin has to be caught by it")
        missed += code != 1
        lines = [line for line in output.splitlines() if function in line] or output.splitlines()[-1:]
        state = "red" if code == 1 else "NOT SEEN"
        print(f"{case}: assert {said}\n  against {', '.join(twins)}: {state}: {lines[0][:160]}")
    print(f"{asked.count - missed} of {asked.count} broken cases were seen")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
