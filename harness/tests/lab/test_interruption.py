"""A run that is told to stop writes what it knows, ends what it started, and says what it did not do."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast import targets

if TYPE_CHECKING:
    from tests.lab.conftest import Going, Ran, Starts

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")

STRICT = targets.load("strict")
VARIANTS = targets.variants(STRICT)

#: Listeners that one variant alone opens; each has a port in every variant.
OF_A_VARIANT = {"replica", "mtls"}

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])

#: It starts, takes its port, never answers, and does not heed SIGTERM.
DEAF = """
import signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("deaf is there", flush=True)
    time.sleep(600)
"""
DEAF_TARGET = """
name = "deaf"
roles = ["rs"]
[listeners]
rs = { port = 8080, scheme = "http" }
[[services]]
name = "server"
listeners = ["rs"]
process = ["{python}", "{here}/deaf.py", "{port.rs}", "--of-the-run", "{work}"]
image = { name = "debian:bookworm-slim", command = ["sleep", "600"] }
[resources.main]
url = "{url.rs}/resource"
canary = "never said"
[variants.other]
summary = "never started"
"""


class Scratch:
    """The folder for temporary files of a run. Its path stands in the command line of all that the run starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @property
    def environment(self) -> dict[str, str]:
        return {"TMPDIR": str(self.folder)}

    def command_lines(self) -> list[str]:
        """Of processes that were started by the run and live."""
        return [line for line in _command_lines() if str(self.folder) in line]

    def ports(self) -> set[int]:
        """Ports that those were given."""
        given = re.compile(r"(?:-port|deaf\.py) (\d+)")
        return {int(port) for line in self.command_lines() for port in given.findall(line)}


def _command_lines() -> Iterator[str]:
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def until(happened: Callable[[], object], going: "Going") -> None:
    """Wait for something that a run is about to do, and fail when it ends without."""
    pause = threading.Event()
    while not happened():
        assert going.process.poll() is None, going.process.communicate()
        pause.wait(0.02)


def group_is_gone(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / "scratch")


@pytest.fixture
def deaf(tmp_path: Path) -> Path:
    (tmp_path / "deaf.py").write_text(DEAF)
    file = tmp_path / "target.toml"
    file.write_text(DEAF_TARGET)
    return file


def has_judged(going: "Going") -> Callable[[], bool]:
    """Whether a case is over: the evidence is written case by case."""
    evidence = going.folder / "evidence.jsonl.gz"
    return lambda: evidence.exists() and evidence.stat().st_size > 0


def assert_nothing_is_left(ran: "Ran", scratch: Scratch, ports: set[int]) -> None:
    assert scratch.command_lines() == []
    assert group_is_gone(ran.pid)
    assert [port for port in sorted(ports) if listens(port)] == []
    assert list(scratch.folder.iterdir()) == []


def assert_cut_short(ran: "Ran", variants: list[str]) -> None:
    """The first variant was begun, the others were not; all is told."""
    begun, *rest = ran.results.targets
    report = (ran.folder / "report.html").read_text()

    assert ran.code == 3, ran.stderr
    assert [run.variant for run in (begun, *rest)] == variants
    assert [run.interrupted for run in (begun, *rest)] == [True] * len(variants)
    assert {run.problem for run in rest} == {"the run was interrupted before this was started"}
    assert [run.cases for run in rest] == [[]] * len(rest)
    assert "The run was interrupted" in report
    assert "Traceback" not in ran.stderr


def assert_cut_short_in_the_middle(ran: "Ran") -> None:
    begun = ran.results.targets[0]
    found = {verdict: len(ran.cases(verdict)) for verdict in ("passed", "not run")}

    assert ran.cases("failed", "inconclusive", "warning", "noted") == []
    assert found["passed"] > 0
    assert found["not run"] > 0
    assert {case.reason for case in ran.cases("not run")} == {"the run was interrupted"}
    assert len(begun.cases) == found["passed"] + found["not run"] + len(ran.cases("not applicable"))
    assert f"{found['not run']} not run" in ran.stderr


@SIGNALS
def test_a_run_that_is_stopped_among_its_cases_leaves_a_report_and_nothing_else(
    starts: "Starts", scratch: Scratch, number: signal.Signals
) -> None:
    going = starts("run", "strict", "--jobs", "1", environment=scratch.environment)
    until(has_judged(going), going)
    ports = {port for port in scratch.ports() if listens(port)}
    going.process.send_signal(number)
    ran = going.ended()

    assert len(ports) == len(STRICT.listeners.keys() - OF_A_VARIANT)
    assert_cut_short(ran, VARIANTS)
    assert_cut_short_in_the_middle(ran)
    assert_nothing_is_left(ran, scratch, ports)


