"""The same verdicts from containers as from processes, and nothing left of them afterwards."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("containers")


@pytest.mark.parametrize(
    ("target", "variant", "as_process"),
    [
        ("strict", "default", ("--jobs", "16")),
        ("strict", "nonce-required", ("--jobs", "16")),
        ("proxy", "default", ()),
        ("proxy", "no-strip", ()),
        pytest.param("nginx", "default", (), marks=pytest.mark.requires("nginx")),
        pytest.param("nginx", "naive", (), marks=pytest.mark.requires("nginx")),
        pytest.param("oidc_provider", "default", (), marks=pytest.mark.requires("node")),
        pytest.param("node_rs", "default", ("--jobs", "16"), marks=pytest.mark.requires("node")),
        pytest.param("node_rs", "oauth4webapi", ("--jobs", "16"), marks=pytest.mark.requires("node")),
    ],
)
def test_containers_are_judged_as_processes_are_and_leave_nothing(
    holdfast: "Holdfast",
    left_in_docker: "Callable[[Ran], list[str]]",
    target: str,
    variant: str,
    as_process: tuple[str, ...],
) -> None:
    contained = holdfast("run", target, "--launch", "container", "--variant", variant)
    processes = holdfast("run", target, *as_process)

    assert contained.judgement() == processes.judgement(variant)
    assert [(run.variant, run.launch, run.problem) for run in contained.results.targets] == [(variant, "container", "")]
    assert left_in_docker(contained) == []
    assert bool(contained.cases("failed")) is (contained.code == 1)
