"""Honest proxies pass every case, and a naive nginx is caught by those that it breaks; leaks are in the kill matrix."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms
from holdfast.selftest.flaws import load

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

HEADER = "proxy/test_certificate_header.py::"
DPOP = "proxy/test_dpop_through_proxy.py::"

WITH_CERTIFICATE = f"{HEADER}test_token_with_its_certificate_is_accepted_through_the_proxy"
BYTE_SEQUENCE = f"{HEADER}test_certificate_arrives_as_a_byte_sequence"
NAMED_IN_CONNECTION = f"{HEADER}test_forged_header_named_in_connection_is_refused"
HONEST = f"{DPOP}test_honest_request_passes"
TWO_PROOFS = f"{DPOP}test_two_proofs_are_refused_through_the_proxy[valid-first]"


def forged_without(*rows: str) -> set[str]:
    return {f"{HEADER}test_forged_header_without_a_certificate_is_refused[{row}]" for row in rows}


@dataclass(frozen=True)
class Caught:
    """What a proxy breaks. undecided: an honest request is broken too, so that refusals say nothing any more."""

    because: str
    failed: set[str]
    undecided: bool = False


#: The header is Client-Cert here, so that the row `rfc9440` repeats `as-configured`, and the resource server reads no
#: other name: the rows with other names pass whatever the proxy does.
SAME_NAME = ("as-configured", "small-letters", "capitals", "rfc9440")

NAIVE = Caught(
    "without a certificate the client's header is kept, underscores_in_headers folds both spellings to it, and Host is "
    "the address of upstream",
    forged_without(*SAME_NAME, "underscores", "rfc9440-underscores") | {NAMED_IN_CONNECTION, HONEST},
    undecided=True,
)

HONEST_VARIANTS = [
    "default",
    "forwards-nothing",
    "pem-escaped",
    "base64-der",
    "xfcc",
    "chain",
    "re-encrypt",
    "two-hosts",
]


@pytest.fixture(scope="session")
def proxy(holdfast: "Holdfast") -> Callable[[str], "Ran"]:
    """Run one variant of the small proxy with the suite that is about proxies: no other applies."""
    return lambda variant: holdfast("run", "proxy", "--suite", "proxy", "--variant", variant)


@pytest.fixture(scope="session")
def nginx(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "nginx", "--suite", "proxy", "--variant", "naive")


def assert_all_pass(ran: "Ran", variant: str) -> None:
    odd = ran.cases("failed", "inconclusive", "warning", "noted", "not run", variants=[variant])
    worded = {case.case for case in ran.cases(variants=[variant]) for s in case.signals if s.verdict != "passed"}

    assert [(case.case, case.verdict, case.reason) for case in odd] == []
    assert worded == set()
    assert len(ran.cases("passed", variants=[variant])) >= 35
    assert (ran.variant(variant).problem, ran.variant(variant).findings) == ("", [])


def assert_caught(ran: "Ran", variant: str, caught: Caught) -> None:
    through = {
        name for name in ran.named("failed", "warning", "noted", variant=variant) if name.startswith((HEADER, DPOP))
    }
    assert through == caught.failed, caught.because
    reasons = [case.reason for case in ran.cases("inconclusive", variants=[variant])]
    assert bool(reasons) is caught.undecided
    assert [why for why in reasons if not why.startswith(("the honest request fared no better", "ground at"))] == []


def test_every_variant_that_is_not_honest_is_a_flaw_of_the_kill_matrix() -> None:
    folder = rooms.reference_impls()
    variants = tomllib.loads((folder / "proxy" / "target.toml").read_text())["variants"]
    flaws = load(folder / "flawed" / "flaws").values()

    assert variants.keys() - set(HONEST_VARIANTS) == {
        flaw.variant for flaw in flaws if (flaw.seam, flaw.target) == ("leak", "proxy")
    }


def test_every_variant_of_the_gateway_that_is_not_honest_is_a_flaw_too() -> None:
    folder = rooms.reference_impls()
    variants = tomllib.loads((folder / "gateway" / "target.toml").read_text())["variants"]
    flaws = load(folder / "flawed" / "flaws").values()

    assert variants.keys() - {"forward-auth"} == {flaw.variant for flaw in flaws if flaw.target == "gateway"}


@pytest.mark.parametrize("variant", ["default", "forward-auth"])
def test_an_honest_gateway_passes_every_case_that_applies(holdfast: "Holdfast", variant: str) -> None:
    assert_all_pass(holdfast("run", "gateway", "--suite", "proxy", "--variant", variant), variant)


@pytest.mark.parametrize("variant", HONEST_VARIANTS)
def test_an_honest_proxy_passes_every_case_that_applies(proxy: Callable[[str], "Ran"], variant: str) -> None:
    assert_all_pass(proxy(variant), variant)


def test_where_nothing_is_forwarded_a_bound_token_fails_closed(proxy: Callable[[str], "Ran"]) -> None:
    closed, ran = f"{HEADER}test_token_is_refused_where_the_proxy_forwards_no_certificate", proxy("forwards-nothing")

    assert closed in ran.named("passed", variant="forwards-nothing")
    assert {WITH_CERTIFICATE, BYTE_SEQUENCE} <= ran.named("not applicable", variant="forwards-nothing")


def test_the_encoding_of_rfc9440_is_asked_only_where_it_is_declared(proxy: Callable[[str], "Ran"]) -> None:
    assert BYTE_SEQUENCE in proxy("default").named("passed", variant="default")
    assert BYTE_SEQUENCE in proxy("pem-escaped").named("not applicable", variant="pem-escaped")


@pytest.mark.requires("nginx")
def test_naive_nginx_is_caught_by_exactly_the_cases_that_it_breaks(nginx: "Ran") -> None:
    assert_caught(nginx, "naive", NAIVE)


def test_the_exit_code_is_0_where_all_holds_1_with_a_finding_and_3_without_a_verdict(holdfast: "Holdfast") -> None:
    holds = holdfast("run", "proxy", "--variant", "default", "--case", HONEST)
    broken = holdfast("run", "proxy", "--variant", "merge-dpop", "--case", TWO_PROOFS)
    undecided = holdfast("run", "proxy", "--variant", "drop-dpop", "--case", TWO_PROOFS)

    assert (holds.code, broken.code, undecided.code) == (0, 1, 3)
    assert holds.stdout.startswith("proxy holds: the one judged case passed.")
    assert broken.stdout.startswith("proxy does not hold: ")
    assert undecided.stdout.startswith("proxy is undecided: 1 case of 1 came to no verdict.")