def test_a_run_that_is_stopped_while_a_case_waits_for_real_time_ends_too(starts: "Starts", scratch: Scratch) -> None:
    case = "lifecycle/test_introspection.py::test_expired_token_is_refused"
    going = starts("run", "strict", "--variant", "short", "--case", case, environment=scratch.environment)
    log = going.folder / "logs" / "strict" / "short" / "server.log"
    # The last request before the cases goes to userinfo; the case gets itself a token and waits until that has expired.
    until(lambda: log.exists() and "POST /token" in log.read_text().partition("GET /userinfo")[2], going)
    going.process.terminate()
    ran = going.ended()

    assert [(result.case, result.verdict) for result in ran.cases()] == [(case, "not run")]
    assert ran.code == 3
    assert_nothing_is_left(ran, scratch, set())


def test_a_run_that_is_stopped_between_two_variants_keeps_what_was_judged(starts: "Starts", scratch: Scratch) -> None:
    going = starts("run", "strict", "--suite", "metadata", environment=scratch.environment)
    assert going.process.stderr is not None
    assert going.process.stderr.readline().startswith("strict/default: ")
    going.process.terminate()
    ran = going.ended()
    judged = [run.variant for run in ran.results.targets if not run.interrupted]

    assert ran.code == 3
    assert judged[0] == "default"
    assert len(judged) < len(VARIANTS)
    assert [run.variant for run in ran.results.targets] == VARIANTS
    assert_nothing_is_left(ran, scratch, set())


def test_a_run_that_is_stopped_while_it_writes_its_report_writes_it_to_the_end(
    starts: "Starts", scratch: Scratch
) -> None:
    suites = ("--suite", "metadata", "--suite", "mtls")
    going = starts("run", "strict", "--variant", "default", *suites, environment=scratch.environment)
    assert going.process.stderr is not None
    assert going.process.stderr.readline().startswith("strict/default: ")
    going.process.terminate()
    ran = going.ended()

    assert ran.code == 0
    assert [(run.variant, run.interrupted) for run in ran.results.targets] == [("default", False)]
    assert (ran.folder / "report.html").read_text().rstrip().endswith("</html>")
    assert_nothing_is_left(ran, scratch, set())


@SIGNALS
def test_a_run_that_is_stopped_while_its_target_starts_ends_a_target_that_does_not_heed_it(
    starts: "Starts", scratch: Scratch, deaf: Path, number: signal.Signals
) -> None:
    going = starts("run", str(deaf), environment=scratch.environment)
    log = going.folder / "logs" / "deaf" / "default" / "server.log"
    until(lambda: log.exists() and "deaf is there" in log.read_text(), going)
    ports = scratch.ports()
    going.process.send_signal(number)
    ran = going.ended()

    assert len(ports) == 1
    assert_cut_short(ran, ["default", "other"])
    assert ran.results.targets[0].problem == "the run was interrupted while the target was started"
    assert "deaf could not be judged" in ran.stdout
    assert_nothing_is_left(ran, scratch, ports)


def published(process: int) -> set[int]:
    """Ports on this machine that containers of a run are published to."""
    listed = ["docker", "ps", "--filter", f"label=holdfast.process={process}", "--format", "{{.Ports}}"]
    said = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    return {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)->", said)}


@pytest.mark.requires("containers")
def test_containers_of_a_run_that_is_stopped_among_its_cases_are_gone(
    starts: "Starts", scratch: Scratch, left_in_docker: Callable[["Ran"], list[str]]
) -> None:
    going = starts("run", "strict", "--launch", "container", "--jobs", "1", environment=scratch.environment)
    until(has_judged(going), going)
    ports = published(going.process.pid)
    going.process.terminate()
    ran = going.ended()

    assert len(ports) == len(STRICT.listeners)
    assert_cut_short(ran, VARIANTS)
    assert_cut_short_in_the_middle(ran)
    assert left_in_docker(ran) == []
    assert_nothing_is_left(ran, scratch, ports)


@pytest.mark.requires("containers")
def test_containers_of_a_run_that_is_stopped_while_its_target_starts_are_gone(
    starts: "Starts", scratch: Scratch, deaf: Path, left_in_docker: Callable[["Ran"], list[str]]
) -> None:
    going = starts("run", str(deaf), "--launch", "container", environment=scratch.environment)
    until(lambda: published(going.process.pid), going)
    going.process.terminate()
    ran = going.ended()

    assert_cut_short(ran, ["default", "other"])
    assert ran.results.targets[0].problem == "the run was interrupted while the target was started"
    assert left_in_docker(ran) == []
    assert_nothing_is_left(ran, scratch, set())
