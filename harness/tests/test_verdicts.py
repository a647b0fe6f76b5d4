"""Every rule of a verdict, one row each."""

import itertools
from typing import TYPE_CHECKING, Literal

import pytest

from holdfast.outcome import Outcome
from holdfast.profiles import Profile
from holdfast.requirements import Broken, Latitude, Requirement
from holdfast.verdicts import RANK, Decision, Judged, Seen, broken_as, by_level, decide, exit_code, worst

if TYPE_CHECKING:
    from holdfast.results import Verdict

BAD = "it was refused"
NAMES: tuple[Broken, ...] = ("failed", "warning", "noted")


def requirement(level: str = "MUST", broken: Broken | None = None) -> Requirement:
    return Requirement.model_validate(
        {"id": "X-1", "spec": "X", "section": "1", "role": "RS", "level": level, "summary": "s"}
        | {"testable": "black-box", "how": "h", "broken_as": broken}
    )


def profile(raised: Broken | None) -> Profile:
    return Profile(name="p", summary="s", raised={"X-1": raised, "X-2": "failed"} if raised else {"X-2": "failed"})


def latitude(broken: Broken | None) -> Latitude:
    return Latitude(id="L1", topic="t", broken_as=broken)


# What a broken property is called


@pytest.mark.parametrize(
    ("level", "called"),
    [
        ("MUST", "failed"),
        ("MUST NOT", "failed"),
        ("SHOULD", "warning"),
        ("SHOULD NOT", "warning"),
        ("MAY", "noted"),
        ("SECURITY-CONSIDERATION", "noted"),
    ],
)
def test_the_level_decides_where_nothing_else_does(level: str, called: str) -> None:
    assert by_level(requirement(level)) == called
    assert broken_as(requirement(level), None, profile(None)) == called
    assert broken_as(requirement(level), latitude(None), profile(None)) == called


@pytest.mark.parametrize(("raised", "room", "own"), list(itertools.product((None, *NAMES), repeat=3)))
def test_profile_comes_before_latitude_before_broken_as_before_level(
    raised: Broken | None, room: Broken | None, own: Broken | None
) -> None:
    for level in ("MUST", "SHOULD", "MAY"):
        asked = requirement(level, own)

        assert broken_as(asked, latitude(room), profile(raised)) == (raised or room or own or by_level(asked))


# What counts

R, A, B, N = Outcome.REFUSED, Outcome.ACCEPTED, Outcome.BROKE, Outcome.NONE


@pytest.mark.parametrize("broken", NAMES)
@pytest.mark.parametrize(
    ("held", "judged", "verdict"),
    [
        # a refusal counts only with good brackets, whether it was wanted or not
        (True, Judged(R, control=""), "passed"),
        (True, Judged(R, control=BAD), "inconclusive"),
        (False, Judged(R, control=""), "broken"),
        (False, Judged(R, control=BAD), "inconclusive"),
        (True, Judged(R), "passed"),
        # what vouches for acceptances does not concern a refusal
        (True, Judged(R, control="", protected=BAD, discerning=BAD), "passed"),
        # an acceptance stands whatever the bracket, but only where the resource is protected
        (False, Judged(A, control=BAD, protected=""), "broken"),
        (False, Judged(A, control="", protected=""), "broken"),
        (False, Judged(A, control="", protected=BAD), "inconclusive"),
        (True, Judged(A, control="", protected=BAD, discerning=""), "inconclusive"),
        # one that the case wants counts only at an endpoint that tells keys apart
        (True, Judged(A, protected="", discerning=""), "passed"),
        (True, Judged(A, protected="", discerning=BAD), "inconclusive"),
        (True, Judged(A, control=BAD, protected="", discerning=""), "passed"),
        (False, Judged(A, protected="", discerning=BAD), "broken"),
        (True, Judged(A), "passed"),
        # what broke is never a pass, and counts when it was seen again between good brackets
        (True, Judged(B, control="", seen_again=True), "broken"),
        (False, Judged(B, control="", seen_again=True), "broken"),
        (False, Judged(B, control="", seen_again=False), "inconclusive"),
        (True, Judged(B, control="", seen_again=False), "inconclusive"),
        (False, Judged(B, control=BAD, seen_again=True), "inconclusive"),
        # busy, or nobody there: nothing was judged
        (True, Judged(N, control=""), "inconclusive"),
        (False, Judged(N, control=""), "inconclusive"),
        (False, Judged(N, busy=True), "inconclusive"),
        (True, Judged(A, busy=True, protected="", discerning=""), "inconclusive"),
    ],
)
def test_one_exchange_is_decided_by_outcome_and_what_vouches(
    held: bool,  # noqa: FBT001 - a column
    judged: Judged,
    verdict: str,
    broken: Broken,
) -> None:
    decision = decide(Seen(held, [judged]), broken)

    assert decision.verdict == (broken if verdict == "broken" else verdict)
    assert bool(decision.reason) is (decision.verdict == "inconclusive" or judged.outcome is B)


