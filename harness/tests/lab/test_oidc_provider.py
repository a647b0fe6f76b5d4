"""A third-party authorization server is judged to the end. What it is judged to be is nobody's business here."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("node")

VARIANTS = ["default", "nonce-optional", "nonce-required"]

#: Fewer would mean that a client or a capability of the target file is no longer seen.
JUDGED_AT_LEAST = 280

HONEST_FLOWS = [
    "lifecycle/test_grants.py::test_grant_with_a_proof_is_accepted[client-credentials]",
    "lifecycle/test_grants.py::test_grant_with_a_proof_is_accepted[code]",
    "lifecycle/test_refresh.py::test_refresh_with_the_same_key_is_accepted",
    "lifecycle/test_authorization_code_binding.py::test_pushed_request_with_a_proof_is_accepted",
    "lifecycle/test_authorization_code_binding.py::test_code_bound_by_dpop_jkt_is_redeemed_with_its_key",
]


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "oidc_provider")


def test_every_variant_is_judged_and_nothing_is_inconclusive(judged: "Ran") -> None:
    assert [(case.id, case.verdict, case.reason) for case in judged.cases("inconclusive", "not run")] == []
    assert [(run.variant, run.problem) for run in judged.results.targets] == [(name, "") for name in VARIANTS]
    assert judged.code in {0, 1}


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_endpoint_that_takes_a_proof_is_judged(judged: "Ran", variant: str) -> None:
    asked = judged.cases("passed", "failed", "warning", "noted", variants=[variant])

    assert {case.endpoint for case in asked} >= {"token", "par", "userinfo"}
    assert len(asked) >= JUDGED_AT_LEAST


@pytest.mark.parametrize("variant", VARIANTS)
def test_honest_flows_pass(judged: "Ran", variant: str) -> None:
    assert set(HONEST_FLOWS) - judged.named("passed", variant=variant) == set()
