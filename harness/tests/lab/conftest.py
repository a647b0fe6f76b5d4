"""The command as a person runs it: once for each set of arguments, with what it said and wrote."""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from holdfast import results_io
from holdfast.results import CaseResult, Results, TargetRun

HOLDFAST = Path(sys.executable).with_name("holdfast")

#: Seconds after which a run that hangs is killed; no run comes near it.
HANGS = 1800

#: What takes longest is begun first, so that nobody waits for it at the end.
LONG = (
    "test_strict",
    "test_real_proxies",
    "test_strict_rs",
    "test_containers",
    "test_traps",
    "test_one_difference",
    "test_third_parties",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest (`--dist loadfile --no-loadscope-reorder`)."""
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


_SOME = "test_binding or test_token_checks or test_nonce or test_downgrade or test_freshness or test_challenges"

#: Variants of strict_rs, and which cases each is asked, where not all are: a variant differs from another in one thing.
MINTING = {
    "default": "",
    "nonce-required": _SOME,
    "opaque": "",
    "dpop-only": _SOME,
    "bearer": _SOME,
    "fapi2": f"{_SOME} or fapi2",
    "mcp": f"{_SOME} or mcp",
}


#: Lines of a server's log that are shown where a case could not be decided.
SHOWN = 20


@dataclass(frozen=True)
class Ran:
    """One call of `holdfast run` that is over."""

    pid: int
    code: int
    stdout: str
    stderr: str
    folder: Path

    @cached_property
    def results(self) -> Results:
        return results_io.read(self.folder / "results.json")

    def variant(self, name: str) -> TargetRun:
        (found,) = [run for run in self.results.targets if run.variant == name]
        return found

    def cases(self, *verdicts: str, variants: Collection[str] = ()) -> list[CaseResult]:
        """Cases with one of these verdicts, of these variants; neither given: all."""
        return [
            case
            for run in self.results.targets
            for case in run.cases
            if (not verdicts or case.verdict in verdicts) and (not variants or case.variant in variants)
        ]

    def named(self, *verdicts: str, variant: str) -> set[str]:
        """Ids of these cases. pytest shows what is written beside an assertion that does not hold."""
        found = self.cases(*verdicts, variants=[variant])
        for case in found:
            if case.verdict != "passed":
                sys.stdout.write(f"{case.case}: {case.verdict}: {case.reason or case.actual}\n")
        if any(case.verdict == "inconclusive" for case in found):
            for log in sorted(self.folder.glob(f"logs/*/{variant}/*.log")):
                lines = log.read_text(errors="replace").splitlines()
                sys.stdout.write("\n  ".join([log.name, *lines[-SHOWN:]]) + "\n")
        return {case.case for case in found}

    def judgement(self, *variants: str) -> dict[str, tuple[str, list[tuple[str, ...]]]]:
        """Verdict and signals of each case of these variants, of all where none is named."""
        return {
            f"{case.variant}/{case.case}": (
                case.verdict,
                [(signal.name, signal.situation, signal.seen, signal.verdict) for signal in case.signals],
            )
            for case in self.cases(variants=variants)
        }


@dataclass(frozen=True)
class Going:
    """A call of the command that still runs, in a process group of its own."""

    process: subprocess.Popen[str]
    folder: Path

    def ended(self) -> Ran:
        stdout, stderr = self.process.communicate(timeout=HANGS)
        return Ran(self.process.pid, self.process.returncode, stdout, stderr, self.folder)


Starts = Callable[..., Going]
Holdfast = Callable[..., Ran]


def start(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Going:
    """Start the command in a foreign folder; a `run` writes to `folder`/out."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*arguments, "--out", "out"] if arguments[0] == "run" else list(arguments)
    process = subprocess.Popen(
        [HOLDFAST, *words],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Going(process, folder / "out")


@pytest.fixture(scope="session")
def holdfast(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Holdfast:
    """Run the command to its end; the same arguments are run once for all tests, in whichever process they are."""
    own = tmp_path_factory.getbasetemp()
    runs = (own if worker_id == "master" else own.parent) / "runs"
    known: dict[tuple[object, ...], Ran] = {}

    def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        key = (arguments, tuple((environment or {}).items()))
        if key not in known:
            known[key] = _once(runs / hashlib.sha256(repr(key).encode()).hexdigest()[:16], arguments, environment)
        return known[key]

    return run


def _once(folder: Path, arguments: Sequence[str], environment: Mapping[str, str] | None) -> Ran:
    """Give the run that is kept in this folder; it is made where nobody did, and awaited where somebody does."""
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "said.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            going = start(folder, *arguments, environment=environment)
            try:
                ran = going.ended()
            finally:
                _kill(going.process)
            said.write_text(json.dumps([ran.pid, ran.code, ran.stdout, ran.stderr]))
        pid, code, stdout, stderr = json.loads(said.read_text())
    return Ran(pid, code, stdout, stderr, folder / "out")


@pytest.fixture(scope="session")
def alone(holdfast: Holdfast) -> Callable[[str], Ran]:
    """Judge a variant of the resource server that stands alone: with every case, or with those that MINTING names."""

    def run(variant: str) -> Ran:
        part = ("-k", MINTING[variant]) if MINTING[variant] else ()
        return holdfast("run", "strict_rs", "--variant", variant, "--no-wait", "--jobs", "16", *part)

    return run


@pytest.fixture
def starts(tmp_path: Path) -> Iterator[Starts]:
    """Start the command and come back at once; what a failed test left running is killed."""
    going: list[Going] = []

    def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Going:
        going.append(start(tmp_path / f"run{len(going)}", *arguments, environment=environment))
        return going[-1]

    yield run
    for one in going:
        _kill(one.process)


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture(scope="session")
def left_in_docker() -> Callable[[Ran], list[str]]:
    """Containers and networks that a run labelled as its own and that are still there, running or not."""

    def found(ran: Ran) -> list[str]:
        mine = f"label=holdfast.process={ran.pid}"
        commands = (["docker", "ps", "-aq"], ["docker", "network", "ls", "-q"])
        return [
            line
            for command in commands
            for line in subprocess.run(
                [*command, "--filter", mine], capture_output=True, text=True, check=True
            ).stdout.split()
        ]

    return found
