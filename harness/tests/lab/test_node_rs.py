"""Two third-party resource servers are judged to the end. What they are judged to be is nobody's business here."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("node")

VARIANTS = ["default", "required", "certificates", "oauth4webapi", "oauth4webapi-required"]

#: Fewer would mean that a capability of the target file, or the suite's own issuer, is no longer seen.
JUDGED_AT_LEAST = 1200

HONEST_REQUESTS = [
    "dpop/test_freshness.py::test_age[two-seconds-old-resource]",
    "dpop/test_freshness.py::test_age[two-seconds-old-resource-post]",
]


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "node_rs", "--jobs", "16")


def test_every_variant_is_judged_and_nothing_is_inconclusive(judged: "Ran") -> None:
    assert [(case.id, case.verdict, case.reason) for case in judged.cases("inconclusive", "not run")] == []
    assert [(run.variant, run.problem) for run in judged.results.targets] == [(name, "") for name in VARIANTS]
    assert judged.code in {0, 1}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_resource_alone_is_judged(judged: "Ran", variant: str) -> None:
    asked = judged.cases("passed", "failed", "warning", "noted", variants=[variant])

    assert {case.endpoint for case in asked} <= {"", "resource", "resource-post"}
    assert len(asked) >= JUDGED_AT_LEAST


@pytest.mark.parametrize("variant", VARIANTS)
def test_honest_requests_are_accepted(judged: "Ran", variant: str) -> None:
    assert set(HONEST_REQUESTS) - judged.named("passed", variant=variant) == set()


def test_certificates_are_judged_where_the_target_file_claims_them(judged: "Ran") -> None:
    case = "mtls/test_certificate_bound_tokens.py"
    asked = {
        name: any(each.case.startswith(case) for each in judged.cases("passed", "failed", variants=[name]))
        for name in VARIANTS
    }

    assert asked == {name: name == "certificates" for name in VARIANTS}
