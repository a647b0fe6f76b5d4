"""Each leak of a proxy is caught by the cases that it breaks and by no other, and an honest proxy passes them all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

HEADER = "proxy/test_certificate_header.py::"
DPOP = "proxy/test_dpop_through_proxy.py::"

WITH_CERTIFICATE = f"{HEADER}test_token_with_its_certificate_is_accepted_through_the_proxy"
BYTE_SEQUENCE = f"{HEADER}test_certificate_arrives_as_a_byte_sequence"
NAMED_IN_CONNECTION = f"{HEADER}test_forged_header_named_in_connection_is_refused"
DISPLACED = f"{HEADER}test_forged_header_does_not_displace_the_real_certificate"
HONEST = f"{DPOP}test_honest_request_passes"
CHALLENGE = f"{DPOP}test_challenge_returns"
NONCE = f"{DPOP}test_nonce_returns"
BEHIND = f"{DPOP}test_proof_for_the_server_behind_is_refused"


def forged_without(*rows: str) -> set[str]:
    return {f"{HEADER}test_forged_header_without_a_certificate_is_refused[{row}]" for row in rows}


def forged_beside(*rows: str) -> set[str]:
    return {f"{HEADER}test_forged_header_beside_another_certificate_is_refused[{row}]" for row in rows}


def two_proofs(*rows: str) -> set[str]:
    return {f"{DPOP}test_two_proofs_are_refused_through_the_proxy[{row}]" for row in rows}


@dataclass(frozen=True)
class Caught:
    """What a leak breaks. undecided: an honest request is broken too, so that refusals say nothing any more."""

    because: str
    failed: set[str]
    undecided: bool = False


#: The header is Client-Cert here, so that the row `rfc9440` repeats `as-configured`, and the resource server reads no
#: other name: the rows with other names pass whatever the leak.
SAME_NAME = ("as-configured", "small-letters", "capitals", "rfc9440")

LEAKS: Mapping[str, Caught] = {
    "no-strip": Caught(
        "the client's own header wins, over no certificate, over a thief's and over the right one",
        forged_without(*SAME_NAME) | forged_beside(*SAME_NAME) | {NAMED_IN_CONNECTION, DISPLACED},
    ),
    "underscore": Caught(
        "only the spelling with underscores passes, and only where no certificate was shown",
        forged_without("underscores", "rfc9440-underscores"),
    ),
    "drop-certificate": Caught(
        "no certificate arrives, so that what needs one is refused; DPoP is as good as ever",
        {WITH_CERTIFICATE, BYTE_SEQUENCE},
        undecided=True,
    ),
    "drop-dpop": Caught(
        "no proof arrives; certificates are forwarded as ever",
        {HONEST},
        undecided=True,
    ),
    "drop-authorization": Caught(
        "no token arrives, of either binding",
        {HONEST, WITH_CERTIFICATE, BYTE_SEQUENCE},
        undecided=True,
    ),
    "merge-dpop": Caught(
        "the first of two proofs is valid in both rows, and only it arrives",
        two_proofs("two-different", "valid-first"),
    ),
    "rewrite-host": Caught(
        "the server sees its own address in place of the URI that the client used: only a proof for that one fits",
        {HONEST, BEHIND},
        undecided=True,
    ),
    "trust-forwarded-host": Caught(
        "what a forwarding header says becomes the host: a foreign proof fits, an honest one does not",
        {
            f"{DPOP}test_client_does_not_choose_the_host[{row}]"
            for row in ("x-forwarded-host", "forwarded", "x-original-host", "x-forwarded-server")
        }
        | {
            f"{DPOP}test_forwarding_header_of_the_client_changes_nothing[{row}]"
            for row in ("x-forwarded-host", "forwarded")
        },
    ),
    "trust-forwarded-proto": Caught(
        "whoever says that TLS was not used is taken at their word, and their token is not passed on",
        {f"{DPOP}test_forwarding_header_of_the_client_changes_nothing[x-forwarded-proto]"},
    ),
    "return-certificate": Caught(
        "the certificate's header stands in the answer",
        {f"{HEADER}test_answer_carries_no_certificate_header"},
    ),
    "drop-challenge": Caught(
        "WWW-Authenticate is there past the proxy and not through it",
        {CHALLENGE},
    ),
    "drop-nonce": Caught(
        "no nonce comes back, and a client that never hears of one is never let in",
        {HONEST, NONCE},
        undecided=True,
    ),
}

NAIVE = Caught(
    "without a certificate the client's header is kept, underscores_in_headers folds both spellings to it, and Host is "
    "the address of upstream",
    forged_without(*SAME_NAME, "underscores", "rfc9440-underscores") | {NAMED_IN_CONNECTION, HONEST},
    undecided=True,
)

HONEST_VARIANTS = ["default", "forwards-nothing", "pem-escaped", "chain"]


@pytest.fixture(scope="session")
def proxy(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "proxy")


@pytest.fixture(scope="session")
def nginx(holdfast: "Holdfast") -> "Ran":
    return holdfast("run", "nginx")


def assert_all_pass(ran: "Ran", variant: str) -> None:
    odd = ran.cases("failed", "inconclusive", "warning", "noted", "not run", variants=[variant])
    worded = [s for case in ran.cases(variants=[variant]) for s in case.signals if s.verdict != "passed"]

    assert [(case.case, case.verdict, case.reason) for case in odd] == []
    assert worded == []
    assert len(ran.cases("passed", variants=[variant])) >= 35
    assert (ran.variant(variant).problem, ran.variant(variant).findings) == ("", [])


def assert_caught(ran: "Ran", variant: str, caught: Caught) -> None:
    assert ran.named("failed", "warning", "noted", variant=variant) == caught.failed, caught.because
    reasons = [case.reason for case in ran.cases("inconclusive", variants=[variant])]
    assert bool(reasons) is caught.undecided
    assert [why for why in reasons if not why.startswith(("the honest request fared no better", "ground at"))] == []


def test_every_variant_is_named_here(proxy: "Ran") -> None:
    assert {run.variant for run in proxy.results.targets} == {*HONEST_VARIANTS, *LEAKS}


@pytest.mark.parametrize("variant", HONEST_VARIANTS)
def test_an_honest_proxy_passes_every_case_that_applies(proxy: "Ran", variant: str) -> None:
    assert_all_pass(proxy, variant)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_caught_by_exactly_the_cases_that_it_breaks(proxy: "Ran", leak: str) -> None:
    assert_caught(proxy, leak, LEAKS[leak])


def test_where_nothing_is_forwarded_a_bound_token_fails_closed(proxy: "Ran") -> None:
    closed = f"{HEADER}test_token_is_refused_where_the_proxy_forwards_no_certificate"

    assert closed in proxy.named("passed", variant="forwards-nothing")
    assert {WITH_CERTIFICATE, BYTE_SEQUENCE} <= proxy.named("not applicable", variant="forwards-nothing")


def test_the_encoding_of_rfc9440_is_asked_only_where_it_is_declared(proxy: "Ran") -> None:
    assert BYTE_SEQUENCE in proxy.named("passed", variant="default")
    assert BYTE_SEQUENCE in proxy.named("not applicable", variant="pem-escaped")


@pytest.mark.requires("nginx")
@pytest.mark.parametrize("variant", ["default", "pem-escaped"])
def test_hardened_nginx_passes_every_case_that_applies(nginx: "Ran", variant: str) -> None:
    assert_all_pass(nginx, variant)


@pytest.mark.requires("nginx")
def test_naive_nginx_is_caught_by_exactly_the_cases_that_it_breaks(nginx: "Ran") -> None:
    assert_caught(nginx, "naive", NAIVE)


def test_the_exit_code_is_0_where_all_holds_1_with_a_finding_and_3_without_a_verdict(
    holdfast: "Holdfast", proxy: "Ran"
) -> None:
    holds = holdfast("run", "proxy", "--variant", "default", "--case", HONEST)
    undecided = holdfast("run", "proxy", "--variant", "drop-dpop", "--case", next(iter(two_proofs("valid-first"))))

    assert (holds.code, proxy.code, undecided.code) == (0, 1, 3)
    assert holds.stdout.startswith("proxy holds: the one judged case passed.")
    assert proxy.stdout.startswith("proxy does not hold: ")
    assert undecided.stdout.startswith("proxy is undecided: 1 case of 1 came to no verdict.")
