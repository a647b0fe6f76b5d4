"""Targets that stay up: everything answers as printed, and nothing is left, whatever was killed meanwhile."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.launch import prepare

pytestmark = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")

HOLDFAST = Path(sys.executable).with_name("holdfast")
#: Seconds after which a command that hangs is killed; none comes near it.
HANGS = 600
CANARY = "holdfast protected resource"
#: It never answers.
SILENT = """
name = "silent"
roles = ["rs"]
[listeners]
rs = { port = 8080, scheme = "http" }
[[services]]
name = "server"
listeners = ["rs"]
process = ["sleep", "600"]
ready_seconds = 600
[resources.main]
url = "{url.rs}/resource"
canary = "never said"
"""


@dataclass(frozen=True)
class Lab:
    """The command with a cache of its own, whose path stands in the command line of all that it starts."""

    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_CACHE_HOME": str(self.cache), "NO_COLOR": "1"}

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [str(HOLDFAST), "lab", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=HANGS, check=False)

    def up(self, *words: str) -> list[str]:
        ran = self("up", *words)
        assert (ran.returncode, ran.stderr) == (0, "")
        return ran.stdout.splitlines()

    def starts(self, *words: str) -> "subprocess.Popen[str]":
        """Start the command, as if at a terminal of its own."""
        return subprocess.Popen(
            [str(HOLDFAST), "lab", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def folder(self, name: str) -> Path:
        return self.cache / "holdfast" / "labs" / name

    def keeper(self, name: str) -> int:
        return int(json.loads((self.folder(name) / "state.json").read_text())["pid"])

    def rows(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self("list", "--json").stdout.splitlines()]

    def processes(self) -> list[str]:
        """Command lines of all that was started and lives, keepers among them."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            except OSError:
                continue
            if str(self.cache).encode() in line or f"XDG_CACHE_HOME={self.cache}".encode() in environment:
                found.append(line.replace(b"\0", b" ").decode())
        return found

    def answers(self, lines: list[str]) -> list[str]:
        """What each request for the resource is answered, sent as the printed lines say it: in order."""
        asked = [number for number, line in enumerate(lines) if line.startswith("curl -sSi")]
        script = "\n".join(f"echo ===; {line}" if number in asked else line for number, line in enumerate(lines))
        ran = subprocess.run(
            ["sh"], input=script, env=self.environment, capture_output=True, text=True, check=True, timeout=HANGS
        )
        assert ran.stderr == ""
        found = ran.stdout.split("===\n")[1:]
        assert len(found) == len(asked)
        return [f"{answer.split()[1]}{' with canary' if CANARY in answer else ''}" for answer in found]

    def left(self) -> list[str]:
        """Name everything that is left."""
        return [*self.processes(), *(str(path) for path in self.cache.rglob("*") if "wheels" not in path.parts)]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "cache")
    made.cache.mkdir()
    yield made
    made("down")


@pytest.fixture
def silent(tmp_path: Path) -> str:
    file = tmp_path / "silent.toml"
    file.write_text(SILENT)
    return str(file)


def until(happened: Callable[[], object]) -> None:
    """Wait for something that is about to happen."""
    pause = threading.Event()
    while not happened():
        pause.wait(0.02)


SERVED, REFUSED = "200 with canary", "401"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (("strict",), [SERVED, REFUSED, SERVED]),
        (("strict", "--variant", "nonce-required"), [SERVED, REFUSED, SERVED]),
        (("strict_rs",), [SERVED, REFUSED, SERVED]),
        (("proxy",), [SERVED, REFUSED, SERVED, REFUSED, SERVED, SERVED]),
        (("proxy", "--variant", "drop-certificate"), [REFUSED, REFUSED, SERVED, REFUSED, SERVED, SERVED]),
    ],
    ids=" ".join,
)
def test_what_is_printed_is_answered_as_it_says_and_down_leaves_nothing(
    lab: Lab, target: tuple[str, ...], expected: list[str]
) -> None:
    lines = lab.up(*target)

    assert lab.answers(lines) == expected
    assert (lab.folder(target[0]) / "curl.sh").read_text().splitlines() == lines
    assert oct(lab.folder(target[0]).stat().st_mode & 0o777) == "0o700"
    assert len(lab.processes()) > 1

    ran = lab("down")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{target[0]} is ended\n", "")
    assert lab.left() == []


def test_several_are_up_at_once_each_under_its_name_and_none_twice(lab: Lab) -> None:
    lab.up("strict")
    lab.up("strict_rs")
    again = lab("up", "strict", "--variant", "short")

    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)
    assert "strict is up already (variant default, as process, since " in again.stderr
    assert [(row["name"], row["variant"], row["status"]) for row in lab.rows()] == [
        ("strict", "default", "up"),
        ("strict_rs", "default", "up"),
    ]
    assert lab("down", "strict").stdout == "strict is ended\n"
    assert [row["name"] for row in lab.rows()] == ["strict_rs"]
    assert re.fullmatch(
        r"strict_rs  default  process  \S+ \S+  rs=https://\S+  plain=http://\S+  suite=https://\S+\n",
        lab("list").stdout,
    )


