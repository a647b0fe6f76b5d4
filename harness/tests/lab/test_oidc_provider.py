"""A third-party authorization server is judged to the end. What it is judged to be is nobody's business here."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("node")

VARIANTS = ["default", "nonce-optional", "nonce-required"]
#: Fewer would mean that a capability or a client of the target file is no longer seen.
JUDGED_AT_LEAST = 280

HONEST_FLOWS = [
    "metadata/test_authorization_server.py::test_metadata_is_served_for_its_own_issuer",
]


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "oidc_provider")


def test_nothing_is_inconclusive(judged: "Ran") -> None:
    assert [(case.id, case.reason) for case in judged.cases("inconclusive", "not run")] == []
    assert [(run.variant, run.problem) for run in judged.results.targets] == [(name, "") for name in VARIANTS]
    assert judged.code in {0, 1}
