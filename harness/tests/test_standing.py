"""Core and extended: what of a run the profile demands, and the rest."""

from holdfast.report import standing
from holdfast.results import CaseResult, Results, TargetRun, Verdict


def case(verdict: Verdict, *, core: bool) -> CaseResult:
    return CaseResult(
        id="t/default/x",
        case="x",
        variant="default",
        suite="dpop",
        title="t",
        requirement="X-1",
        impact="low",
        core=core,
        verdict=verdict,
    )


def run(target: str, *cases: CaseResult) -> TargetRun:
    fields = {
        "variant": "default",
        "summary": "",
        "roles": ["rs"],
        "launch": "process",
        "digest": "",
        "capabilities": [],
    }
    return TargetRun.model_validate({"target": target, "cases": list(cases), **fields})


def results(*runs: TargetRun) -> Results:
    fields = {"suite_version": "0", "started": "", "seconds": 1, "command": "", "jobs": 1, "waited": True}
    return Results.model_validate(
        {"profile": "fapi2", "targets": list(runs), "environment": {}, "requirements": [], **fields}
    )


def test_the_core_is_what_would_be_failed_and_the_rest_is_extended() -> None:
    mine = run(
        "mine",
        case("passed", core=True),
        case("failed", core=True),
        case("inconclusive", core=True),
        case("passed", core=False),
        case("warning", core=False),
        case("noted", core=False),
    )

    [found] = standing.standings(results(mine))

    assert found.sentence == (
        "profile fapi2, mine: core 1 of 3 passed (1 failed and 1 inconclusive); "
        "extended 1 of 3 passed (1 warning and 1 noted)"
    )
    assert found.tone == "bad"


def test_what_does_not_apply_or_was_not_run_counts_for_neither() -> None:
    mine = run("mine", case("not applicable", core=True), case("not run", core=False))

    [found] = standing.standings(results(mine))

    assert found.sentence == "profile fapi2, mine: core none was judged; extended none was judged"
    assert found.tone == "open"


def test_the_variants_of_a_target_stand_together_and_targets_apart() -> None:
    good, undecided = case("passed", core=True), case("inconclusive", core=True)

    found = standing.standings(results(run("a", good), run("a", good), run("b", good, undecided)))

    assert [(one.target, one.core.said, one.tone) for one in found] == [
        ("a", "2 of 2 passed", "good"),
        ("b", "1 of 2 passed (1 inconclusive)", "open"),
    ]


def test_every_standing_is_told_in_the_summary_of_a_run() -> None:
    from holdfast.report import markdown

    text = markdown(results(run("mine", case("passed", core=True))))

    assert "core 1 of 1 passed; extended none was judged" in text
