"""The verdict in words: one sentence for each target and one for the whole run."""

from dataclasses import dataclass
from typing import Literal

from holdfast.report.findings import IMPACTS, JUDGED, counts, spent_known
from holdfast.report.text import listed, number
from holdfast.results import CaseResult, Results, Score, TargetRun, Verdict

Tone = Literal["good", "mild", "open", "bad"]
_BAD: tuple[Tone, ...] = ("bad", "open")


@dataclass(frozen=True)
class Said:
    """A sentence about a target, and how it sounds: good, mild (warnings), open (undecided) or bad."""

    target: str
    tone: Tone
    sentence: str


def of_targets(results: Results) -> list[Said]:
    """One sentence for each target, over all its variants."""
    runs: dict[str, list[TargetRun]] = {}
    for run in results.targets:
        runs.setdefault(run.target, []).append(run)
    return [of_target(name, those) for name, those in runs.items()]


def of_target(name: str, runs: list[TargetRun]) -> Said:
    """What is to be said of a target, from all its runs."""
    cases = [case for run in runs for case in run.cases]
    found = counts(cases)
    judged = sum(found[verdict] for verdict in JUDGED)
    known = spent_known(cases)
    if found["failed"] > known:
        return Said(name, "bad", f"{name} does not hold: {_failed(cases, found['failed'], judged, known)}.")
    if wrong := _worded(cases, "failed"):
        said = number(wrong, "refusal is", "refusals are")
        return Said(name, "bad", f"{name} does not hold: {said} worded against the specification.")
    if problems := [run for run in runs if run.problem]:
        where = "" if len(problems) == len(runs) else f" in {listed([run.variant for run in problems])}"
        return Said(name, "open", f"{name} could not be judged{where}: {problems[0].problem.rstrip('.')}.")
    if found["inconclusive"]:
        share = f"{number(found['inconclusive'], 'case')} of {len(cases):,}"
        return Said(name, "open", f"{name} is undecided: {share} came to no verdict.")
    if judged and any(run.interrupted for run in runs):
        rest = f"{number(judged, 'case was', 'cases were')} judged, {found['not run']:,} not run"
        return Said(name, "open", f"{name} was not judged to the end: {rest}.")
    return _held(name, found, judged, known, _worded(cases, "warning", "noted"))


def _held(name: str, found: dict[Verdict, int], judged: int, known: int, worded: int) -> Said:
    if not judged:
        return Said(name, "open", f"Nothing was judged on {name}.")
    left = f"; {number(found['not run'], 'case was', 'cases were')} not run" if found["not run"] else ""
    if known:
        return Said(
            name, "mild", f"{name} fails only where the baseline says so: {number(known, 'known failure')}{left}."
        )
    mild = [number(found["warning"], "warning")] if found["warning"] else []
    mild += [number(found["noted"], "note")] if found["noted"] else []
    mild += [number(worded, "refusal worded otherwise", "refusals worded otherwise")] if worded else []
    if mild:
        return Said(name, "mild", f"{name} holds what is demanded, with {listed(mild)}{left}.")
    every = "the one judged case" if judged == 1 else f"all {judged:,} judged cases"
    return Said(name, "good", f"{name} holds: {every} passed{left}.")


def _worded(cases: list[CaseResult], *verdicts: Verdict) -> int:
    """How many ways of wording a refusal were judged so, leaving out what a baseline names."""
    signals = [signal for case in cases if case.known is None for signal in case.signals if signal.verdict in verdicts]
    return len({(signal.situation, signal.seen) for signal in signals})


def _failed(cases: list[CaseResult], failed: int, judged: int, known: int) -> str:
    impacts = {case.impact for case in cases if case.verdict == "failed" and not case.known}
    gravest = next(impact for impact in IMPACTS if impact in impacts)
    verb = "failed, with" if failed == 1 else "failed, the gravest with"
    also = f", {known:,} of them known" if known else ""
    return f"{failed:,} of {number(judged, 'judged case')} {verb} {gravest} impact{also}"


def overall(results: Results) -> Said:
    """The whole run in a sentence; of one target, that target's own."""
    said = of_targets(results)
    if not said:
        return Said("", "open", "No target was judged.")
    if len(said) == 1:
        return said[0]
    holding = [one for one in said if one.tone not in _BAD]
    failing = [one.target for one in said if one.tone == "bad"]
    undecided = [one.target for one in said if one.tone == "open"]
    parts = [f"{listed(failing)} {'does' if len(failing) == 1 else 'do'} not hold"] if failing else []
    if undecided:
        parts.append(f"{listed(undecided)} {'is' if len(undecided) == 1 else 'are'} undecided")
    tone: Tone = (
        "bad" if failing else "open" if undecided else "mild" if any(o.tone == "mild" for o in said) else "good"
    )
    if not parts:
        return Said("", tone, f"All {len(said)} targets hold{', some with remarks' if tone == 'mild' else ''}.")
    return Said(
        "",
        tone,
        f"{len(holding)} of {len(said)} targets {'holds' if len(holding) == 1 else 'hold'}: {'; '.join(parts)}.",
    )


def problems(results: Results) -> list[tuple[TargetRun, str]]:
    """What is wrong with a target itself, so that nothing else in the report says much about it."""
    return [(run, run.problem) for run in results.targets if run.problem]


def interrupted(results: Results) -> str:
    """What an interrupted run left out, or an empty text."""
    cut = [run for run in results.targets if run.interrupted]
    if not cut:
        return ""
    missing = sum(case.verdict == "not run" for run in cut for case in run.cases)
    where = listed([f"{run.target}/{run.variant}" for run in cut])
    total = sum(len(run.cases) for run in cut)
    return f"The run was interrupted in {where}: {missing:,} of {number(total, 'case')} there were not run."


def of_the_suite(score: Score | None) -> str:
    """Say what the suite itself is worth, in a sentence."""
    if score is None:
        return "What these verdicts are worth was not published with this installation (holdfast selftest --full)."
    others = f"one in {score.one_in} of the others was tried too"
    extent = "every case that can meet a flaw was tried on it" if score.full else others
    return (
        f"{number(score.flaws, 'flaw')} put into the strict servers one at a time, {score.twins:,} in all over their "
        f"endpoints: {score.exact:,} were caught by exactly the cases that must ({extent}); "
        f"{score.killed:,} of {number(score.cases, 'case')} caught at least one."
    )
