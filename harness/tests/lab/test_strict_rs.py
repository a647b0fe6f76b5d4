"""The honest resource server alone, with tokens that only the suite can mint: every case holds, in every variant."""

from typing import TYPE_CHECKING

import pytest

from holdfast import targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

    Alone = Callable[[str], Ran]

VARIANTS = targets.variants(targets.load("strict_rs"))

MINTED = ("dpop/test_binding.py", "dpop/test_token_checks.py")


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_case_passes_or_does_not_apply_in_every_variant(alone: "Alone", variant: str) -> None:
    ran = alone(variant)
    settled = {"passed", "not applicable", "not run"}

    assert [f"{c.id}: {c.verdict}: {c.reason}" for c in ran.cases() if c.verdict not in settled] == []
    assert [run.problem or run.findings for run in ran.results.targets] == [[]]
    assert ran.code == 0


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_refusal_is_worded_as_the_specifications_say(alone: "Alone", variant: str) -> None:
    signals = [(case.id, signal) for case in alone(variant).cases() for signal in case.signals]

    assert [(name, signal) for name, signal in signals if signal.verdict != "passed"] == []
    assert signals


def test_verdicts_and_signals_do_not_depend_on_the_number_of_jobs(holdfast: "Holdfast", alone: "Alone") -> None:
    part = "test_binding or test_token_checks or test_replay or test_nonce"
    one = holdfast("run", "strict_rs", "--variant", "opaque", "--no-wait", "--jobs", "1", "-k", part).judgement()
    many = alone("opaque").judgement()

    assert sum(verdict == "passed" for verdict, _ in one.values()) > 100
    assert one == {case: many[case] for case in one}


def test_every_minted_token_is_judged_in_some_variant_and_by_nothing_but_the_resource(alone: "Alone") -> None:
    minted = {case.case for case in alone("default").cases() if case.case.startswith(MINTED)}
    judged = [case for variant in VARIANTS for case in alone(variant).cases("passed")]
    passed = {case.case for case in judged}
    as_needed = {
        "dpop/test_token_checks.py::test_another_kind_of_token_is_refused[refresh-token]",
        "dpop/test_token_checks.py::test_another_kind_of_token_is_refused[id-token]",
        "dpop/test_token_checks.py::test_id_token_as_bearer_token_is_refused",
        "dpop/test_token_checks.py::test_proof_in_place_of_a_token_is_refused[userinfo]",
    }

    assert minted - passed == as_needed
    resource = {"resource", "resource-post", "hop-resource"}
    assert {case.endpoint for case in judged} <= {"", "document", *resource}


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        ("dpop/test_token_checks.py::test_token_that_introspection_does_not_call_active_is_refused[false]", "opaque"),
        ("dpop/test_token_checks.py::test_unsigned_token_is_refused[none]", "default"),
    ],
)
def test_what_a_resource_server_can_check_depends_on_how_it_reads_tokens(
    alone: "Alone", case: str, variant: str
) -> None:
    assert {name: case in alone(name).named("passed", variant=name) for name in ("default", "opaque")} == {
        name: name == variant for name in ("default", "opaque")
    }


def test_the_evidence_of_a_minted_token_says_what_is_odd_about_it(alone: "Alone") -> None:
    said = {case.case: case.difference for case in alone("default").cases("passed")}

    assert said["dpop/test_binding.py::test_unbound_token_under_the_dpop_scheme_is_refused"] == (
        "token: minted with cnf: absent"
    )


@pytest.mark.requires("containers")
def test_it_is_judged_in_a_container_as_it_is_as_a_process(holdfast: "Holdfast", alone: "Alone") -> None:
    part = " or ".join(name.partition("/")[2].removesuffix(".py") for name in MINTED)
    asked = ("run", "strict_rs", "--no-wait", "--variant", "default", "--launch", "container", "-k", part)
    ran, as_process = holdfast(*asked), alone("default").judgement()

    assert ran.judgement() == {case: as_process[case] for case in ran.judgement()}
    assert len(ran.cases("passed")) > 100
    assert ran.code == 0
