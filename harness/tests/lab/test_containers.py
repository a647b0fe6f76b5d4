"""The same verdicts from containers as from processes, and nothing left of them afterwards."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("containers")

#: Of a server that many others judge as a process: that it is reached, gets its clients, and is asked in every way.
SOME = "test_freshness or test_grants or test_possession or test_htm or test_certificate_bound_tokens"

NODE, NGINX = pytest.mark.requires("node"), pytest.mark.requires("nginx")

#: What another test has judged as a process, and what is asked of the container, where that is not all of it.
JUDGED = [
    (("strict", "--variant", "default", "--no-wait", "--jobs", "16"), ("-k", SOME)),
    (("proxy", "--suite", "proxy", "--variant", "default"), ()),
    (("gateway", "--suite", "proxy", "--variant", "default"), ()),
    pytest.param(("nginx", "--suite", "proxy", "--variant", "naive"), (), marks=NGINX),
    pytest.param(("oidc_provider", "--variant", "default", "--jobs", "16"), ("-k", SOME), marks=NODE),
    pytest.param(("node_rs", "--variant", "default", "--jobs", "16"), ("-k", SOME), marks=NODE),
    pytest.param(("node_rs", "--variant", "oauth4webapi", "--jobs", "16"), ("-k", SOME), marks=NODE),
]


@pytest.mark.parametrize(("asked", "part"), JUDGED)
def test_containers_are_judged_as_processes_are_and_leave_nothing(
    holdfast: "Holdfast", left_in_docker: "Callable[[Ran], list[str]]", asked: tuple[str, ...], part: tuple[str, ...]
) -> None:
    contained = holdfast("run", *asked, "--launch", "container", *part)
    processes = holdfast("run", *asked).judgement()
    (run,) = contained.results.targets

    assert contained.judgement() == {name: processes[name] for name in contained.judgement()}
    assert part or contained.judgement().keys() == processes.keys()
    assert (run.launch, run.problem) == ("container", "")
    assert len(contained.cases("passed", "failed")) > 20
    assert left_in_docker(contained) == []
    assert bool(contained.cases("failed")) is (contained.code == 1)
