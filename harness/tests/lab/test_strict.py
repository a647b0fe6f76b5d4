"""The honest servers hold in every variant, whatever the number of jobs: a case that fails here is wrong itself."""

import shlex
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from holdfast import evidence
from holdfast.places import EVERY

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast

VARIANTS = ["default", "nonce-optional", "nonce-required", "opaque", "short", "replicas", "fapi2", "mcp"]
#: Runs under the profiles that have cases and a variant of their own. A code of fapi2 is good for a minute.
PROFILED: dict[str, list[tuple[str, ...]]] = {
    "fapi2": [
        ("run", "strict", "--profile", "fapi2", "--jobs", "16", "--max-wait", "70"),
        ("run", "strict_rs", "--profile", "fapi2", "--no-wait", "--jobs", "16"),
    ],
    "mcp": [("run", "strict", "--profile", "mcp", "--jobs", "16")],
}
REFRESH = "grant_type=refresh_token"


def test_every_case_passes_or_does_not_apply_in_every_variant(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--jobs", "16")
    odd = [f"{c.id}: {c.verdict}: {c.reason}" for c in ran.cases() if c.verdict not in {"passed", "not applicable"}]

    assert odd == []
    assert [run.variant for run in ran.results.targets] == VARIANTS
    assert [run.problem or run.findings for run in ran.results.targets] == [[]] * len(VARIANTS)
    assert ran.stdout.startswith("strict holds: all ")
    assert ran.code == 0


def test_every_refusal_is_worded_as_the_specifications_say(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--jobs", "16")
    signals = [(case.id, signal) for case in ran.cases() for signal in case.signals]

    assert [(name, signal) for name, signal in signals if signal.verdict != "passed"] == []
    assert signals


@pytest.mark.parametrize("profile", PROFILED)
def test_the_variant_of_a_profile_holds_in_it(holdfast: "Holdfast", profile: str) -> None:
    ran = holdfast(*PROFILED[profile][0])

    assert ran.cases("failed", "inconclusive", "warning", "noted", "not run") == []
    assert {case.variant for case in ran.cases()} == {profile}
    assert {case.suite for case in ran.cases("passed")} >= {profile, "dpop"}
    assert ran.code == 0


def test_every_case_that_judges_no_proxy_passes_in_some_variant(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--jobs", "16")
    alone = holdfast("run", "strict_rs", "--no-wait", "--jobs", "16")  # where the suite mints the tokens
    profiled = [holdfast(*words) for runs in PROFILED.values() for words in runs]
    asked = {case.case for case in ran.cases() if case.suite != "proxy"}

    assert asked - {case.case for one in (ran, alone, *profiled) for case in one.cases("passed")} == set()


def test_every_case_about_a_proof_runs_at_every_endpoint_that_takes_one(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--jobs", "16")
    broken = "dpop/test_proof_header.py::test_broken_signature_is_refused[flipped-"

    assert {case.endpoint for case in ran.cases("passed") if case.case.startswith(broken)} == {*EVERY}


def test_no_other_request_uses_the_refresh_token_of_one_that_is_judged(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--variant", "default", "--no-wait", "-k", "broken_signature or unsafe_alg")
    found = [seen for case in evidence.read_all(ran.folder / "evidence.jsonl.gz") for seen in case.exchanges]
    used = [
        (seen.purpose, parse_qs(seen.request_body)["refresh_token"][0])
        for seen in found
        if REFRESH in seen.request_body
    ]
    judged = [token for purpose, token in used if purpose == "hostile"]

    assert len(judged) == len(set(judged)) > 6
    assert not {*judged} & {token for purpose, token in used if purpose != "hostile"}


@pytest.mark.parametrize("variant", ["nonce-required", "short"])
def test_verdicts_and_signals_do_not_depend_on_the_number_of_jobs(holdfast: "Holdfast", variant: str) -> None:
    one = holdfast("run", "strict", "--variant", variant, "--jobs", "1")
    many = holdfast("run", "strict", "--jobs", "16")

    assert one.judgement() == many.judgement(variant)
    assert [one.results.jobs, many.results.jobs] == [1, 16]


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        ("dpop/test_replay.py::test_replayed_request_is_refused[resource]", "default"),
        ("lifecycle/test_introspection.py::test_expired_token_is_refused", "short"),
    ],
)
def test_a_case_passes_alone_by_the_command_that_its_result_names(
    holdfast: "Holdfast", case: str, variant: str
) -> None:
    whole = holdfast("run", "strict", "--jobs", "16")
    (said,) = {result.reproduce for result in whole.cases(variants=[variant]) if result.case == case}

    ran = holdfast(*shlex.split(said)[1:])

    assert [(result.case, result.variant, result.verdict) for result in ran.cases()] == [(case, variant, "passed")]
    assert ran.code == 0


def test_what_waits_for_real_time_is_not_run_and_told_when_nobody_wants_to_wait(holdfast: "Holdfast") -> None:
    whole = holdfast("run", "strict", "--jobs", "16")
    ran = holdfast("run", "strict", "--variant", "short", "--no-wait")
    left_out = ran.cases("not run")

    assert {case.case.partition("::")[2].partition("[")[0] for case in left_out} == {
        "test_proof_is_refused_when_its_time_has_really_passed",
        "test_spent_proof_is_remembered_while_it_is_fresh",
        "test_expired_token_is_refused",
        "test_expired_token_is_said_to_be_inactive",
        "test_expired_request_uri_is_refused",
        "test_unused_refresh_token_expires",
    }
    assert {case.reason.partition(":")[0] for case in left_out} == {"left out by --no-wait"}
    assert f"passed; {len(left_out)} cases were not run." in ran.stdout
    assert not ran.results.waited
    assert {case.case for case in left_out} <= whole.named("passed", variant="short")
    judged = {name: seen for name, seen in ran.judgement().items() if seen[0] != "not run"}
    assert judged == {name: seen for name, seen in whole.judgement("short").items() if name in judged}
    assert ran.code == 0


def test_strict_takes_a_proof_once_everywhere_as_the_strictest_profile_demands(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--variant", "default", "--profile", "strict-replay")

    assert ran.cases("failed", "inconclusive", "warning", "noted") == []
    assert {case.endpoint for case in ran.cases("passed") if "test_captured_proof_in_a_new_request" in case.case} == {
        *EVERY
    }
    assert ran.results.profile == "strict-replay"
    assert ran.code == 0
