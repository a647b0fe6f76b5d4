"""Behind a firewall that answers 403 to whatever looks odd, a pass means that the request was stopped, and by whom."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast import evidence, rooms

if TYPE_CHECKING:
    from holdfast.results import CaseResult, Signal
    from tests.lab.conftest import Holdfast, Ran

#: Files of cases about the form of a request, which a firewall looks at, and about what it says, which it does not.
CASES = "test_proof_syntax or test_proof_header or test_replay.py or test_possession"

BLOCKED = "403, no challenge, no error code"

#: The honest server, but that it takes any typ in a proof, and a proof as often as it comes.
LAX = """
import sys

sys.path.insert(0, STRICT)
from strict_server import guards, main

guards._HONEST.update({"proof.typ": lambda check: None, "proof.replay": lambda check: None})
sys.exit(main.main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Judged:
    """The cases that applied, by their id in the suites, and those in which the firewall answered what was judged."""

    cases: Mapping[str, "CaseResult"]
    blocked: frozenset[str]

    def verdict(self, case: str) -> str:
        return self.cases[case].verdict


Run = Callable[[str], Judged]


def judged(ran: "Ran") -> Judged:
    kept = evidence.Stored(ran.results, ran.folder / evidence.NAME)
    cases = {case.case: case for case in ran.cases("passed", "failed", "warning", "noted", "inconclusive")}
    blocked = {
        name
        for name, case in cases.items()
        if case.id in kept
        for one in kept[case.id].exchanges
        if one.purpose in {"hostile", "probe"} and ("Server", "waf") in one.response_headers
    }
    return Judged(cases, frozenset(blocked))


@pytest.fixture(scope="module")
def run(holdfast: "Holdfast") -> Run:
    """Judge a resource server: a target by its name or its folder."""
    selected = ("--variant", "default", "--no-wait", "--suite", "dpop", "-k", CASES, "--jobs", "16")
    return lambda target: judged(holdfast("run", target, *selected))


@pytest.fixture(scope="module")
def lax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of targets in which the server is lax in two things, one of which a firewall can see."""
    room, folder = rooms.reference_impls(), tmp_path_factory.mktemp("lax")
    for name in ("waf", "strict_rs"):
        shutil.copytree(room / name, folder / name)
    (folder / "proxy").symlink_to(room / "proxy")
    (folder / "strict").mkdir()
    (folder / "strict" / "serve.py").write_text(LAX.replace("STRICT", repr(str(room / "strict"))))
    return folder


def wordings(case: "CaseResult") -> list["Signal"]:
    return [signal for signal in case.signals if signal.name == "wording"]


def test_honest_requests_work_and_both_kinds_of_refusal_are_seen(run: Run) -> None:
    behind = run("waf")
    passed = {name for name, case in behind.cases.items() if case.verdict == "passed"}

    assert len(passed & behind.blocked) > 50
    assert len(passed - behind.blocked) > 30
    assert {case.verdict for case in behind.cases.values()} == {"passed", "failed", "warning"}


def test_whatever_the_firewall_answered_is_not_worded_as_a_refusal_has_to_be(run: Run) -> None:
    behind = run("waf")
    worded = [signal for name in behind.blocked for signal in wordings(behind.cases[name])]

    assert {signal.seen for signal in worded} == {BLOCKED}
    assert {signal.verdict for signal in worded} <= {"failed", "warning", "noted"}


def test_where_it_did_not_answer_all_is_as_it_is_without_it(run: Run) -> None:
    behind, alone = run("waf"), run("strict_rs")
    others = behind.cases.keys() - behind.blocked

    assert {n: (behind.verdict(n), behind.cases[n].signals) for n in others} == {
        n: (alone.verdict(n), alone.cases[n].signals) for n in others
    }


def test_it_fails_what_it_stops_although_it_is_right_and_nothing_else(run: Run) -> None:
    behind, alone = run("waf"), run("strict_rs")
    found = {name: case for name, case in behind.cases.items() if case.verdict != "passed"}

    assert found.keys() <= behind.blocked
    assert {case.actual for case in found.values()} == {f"refused: {BLOCKED}"}
    assert {alone.verdict(name) for name in found} == {"passed"}


def test_it_passes_nothing_that_the_server_lets_in_and_that_it_does_not_stop_itself(run: Run, lax: Path) -> None:
    behind, alone = run(str(lax / "waf")), run(str(lax / "strict_rs"))
    let_in = {name for name, case in alone.cases.items() if case.verdict != "passed"}
    stopped = {name for name in let_in if behind.verdict(name) == "passed"}

    assert stopped
    assert stopped <= behind.blocked
    assert {one.seen for name in stopped for one in wordings(behind.cases[name])} == {BLOCKED}
    assert let_in - stopped
    assert {n: behind.verdict(n) for n in let_in - stopped} == {n: alone.verdict(n) for n in let_in - stopped}
