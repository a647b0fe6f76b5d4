"""What a server does after issuing, done wrong: the cases that claim to catch it do, and no others say anything."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.cli import main
from holdfast.results_io import read

STRICT = rooms.reference_impls() / "strict"
FILES = (
    "test_refresh",
    "test_introspection",
    "test_revocation",
    "test_registration",
    "test_issued_tokens",
    "test_server_metadata",
)

#: Starts strict with what FLAWS replaces.
SERVER = """
import json
import sys
import time
sys.path.insert(0, "STRICT")
from starlette.responses import Response
from strict_server.authorization_server import AuthorizationServer
from strict_server.grants import AccessToken, Store
from strict_server.guards import _HONEST
from strict_server.main import main
from strict_server.registration import Registration

FLAWS = {}

def never(*_):
    return None

def always(*_):
    return True

CHANGES
assert set(FLAWS) <= set(_HONEST)
_HONEST.update(FLAWS)
sys.exit(main(sys.argv[1:]))
"""

#: Of tokens that were issued, nothing is asked but the caller's secret; what is wished at registration is dropped.
CARELESS = """
def adopt(grant, audience, parameters):
    grant.audience = audience

def one_of_two(claims):
    said = HONEST(claims)
    if len(said.get("cnf", {})) > 1:
        said["cnf"] = {"jkt": said["cnf"]["jkt"]}
    return {**said, "token_type": "Bearer"}

def by_hint(found, parameters):
    kind = "access_token" if isinstance(found, AccessToken) else "refresh_token"
    if parameters.get("token_type_hint", kind) == kind:
        found.revoked, found.expires = True, 0

def said(self, client, metadata):
    return {name: value for name, value in SAID(self, client, metadata).items() if value is not False}

HONEST, SAID = _HONEST["introspect.answer"], Registration._said
Registration._said = said
FLAWS = {
    "refresh.client": never,
    "refresh.single_use": never,
    "refresh.scope": lambda parameters, grant: frozenset(parameters.get("scope", "").split()) or grant.scope,
    "grant.audience": adopt,
    "introspect.caller": always,
    "introspect.audience": always,
    "introspect.answer": one_of_two,
    "introspect.inactive": lambda found: {"active": False, "error": "unknown or revoked"},
    "revoke.client": never,
    "revoke.effect": by_hint,
    "register.dpop_bound": lambda metadata: metadata.get("dpop_bound_access_tokens") is True,
    "register.client_id": lambda metadata: metadata.get("client_id") or f"chosen-{time.monotonic_ns()}",
}
"""

#: Tokens and metadata that say too little, too much, or something else than was asked; the resource server takes them.
ODD = """
def sign(self, claims, typ):
    if typ != "at+jwt":
        return SIGN(self, {name: value for name, value in claims.items() if name != "iss"}, typ)
    odd = {"aud": [claims["aud"], "https://third.test"], "sub": "alice", "scope": ""}
    odd |= {"auth_time": time.time()} if "auth_time" in claims else {}
    return SIGN(self, {**claims, **odd, "iat": str(claims["iat"])}, "application/at+jwt")

async def metadata(self, request):
    document = json.loads((await METADATA(self, request)).body)
    document |= {"claims_supported": [], "tls_client_certificate_bound_access_tokens": "true"}
    document["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    if "openid" in request.url.path:
        document["scopes_supported"] = ["openid"]
    return Response(json.dumps(document), media_type="text/html")

SIGN, METADATA = Store.sign, AuthorizationServer._metadata
Store.sign, AuthorizationServer._metadata = sign, metadata
CHECKS = ("typ", "alg", "signature", "issuer", "audience", "expiry")
FLAWS = {f"token.{check}": never for check in CHECKS} | {"scope.required": never, "proof.ath": never}
"""

#: What is changed -> which cases say so.
CAUGHT: Mapping[str, set[str]] = {
    CARELESS: {
        "test_another_client_does_not_revoke_a_refresh_token",
        "test_another_client_does_not_revoke_a_token",
        "test_another_client_is_not_told_of_a_token",
        "test_another_resource_server_is_not_told_of_a_token",
        "test_client_does_not_choose_a_users_name",
        "test_introspection_does_not_call_a_bound_token_bearer",
        "test_introspection_shows_both_bindings_of_a_token",
        "test_nothing_else_is_said_of_a_revoked_token",
        "test_nothing_else_is_said_of_an_unknown_token",
        "test_odd_wish_for_bound_tokens_is_not_dropped_in_silence",
        "test_one_refresh_token_at_many_places_at_once_is_good_once",
        "test_refresh_does_not_reach_another_resource",
        "test_refresh_does_not_widen_the_scope",
        "test_refresh_token_of_another_client_is_refused",
        "test_registration_says_back_whether_tokens_are_bound",
        "test_replaced_refresh_token_is_refused",
        "test_replay_of_a_replaced_refresh_token_ends_the_active_one",
        "test_revoked_refresh_token_is_refused",
        "test_revoked_refresh_token_takes_the_access_token_along",
        "test_revoked_token_is_inactive",
        "test_token_for_another_resource_server_is_not_active_here",
    },
    ODD: {
        "test_an_asymmetric_way_of_client_authentication_is_offered",
        "test_both_metadata_documents_agree",
        "test_claim_is_there_and_of_its_kind",
        "test_facts_about_the_login_stay_the_same",
        "test_member_of_the_metadata_is_of_its_kind",
        "test_metadata_has_no_empty_lists",
        "test_metadata_is_told_as_json",
        "test_proof_for_the_old_token_does_not_go_with_the_new_one",
        "test_scope_that_was_asked_for_is_in_the_token",
        "test_signed_metadata_agrees_with_the_plain",
        "test_signed_metadata_says_who_signed_it",
        "test_subject_of_a_clients_own_token_is_no_user",
        "test_subject_of_a_clients_own_token_is_the_client",
        "test_token_for_another_resource_server_is_refused_here",
        "test_token_is_for_the_resource_that_was_asked_for",
        "test_token_without_the_scope_is_refused",
        "test_tokens_for_two_resource_servers_differ_in_their_audience",
        "test_type_of_a_token_is_written_in_short",
    },
    "": set(),
}


@pytest.mark.parametrize("changes", CAUGHT, ids=["careless", "odd", "honest"])
def test_what_is_done_wrong_is_told_by_the_cases_for_it_and_by_no_others(tmp_path: Path, changes: str) -> None:
    told = broken(tmp_path, changes)

    assert told == CAUGHT[changes]


def broken(folder: Path, changes: str) -> set[str]:
    """The cases that do not hold where that is changed; those that nothing can be said of are left out."""
    (folder / "serve.py").write_text(SERVER.replace("STRICT", str(STRICT), 1).replace("CHANGES\n", changes, 1))
    text = (STRICT / "target.toml").read_text()
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + text[end:]
    (folder / "target.toml").write_text(text.replace('"{here}/serve.py"', f'"{folder}/serve.py"'))
    words = ["--variant", "default", "--suite", "lifecycle", "--suite", "metadata", "-k", " or ".join(FILES)]
    with pytest.raises(SystemExit):
        main(["run", str(folder / "target.toml"), "--out", str(folder / "out"), *words])
    (ran,) = read(folder / "out" / "results.json").targets
    assert len([case for case in ran.cases if case.verdict == "passed"]) > 50
    return {
        case.case.partition("::")[2].partition("[")[0]
        for case in ran.cases
        if case.verdict in {"failed", "warning", "noted"}
    }
