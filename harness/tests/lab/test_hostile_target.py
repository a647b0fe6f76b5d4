"""A target that answers to harm: whoever judges it stays within memory and time, and what it writes can be read."""

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped, unused-ignore]  # with and without types-jsonschema
import pytest

from holdfast import evidence, results_io, rooms, targets
from holdfast.masking import BRIEF
from holdfast.results import Results

HOLDFAST = Path(sys.executable).with_name("holdfast")

#: Files with a few cases each for every place at which the target answers.
CASES = "test_possession or test_server_metadata or test_authorization_server or test_front_channel"

#: Bytes of memory that a hostile target may cost beside one that is not.
MEMORY = 400 << 20
#: Seconds over its deadline after which an exchange has surely not been given up.
GRACE = 10.0
#: Seconds for all that is no exchange: starting the target, and judging what there is.
REST = 300.0
#: Seconds after which a run that hangs is ended.
HANGS = 3000

OWN = "our own error"
JUNIT = {"testsuite", "testcase", "properties", "property", "failure", "error", "skipped"}

#: Stands in all that the target would like to be taken for more than text.
MARK = "pwned"

#: Attributes that make a browser fetch or run something.
LIVE = re.compile(r"on.*|href|src|srcset|srcdoc|style|action|formaction|data|content|http-equiv|xlink:href")


@dataclass(frozen=True)
class Ran:
    """A run that is over, and the most memory that it, or something it started, ever had, in bytes."""

    code: int
    peak: int
    folder: Path

    @cached_property
    def said(self) -> str:
        return "".join((self.folder / name).read_text() for name in ("stdout", "stderr"))

    @cached_property
    def results(self) -> Results:
        return results_io.read(self.folder / "out" / "results.json")

    def text(self, name: str) -> str:
        return (self.folder / "out" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Ran]:
    """Judge it in a process of its own."""

    def run(*arguments: str) -> Ran:
        folder = tmp_path_factory.mktemp("run")
        command = [str(HOLDFAST), "run", "hostile", "--no-wait", "-k", CASES, "--out", "out", *arguments]
        outputs = ["--junit", "out/junit.xml", "--markdown", "out/summary.md"]
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            process = subprocess.Popen([*command, *outputs], cwd=folder, stdout=stdout, stderr=stderr)
            impatience = threading.Timer(HANGS, process.kill)
            impatience.start()
            _, status, usage = os.wait4(process.pid, 0)
            impatience.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return Ran(process.returncode, usage.ru_maxrss << 10, folder)

    return run


@pytest.fixture(scope="module")
def tame(judge: Callable[..., Ran]) -> Ran:
    return judge("--variant", "default")


@pytest.fixture(scope="module")
def hostile(judge: Callable[..., Ran]) -> Ran:
    return judge()


def test_a_run_comes_to_its_end_and_no_error_is_our_own(hostile: Ran) -> None:
    every = targets.variants(targets.load("hostile"))
    own = [(case.id, case.reason) for run in hostile.results.targets for case in run.cases if case.label == OWN]

    assert hostile.code == 1
    assert "Traceback" not in hostile.said
    assert [run.variant for run in hostile.results.targets] == every
    assert own == []


def test_what_a_server_says_that_lets_nobody_in_is_told_in_the_first_place(hostile: Ran) -> None:
    closed = [run for run in hostile.results.targets if run.variant in {"markup", "half-characters", "long-texts"}]

    assert [run.problem.partition(":")[0] for run in closed] == ["no client gets a token"] * 3
    assert [run.variant for run in closed if MARK not in run.problem or len(run.problem) > BRIEF + 1] == []


def test_memory_stays_within_bounds(tame: Ran, hostile: Ran) -> None:
    assert hostile.peak < tame.peak + MEMORY


