"""Nonces that are wrong in one thing: each flaw is caught by the cases that it breaks and by no other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Holdfast, Ran

STRICT = rooms.reference_impls() / "strict"

#: The honest server with one thing about its nonces changed, by the name that stands in FLAW.
SERVE = """
import base64
import contextvars
import math
import os
import sys

sys.path.insert(0, STRICT)
from starlette.datastructures import MutableHeaders
from strict_server import guards, main, memory, proof
from strict_server.authorization_server import AuthorizationServer
from strict_server.refusals import Refused

FLAW = os.environ["FLAW"]
HONEST = guards._HONEST["proof.nonce"]
SET, TOKEN, PROVE = MutableHeaders.__setitem__, AuthorizationServer._token, AuthorizationServer._prove
HEADERS = proof.Proofs.nonce_headers
WRONG = contextvars.ContextVar("wrong", default=False)


class Nonces(memory.Nonces):
    def __init__(self, lifetime, clock):
        super().__init__(math.inf if FLAW == "endless" else lifetime, clock)
        self.issued, self.used = [], set()
        if FLAW == "one-secret":
            self._secret = bytes(32)

    def issue(self):
        honest = super().issue()
        made = {"counter": f"nonce-of-{id(self)}-{len(self.issued):08}", "quoted": honest + '"'}.get(FLAW, honest)
        self.issued.append(made)
        return made

    def is_good(self, nonce):
        spent = nonce in self.used
        self.used.add(nonce)
        match FLAW:
            case "counter":
                return nonce in self.issued
            case "quoted":
                return nonce.endswith('"') and super().is_good(nonce[:-1])
            case "prefix":
                return any(one.startswith(nonce) or nonce.startswith(one) for one in self.issued if nonce)
            case "folded":
                return nonce.lower() in {one.lower() for one in self.issued}
            case "lenient":
                bare = nonce.strip(" =")
                if len(bare) % 4 == 1:
                    return False
                data = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
                nonce = base64.urlsafe_b64encode(data).decode().rstrip("=")
            case "single-use" if spent:
                return False
        return super().is_good(nonce)


def nonce(check):
    said = check.claims.get("nonce")
    if {"absent": "nonce" not in check.claims, "falsy": "nonce" in check.claims and not said}.get(FLAW):
        return
    if FLAW == "array" and isinstance(said, list) and said:
        check.claims["nonce"] = said[0]
    if FLAW == "header" and said is None and check.incoming.values("dpop-nonce"):
        check.claims["nonce"] = check.incoming.values("dpop-nonce")[0]
    try:
        HONEST(check)
    except Refused:
        WRONG.set("nonce" in check.claims)
        raise


def nonce_headers(self):
    return {} if FLAW == "silent" and WRONG.get() else HEADERS(self)


def set_header(self, name, value):
    if (FLAW, name) == ("kept", "Cache-Control"):
        return
    SET(self, name, value)
    if (FLAW, name) == ("two-lines", "DPoP-Nonce"):
        self.append(name, value)


async def token(self, incoming, parameters):
    try:
        return await TOKEN(self, incoming, parameters)
    except Refused as refused:
        if FLAW == "burns" and refused.error == "use_dpop_nonce":
            code = self.store.codes.get(parameters.get("code", ""), 0)
            refresh = self.store.refresh_tokens.get(parameters.get("refresh_token", ""), 0)
            for grant in filter(None, (code, refresh)):
                grant.spent = True
        raise


def prove(self, incoming, parameters):
    if FLAW != "burns":
        return PROVE(self, incoming, parameters)
    authenticated = self.clients.authenticate(incoming, parameters)
    self.clients.spend(authenticated)
    check = self.proofs.check(incoming)
    if check is not None:
        self.proofs.spend(check)
    return authenticated, check


