"""Servers that are no flaw but a trap: none passes a case, each is done with in time, and it is said what is wrong."""

import contextlib
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast import catalogue, launch, rooms, session, targets, verdicts
from holdfast.applicability import Limits
from holdfast.assemble import bench_for
from holdfast.evidence import EvidenceWriter, read_all
from holdfast.played import Part, close_all, part_for
from holdfast.profiles import load
from holdfast.requirements import Tables
from holdfast.results import CaseResult, ExchangeRecord

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

#: The target whose variants they are, by the role in which they are judged.
AT = {"rs": "traps", "as": "traps_as"}

#: Seconds over its deadline after which an exchange has surely not been given up.
GRACE = 10.0

REFUSES = "the resource server refuses every honest request: "
HANGS = r"the resource does not answer as it should: it hangs \(.* timeout "
PAGE = "the resource answers every request with 200 and without its canary, honest ones too"
BREAKS_OFF = "the resource does not answer as it should: .* closed "

#: What is said of a resource server that is a trap, by its variant.
SAID = {
    "default": REFUSES,
    "breaks": "the resource does not answer as it should: it answers 500 to everything",
    "hangs": HANGS,
    "slow": f"{REFUSES}|{HANGS}",  # on a busy machine its answers come too late
    "late": HANGS,
    "closes-at-once": BREAKS_OFF,
    "closes-in-the-head": BREAKS_OFF,
    "closes-in-the-body": BREAKS_OFF,
    "logs-in": REFUSES,
    "asks-for-nonces": f"{REFUSES}.* use_dpop_nonce",
    "error-page": PAGE,
    "error-in-json": PAGE,
    "never-ends": "the resource does not answer as it should: .* oversize ",
}
#: Of the others it may be said, as the dice have it, that not even the configuration can be right.
GENEROUS = ["throws-dice", "accepts"]


@pytest.fixture(scope="module")
def ran(holdfast: "Holdfast") -> Callable[[str], "Ran"]:
    """All traps of one role, judged in one run; few cases, since none is asked of any."""
    return lambda role: holdfast("run", AT[role], "--no-wait", "--suite", "mtls")


@pytest.mark.parametrize("role", AT)
def test_every_trap_is_named_here(role: str) -> None:
    assert targets.variants(targets.load(AT[role])) == [*SAID, *GENEROUS]


@pytest.mark.parametrize("role", AT)
@pytest.mark.parametrize("trap", SAID)
def test_a_run_passes_nothing_and_says_what_is_wrong(ran: Callable[[str], "Ran"], trap: str, role: str) -> None:
    run = ran(role).variant(trap)

    assert {case.verdict for case in run.cases} == {"inconclusive", "not applicable"}
    said = SAID[trap] if role == "rs" else "no client gets a token: client main-"
    assert re.match(said, run.problem)


@pytest.mark.parametrize(("role", "place"), [("rs", "resource"), ("as", "token endpoint")])
def test_what_accepts_everything_is_a_mistake_in_the_configuration(
    ran: Callable[[str], "Ran"], role: str, place: str
) -> None:
    assert ran(role).code == 2
    assert ran(role).stderr.splitlines()[-1].startswith(f"holdfast: {AT[role]}: the {place} is not protected: ")


def test_the_report_says_of_each_what_is_wrong(ran: Callable[[str], "Ran"]) -> None:
    page = unescape((ran("rs").folder / "report.html").read_text())

    assert [run.variant for run in ran("rs").results.targets if run.problem not in page] == []


def test_without_metadata_it_is_said_that_there_is_none(holdfast: "Holdfast", tmp_path: Path) -> None:
    text = (rooms.reference_impls() / "traps_as" / "target.toml").read_text()
    kept, rest = text[: text.index("[endpoints]")], text[text.index("[introspection]") : text.index("[variants.slow]")]
    (tmp_path / "target.toml").write_text((kept + rest).replace("../traps", str(rooms.reference_impls() / "traps")))

    told = holdfast("run", str(tmp_path), "--no-wait", "--suite", "mtls")
    said = "the authorization server's token endpoint is not known: no metadata at https://localhost:"

    assert told.code == 3
    assert said in told.stdout.splitlines()[0]
    assert [run.variant for run in told.results.targets if run.problem.startswith(said)] == list(SAID)[:3]


# The rules of verdicts by themselves, with nobody who looks first


