"""Real proxies: what is hardened holds, but for what the product cannot do; what is naive is caught; containers agree.

What a product cannot do is a fact of its documentation, and stands in the README of its target.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("proxies")

TWO_HEADERS = "proxy/test_dpop_through_proxy.py::test_token_in_two_places_is_refused_through_the_proxy[two-headers]"
VARY = {
    f"proxy/test_unchanged.py::test_vary_by_a_certificate_becomes_an_asterisk[{name}]"
    for name in ("client-cert", "client-cert-chain")
}

#: By target: the hardened variants; cases in which a refusal is worded in another way; what the product cannot do.
HARDENED: dict[str, tuple[list[str], set[str], set[str]]] = {
    "nginx": (["default", "pem-escaped"], {TWO_HEADERS}, set()),
    "haproxy": (["default", "forwards-nothing", "base64-der"], set(), set()),
    "apache": (["default", "forwards-nothing", "pem-escaped"], {TWO_HEADERS}, set()),
    "lighttpd": (["default", "forwards-nothing", "pem-escaped"], {TWO_HEADERS}, set()),
    "stunnel": (["default"], set(), set()),
    "envoy": (["default", "forwards-nothing", "pem-escaped", "xfcc"], {TWO_HEADERS}, set()),
    "traefik": (["default", "forwards-nothing"], set(), VARY),
}
#: Looks at no HTTP, so that only what passes it to strict can hold: it is not judged alone but as naive.
BLIND = {"stunnel"}

#: What every naive configuration lets a thief do: a client without a certificate writes the header itself.
PASTED = "proxy/test_certificate_fields.py::test_certificate_header_of_a_client_without_one_does_not_arrive[as-is]"


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> Callable[[str], "Ran"]:
    """Run all variants of a target."""
    return lambda target: holdfast("run", target)


@pytest.mark.parametrize(("target", "variant"), [(name, v) for name, (vs, _, _) in HARDENED.items() for v in vs])
def test_a_hardened_configuration_holds_but_for_what_the_product_cannot(
    judged: Callable[[str], "Ran"], target: str, variant: str
) -> None:
    ran, (_, worded, limits) = judged(target), HARDENED[target]
    signals = {c.case for c in ran.cases(variants=[variant]) for s in c.signals if s.verdict != "passed"}

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant=variant) == limits
    assert signals == worded
    assert (ran.variant(variant).problem, ran.variant(variant).findings) == ("", [])
    assert len(ran.cases("passed", variants=[variant])) > (30 if target in BLIND else 200)


@pytest.mark.parametrize("target", HARDENED)
def test_a_naive_configuration_is_caught(judged: Callable[[str], "Ran"], target: str) -> None:
    assert PASTED in judged(target).named("failed", variant="naive")


@pytest.mark.parametrize("target", HARDENED)
def test_the_report_says_what_each_proxy_does(judged: Callable[[str], "Ran"], target: str) -> None:
    ran = judged(target)
    seen = {one.topic for run in ran.results.targets for case in run.cases for one in case.behaviour}

    assert len(seen) >= 10
    assert "What the proxies do" in (ran.folder / "report.html").read_text()


@pytest.mark.requires("containers")
@pytest.mark.parametrize("target", HARDENED)
def test_a_container_behaves_as_the_process_does_and_leaves_nothing(
    holdfast: "Holdfast", left_in_docker: "Callable[[Ran], list[str]]", target: str
) -> None:
    contained = holdfast("run", target, "--variant", "default", "--launch", "container")
    processes = holdfast("run", target)

    assert contained.judgement() == processes.judgement("default")
    assert [(run.launch, run.problem) for run in contained.results.targets] == [("container", "")]
    assert left_in_docker(contained) == []
