import pytest

from holdfast.report import sentences
from holdfast.results import CaseResult, Evidence, KnownFailure, Results, Signal, TargetRun, Verdict

KNOWN = KnownFailure(reason="agreed", owner="us", expires="2099-01-01")


def _worded(verdict: Verdict) -> TargetRun:
    run = _run("passed", "passed")
    for case in run.cases:
        signal = {"name": "wording", "situation": "S", "expected": "401", "seen": "400", "verdict": verdict}
        case.signals = [Signal.model_validate(signal)]
    return run


def _run(*verdicts: Verdict, problem: str = "", interrupted: bool = False, known: bool = False) -> TargetRun:
    cases = [
        CaseResult.model_validate(
            {
                "id": f"t/base/{n}",
                "case": f"{n}",
                "variant": "base",
                "suite": "dpop",
                "title": "It holds",
                "requirement": "R",
                "impact": "high",
                "verdict": verdict,
                "known": KNOWN if known else None,
            }
        )
        for n, verdict in enumerate(verdicts)
    ]
    return TargetRun(
        target="t",
        variant="base",
        summary="",
        roles=["as"],
        launch="process",
        digest="",
        capabilities=[],
        cases=cases,
        problem=problem,
        interrupted=interrupted,
    )


@pytest.mark.parametrize(
    ("run", "tone", "sentence"),
    [
        (_run("passed", "passed"), "good", "t holds: all 2 judged cases passed."),
        (_run("passed", "not applicable"), "good", "t holds: the one judged case passed."),
        (_run("passed", "not run"), "good", "t holds: the one judged case passed; 1 case was not run."),
        (_run("passed", "warning", "noted"), "mild", "t holds what is demanded, with 1 warning and 1 note."),
        (_worded("noted"), "mild", "t holds what is demanded, with 1 refusal worded otherwise."),
        (_worded("failed"), "bad", "t does not hold: 1 refusal is worded against the specification."),
        (_run("failed", "passed"), "bad", "t does not hold: 1 of 2 judged cases failed, with high impact."),
        (_run("failed", known=True), "mild", "t fails only where the baseline says so: 1 known failure."),
        (_run("inconclusive", "passed"), "open", "t is undecided: 1 case of 2 came to no verdict."),
        (
            _run("passed", "not run", interrupted=True),
            "open",
            "t was not judged to the end: 1 case was judged, 1 not run.",
        ),
        (_run("not applicable"), "open", "Nothing was judged on t."),
        (_run(), "open", "Nothing was judged on t."),
        (_run("inconclusive", problem="it hangs"), "open", "t could not be judged: it hangs."),
    ],
)
def test_a_target_is_summed_up_in_a_sentence(run: TargetRun, tone: str, sentence: str) -> None:
    said = sentences.of_target("t", [run])

    assert (said.tone, said.sentence) == (tone, sentence)


def test_several_targets_are_summed_up_with_those_that_do_not_hold_by_name(
    hostile_run: tuple[Results, dict[str, Evidence]],
) -> None:
    said = sentences.overall(hostile_run[0])

    assert said.sentence == "1 of 4 targets holds: sieve does not hold; wall and slow are undecided."