def test_no_exchange_takes_longer_than_its_deadline_and_no_run_longer_than_its_exchanges(hostile: Ran) -> None:
    kept = evidence.Stored(hostile.results, hostile.folder / "out" / evidence.NAME)
    slow = []
    for run in hostile.results.targets:
        deadline = targets.load("hostile", variant=run.variant).deadline
        seconds = [one.seconds for case in run.cases if case.id in kept for one in kept[case.id].exchanges]
        within = max(seconds, default=0.0) < deadline + GRACE
        if not within or run.seconds > REST + len(seconds) * (deadline + GRACE):
            slow.append((run.variant, run.seconds, len(seconds), max(seconds, default=0.0)))

    assert slow == []


def test_results_obey_the_published_schema_and_say_no_more_than_can_be_read(hostile: Ran) -> None:
    schema = json.loads((rooms.reports() / "schema" / "results-1.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(hostile.text("results.json")))

    cases = [case for run in hostile.results.targets for case in run.cases]
    texts = [[case.reason, case.actual, case.difference, *case.remarks] for case in cases]
    texts += [[signal.seen for signal in case.signals] for case in cases]
    texts += [[*run.findings, run.problem] for run in hostile.results.targets]
    assert max(len(text) for those in texts for text in those) <= BRIEF + 1


class Page(HTMLParser):
    """What a browser would make of a page: its elements, the live attributes with the mark, and what scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.live: list[tuple[str, str, str | None]] = []
        self.scripts = Counter[str]()
        self.shown = False
        self._script = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements |= {tag, *(f"{tag} {name}" for name, _ in attrs)}
        self.live += [(tag, name, value) for name, value in attrs if MARK in f"{name}={value}" and LIVE.fullmatch(name)]
        if tag in {"script", "style"}:
            self._script = f"{tag} {dict(attrs).get('type')}"
            self.scripts[self._script] += 1

    def handle_endtag(self, tag: str) -> None:
        self._script = "" if tag in {"script", "style"} else self._script

    def handle_data(self, data: str) -> None:
        if MARK in data and not self._script:
            self.shown = True
        if MARK in data and self._script and "<" in data:
            self.live.append((self._script, "", data[:80]))


def test_the_report_shows_markup_of_the_target_and_takes_none_for_its_own(tame: Ran, hostile: Ran) -> None:
    golden = Page((rooms.reports() / "golden" / "report.html").read_text(encoding="utf-8"))
    own, page = Page(tame.text("report.html")), Page(hostile.text("report.html"))

    assert page.shown
    assert page.live == []
    assert page.elements <= own.elements | golden.elements
    assert page.scripts["script None"] == own.scripts["script None"]
    assert page.scripts["style None"] == own.scripts["style None"]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", hostile.text("report.html"))


@pytest.mark.parametrize("variant", ["markup", "half-characters"])
def test_the_terminal_is_sent_nothing_that_it_obeys(judge: Callable[..., Ran], variant: str) -> None:
    ran = judge("--variant", variant)
    doctor = subprocess.run([HOLDFAST, "doctor", "hostile", "--variant", variant], capture_output=True, check=False)
    lines = [*ran.said.split("\n"), *(doctor.stdout + doctor.stderr).decode().split("\n")]

    assert (ran.code, doctor.returncode) == (3, 2)
    assert MARK in ran.said.splitlines()[0]
    assert any(MARK in line and line.startswith("BAD ") for line in lines)
    assert [line for line in lines if not line.isprintable()] == []


def test_junit_and_markdown_stay_what_they_are(hostile: Ran) -> None:
    suites = ET.fromstring(hostile.text("junit.xml")).findall("testsuite")
    summary = hostile.text("summary.md")

    assert [int(suite.get("tests", "")) for suite in suites] == [len(run.cases) for run in hostile.results.targets]
    assert {element.tag for suite in suites for element in suite.iter()} <= JUNIT
    assert MARK in summary
    assert not re.search(rf"<[^>]*{MARK}|\]\([^)]*{MARK}", summary)
