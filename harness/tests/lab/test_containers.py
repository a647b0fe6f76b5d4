"""The same verdicts from containers as from processes, and nothing left of them afterwards."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("containers")


@pytest.mark.parametrize(
    ("target", "variant"),
    [
        ("strict", "default"),
        ("proxy", "default"),
        ("proxy", "no-strip"),
        pytest.param("nginx", "naive", marks=pytest.mark.requires("nginx")),
        pytest.param("oidc_provider", "default", marks=pytest.mark.requires("node")),
        pytest.param("node_rs", "default", marks=pytest.mark.requires("node")),
        pytest.param("node_rs", "oauth4webapi", marks=pytest.mark.requires("node")),
    ],
)
def test_containers_are_judged_as_processes_are_and_leave_nothing(
    holdfast: "Holdfast",
    left_in_docker: "Callable[[Ran], list[str]]",
    target: str,
    variant: str,
) -> None:
    asked = ("run", target, "--variant", variant, "--no-wait", "--jobs", "16")
    contained = holdfast(*asked, "--launch", "container")
    processes = holdfast(*asked)

    assert contained.judgement() == processes.judgement()
    assert [(run.variant, run.launch, run.problem) for run in contained.results.targets] == [(variant, "container", "")]
    assert left_in_docker(contained) == []
    assert bool(contained.cases("failed")) is (contained.code == 1)