@pytest.mark.parametrize("also", [False, True], ids=["its keeper", "its keeper and those of the services"])
def test_what_a_killed_keeper_left_is_ended_by_down(lab: Lab, *, also: bool) -> None:
    lab.up("proxy")
    keeper = lab.keeper("proxy")
    children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split() if also else []
    for process in [keeper, *map(int, children)]:
        os.kill(process, signal.SIGKILL)

    assert [row["status"] for row in lab.rows()] == ["gone"]
    ran = lab("down")
    assert (ran.returncode, ran.stdout) == (0, "proxy had no keeper any more; what was left of it is removed\n")
    assert lab.left() == []


def test_what_a_killed_keeper_left_is_no_hindrance_to_the_next(lab: Lab) -> None:
    lab.up("strict")
    os.kill(lab.keeper("strict"), signal.SIGKILL)

    assert lab.answers(lab.up("strict")) == [SERVED, REFUSED, SERVED]


def test_a_keeper_that_is_told_to_end_by_others_leaves_nothing(lab: Lab) -> None:
    lab.up("strict")
    keeper = lab.keeper("strict")
    os.kill(keeper, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{keeper}").exists() or " Z " in Path(f"/proc/{keeper}/stat").read_text())

    assert lab.left() == []
    assert lab("down").stdout == "nothing is up\n"


def test_a_stopped_keeper_is_ended_too(lab: Lab) -> None:
    lab.up("strict")
    os.kill(lab.keeper("strict"), signal.SIGSTOP)

    assert lab("down").stdout == "strict is ended\n"
    assert lab.left() == []


def test_a_service_that_ends_by_itself_is_told(lab: Lab) -> None:
    lab.up("strict")
    (server,) = [
        int(folder.parent.name)
        for folder in Path("/proc").glob("[0-9]*/cmdline")
        if str(lab.cache).encode() in (line := folder.read_bytes()) and b"keeper.py" not in line and b"serve.py" in line
    ]
    os.kill(server, signal.SIGKILL)
    until(lambda: lab.rows()[0]["ended"] == ["server"])

    assert "ended by itself: server" in lab("list").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_up_that_is_ended_while_the_target_starts_leaves_nothing(lab: Lab, silent: str, number: signal.Signals) -> None:
    going = lab.starts("up", silent)
    until(lambda: [line for line in lab.processes() if line.startswith("sleep 600")])
    going.send_signal(number)
    _, said = going.communicate(timeout=HANGS)
    until(lambda: not lab.processes())

    assert "Traceback" not in said
    assert lab.left() == []


def test_down_ends_a_target_that_is_being_started(lab: Lab, silent: str) -> None:
    going = lab.starts("up", silent)
    until(lambda: [line for line in lab.processes() if line.startswith("sleep 600")])

    assert [row["status"] for row in lab.rows()] == ["starting"]
    assert lab("down", "silent").stdout == "silent is ended\n"
    _, said = going.communicate(timeout=HANGS)
    assert (going.returncode, said) == (2, "holdfast: silent was ended while it started\n")
    assert lab.left() == []


def test_a_target_that_does_not_start_is_told_and_leaves_nothing(lab: Lab, silent: str) -> None:
    Path(silent).write_text(SILENT.replace('["sleep", "600"]', '["sh", "-c", "echo no more >&2; exit 3"]'))
    ran = lab("up", silent)

    assert ran.returncode == 2
    assert "server ended with exit code 3 before it answered" in ran.stderr
    assert "no more" in ran.stderr
    assert lab.left() == []


def test_two_at_once_are_one(lab: Lab) -> None:
    both = [lab.starts("up", "strict") for _ in range(2)]
    said = [process.communicate(timeout=HANGS) for process in both]

    assert sorted(process.returncode for process in both) == [0, 2]
    assert [err.count("\n") for _, err in said if err] == [1]


def in_docker(mark: str) -> list[str]:
    """Containers and networks with that mark, running or not."""
    asked = (["docker", "ps", "-aq"], ["docker", "network", "ls", "-q"])
    return [
        line
        for command in asked
        for line in subprocess.run(
            [*command, "--filter", f"label=holdfast.run={mark}"], capture_output=True, text=True, check=True
        ).stdout.split()
    ]


@pytest.mark.requires("containers")
@pytest.mark.parametrize("killed", [False, True], ids=["ended", "its keeper killed"])
def test_containers_answer_as_printed_and_none_is_left(lab: Lab, *, killed: bool) -> None:
    wheels = prepare.cache() / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    (lab.cache / "holdfast").mkdir()
    (lab.cache / "holdfast" / "wheels").symlink_to(wheels)
    lines = lab.up("proxy", "--launch", "container")
    mark = json.loads((lab.folder("proxy") / "state.json").read_text())["mark"]

    assert lab.answers(lines) == [SERVED, REFUSED, SERVED, REFUSED, SERVED, SERVED]
    assert len(in_docker(mark)) == 4  # server, proxy and the same proxy with the suite behind, on one network
    assert "--connect-to" in "\n".join(lines)

    if killed:
        os.kill(lab.keeper("proxy"), signal.SIGKILL)
    assert lab("down").returncode == 0
    assert in_docker(mark) == []
    assert [line for line in lab.left() if not line.endswith("/holdfast")] == []
