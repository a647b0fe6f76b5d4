"""Real proxies: what is hardened holds, but for what the product cannot do; what is naive is caught; containers agree.

What a product cannot do is a fact of its documentation, and stands in the README of its target.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.conftest import Holdfast, Ran

    Judged = Callable[..., Ran]

pytestmark = pytest.mark.requires("proxies")

TWO_HEADERS = "proxy/test_dpop_through_proxy.py::test_token_in_two_places_is_refused_through_the_proxy[two-headers]"
VARY = {
    f"proxy/test_unchanged.py::test_{over}vary_by_a_certificate_becomes_an_asterisk[{name}]"
    for over in ("", "over_http2_")
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

#: Those that hand TLS on as it comes.
PASSES_ON = ("nginx", "haproxy", "envoy", "traefik")

#: Those that speak TLS with the server behind, and cases that only they are asked.
RE_ENCRYPTS = ("nginx", "haproxy", "apache", "caddy", "envoy", "traefik")
RE_ENCRYPTED = "proxy/test_re_encrypted.py::"
#: What a request meets on its way to another port; what is done to it before that is judged where TLS ends.
BY_THE_WAY = "re_encrypted or dpop_through_proxy or certificate_header or unchanged"

#: Those with two virtual hosts that have clients of their own, and cases that only they are asked.
TWO_HOSTS = ("nginx", "apache", "haproxy", "caddy", "envoy", "traefik")

THROUGH, GATEWAYS = "proxy/test_dpop_through_proxy.py::", "proxy/test_gateways.py::"
#: By target that asks about each request: cases in which a refusal is worded in another way than that of who was asked.
FORWARD_AUTH: dict[str, set[str]] = {
    # auth_request brings back one challenge of several, and nothing of a body.
    "nginx": {
        TWO_HEADERS,
        f"{THROUGH}test_bound_token_as_bearer_is_refused_through_the_proxy",
        *(
            f"proxy/test_certificate_header.py::test_token_with{how}_certificate_is_refused_through_the_proxy"
            for how in ("out_a", "_another")
        ),
        *(
            f"{GATEWAYS}test_token_as_bearer_is_refused_after_one_with_a_proof[{which}-connection]"
            for which in ("same", "new")
        ),
        f"{GATEWAYS}test_token_of_another_is_refused_on_a_connection_that_was_accepted",
        f"{GATEWAYS}test_token_without_its_certificate_is_refused_after_one_with_it",
    },
    "caddy": set(),
    "envoy": {TWO_HEADERS},
    # The query is no part of the question: the route refuses a token there, as if there were no such resource.
    "traefik": {f"{THROUGH}test_token_in_two_places_is_refused_through_the_proxy[header-and-query]"},
}
#: What the naive ones share: a proof for the one request that is asked about opens each.
ANOTHER_REQUEST = f"{GATEWAYS}test_proof_for_another_request_is_refused_through_the_proxy"
BEHIND = {
    f"{GATEWAYS}test_server_behind_serves_nobody_but_its_gateway[{who}]"
    for who in ("as-bearer", "without-a-proof", "with-a-proof", "nobody")
} | {f"{GATEWAYS}test_server_behind_believes_no_certificate_in_a_header"}
#: nginx remembers what was said of a token, so that more fails than can be listed; these of the others, and no more.
NAIVE_AUTH: dict[str, set[str]] = {
    "caddy": {ANOTHER_REQUEST},
    "traefik": {
        ANOTHER_REQUEST,
        f"{THROUGH}test_token_in_two_places_is_refused_through_the_proxy[header-and-query]",
        *BEHIND,
    },
}


@pytest.fixture(scope="session")
def judged(holdfast: "Holdfast") -> "Judged":
    """Judge one variant of a proxy, by the suite that is about proxies: no other applies."""
    return lambda target, variant, *more: holdfast("run", target, "--suite", "proxy", "--variant", variant, *more)


@pytest.mark.parametrize("target", HARDENED)
def test_a_hardened_configuration_holds_but_for_what_the_product_cannot(judged: "Judged", target: str) -> None:
    ran, (worded, limits) = judged(target, "default"), HARDENED[target]
    signals = {case.case for case in ran.cases() for signal in case.signals if signal.verdict != "passed"}

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="default") == limits
    assert signals == worded
    assert (ran.variant("default").problem, ran.variant("default").findings) == ("", [])
    assert len(ran.cases("passed")) > (30 if target in BLIND else 200)


@pytest.mark.parametrize("target", HARDENED)
def test_a_naive_configuration_is_caught_and_the_report_says_what_it_does(judged: "Judged", target: str) -> None:
    ran = judged(target, "naive")
    topics = {one.topic for case in ran.cases() for one in case.behaviour}

    assert PASTED in ran.named("failed", variant="naive")
    assert len(topics) >= 10
    assert "What the proxies do" in (ran.folder / "report.html").read_text()


@pytest.mark.parametrize("target", PASSES_ON)
def test_where_tls_is_handed_on_all_holds_and_certificates_arrive(judged: "Judged", target: str) -> None:
    ran = judged(target, "pass-through")
    arrives = "proxy/test_certificate_header.py::test_token_with_its_certificate_is_accepted_through_the_proxy"

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="pass-through") == set()
    assert arrives in ran.named("passed", variant="pass-through")
    assert [signal for case in ran.cases() for signal in case.signals if signal.verdict != "passed"] == []


@pytest.mark.parametrize("target", RE_ENCRYPTS)
def test_where_tls_begins_anew_all_holds_and_nobody_else_is_spoken_to(judged: "Judged", target: str) -> None:
    ran, (worded, limits) = judged(target, "re-encrypt", "-k", BY_THE_WAY), HARDENED[target]
    signals = {case.case for case in ran.cases() for signal in case.signals if signal.verdict != "passed"}

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="re-encrypt") == limits
    assert signals == worded
    assert len({case.case for case in ran.cases("passed") if case.case.startswith(RE_ENCRYPTED)}) == 8


@pytest.mark.parametrize("target", TWO_HOSTS)
def test_two_hosts_keep_their_clients_apart(judged: "Judged", target: str) -> None:
    ran = judged(target, "two-hosts", "-k", "test_two_hosts")

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="two-hosts") == set()
    assert len(ran.cases("passed")) == 16
    assert (ran.variant("two-hosts").problem, ran.variant("two-hosts").findings) == ("", [])


@pytest.mark.parametrize("target", FORWARD_AUTH)
def test_who_asks_about_the_very_request_lets_nobody_else_in(judged: "Judged", target: str) -> None:
    ran = judged(target, "forward-auth")
    signals = {case.case for case in ran.cases() for signal in case.signals if signal.verdict != "passed"}

    assert ran.named("failed", "inconclusive", "warning", "noted", "not run", variant="forward-auth") == set()
    assert signals == FORWARD_AUTH[target]
    assert len(ran.cases("passed")) > 60


@pytest.mark.parametrize("target", NAIVE_AUTH)
def test_who_always_asks_about_one_request_is_caught_by_exactly_that(judged: "Judged", target: str) -> None:
    ran = judged(target, "forward-auth-naive")

    assert ran.named("failed", "warning", "noted", variant="forward-auth-naive") == NAIVE_AUTH[target]
    reasons = [case.reason for case in ran.cases("inconclusive")]
    assert [why for why in reasons if not why.startswith("the honest request fared no better")] == []


def test_who_remembers_what_was_said_of_a_token_is_caught(judged: "Judged") -> None:
    ran = judged("nginx", "forward-auth-naive")
    failed = ran.named("failed", variant="forward-auth-naive")

    assert {
        ANOTHER_REQUEST,
        f"{GATEWAYS}test_token_without_a_proof_is_refused_after_one_with_it[new-connection]",
        f"{GATEWAYS}test_proof_by_another_key_is_refused_after_one_by_the_right_one[new-connection]",
        f"{GATEWAYS}test_token_without_its_certificate_is_refused_after_one_with_it",
    } <= failed


@pytest.mark.requires("containers")
@pytest.mark.parametrize("target", HARDENED)
def test_a_container_behaves_as_the_process_does_and_leaves_nothing(
    judged: "Judged", left_in_docker: "Callable[[Ran], list[str]]", target: str
) -> None:
    contained = judged(target, "default", "--launch", "container")

    assert contained.judgement() == judged(target, "default").judgement()
    assert [(run.launch, run.problem) for run in contained.results.targets] == [("container", "")]
    assert left_in_docker(contained) == []
