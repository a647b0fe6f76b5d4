"""Known failures: what matches is marked, what is stale or expired is told."""

from datetime import date
from pathlib import Path

import pytest

from holdfast import baseline
from holdfast.campaign import exit_code
from holdfast.errors import UsageError
from holdfast.results import CaseResult, Signal, TargetRun, Verdict

TODAY = date(2030, 1, 15)


def result(case: str, verdict: Verdict, variant: str = "default") -> CaseResult:
    return CaseResult(
        id=f"t/{variant}/{case}",
        case=case,
        variant=variant,
        suite="dpop",
        title="it holds",
        requirement="X-1",
        impact="low",
        verdict=verdict,
    )


def entry(case: str = "a", *, variant: str = "", expires: date = TODAY) -> baseline.Entry:
    return baseline.Entry(case=case, variant=variant, reason="known", owner="us", expires=expires, link="https://x")


def told(entries: list[baseline.Entry], results: list[CaseResult]) -> list[str]:
    return list(baseline.apply(entries, results, TODAY))


@pytest.mark.parametrize("verdict", ["failed", "warning", "noted"])
def test_a_known_finding_is_marked_on_its_last_day_too(verdict: Verdict) -> None:
    seen = [result("a", verdict), result("b", verdict)]

    assert told([entry()], seen) == []
    assert [r.known.owner if r.known else "" for r in seen] == ["us", ""]


def test_an_expired_entry_marks_nothing_and_is_told() -> None:
    seen = [result("a", "failed")]

    assert told([entry(expires=date(2030, 1, 14))], seen) == [
        "baseline: a: expired on 2030-01-14: mend it or set a new day"
    ]
    assert seen[0].known is None


def test_an_entry_whose_case_passes_is_stale() -> None:
    assert told([entry()], [result("a", "passed")]) == ["baseline: a: is stale, the case passes now: delete the entry"]


@pytest.mark.parametrize("verdict", ["inconclusive", "not applicable", "not run"])
def test_an_entry_whose_case_came_to_no_verdict_stays(verdict: Verdict) -> None:
    seen = [result("a", verdict)]

    assert told([entry()], seen) == []
    assert seen[0].known is None


def test_an_entry_whose_case_was_not_selected_stays() -> None:
    assert told([entry()], [result("b", "passed")]) == []


def test_an_entry_of_one_variant_leaves_the_others_alone() -> None:
    seen = [result("a", "failed", "default"), result("a", "failed", "short")]

    assert told([entry(variant="short")], seen) == []
    assert [r.known is not None for r in seen] == [False, True]


def test_an_entry_of_all_variants_lives_as_long_as_one_still_fails() -> None:
    assert told([entry()], [result("a", "passed", "default"), result("a", "failed", "short")]) == []


def run(*cases: CaseResult) -> TargetRun:
    return TargetRun(
        target="t",
        variant="default",
        summary="",
        roles=["rs"],
        launch="process",
        digest="",
        capabilities=[],
        cases=list(cases),
    )


def test_a_known_finding_does_not_count_for_the_exit_code() -> None:
    seen = [result("a", "failed"), result("b", "passed")]
    seen[0].signals = [Signal(name="wording", situation="E", expected="401", seen="403", verdict="failed")]
    assert exit_code([run(*seen)], "failed") == 1

    told([entry()], seen)

    assert exit_code([run(*seen)], "failed") == 0
    assert exit_code([run(seen[0])], "failed") == 0, "and nothing else need have been judged"


def test_the_wording_of_a_refusal_counts_for_the_exit_code() -> None:
    seen = result("a", "passed")
    seen.signals = [Signal(name="wording", situation="E", expected="401", seen="403", verdict="warning")]

    assert (exit_code([run(seen)], "failed"), exit_code([run(seen)], "warning")) == (0, 1)


def test_the_worst_of_several_targets_decides() -> None:
    good, open_, bad = run(result("a", "passed")), run(result("a", "inconclusive")), run(result("a", "failed"))

    assert [exit_code(runs, "failed") for runs in ([good], [good, open_], [open_, bad, good], [])] == [0, 3, 1, 3]


def test_a_target_with_a_problem_is_never_good() -> None:
    seen = run(result("a", "passed")).model_copy(update={"problem": "the clock is wrong"})

    assert exit_code([seen], "failed") == 3
    assert exit_code([run(result("a", "passed")).model_copy(update={"interrupted": True})], "failed") == 3


GOOD = '[[known]]\ncase = "a"\nreason = "r"\nowner = "us"\nexpires = 2030-12-31\n'


def test_a_baseline_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text(GOOD)

    assert baseline.load(file)[0].expires == date(2030, 12, 31)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("expires = 2030-12-31\n", ""), "known.0.expires: Field required"),
        (GOOD.replace("2030-12-31", '"soon"'), "known.0.expires: Input should be a valid date"),
        (GOOD + "variants = 1\n", "known.0.variants: Extra inputs are not permitted"),
        ("[[known]\n", "Expected ']]'"),
        ("unknown = 1\n", "unknown: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_a_baseline_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "known.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        baseline.load(file)

    assert said in str(caught.value)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


def test_a_missing_baseline_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--baseline .*gone\.toml: No such file or directory$"):
        baseline.load(tmp_path / "gone.toml")
