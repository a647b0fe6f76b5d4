"""Beside each judged request of the battery stands the honest one, in the same evidence, and one thing differs.

Judged is what the evidence of a whole run holds. Where one defect shows in several places, holdfast.difference_rules
says why it is one. Here stand the cases that mean two things at once, or none, each kind with its reason.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pytest

from holdfast import evidence

if TYPE_CHECKING:
    from holdfast.results import ExchangeRecord
    from tests.lab.conftest import Holdfast, Ran

#: Target, variant, and options with which other tests run it too. Nonces are off in each, so that none is a difference.
RUNS = [
    ("strict", "default", ("--variant", "default", "--no-wait", "--jobs", "16")),
    ("strict_rs", "default", ("--variant", "default", "--no-wait", "--jobs", "16")),
    ("strict_rs", "opaque", ("--variant", "opaque", "--no-wait", "--jobs", "16")),
]

#: Fewer pairs in a run would mean that the evidence no longer holds them.
MANY = 500

BATTERY = ("dpop/", "mtls/")

#: Two aspects that differ at once, as patterns, and why a case means both.
TOGETHER = [
    (
        "scheme of the token",
        "token.*|proof header jwk|certificate|method|path of the URL",
        "tried as a bearer token, it comes with what a thief has in place of the proof, or by another way in",
    ),
    ("place of the token", "method", "nobody at all, by another way in"),
    ("header Origin", ".*", "the script of a page sends it, and its browser adds where the page is from"),
    ("proof claim jti", "proof claim .*", "a used jti in another proof, which some claim has to make another"),
    ("proof", "(query|form|body) parameter .*|header Host|method", "a spent proof in another request"),
    ("token claim sub", "DPoP lines", "a token that is bound to nothing has no proof to come with"),
    ("token header crit", "token header holdfast", "the extension that must be understood is there"),
    ("certificate", "header .*", "a header says what the connection does not show"),
    ("certificate", "form parameter client_secret", "a secret is tried in the place of a certificate"),
    ("certificate", "form parameter grant_type", "a refresh is vouched for by the grant that it came from"),
    ("certificate", "TLS handshake", "what a listener asks for may depend on the server's name"),
    (
        "token claim cnf",
        "certificate|header Client-Cert|TLS handshake",
        "a token names the certificate that is shown with it",
    ),
    (
        "header Client-Cert",
        "header Client-Cert-Chain",
        "a proxy tells of a certificate with its chain, or of one alone",
    ),
    ("name of the DPoP header", "proof header typ", "a wrong proof that may be overlooked for the case of its name"),
]

#: What a case says it changed where no difference is seen, and why that is so.
NONE = {
    "iat: -?2": "two seconds are no difference",
    "nonce: absent": "where no nonce is supplied, honest proofs have none: that is the case",
    r"one of \d+ copies at once": "of copies that are sent at once no one is the first",
}


class Pair(NamedTuple):
    case: str
    hostile: "ExchangeRecord"
    control: "ExchangeRecord | None"

    @property
    def aspects(self) -> list[str]:
        """What differs; a certificate and those of its issuers, which come with it, are one thing."""
        found = [text.partition(": ")[0] for text in self.hostile.differs]
        return [name for name in found if name != "certificates behind it" or "certificate" not in found]


def pairs(ran: "Ran", variant: str) -> Iterator[Pair]:
    judged = {case.id: case.case for case in ran.cases(variants=[variant])}
    for found in evidence.read_all(ran.folder / evidence.NAME):
        records = {record.number: record for record in found.exchanges}
        for record in found.exchanges:
            if found.case in judged and record.purpose == "hostile":
                yield Pair(judged[found.case], record, records.get(record.control or 0))


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]}/{run[1]}")
def battery(request: pytest.FixtureRequest, holdfast: "Holdfast") -> list[Pair]:
    target, variant, options = request.param
    return [pair for pair in pairs(holdfast("run", target, *options), variant) if pair.case.startswith(BATTERY)]


def test_every_judged_request_has_an_accepted_control_in_the_same_evidence(battery: list[Pair]) -> None:
    assert [pair.case for pair in battery if pair.control is None] == []
    assert {(pair.control.purpose, pair.control.outcome) for pair in battery if pair.control} == {
        ("control", "accepted")
    }
    assert len(battery) > MANY


def test_both_of_a_pair_are_decoded(battery: list[Pair]) -> None:
    kinds = {jws.kind for pair in battery if pair.control for jws in pair.control.decoded}
    unread = [
        pair.case for pair in battery if pair.control and pair.case.startswith("dpop/") and not pair.control.decoded
    ]

    assert unread == []
    assert "proof" in kinds


def test_one_thing_differs(battery: list[Pair]) -> None:
    assert [(pair.case, pair.hostile.differs) for pair in battery if not one_thing(pair)] == []


def one_thing(pair: Pair) -> bool:
    match pair.aspects:
        case [_]:
            return True
        case [one, other]:
            return any(fits(kind, one, other) or fits(kind, other, one) for kind in TOGETHER)
        case []:
            return any(re.fullmatch(said, pair.hostile.difference) for said in NONE)
    return False


def fits(kind: tuple[str, str, str], one: str, other: str) -> bool:
    return one == kind[0] and re.fullmatch(kind[1], other) is not None


def test_every_kind_of_exception_is_met(holdfast: "Holdfast") -> None:
    found = [pair for target, variant, options in RUNS for pair in pairs(holdfast("run", target, *options), variant)]
    two = [pair.aspects for pair in found if len(pair.aspects) == 2]
    none = [pair.hostile.difference for pair in found if not pair.aspects]

    assert [kind for kind in TOGETHER if not any(fits(kind, *each) or fits(kind, *each[::-1]) for each in two)] == []
    assert [said for said in NONE if not any(re.fullmatch(said, difference) for difference in none)] == []
