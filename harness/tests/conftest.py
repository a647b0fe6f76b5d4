"""What tests may lean on: tools that a machine may lack, and a made-up run."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast import plugin, rooms
from holdfast.results import Evidence, Results

_INSTALL = {
    "containers": "a Docker engine that answers, and the extra holdfast[containers]",
    "nginx": "nginx",
    "proxies": "nginx with libnginx-mod-stream, haproxy, apache2, lighttpd and stunnel4",
    "mod_oauth2": "apache2 and libapache2-mod-oauth2",
    "node": "npm",
    "chromium": "chromium, and playwright from PyPI",
}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"requires(name): needs one of these on this machine: {', '.join(_INSTALL)}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("requires"):
        for name in marker.args:
            check(name)


@pytest.fixture
def requires() -> Callable[[str], None]:
    """Skips the test where a tool is missing, or fails it where HOLDFAST_REQUIRE names the tool."""
    return check


def check(name: str) -> None:
    """Skip, or fail where HOLDFAST_REQUIRE (a comma list) names it, for want of one of _INSTALL."""
    required = {word.strip() for word in os.environ.get("HOLDFAST_REQUIRE", "").split(",") if word.strip()}
    if unknown := sorted({name, *required} - set(_INSTALL)):
        pytest.fail(f"HOLDFAST_REQUIRE: unknown {', '.join(unknown)}; known are {', '.join(_INSTALL)}", pytrace=False)
    if _there(name):
        return
    reason = f"{name} is not on this machine: install {_INSTALL[name]}"
    if name in required:
        pytest.fail(f"{reason} (HOLDFAST_REQUIRE names it)", pytrace=False)
    pytest.skip(reason)


_seen: dict[str, bool] = {}


def _there(name: str) -> bool:
    if name not in _seen:
        _seen[name] = _PRESENT[name]()
    return _seen[name]


def _docker_answers() -> bool:
    if not shutil.which("docker") or importlib.util.find_spec("testcontainers") is None:
        return False
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _found(program: str) -> bool:
    return bool(shutil.which(program) or shutil.which(program, path="/usr/sbin"))


_PRESENT: dict[str, Callable[[], bool]] = {
    "containers": _docker_answers,
    "nginx": lambda: _found("nginx"),
    "proxies": lambda: (
        all(map(_found, ("nginx", "haproxy", "apache2", "lighttpd", "stunnel4")))
        and Path("/usr/lib/nginx/modules/ngx_stream_module.so").exists()
    ),
    "mod_oauth2": lambda: _found("apache2") and Path("/usr/lib/apache2/modules/mod_oauth2.so").exists(),
    "node": lambda: bool(shutil.which("npm")),
    "chromium": lambda: bool(shutil.which("chromium") and importlib.util.find_spec("playwright")),
}


@pytest.fixture(scope="session")
def hostile_run() -> tuple[Results, dict[str, Evidence]]:
    """A made-up run with every verdict and a target that answers with markup, and its evidence by case id."""
    path = Path(__file__).with_name("hostile_run.py")
    spec = importlib.util.spec_from_file_location("hostile_run", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: tuple[Results, dict[str, Evidence]] = module.run()
    return made


@pytest.fixture(scope="session")
def golden() -> Callable[[str, str, Callable[[str], str]], None]:
    """Compares a text with a golden file of reports/golden; HOLDFAST_GOLDEN=write writes it instead."""
    return compare_with_golden


def compare_with_golden(place: str, text: str, unpacked: Callable[[str], str] = lambda text: text) -> None:
    """Fail unless the file reports/`place` holds this text; with HOLDFAST_GOLDEN=write make it so."""
    path = Path(__file__).parents[2] / "reports" / place
    if os.environ.get("HOLDFAST_GOLDEN") == "write":
        path.write_bytes(text.encode())
    kept = path.read_bytes().decode() if path.is_file() else ""
    if unpacked(kept) != unpacked(text):
        pytest.fail(f"{place} is not current: look at the difference, then HOLDFAST_GOLDEN=write pytest", pytrace=False)


@pytest.fixture(scope="session")
def suite_case(pytestconfig: pytest.Config) -> Callable[[str, str], Callable[..., None]]:
    """Give the function of a case by its file below suites/ and its name, to be called with made-up parties."""
    plugin.pytest_configure(pytestconfig)

    def find(file: str, name: str) -> Callable[..., None]:
        path = rooms.suites() / file
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found: Callable[..., None] = getattr(module, name)
        return found

    return find
