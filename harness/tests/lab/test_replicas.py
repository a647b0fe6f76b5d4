"""Two nodes of a resource server: with one memory of used proofs nothing gets in twice, with two all that is tried."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast

NODES = (
    "dpop/test_parallel_replay.py::test_of_twenty_copies_at_once_over_all_nodes_one_is_accepted",
    "dpop/test_replay_elsewhere.py::test_proof_spent_at_a_replica_is_refused_at_the_first_node",
    "dpop/test_replay_elsewhere.py::test_proof_spent_at_one_node_is_refused_at_the_others",
)
SELECTED = ("--suite", "dpop", "-k", "(test_replay or test_parallel_replay) and (resource or node)", "--no-wait")


@pytest.fixture
def separate(tmp_path: Path) -> Path:
    """Strict with two nodes, each of which remembers for itself."""
    strict = rooms.reference_impls() / "strict"
    text = (strict / "target.toml").read_text()
    text = text.replace('vars.replicas = "shared"', 'vars.replicas = "separate"')
    text = text.replace('name = "server"\n', f'name = "server"\nhere = "{strict}"\n')
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    file = tmp_path / "target.toml"
    file.write_text(text[:start] + text[end:])
    return file


def test_nodes_that_share_a_memory_pass(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--variant", "replicas", *SELECTED)

    assert set(NODES) <= ran.named("passed", variant="replicas")
    assert ran.cases("failed", "warning", "noted", "inconclusive") == []


def test_nodes_that_share_nothing_are_caught_by_the_cases_on_nodes_and_by_no_other(
    holdfast: "Holdfast", separate: Path
) -> None:
    ran = holdfast("run", str(separate), "--variant", "replicas", "--profile", "strict-replay", *SELECTED)

    assert ran.named("failed", variant="replicas") == set(NODES)
    assert ran.cases("warning", "noted", "inconclusive") == []
    (parallel,) = [case for case in ran.cases("failed") if case.case == NODES[0]]
    assert [(one.at_least, one.at_most, one.unit) for one in parallel.measured] == [(2, 2, "of 20")]
    assert parallel.actual == "copies of one proof let in at once, over all nodes: 2 of 20"


def test_one_node_is_not_asked_what_nodes_are_asked(holdfast: "Holdfast") -> None:
    ran = holdfast("run", "strict", "--variant", "default", "--case", NODES[2])

    assert [(case.verdict, case.reason) for case in ran.cases()] == [
        ("not applicable", "the target does not claim replicas")
    ]
