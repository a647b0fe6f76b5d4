"""What a tracked file may be: short, and free of keys and of the places of one machine."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {
    ".git",
    ".venv",
    ".tox",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
    "__pycache__",
    "node_modules",
    "holdfast-report",
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 40

# Each pattern is written so that it does not match itself.
UNWANTED = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY[-]----\s+[A-Za-z0-9+/]",
    "a home folder": r"(?<![\w.])/(?:home|Users)/(?!runner\b)[a-z]\w*",
    "a folder of one machine": r"""(?<![\w.{}])/(?:work|root|opt)/(?!venv\b)[\w.-]+""",
    "a package index": r"""https?://[\w.-]*(?:registry|artifactory|nexus|verdaccio|pkg\.dev|/simple)[\w./-]*""",
}


@cache
def tracked() -> tuple[Path, ...]:
    """Files under version control; without git, such as in a copy of the tree, all that are not generated."""
    try:
        said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        names = [ROOT / name for name in said.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    if not names:
        names = [path for path in ROOT.rglob("*") if not GENERATED & {*path.relative_to(ROOT).parts}]
    return tuple(sorted(path for path in names if path.is_file()))


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if b"\0" not in (content := path.read_bytes()):
            yield str(path.relative_to(ROOT)), content.decode()


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Name and length of every function, from its `def` to its last line; decorators hold rows and do not count."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_python_file_is_longer_than_400_lines() -> None:
    long = [(name, text.count("\n")) for name, text in texts() if name.endswith(".py")]
    assert [f"{name}: {lines} lines" for name, lines in long if lines > LONGEST_FILE] == []


def test_no_function_is_longer_than_40_lines() -> None:
    long = [
        f"{name}: {function}: {lines} lines"
        for name, text in texts()
        if name.endswith(".py")
        for function, lines in functions(text)
        if lines > LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(UNWANTED[what])
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}"
        for name, text in texts()
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_no_generated_file_is_tracked() -> None:
    assert [str(path) for path in tracked() if GENERATED & {*path.relative_to(ROOT).parts}] == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a private key", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQ"),
        ("a home folder", "see /home/" + "ada/src"),
        ("a folder of one machine", "in /wo" + "rk/main"),
        ("a package index", "https:/" + "/packages.artifactory.example/simple"),
    ],
)
def test_the_patterns_see(what: str, text: str) -> None:
    assert re.search(UNWANTED[what], text)


def topics_of_the_proxy_suite() -> set[str]:
    """First arguments of `observe` in suites/proxy: a name in capitals, which the file gives a text."""
    found = set[str]()
    for path in (ROOT / "suites" / "proxy").glob("test_*.py"):
        text = path.read_text()
        tree = ast.parse(text)
        said: dict[str, object] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    names = target.elts if isinstance(target, ast.Tuple) else [target]
                    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                    said |= {
                        name.id: value.value
                        for name, value in zip(names, values, strict=False)
                        if isinstance(name, ast.Name) and isinstance(value, ast.Constant)
                    }
        found |= {str(said[name]) for name in re.findall(r"\.observe\(\s*([A-Z_]+)", text)}
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "reference_impls").glob("*/target.toml")), ids=lambda p: p.parent.name)
def test_what_mends_a_proxy_is_about_a_topic_that_the_suite_looks_at(path: Path) -> None:
    table = tomllib.loads(path.read_text())
    parts = [table, *table.get("variants", {}).values()]
    mended = {topic for part in parts for topic in part.get("proxy", {}).get("mends", {})}
    assert mended <= topics_of_the_proxy_suite()
