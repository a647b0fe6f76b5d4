"""Memories of used proofs that are wrong in one thing: each is caught by the cases that it breaks and by no other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

STRICT = rooms.reference_impls() / "strict"

#: The honest server with one guard replaced, by the name that stands in FLAW.
SERVE = """
import os
import sys
import unicodedata

sys.path.insert(0, STRICT)
from strict_server import guards, main, proof, uris

FLAW = os.environ["FLAW"]
HONEST = dict(guards._HONEST)
VERIFIED = set()


def key(check):
    incoming, claims = check.incoming, check.claims
    jti, htu = claims["jti"], uris.normal(claims["htu"])
    bare = (jti, check.jkt, htu)
    return {
        "whole-proof": incoming.values("dpop")[0],
        "htu-as-written": (jti, check.jkt, claims["htu"]),
        "url-of-the-request": (*bare, incoming.query),
        "host-of-the-request": (*bare, incoming.values("host")[0]),
        "body": (*bare, incoming.form),
        "credentials": (*bare, incoming.values("authorization")[0]),
        "iat": (*bare, claims["iat"]),
        "folded": (unicodedata.normalize("NFKC", jti).casefold().strip(" \\0"), check.jkt, htu),
        "cut": (jti[:64], check.jkt, htu),
    }.get(FLAW, bare)


def replay(check):
    if FLAW == "nothing" or (FLAW == "long-ones-forgotten" and len(check.claims["jti"]) > 100):
        return
    if not check.server.spent.spend(key(check)):
        raise proof.invalid_proof("the proof was used before")


def signature(check):
    if FLAW == "before-it-is-checked":
        known = check.incoming.values("dpop")[0]
        if known in VERIFIED:
            return
        VERIFIED.add(known)
    HONEST["proof.signature"](check)


guards._HONEST.update({"proof.replay": replay, "proof.signature": signature})
sys.exit(main.main(sys.argv[1:]))
"""

REPLAY, ELSEWHERE, JTI = "dpop/test_replay.py::", "dpop/test_replay_elsewhere.py::", "dpop/test_jti.py::"
AGAIN = f"{REPLAY}test_jti_that_was_used_is_refused_in_another_proof"
NOT_THE_SAME = f"{JTI}test_jti_that_is_not_quite_the_same_is_another"

#: Flaw -> the cases that it breaks, each with its row where it has some.
CAUGHT: Mapping[str, set[str]] = {
    "whole-proof": {
        f"{AGAIN}[{row}]"
        for row in (
            "signed-again", "a-second-older", "one-more-claim", "query-in-htu", "fragment-in-htu", "host-in-capitals",
            "letter-escaped",
        )
    },
    "htu-as-written": {
        f"{AGAIN}[{row}]" for row in ("query-in-htu", "fragment-in-htu", "host-in-capitals", "letter-escaped")
    },
    "url-of-the-request": {f"{ELSEWHERE}test_spent_proof_is_refused_with_a_query"},
    "host-of-the-request": {f"{ELSEWHERE}test_spent_proof_is_refused_with_another_spelling_of_the_host"},
    "credentials": {f"{ELSEWHERE}test_spent_proof_is_refused_from_another_client"},
    "iat": {f"{AGAIN}[a-second-older]"},
    "folded": {
        f"{NOT_THE_SAME}[{row}]"
        for row in ("another-case", "space-behind", "space-before", "nul-behind", "composed", "double-width")
    },
    "cut": {f"{NOT_THE_SAME}[longer]"},
    "long-ones-forgotten": {f"{JTI}test_long_jti_is_refused_or_remembered[129-characters]"},
    "before-it-is-checked": {f"{REPLAY}test_refused_request_is_refused_again[forged-signature]"},
}  # fmt: skip


@pytest.fixture(scope="module")
def flawed(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> "Ran":
    """Strict with each of the flaws."""
    folder = tmp_path_factory.mktemp("flawed")
    (folder / "serve.py").write_text(SERVE.replace("STRICT", repr(str(STRICT))))
    (folder / "target.toml").write_text(target())
    selected = "(test_replay or test_jti) and (resource-post or par])"  # one endpoint of each server stands for all
    return holdfast("run", str(folder), "--suite", "dpop", "--profile", "strict-replay", "--no-wait", "-k", selected)


def target() -> str:
    text = (STRICT / "target.toml").read_text().split("\n# Nonces are supplied")[0]
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + 'environment = { FLAW = "{vars.flaw}" }\n' + text[end:]
    text = text.replace("[vars]\n", '[vars]\nflaw = "none"\n')
    return text + "".join(f'[variants.{flaw}]\nvars.flaw = "{flaw}"\n' for flaw in (*CAUGHT, "body", "nothing"))


def broken(ran: "Ran", variant: str) -> set[str]:
    """What failed there, without the endpoints."""
    found = set()
    for case in ran.cases("failed", "warning", "noted", variants=[variant]):
        name, _, rows = case.case.partition("[")
        row = rows.rstrip("]").removesuffix(case.endpoint).rstrip("-")
        found.add(f"{name}[{row}]" if row else name)
    return found


@pytest.mark.parametrize("flaw", CAUGHT)
def test_a_flaw_is_caught_by_exactly_the_cases_that_it_breaks(flawed: "Ran", flaw: str) -> None:
    assert broken(flawed, flaw) == CAUGHT[flaw]
    assert flawed.cases("inconclusive", variants=[flaw]) == []


def test_a_memory_that_knows_the_body_is_caught_by_the_cases_on_bodies(flawed: "Ran") -> None:
    # By others too: they make the form anew, and with it a code or a challenge.
    around = {"test_spent_proof_is_refused_around_another_body", "test_spent_proof_is_refused_around_another_form"}

    assert {f"{ELSEWHERE}{name}" for name in around} <= broken(flawed, "body")


def test_no_memory_at_all_is_caught_by_all_cases_but_those_on_what_it_may_not_confuse(flawed: "Ran") -> None:
    caught = set().union(*(cases for flaw, cases in CAUGHT.items() if flaw not in {"folded", "cut"}))

    assert caught - CAUGHT["before-it-is-checked"] <= broken(flawed, "nothing")
    assert f"{REPLAY}test_replayed_request_is_refused" in broken(flawed, "nothing")


def test_without_a_flaw_nothing_is_caught(flawed: "Ran") -> None:
    assert flawed.cases("failed", "warning", "noted", "inconclusive", variants=["default"]) == []