@pytest.mark.parametrize("broken", NAMES)
def test_what_broke_is_labelled_so(broken: Broken) -> None:
    decision = decide(Seen(False, [Judged(B, control="", seen_again=True, detail="500")]), broken)

    assert decision == Decision(broken, "the target broke: 500", "broke")


def test_one_exchange_that_proves_nothing_spoils_the_case() -> None:
    good, bad = Judged(R, control=""), Judged(R, control=BAD)

    assert decide(Seen(True, [good, bad]), "failed").verdict == "inconclusive"
    assert decide(Seen(True, [good, good]), "failed").verdict == "passed"


def test_a_case_that_never_came_to_its_assertion_is_inconclusive() -> None:
    assert decide(Seen(None, [], "no token"), "failed") == Decision("inconclusive", "no token")


def test_our_own_error_is_never_the_targets() -> None:
    assert decide(Seen(None, [], "KeyError", ours=True), "failed") == Decision(
        "inconclusive", "KeyError", "our own error"
    )


@pytest.mark.parametrize("broken", NAMES)
def test_a_property_seen_without_a_judged_exchange_stands_on_its_own(broken: Broken) -> None:
    assert decide(Seen(True), broken).verdict == "passed"
    assert decide(Seen(False), broken).verdict == broken


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (Judged(R, control="<r>"), "the honest request fared no better: <r>"),
        (Judged(B, control="<r>"), "the honest request fared no better: <r>"),
        (Judged(A, protected="<r>"), "the resource is not protected: <r>"),
        (Judged(A, protected="", discerning="<r>"), "any key, so that an acceptance says nothing: <r>"),
        (Judged(N, detail="<r>"), "the target judged nothing: <r>"),
        (Judged(N, busy=True, detail="<r>"), "asked to be left alone: <r>"),
        (Judged(B, control="", seen_again=False, detail="<r>"), "the target broke once and not again: <r>"),
    ],
)
def test_a_reader_is_told_why_nothing_was_decided(judged: Judged, reason: str) -> None:
    assert decide(Seen(True, [judged]), "failed").reason.endswith(reason)


# Several verdicts


def test_the_gravest_verdict_comes_first() -> None:
    order: list[Verdict] = [
        "failed",
        "inconclusive",
        "warning",
        "noted",
        "passed",
        "not applicable",
        "not run",
    ]

    assert sorted(RANK, key=RANK.__getitem__, reverse=True) == order
    for start in range(len(order)):
        assert worst(order[start:][::-1]) == order[start]
    assert worst([]) == "not run"


FAIL_ON: tuple[Literal["failed", "warning", "noted"], ...] = ("failed", "warning", "noted")


@pytest.mark.parametrize("fail_on", FAIL_ON)
@pytest.mark.parametrize("size", range(len(RANK) + 1))
def test_the_exit_code_of_every_combination(size: int, fail_on: Literal["failed", "warning", "noted"]) -> None:
    grave = {"failed": {"failed"}, "warning": {"failed", "warning"}, "noted": {"failed", "warning", "noted"}}[fail_on]
    for verdicts in itertools.combinations(RANK, size):
        code = exit_code(verdicts, fail_on)
        if grave & set(verdicts):
            assert code == 1, verdicts
        elif "inconclusive" in verdicts or not {"passed", "warning", "noted"} & set(verdicts):
            assert code == 3, verdicts
        else:
            assert code == 0, verdicts


def test_findings_beat_what_is_inconclusive() -> None:
    assert exit_code(["inconclusive", "failed", "passed"], "failed") == 1
    assert exit_code(["inconclusive", "warning", "passed"], "failed") == 3
    assert exit_code(["inconclusive", "warning", "passed"], "warning") == 1
