"""A server with some of its checks left out is caught by the cases that claim to catch that, and by no others."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.cli import main
from holdfast.results import TargetRun
from holdfast.results_io import read

STRICT = rooms.reference_impls() / "strict"
FILES = (
    "test_authorization_code_binding",
    "test_client_authentication_and_proofs",
    "test_code_exchange",
    "test_front_channel",
    "test_grants",
    "test_issued_binding",
    "test_pushed_requests",
)

#: Starts strict with the guards of FLAWS replaced.
SERVER = """
import sys
sys.path.insert(0, "STRICT")
from strict_server.main import main
from strict_server.guards import _HONEST
from strict_server.refusals import Refused

def never(*_):
    return None

def lenient(check):
    def answer(*arguments):
        try:
            return check(*arguments)
        except Refused:
            return None
    return answer

def prefix(client, parameters):
    uri = parameters.get("redirect_uri", "")
    if not any(uri.startswith(known) for known in client.redirect_uris):
        raise Refused("invalid_request", "no")
    return uri

def near(code, parameters):
    if not parameters.get("redirect_uri", "").startswith(code.redirect_uri):
        raise Refused("invalid_grant", "no")

def plain(check):
    return lambda code, parameters: parameters.get("code_verifier") == code.challenge or check(code, parameters)

def beside(pushed, asked):
    return {**pushed.parameters, **asked}, asked.get("dpop_jkt") or pushed.jkt

FLAWS = {
    "issue.proof_required": never,
    "issue.token_type": lambda _: "DPoP",
    "code.client": never,
    "code.redirect_uri": near,
    "code.verifier": plain(_HONEST["code.verifier"]),
    "authorize.redirect_uri": prefix,
    "authorize.dpop_jkt": lenient(_HONEST["authorize.dpop_jkt"]),
    "par.jkt": lambda announced, _: announced,
    "par.one_key": never,
    "par.no_request_uri": never,
    "par.client": never,
    "par.single_use": never,
    "par.parameters": beside,
}
assert set(FLAWS) <= set(_HONEST)
_HONEST.update(FLAWS)
sys.exit(main(sys.argv[1:]))
"""

_BROKEN = {"failed", "warning", "noted"}

#: What is left out -> which cases say so.
CAUGHT: Mapping[str, set[str]] = {
    "a proof where the client asked for bound tokens": {
        "test_bound_client_gets_no_token_by_a_refresh_without_a_proof",
        "test_bound_client_without_a_proof_gets_no_token",
        "test_parameters_stand_for_no_proof",
    },
    "the right type of a token": {
        "test_client_that_asked_for_no_binding_gets_a_bearer_token",
        "test_token_without_a_proof_is_bound_to_nothing",
    },
    "the client of a code": {
        "test_code_of_a_confidential_client_is_refused_to_a_public_one",
        "test_code_of_another_client_is_refused",
        "test_code_of_another_client_is_refused_with_that_clients_key",
    },
    "the end of a code's redirect_uri": {"test_code_for_another_redirect_uri_is_refused"},
    "that a challenge is no verifier": {"test_code_with_its_challenge_for_a_verifier_is_refused"},
    "the end of a registered redirect_uri": {"test_redirect_uri_that_is_not_registered_is_refused"},
    "what a thumbprint looks like": {
        "test_key_that_is_no_thumbprint_leads_to_no_token",
        "test_pushed_key_that_is_no_thumbprint_leads_to_no_token",
    },
    "the proof of a pushed request": {
        "test_code_of_a_push_with_an_unasked_for_proof_is_refused_without_one",
        "test_code_of_a_pushed_request_is_refused_with_another_key",
        "test_code_of_a_pushed_request_is_refused_without_a_proof",  # nor is one asked for at the token endpoint
        "test_public_clients_code_of_a_pushed_request_is_refused_with_another_key",
        "test_push_whose_proof_and_dpop_jkt_differ_is_refused",
    },
    "that nothing is pushed twice": {"test_request_uri_in_a_push_is_refused"},
    "who pushed": {"test_request_uri_of_another_client_is_refused"},
    "that a request_uri was used": {"test_request_uri_is_good_once"},
    "which of two parameters counts": {
        "test_challenge_beside_a_request_uri_does_not_take_the_place_of_the_pushed_one",
        "test_key_beside_a_request_uri_does_not_take_the_place_of_the_pushed_one",
    },
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> TargetRun:
    return judged(tmp_path_factory.mktemp("flawed"))


def judged(folder: Path) -> TargetRun:
    (folder / "serve.py").write_text(SERVER.replace("STRICT", str(STRICT)))
    text = (STRICT / "target.toml").read_text()
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + text[end:]
    (folder / "target.toml").write_text(text.replace('"{here}/serve.py"', f'"{folder}/serve.py"'))
    words = ["--variant", "default", "--suite", "lifecycle", "-k", " or ".join(FILES), "--no-wait"]
    with pytest.raises(SystemExit):
        main(["run", str(folder / "target.toml"), "--out", str(folder / "out"), *words])
    return read(folder / "out" / "results.json").targets[0]


def test_every_check_that_is_left_out_is_told_by_the_cases_for_it_and_by_no_others(ran: TargetRun) -> None:
    told = {case.case.partition("::")[2].partition("[")[0] for case in ran.cases if case.verdict in _BROKEN}

    assert told == set().union(*CAUGHT.values())


def test_what_is_left_in_is_still_judged(ran: TargetRun) -> None:
    assert [(case.case, case.reason) for case in ran.cases if case.verdict == "inconclusive"] == []
    assert sum(case.verdict == "passed" for case in ran.cases) > 150