proof.Nonces, proof.Proofs.nonce_headers, guards._HONEST["proof.nonce"] = Nonces, nonce_headers, nonce
MutableHeaders.__setitem__ = set_header
AuthorizationServer._token, AuthorizationServer._prove = token, prove
sys.exit(main.main(sys.argv[1:]))
"""

GRANTS, HEADERS = "dpop/test_nonce_grants.py::test_challenge_does_not_burn_the_", "dpop/test_nonce_headers.py::"
VALUES, LIFETIME = "dpop/test_nonce.py::", "dpop/test_nonce_lifetime.py::"
CLOSE = f"{VALUES}test_nonce_that_only_resembles_a_good_one_is_refused"
TYPES = f"{VALUES}test_nonce_that_is_no_text_is_refused"
WITHOUT = f"{VALUES}test_proof_without_a_nonce_is_refused_after_a_challenge"
BESIDE = f"{VALUES}test_nonce_outside_the_signed_proof_is_refused"
OLD = {f"{LIFETIME}test_old_nonce_is_refused", f"{LIFETIME}test_proof_made_ahead_of_time_is_refused_at_its_time"}
ANSWERS = ("success", "challenge", "wrong-nonce", "bad-signature", "other-method", "no-proof")
BURNT = ("code", "code_of_a_public_client", "refresh_token", "refresh_token_of_a_public_client")

#: Flaw -> the cases that it breaks, each with its row where it has some.
CAUGHT: Mapping[str, set[str]] = {
    "absent": {
        f"{VALUES}test_proof_without_the_required_nonce_is_challenged",
        f"{VALUES}test_pushed_request_without_the_required_nonce_is_challenged",
        f"{VALUES}test_nonce_under_a_name_in_capitals_is_refused",
        f"{WITHOUT}[absent]",
        BESIDE,
    },
    "falsy": {f"{TYPES}[number]", f"{TYPES}[empty-array]", f"{WITHOUT}[null]", f"{WITHOUT}[empty]"},
    "array": {f"{TYPES}[in-an-array]"},
    "header": {BESIDE},
    "one-secret": {
        f"{VALUES}test_nonce_of_the_authorization_server_is_refused_at_the_resource",
        f"{VALUES}test_nonce_of_the_resource_server_is_refused_at_the_authorization_server",
    },
    "prefix": {f"{CLOSE}[{row}]" for row in ("shortened", "halved", "lengthened", "padded", "doubled")},
    "folded": {f"{CLOSE}[other-case]"},
    "lenient": {f"{CLOSE}[{row}]" for row in ("padded", "indented", "last-bit")},
    "counter": {f"{CLOSE}[last-bit]", f"{LIFETIME}test_nonces_follow_no_pattern"},
    "single-use": {f"{LIFETIME}test_nonce_works_more_than_once"},
    "silent": {
        f"{HEADERS}test_answer_that_asks_for_a_nonce_supplies_one[invented]",
        f"{LIFETIME}test_challenge_to_a_wrong_nonce_leads_on",
    },
    "two-lines": {
        *(f"{HEADERS}test_answer_that_asks_for_a_nonce_supplies_one[{row}]" for row in ("absent", "invented")),
        *(f"{HEADERS}test_no_answer_has_two_nonce_lines[{row}]" for row in ANSWERS),
    },
    "quoted": {f"{HEADERS}test_nonce_has_only_characters_that_it_may_have[{row}]" for row in ANSWERS},
    "kept": {f"{HEADERS}test_answer_with_a_nonce_may_be_kept_by_no_cache[success]"},
    "burns": {
        f"{GRANTS}{what}[{row}]" for what in (*BURNT, "client_assertion") for row in ("without", "with-a-wrong-one")
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> "Path":
    """Strict with each of the flaws."""
    folder = tmp_path_factory.mktemp("flawed")
    (folder / "serve.py").write_text(SERVE.replace("STRICT", repr(str(STRICT)), 1))
    (folder / "target.toml").write_text(target())
    return folder


@pytest.fixture(scope="module")
def flawed(holdfast: "Holdfast", folder: "Path") -> "Ran":
    """What the cases say that need not wait; one endpoint of each server stands for all."""
    return holdfast("run", str(folder), "--no-wait", "-k", "test_nonce and (resource] or par] or burn or pushed)")


def target() -> str:
    text = (STRICT / "target.toml").read_text().split("\n# Nonces are supplied")[0]
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + 'environment = { FLAW = "{vars.flaw}" }\n' + text[end:]
    text = text.replace("[vars]\n", '[vars]\nflaw = "none"\n')
    return text + "".join(
        f'[variants.{flaw}]\nvars = {{ flaw = "{flaw}", nonces = "required", nonce_lifetime = 4 }}\nwindows.nonce = 4\n'
        'capabilities_add = ["nonce-as", "nonce-as-required", "nonce-rs", "nonce-rs-required"]\n'
        for flaw in (*CAUGHT, "endless", "honest")
    )


def broken(ran: "Ran", variant: str) -> set[str]:
    """What did not hold there, without the endpoints."""
    found = set()
    for case in ran.cases("failed", "warning", "noted", variants=[variant]):
        name, _, rows = case.case.partition("[")
        row = rows.rstrip("]").removesuffix(case.endpoint).rstrip("-")
        found.add(f"{name}[{row}]" if row else name)
    return found


@pytest.mark.parametrize("flaw", CAUGHT)
def test_a_flaw_is_caught_by_the_cases_that_it_breaks(flawed: "Ran", flaw: str) -> None:
    assert broken(flawed, flaw) == CAUGHT[flaw]


def test_a_nonce_that_never_ends_is_caught_by_the_cases_that_wait(holdfast: "Holdfast", folder: "Path") -> None:
    ran = holdfast("run", str(folder), "--variant", "endless", "-k", "(old_nonce_is or ahead_of_time) and resource]")

    assert broken(ran, "endless") == OLD


def test_without_a_flaw_everything_holds(flawed: "Ran") -> None:
    assert flawed.cases("failed", "warning", "noted", "inconclusive", variants=["honest"]) == []
    assert len(flawed.cases("passed", variants=["honest"])) > 80
