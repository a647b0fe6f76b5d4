"""Who may import whom: the arrows between the rooms, and what a module of the harness must not know."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {"suites", "reports", "reference_impls"}
NETWORK = {
    "httpx",
    "httpcore",
    "h11",
    "h2",
    "http",
    "socket",
    "ssl",
    "urllib.request",
    "requests",
    "starlette",
    "uvicorn",
}
SENDING = {*NETWORK, "holdfast.wire"}
CLOCK = {"time", "datetime", "random", "secrets", "uuid"}
CONTAINERS = {"docker", "testcontainers"}

#: A module or package of the harness, and what it must not import, at any depth of its own code.
NEVER: Mapping[str, set[str]] = {
    "jose": {*SENDING, *CLOCK, "pytest"},
    "proofs": {*SENDING, "pytest", "holdfast.targets"},
    "proof_bytes": {*SENDING, *CLOCK, "pytest"},
    "proof_defects": {*SENDING, *CLOCK, "pytest"},
    "pki": {*SENDING, "pytest", "holdfast.targets"},
    "wire": {"pytest", "holdfast.parties", "holdfast.targets", "holdfast.launch", "holdfast.verdicts"},
    "exchange": {"pytest", "holdfast.targets", "holdfast.parties"},
    "masking": {*SENDING, *CLOCK, "pytest"},
    "secret_forms": {*SENDING, *CLOCK, "pytest"},
    "challenges": {*SENDING, *CLOCK, "pytest"},
    "challenge_syntax": {*SENDING, *CLOCK, "pytest"},
    "parties": {"pytest", "holdfast.plugin"},
    "targets": {*SENDING, "pytest", "subprocess", "holdfast.launch"},
    "target_model": {*SENDING, "pytest", "subprocess"},
    "target_checks": {*SENDING, "pytest", "subprocess"},
    "target_document": {*SENDING, "pytest", "subprocess"},
    "launch": {"pytest", "holdfast.parties", "holdfast.verdicts", "holdfast.proofs"},
    "requirements": {*SENDING, *CLOCK, "pytest"},
    "profiles": {*SENDING, *CLOCK, "pytest"},
    "cases": {*SENDING, *CLOCK, *CONTAINERS, "holdfast.parties", "holdfast.verdicts", "holdfast.engine"},
    "verdicts": {*SENDING, *CLOCK, "pytest", "holdfast.exchange", "holdfast.parties", "holdfast.targets"},
    "signals": {*SENDING, *CLOCK, "pytest"},
    "engine": {*NETWORK, "pytest", "holdfast.verdicts", "holdfast.results", "holdfast.parties"},
    "plugin": SENDING,
    "results": {*SENDING, *CLOCK, "pytest", "jinja2", "holdfast.report", "holdfast.targets"},
    "results_io": {*SENDING, *CLOCK, "pytest", "jinja2", "holdfast.report", "holdfast.targets"},
    "evidence": {*SENDING, *CLOCK, "pytest"},
    "report": {*SENDING, *CONTAINERS, "pytest", "time", "random", "secrets", "holdfast.targets", "holdfast.parties"},
    "cli": {*SENDING, "pytest", "rich", "jinja2", "pydantic", "cryptography"},
}


def imports(path: Path, package: str = "", *, top: bool = False) -> Iterator[str]:
    """Dotted names a file imports, each name of a `from` import with its module; `top`: only those at import time."""
    tree = ast.parse(path.read_bytes(), str(path))
    for node in top_level(tree) if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: -(node.level - 1) or None] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes outside functions."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from top_level(node)


def within(name: str, forbidden: set[str]) -> bool:
    """Whether a dotted name is one of these or lies in one of them."""
    return any(name == one or name.startswith(f"{one}.") for one in forbidden)


def python_files(room: str) -> list[Path]:
    found = sorted(path for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts)
    return found if room == "reports" else found or pytest.fail(f"{room}: no Python file")


def module_files(name: str) -> list[Path]:
    single = ROOT / "harness" / "holdfast" / f"{name}.py"
    return [single] if single.is_file() else python_files(f"harness/holdfast/{name}")


def harness_package(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "harness").parent.parts)


def test_suites_import_nothing_but_holdfast_pytest_and_the_standard_library() -> None:
    allowed = {"holdfast", "pytest", *sys.stdlib_module_names}
    strange = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files("suites")
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ]
    assert strange == []


def test_suites_import_no_module_that_sends_or_waits_by_itself() -> None:
    own = {*NETWORK, "asyncio", "subprocess", "threading", "time", "os", "holdfast.wire", "holdfast.engine"}
    strange = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files("suites")
        for name in imports(path)
        if within(name, own)
    ]
    assert strange == []


def test_suites_hold_cases_and_tables_and_no_helpers() -> None:
    strange = [str(path.relative_to(ROOT)) for path in python_files("suites") if not path.name.startswith("test_")]
    assert strange == []


def test_the_harness_imports_no_other_room() -> None:
    others = {*ROOMS, "strict_server", *(f"holdfast._{room}" for room in ROOMS)}
    strange = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files("harness/holdfast")
        for name in imports(path, harness_package(path))
        if within(name, others)
    ]
    assert strange == []


@pytest.mark.parametrize("room", ["reference_impls", "reports"])
def test_reference_implementations_and_reports_import_nothing_of_ours(room: str) -> None:
    strange = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files(room)
        for name in imports(path, "a_target")
        if within(name, {"holdfast", "harness", "suites"})
    ]
    assert strange == []


def test_reports_hold_no_python() -> None:
    assert python_files("reports") == []


@pytest.mark.parametrize("name", NEVER)
def test_a_module_of_the_harness_never_knows(name: str) -> None:
    # The command imports lazily: what its functions import costs nothing where they are not called.
    strange = [
        f"{path.relative_to(ROOT)}: {imported}"
        for path in module_files(name)
        for imported in imports(path, harness_package(path), top=name == "cli")
        if within(imported, NEVER[name])
    ]
    assert strange == []


def test_only_the_launch_package_knows_containers() -> None:
    strange = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files("harness/holdfast")
        if "launch" not in path.parts
        for name in imports(path, harness_package(path))
        if within(name, CONTAINERS)
    ]
    assert strange == []


def test_every_module_named_here_exists() -> None:
    assert [name for name in NEVER if not module_files(name)] == []


def test_the_reader_of_imports_sees_every_form(tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text("import a.b\nfrom c import d\nfrom . import e\nfrom .f import g\ndef h():\n    from ..i import j\n")

    assert list(imports(file, "package.inner", top=True)) == [
        "a.b", "c", "c.d", "package.inner", "package.inner.e", "package.inner.f", "package.inner.f.g",
    ]  # fmt: skip
    assert list(imports(file, "package.inner"))[-2:] == ["package.i", "package.i.j"]
