"""The honest resource server alone, with tokens that only the suite can mint: every case holds, in every variant."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast

VARIANTS = ["default", "nonce-required", "opaque", "dpop-only", "bearer", "fapi2", "mcp"]
MINTED = ("dpop/test_binding.py", "dpop/test_token_checks.py")


def test_every_case_passes_or_does_not_apply_in_every_variant(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")
    settled = {"passed", "not applicable", "not run"}

    assert [f"{c.id}: {c.verdict}: {c.reason}" for c in ran.cases() if c.verdict not in settled] == []
    assert [run.variant for run in ran.results.targets] == VARIANTS
    assert [run.problem or run.findings for run in ran.results.targets] == [[]] * len(VARIANTS)
    assert ran.code == 0


def test_every_refusal_is_worded_as_the_specifications_say(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")
    signals = [(case.id, signal) for case in ran.cases() for signal in case.signals]

    assert [(name, signal) for name, signal in signals if signal.verdict != "passed"] == []
    assert signals


def test_verdicts_and_signals_do_not_depend_on_the_number_of_jobs(holdfast: "Holdfast") -> None:
    one = holdfast("run", "strict_rs", "--variant", "opaque", "--no-wait", "--jobs", "1")
    many = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")

    assert one.judgement() == many.judgement("opaque")


def test_every_minted_token_is_judged_in_some_variant_and_by_nothing_but_the_resource(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")
    minted = {case.case for case in ran.cases() if case.case.startswith(MINTED)}
    passed = {case.case for case in ran.cases("passed")}
    as_needed = {
        "dpop/test_token_checks.py::test_another_kind_of_token_is_refused[refresh-token]",
        "dpop/test_token_checks.py::test_another_kind_of_token_is_refused[id-token]",
        "dpop/test_token_checks.py::test_id_token_as_bearer_token_is_refused",
        "dpop/test_token_checks.py::test_proof_in_place_of_a_token_is_refused[userinfo]",
    }

    assert minted - passed == as_needed
    assert {case.endpoint for case in ran.cases("passed")} <= {"", "document", "resource", "resource-post"}


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        ("dpop/test_token_checks.py::test_token_that_introspection_does_not_call_active_is_refused[false]", "opaque"),
        ("dpop/test_token_checks.py::test_unsigned_token_is_refused[none]", "default"),
    ],
)
def test_what_a_resource_server_can_check_depends_on_how_it_reads_tokens(
    holdfast: "Holdfast", case: str, variant: str
) -> None:
    ran = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")

    assert {name: case in ran.named("passed", variant=name) for name in ("default", "opaque")} == {
        name: name == variant for name in ("default", "opaque")
    }


def test_the_evidence_of_a_minted_token_says_what_is_odd_about_it(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")
    said = {case.case: case.difference for case in ran.cases("passed", variants=["default"])}

    assert said["dpop/test_binding.py::test_unbound_token_under_the_dpop_scheme_is_refused"] == (
        "token: minted with cnf: absent"
    )


@pytest.mark.requires("containers")
def test_it_is_judged_in_a_container_as_it_is_as_a_process(holdfast: "Holdfast") -> None:
    as_process = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")
    ran = holdfast("run", "strict_rs", "--no-wait", "--variant", "default", "--launch", "container")

    assert ran.judgement() == as_process.judgement("default")
    assert ran.code == 0