@dataclass(frozen=True)
class Seen:
    """What became of the cases that applied, and all that was exchanged, by case id."""

    cases: Sequence[CaseResult]
    exchanges: Mapping[str, Sequence[ExchangeRecord]]
    deadline: float


@pytest.fixture(scope="module")
def one_row_each() -> frozenset[str]:
    """The first row of every case."""
    first: dict[str, str] = {}
    for found in catalogue.collect(Tables(rooms.suites())):
        first.setdefault(found.item.nodeid.partition("[")[0], found.item.nodeid)
    return frozenset(first.values())


@pytest.fixture(scope="module")
def judged(one_row_each: frozenset[str], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Seen]:
    """Have a trap judged without the doctor, who would let no case begin; once for all tests."""
    tables, known = Tables(rooms.suites()), dict[tuple[str, str], Seen]()
    options = session.Options(load(rooms.suites(), "base"), jobs=32, cases=one_row_each, limits=Limits(wait=False))

    def run(role: str, variant: str) -> Seen:
        target, kept = targets.load(AT[role], variant=variant), tmp_path_factory.mktemp(variant) / "evidence"
        stop, parts = threading.Event(), list[Part]()
        with contextlib.ExitStack() as ending:
            ending.callback(close_all, parts)
            running = ending.enter_context(launch.start(target, None, stop, suite=part_for(target, parts)))
            bench = bench_for(running, tables, stop, parts[0] if parts else None)
            ending.callback(bench.end)
            with EvidenceWriter(kept) as writer:
                cases = session.judged_cases(bench, options, tables, writer)
        asked = [case for case in cases if case.verdict not in {"not applicable", "not run"}]
        return Seen(asked, {one.case: one.exchanges for one in read_all(kept)}, target.deadline)

    def once(role: str, variant: str) -> Seen:
        if (role, variant) not in known:
            known[role, variant] = run(role, variant)
        return known[role, variant]

    return once


#: TLS is spoken in every trap as it should be: these cases hold where it ends a handshake, or refuses a second one.
OF_TLS_ALONE = re.compile("test_old_version_of_tls_is_refused|after_a_second_handshake")


@pytest.mark.parametrize("role", AT)
@pytest.mark.parametrize("trap", [*SAID, "accepts"])
def test_no_case_is_passed_by_a_server_that_answers_everything_alike(
    judged: Callable[[str, str], Seen], trap: str, role: str
) -> None:
    seen = judged(role, trap)

    assert len(seen.cases) > 100
    cases = [case for case in seen.cases if not OF_TLS_ALONE.search(case.id)]
    assert [case.id for case in cases if case.verdict == "passed"] == []
    assert [(case.id, case.reason) for case in cases if case.label] == []
    # Of a change nothing is said by any of them. That honest requests, or anybody's, fare badly may be said.
    said = {case.id: (case.difference, case.actual) for case in cases if case.verdict != "inconclusive"}
    assert {case: what for case, what in said.items() if what[0] not in {"", "no credentials"}} == {}


@pytest.mark.parametrize("role", AT)
@pytest.mark.parametrize("trap", ["hangs", "slow", "late", "never-ends"])
def test_every_exchange_ends_with_its_deadline(judged: Callable[[str, str], Seen], trap: str, role: str) -> None:
    seen = judged(role, trap)
    seconds = [exchange.seconds for sent in seen.exchanges.values() for exchange in sent]

    assert seconds
    assert max(seconds) < seen.deadline + GRACE


# Who is lucky in all that vouches for a case passes it: that is all there is to be had


@pytest.mark.parametrize("role", AT)
def test_dice_pass_no_refusal_beside_which_an_honest_request_was_refused(
    judged: Callable[[str, str], Seen], role: str
) -> None:
    seen = judged(role, "throws-dice")
    passed = [seen.exchanges[case.id] for case in seen.cases if case.verdict == "passed" and case.id in seen.exchanges]
    refused = [(own, one.control) for own in passed for one in own if one.control and one.outcome == "refused"]

    assert refused
    # Beside a refusal such a case may have seen an acceptance: for that no honest request has to vouch.
    assert {own[control - 1].outcome for own, control in refused} == {"accepted"}


@pytest.mark.parametrize("role", AT)
def test_dice_never_hold(judged: Callable[[str, str], Seen], role: str) -> None:
    seen = judged(role, "throws-dice")

    assert verdicts.exit_code([case.verdict for case in seen.cases], "failed") != 0
    assert [(case.id, case.reason) for case in seen.cases if case.label == "our own error"] == []
