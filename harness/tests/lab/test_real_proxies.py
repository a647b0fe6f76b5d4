"""Real proxies: what is hardened holds, but for what the product cannot do; what is naive is caught; containers agree.

What a product cannot do is a fact of its documentation, and stands in the README of its target.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

pytestmark = pytest.mark.requires("proxies")

TWO_HEADERS = "proxy/test_dpop_through_proxy.py::test_token_in_two_places_is_refused_through_the_proxy[two-headers]"
VARY = {
    f"proxy/test_unchanged.py::test_vary_by_a_certificate_becomes_an_asterisk[{name}]"
    for name in ("client-cert", "client-cert-chain")
}

#: By target: cases in which a refusal is worded in another way where it is hardened, and what the product cannot do.
HARDENED: dict[str, tuple[set[str], set[str]]] = {
    "nginx": ({TWO_HEADERS}, set()),
    "haproxy": (set(), set()),
    "apache": ({TWO_HEADERS}, set()),
    "lighttpd": ({TWO_HEADERS}, set()),
    "caddy": (set(), set()),
    "stunnel": (set(), set()),
    "envoy": ({TWO_HEADERS}, set()),
    "traefik": (set(), VARY),
}
#: Looks at no HTTP, so that only what passes it to strict can hold: it is judged alone as naive only.
BLIND = {"stunnel"}

#: What every naive configuration lets a thief do: a client without a certificate writes the header itself.
PASTED = "proxy/test_certificate_fields.py::test_certificate_header_of_a_client_without_one_does_not_arrive[as-is]"


@pytest.mark.parametrize("target", HARDENED)
def test_a_hardened_configuration_holds_but_for_what_the_product_cannot(holdfast: "Holdfast", target: str) -> None:
    ran, (worded, limits) = holdfast("run", target, "--variant", "default"), HARDENED[target]
    signals = {case.case for case in ran.cases() for signal in case.signals if signal.verdict != "passed"}

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="default") == limits
    assert signals == worded
    assert (ran.variant("default").problem, ran.variant("default").findings) == ("", [])
    assert len(ran.cases("passed")) > (30 if target in BLIND else 200)


@pytest.mark.parametrize("target", HARDENED)
def test_a_naive_configuration_is_caught_and_the_report_says_what_it_does(holdfast: "Holdfast", target: str) -> None:
    ran = holdfast("run", target, "--variant", "naive")
    topics = {one.topic for case in ran.cases() for one in case.behaviour}

    assert PASTED in ran.named("failed", variant="naive")
    assert len(topics) >= 10
    assert "What the proxies do" in (ran.folder / "report.html").read_text()


@pytest.mark.requires("containers")
@pytest.mark.parametrize("target", HARDENED)
def test_a_container_behaves_as_the_process_does_and_leaves_nothing(
    holdfast: "Holdfast", left_in_docker: "Callable[[Ran], list[str]]", target: str
) -> None:
    contained = holdfast("run", target, "--variant", "default", "--launch", "container")

    assert contained.judgement() == holdfast("run", target, "--variant", "default").judgement()
    assert [(run.launch, run.problem) for run in contained.results.targets] == [("container", "")]
    assert left_in_docker(contained) == []
