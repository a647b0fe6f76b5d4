"""Outcome x level x profile -> verdict. Pure: no clock, no pytest, no network.

The precedence is profile, latitude, the requirement's `broken_as`, its level. A refusal counts only between two
honest requests that were accepted; an acceptance counts only where somebody without credentials is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from holdfast.outcome import Outcome
from holdfast.profiles import Profile
from holdfast.requirements import Broken, Latitude, Requirement
from holdfast.results import Verdict

RANK: dict[Verdict, int] = {
    "failed": 6,
    "inconclusive": 5,
    "warning": 4,
    "noted": 3,
    "passed": 2,
    "not applicable": 1,
    "not run": 0,
}


@dataclass(frozen=True)
class Judged:
    """What vouches for one judged exchange.

    control: None where none is needed or asked; otherwise an empty text when the honest requests before and after
    were accepted, or what happened to them.
    protected: an empty text when the anonymous request is refused, or what happened; None where it does not apply.
    discerning: an empty text when a proof by another key was refused at this endpoint, or what happened.
    honest: whether it is an honest request, for which nothing else vouches.
    seen_again: whether an outcome of "broke" was the same on a second run alone; None: not run again.
    """

    outcome: Outcome
    control: str | None = None
    protected: str | None = None
    discerning: str | None = None
    honest: bool = False
    busy: bool = False
    seen_again: bool | None = None
    detail: str = ""


@dataclass(frozen=True)
class Seen:
    """What one run of a case brought to light.

    held: whether the case's assertion held; None when it was never reached, and then `why_not` says why.
    ours: the harness itself failed; never the target's fault.
    """

    held: bool | None
    judged: Sequence[Judged] = ()
    why_not: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Decision:
    """A verdict, why, and a label where the reader needs one ("broke")."""

    verdict: Verdict
    reason: str = ""
    label: str = ""


def broken_as(requirement: Requirement, latitude: Latitude | None, profile: Profile) -> Broken:
    """Say what it is called when this requirement's property does not hold."""
    if (raised := profile.raises(requirement.id, latitude.id if latitude else "")) is not None:
        return raised
    if latitude is not None and latitude.broken_as is not None:
        return latitude.broken_as
    if requirement.broken_as is not None:
        return requirement.broken_as
    return by_level(requirement)


def by_level(requirement: Requirement) -> Broken:
    """MUST (NOT): failed; SHOULD (NOT): warning; MAY and security considerations: noted."""
    if requirement.level.startswith("MUST"):
        return "failed"
    return "warning" if requirement.level.startswith("SHOULD") else "noted"


def decide(seen: Seen, broken: Broken) -> Decision:
    """Give the verdict on a case, from what was seen and what a broken property is called."""
    if seen.held is None:
        return Decision("inconclusive", seen.why_not, "our own error" if seen.ours else "")
    for judged in seen.judged:
        if reason := _unsupported(judged, held=seen.held):
            return Decision("inconclusive", reason)
    if any(judged.outcome is Outcome.BROKE for judged in seen.judged):
        detail = next(judged.detail for judged in seen.judged if judged.outcome is Outcome.BROKE)
        return Decision(broken, f"the target broke: {detail}", "broke")
    return Decision("passed") if seen.held else Decision(broken)


def _unsupported(judged: Judged, *, held: bool) -> str:
    """Say why this exchange proves nothing; an empty text where it does."""
    reason = ""
    if judged.busy:
        reason = f"the target asked to be left alone: {judged.detail}"
    elif judged.outcome is Outcome.NONE:
        reason = f"the target judged nothing: {judged.detail}"
    elif judged.outcome is Outcome.BROKE and judged.seen_again is False:
        reason = f"the target broke once and not again: {judged.detail}"
    elif judged.outcome in {Outcome.BROKE, Outcome.REFUSED} and judged.control:
        reason = f"the honest request fared no better: {judged.control}"
    elif judged.outcome is Outcome.REFUSED and judged.honest and held:
        reason = f"the honest request was refused, so that its answer says nothing: {judged.detail}"
    elif judged.outcome is Outcome.ACCEPTED and judged.protected:
        reason = f"the resource is not protected: {judged.protected}"
    elif judged.outcome is Outcome.ACCEPTED and held and judged.discerning:
        reason = f"this endpoint takes a proof by any key, so that an acceptance says nothing: {judged.discerning}"
    return reason


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Give the gravest of several verdicts; "not run" when there are none."""
    return max(verdicts, key=RANK.__getitem__, default="not run")


def exit_code(verdicts: Sequence[Verdict], fail_on: Literal["failed", "warning", "noted"]) -> int:
    """0 nothing at or above `fail_on`; 1 findings; 3 inconclusive or nothing judged. 1 beats 3."""
    if any(RANK[fail_on] <= RANK[v] and v != "inconclusive" for v in verdicts):
        return 1
    judged = {"passed", "warning", "noted"} & set(verdicts)
    return 3 if "inconclusive" in verdicts or not judged else 0
