"""The honest servers hold, whatever the number of jobs: a case that fails here is wrong itself.

The variants of which the selftest makes many twins it judges as a whole itself. Here stand the others, one that the
rest looks at more closely, and one whose cases wait for real time.
"""

import shlex
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from holdfast import evidence, rooms, targets
from holdfast.places import EVERY
from holdfast.selftest import published
from holdfast.selftest.flaws import load, twins
from holdfast.selftest.judge_the_judge import FEW

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

VARIANTS = [
    "default",
    "nonce-optional",
    "nonce-required",
    "opaque",
    "short",
    "replicas",
    "aliases",
    "sessions",
    "fapi2",
    "mcp",
]
#: Which cases are asked here, where not all are: of a variant that differs from another in one thing.
HERE = {
    "default": "",
    "nonce-optional": "nonce or test_replay or test_grants or test_refresh or test_freshness",
    "opaque": "",
    "short": "",
    "replicas": "replica or replay or nonce or test_freshness",
}
WAITS = "short"
_TIMES = "test_windows or test_replay or test_freshness or expire"
#: Runs under the profiles that have cases and a variant of their own, which the selftest judges as a whole. A code of
#: fapi2 is good for a minute.
PROFILED: dict[str, list[tuple[str, ...]]] = {
    "fapi2": [
        ("run", "strict", "--profile", "fapi2", "--jobs", "16", "--max-wait", "70", "-k", f"fapi2 or {_TIMES}"),
        ("run", "strict_rs", "--profile", "fapi2", "--no-wait", "--jobs", "16", "-k", f"fapi2 or {_TIMES}"),
    ],
    "mcp": [("run", "strict", "--profile", "mcp", "--jobs", "16", "-k", f"mcp or {_TIMES}")],
}
REFRESH = "grant_type=refresh_token"


@pytest.fixture
def judged(holdfast: "Holdfast") -> "Callable[[str], Ran]":
    """Judge a variant with what is asked of it; cases that wait for real time only where they wait for seconds."""

    def run(variant: str) -> "Ran":
        patience = () if variant == WAITS else ("--no-wait",)
        part = ("-k", HERE[variant]) if HERE[variant] else ()
        return holdfast("run", "strict", "--variant", variant, *patience, "--jobs", "16", *part)

    return run


def test_every_variant_is_judged_by_the_selftest_as_a_whole_or_here() -> None:
    flaws = twins(load(rooms.reference_impls() / "flawed" / "flaws"))
    often = Counter(twin.flaw.variant for twin in flaws if twin.flaw.target == "strict")

    assert targets.variants(targets.load("strict")) == VARIANTS
    assert [name for name in VARIANTS if often[name] <= FEW and name not in HERE] == []


@pytest.mark.parametrize("variant", HERE)
def test_every_case_passes_or_does_not_apply(judged: "Callable[[str], Ran]", variant: str) -> None:
    ran = judged(variant)
    settled = {"passed", "not applicable"} | (set() if variant == WAITS else {"not run"})
    odd = [f"{c.id}: {c.verdict}: {c.reason}" for c in ran.cases() if c.verdict not in settled]

    assert odd == []
    assert [run.problem or run.findings for run in ran.results.targets] == [[]]
    assert ran.stdout.startswith("strict holds: all ")
    assert ran.code == 0


@pytest.mark.parametrize("variant", HERE)
def test_every_refusal_is_worded_as_the_specifications_say(judged: "Callable[[str], Ran]", variant: str) -> None:
    ran = judged(variant)
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


def test_every_case_that_judges_no_proxy_passes_here_or_has_caught_a_flaw(
    holdfast: "Holdfast", judged: "Callable[[str], Ran]", alone: "Callable[[str], Ran]"
) -> None:
    """What catches a flaw in the published matrix has passed where there is none."""
    matrix = published.read(rooms.reports() / "kill-matrix.json")
    catching = {matrix.cases[place] for twin in matrix.twins for place in twin.caught}
    minting = [alone(name) for name in targets.variants(targets.load("strict_rs"))]
    profiled = [holdfast(*words) for runs in PROFILED.values() for words in runs]
    ran = [judged(variant) for variant in HERE]
    asked = {case.case for case in ran[0].cases() if case.suite != "proxy"}

    passed = {case.case for one in (*ran, *minting, *profiled) for case in one.cases("passed")}
    assert asked - catching - passed == set()


def test_every_case_about_a_proof_runs_at_every_endpoint_that_takes_one(judged: "Callable[[str], Ran]") -> None:
    ran = judged("default")
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


def test_verdicts_and_signals_do_not_depend_on_the_number_of_jobs(
    holdfast: "Holdfast", judged: "Callable[[str], Ran]"
) -> None:
    one = holdfast("run", "strict", "--variant", WAITS, "--jobs", "1")
    many = judged(WAITS)

    assert one.judgement() == many.judgement()
    assert [one.results.jobs, many.results.jobs] == [1, 16]


@pytest.mark.parametrize(
    ("case", "variant"),
    [
        ("dpop/test_replay.py::test_replayed_request_is_refused[resource]", "default"),
        ("lifecycle/test_introspection.py::test_expired_token_is_refused", "short"),
    ],
)
def test_a_case_passes_alone_by_the_command_that_its_result_names(
    holdfast: "Holdfast", judged: "Callable[[str], Ran]", case: str, variant: str
) -> None:
    (said,) = {result.reproduce for result in judged(variant).cases() if result.case == case}

    ran = holdfast(*shlex.split(said)[1:])

    assert [(result.case, result.variant, result.verdict) for result in ran.cases()] == [(case, variant, "passed")]
    assert ran.code == 0


def test_what_waits_for_real_time_is_not_run_and_told_when_nobody_wants_to_wait(
    holdfast: "Holdfast", judged: "Callable[[str], Ran]"
) -> None:
    waited = judged(WAITS)
    asked = "expire or expired or really_passed or remembered or taken_back or test_replay"
    ran = holdfast("run", "strict", "--variant", WAITS, "--no-wait", "-k", asked)
    left_out = ran.cases("not run")

    assert {case.case.partition("::")[2].partition("[")[0] for case in left_out} == {
        "test_proof_is_refused_when_its_time_has_really_passed",
        "test_spent_proof_is_remembered_while_it_is_fresh",
        "test_expired_token_is_refused",
        "test_expired_token_is_said_to_be_inactive",
        "test_expired_request_uri_is_refused",
        "test_unused_refresh_token_expires",
        "test_certificate_that_was_taken_back_does_not_authenticate",
    }
    assert {case.reason.partition(":")[0] for case in left_out} == {"left out by --no-wait"}
    assert f"passed; {len(left_out)} cases were not run." in ran.stdout
    assert not ran.results.waited
    assert {case.case for case in left_out} <= waited.named("passed", variant=WAITS)
    in_time = {name: seen for name, seen in ran.judgement().items() if seen[0] != "not run"}
    assert in_time == {name: seen for name, seen in waited.judgement().items() if name in in_time}
    assert ran.code == 0


def test_strict_takes_a_proof_once_everywhere_as_the_strictest_profile_demands(holdfast: "Holdfast") -> None:
    asked = "replay or test_jws_structure or jti"
    ran = holdfast("run", "strict", "--variant", "default", "--profile", "strict-replay", "-k", asked)

    assert ran.cases("failed", "inconclusive", "warning", "noted") == []
    assert {case.endpoint for case in ran.cases("passed") if "test_captured_proof_in_a_new_request" in case.case} == {
        *EVERY
    }
    assert ran.results.profile == "strict-replay"
    assert ran.code == 0
