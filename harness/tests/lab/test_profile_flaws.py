"""Servers that break one limit of a profile: each is caught by the cases about that limit, and by no other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

STRICT = rooms.reference_impls() / "strict"

#: The honest server but for one thing, by the name that stands in FLAW.
SERVE = r"""
import os
import secrets
import sys
from types import SimpleNamespace

sys.path.insert(0, STRICT)
from strict_server import authorization_server, client_authentication, grants, guards, jose, limits, main
from strict_server import protection, refusals, resource_metadata, token_endpoint

FLAW = os.environ["FLAW"]
HONEST = dict(guards._HONEST)
Server, Endpoint = authorization_server.AuthorizationServer, token_endpoint.TokenEndpoint
Protection, Authentication = protection.Protection, client_authentication.ClientAuthentication
ResourceMetadata = resource_metadata.ResourceMetadata
Refused = refusals.Refused


def nothing(*_):
    return None


def in_a_list(claims, settings):
    named = claims.get("aud")
    if settings.as_url not in (named if isinstance(named, list) else [named]):
        HONEST["limit.assertion_audience"](claims, settings)


def without_nbf(claims, now):
    claims.pop("nbf", None)
    HONEST["assertion.time"](claims, now)


def window(future):
    def iat(check):
        age = check.server.settings.clock() - check.claims["iat"]
        if not -future <= age <= 60:
            raise refusals.invalid_proof("iat is out of the window")
    return iat


def any_known(check):
    if check.header.get("alg") not in jose.ALGORITHMS:
        HONEST["proof.alg"](check)


def plain(parameters):
    if "code_challenge" not in parameters:
        HONEST["authorize.pkce"](parameters)


def verbatim(code, parameters):
    if parameters.get("code_verifier") != code.challenge:
        HONEST["code.verifier"](code, parameters)


def unsigned(assertion, *others):
    if assertion.header.get("alg") != "none":
        HONEST["assertion.signature"](assertion, *others)


GUARDS = {
    "any-audience": {"limit.assertion_audience": nothing},
    "audience-in-a-list": {"limit.assertion_audience": in_a_list},
    "assertion-of-the-future": {"limit.assertion_time": nothing},
    "assertion-not-begun": {"assertion.time": without_nbf},
    "unsigned-assertion": {"assertion.signature": unsigned},
    "impatient": {"proof.iat": window(0)},
    "patient": {"proof.iat": window(100)},
    "any-algorithm": {"proof.alg": any_known},
    "short-rsa": {"jwk.size": nothing},
    "not-pushed": {"limit.pushed": nothing},
    "plain-challenge": {"authorize.pkce": plain, "code.verifier": verbatim},
    "any-response-type": {"authorize.response_type": nothing},
    "unbound": {"limit.bound": nothing},
    "code-of-any-key": {"code.jkt": nothing},
    "bearer": {"issue.token_type": lambda binding: "Bearer"},
    "whole-scope": {"refresh.scope": lambda parameters, grant: grant.scope},
    "not-rotated": {"refresh.single_use": nothing},
}
guards._HONEST.update(GUARDS.get(FLAW, {}))

prove, consent = Authentication._prove, Server._consent
granted, refreshed = Endpoint.check_grant_type, Endpoint._refresh_token
credentials, challenge, document = Protection._credentials, Protection._challenge, ResourceMetadata.document


def proven(self, client, attempt, incoming):
    if attempt.kind or client.method != "private_key_jwt":
        prove(self, client, attempt, incoming)


def with_passwords(self, client, parameters):
    if parameters.get("grant_type") == "password":
        raise Refused("invalid_grant", "wrong password")
    return granted(self, client, parameters)


def rotating(self, ask):
    response = refreshed(self, ask)
    self.store.refresh_tokens.get(ask.parameters["refresh_token"], self.settings.clock()).spent = True
    token = self.store.refresh_tokens.get(ask.parameters["refresh_token"], self.settings.clock())
    return response | {"refresh_token": self.store.add_refresh_token(token.grant, token.binding)}


def without_issuer(self, *arguments):
    response = consent(self, *arguments)
    place, _, query = response.headers["location"].partition("?")
    response.headers["location"] = place + "?" + "&".join(p for p in query.split("&") if not p.startswith("iss="))
    return response


def from_the_query(self, incoming):
    token = dict(incoming.query).get("access_token")
    return protection.Credentials("dpop", token) if token else credentials(self, incoming)


def without_error(self, *arguments):
    return ", ".join(part for part in challenge(self, *arguments).split(", ") if not part.startswith("error"))


if FLAW == "unauthenticated":
    Authentication._prove = proven
if FLAW == "passwords":
    Endpoint.check_grant_type = with_passwords
if FLAW == "rotating":
    Endpoint._refresh_token = rotating
if FLAW == "no-issuer":
    Server._consent = without_issuer
if FLAW == "token-in-the-query":
    Protection._credentials = from_the_query
if FLAW == "short-names":
    grants.secrets = SimpleNamespace(token_urlsafe=lambda _: secrets.token_urlsafe(8))
if FLAW == "bad-request":
    protection._STATUS["invalid_dpop_proof"] = 400
if FLAW == "no-error":
    Protection._challenge = without_error
if FLAW == "no-servers":
    ResourceMetadata.document = lambda self, *a: document(self, *a) | {"authorization_servers": []}
sys.exit(main.main(sys.argv[1:]))
"""

REQUESTS, ASSERTIONS = "fapi2/test_authorization_requests.py::", "fapi2/test_client_assertions.py::"
CLIENTS, PROOFS, RESOURCES = "fapi2/test_clients.py::", "fapi2/test_proofs.py::", "fapi2/test_resources.py::"
AUDIENCE, LIST = (
    "test_assertion_for_anything_but_the_issuer_is_refused",
    "test_assertion_for_a_list_of_audiences_is_refused",
)
EARLY, AHEAD = f"{ASSERTIONS}test_assertion_ahead_of_its_time", f"{PROOFS}test_proof_ahead_of_its_time"
OTHERS = f"{PROOFS}test_proof_with_an_algorithm_that_the_profile_does_not_name_is_refused"
MCP, STEPS = "mcp/test_authorization.py::", "mcp/test_proofs.py::"
AGE, STEP = f"{STEPS}test_proof_is_good_for_five_minutes", f"{STEPS}test_failed_step_is_answered_with_401_and_an_error"


def rows(case: str, *names: str) -> set[str]:
    return {f"{case}[{name}]" for name in names}


LISTS = rows(ASSERTIONS + LIST, "issuer-alone", "issuer-first", "issuer-last")

#: Flaw -> what else the target file changes, and the cases that it breaks, each with its row where it has some.
FAPI2: Mapping[str, tuple[str, set[str]]] = {
    "any-audience": (
        "",
        LISTS
        | rows(ASSERTIONS + AUDIENCE, "token-endpoint", "par-endpoint", "issuer-with-a-path", "issuer-of-another"),
    ),
    "audience-in-a-list": ("", LISTS),
    "assertion-of-the-future": ("", rows(EARLY, "sixty-five-seconds-iat", "five-minutes-iat")),
    "assertion-not-begun": ("", rows(EARLY, "sixty-five-seconds-nbf", "five-minutes-nbf")),
    "unsigned-assertion": ("", {f"{ASSERTIONS}test_assertion_without_a_signature_is_refused"}),
    "impatient": ("", rows(AHEAD, "five-seconds-iat", "nine-seconds-iat")),
    "patient": ("", rows(AHEAD, "sixty-five-seconds-iat")),
    "any-algorithm": ("", rows(OTHERS, "rs256", "es384", "es512")),
    "short-rsa": ("", {f"{PROOFS}test_proof_by_a_short_rsa_key_is_refused"}),
    "not-pushed": ("", {f"{REQUESTS}test_request_that_was_not_pushed_is_refused"}),
    "plain-challenge": (
        "",
        rows(f"{REQUESTS}test_code_challenge_by_anything_but_s256_is_refused", "plain", "no-method"),
    ),
    "any-response-type": (
        "",
        rows(
            f"{REQUESTS}test_anything_but_a_code_is_refused",
            *("token", "id-token", "id-token-and-token", "code-and-token", "code-and-id-token", "everything", "absent"),
        ),
    ),
    "unauthenticated": (
        "",
        {
            f"{CLIENTS}test_client_that_only_names_itself_is_refused",
            f"{REQUESTS}test_push_without_client_authentication_is_refused",
        },
    ),
    "unbound": ("", {f"{CLIENTS}test_client_that_need_not_be_bound_gets_no_unbound_token"}),
    "code-of-any-key": ("", {f"{REQUESTS}test_code_of_a_push_that_only_names_a_key_is_refused_with_another"}),
    "bearer": ("", rows(f"{CLIENTS}test_token_for_a_proof_is_never_a_bearer_token", "client-credentials", "code")),
    "passwords": ("", {f"{CLIENTS}test_password_grant_is_refused_before_the_password_is_looked_at"}),
    "rotating": ("", {f"{CLIENTS}test_refresh_token_is_not_rotated"}),
    "whole-scope": ("", {f"{CLIENTS}test_token_for_less_does_not_reach_further"}),
    "short-names": ("", {f"{CLIENTS}test_code_cannot_be_guessed", f"{CLIENTS}test_refresh_token_cannot_be_guessed"}),
    "no-issuer": ("", {f"{REQUESTS}test_answer_to_an_authorization_request_names_the_issuer"}),
    "long-push": ("pushed_lifetime = 600", {f"{REQUESTS}test_pushed_request_is_good_for_less_than_ten_minutes"}),
    "token-in-the-query": ("", {f"{RESOURCES}test_token_in_the_query_is_refused"}),
    "secrets": (
        'client_auth = "all"',
        {
            f"{CLIENTS}test_clients_authenticate_with_a_key_or_a_certificate_only",
            f"{CLIENTS}test_public_clients_are_not_announced",
        },
    ),
    "more-algorithms": (
        'algorithms = "all"',
        rows(OTHERS, "rs256", "es384", "es512")
        | rows(f"{ASSERTIONS}test_only_the_algorithms_of_the_profile_are_announced", "assertions", "proofs")
        | {f"{PROOFS}test_challenge_announces_the_algorithms_of_the_profile_only"},
    ),
}

EVERY_STEP = rows(
    STEP,
    *("type", "algorithm", "key-absent", "key-private", "signature", "form", "several", "method", "target", "age"),
    *("token", "identifier", "proof-absent"),
)

SEP1932: Mapping[str, tuple[str, set[str]]] = {
    "short-window": ("proof_past = 120", rows(AGE, "four-minutes-old")),
    "long-past": ("proof_past = 600\nvars.jti_lifetime = 700", rows(AGE, "six-minutes-old")),
    "long-future": ("proof_future = 600\nvars.jti_lifetime = 1000", rows(AGE, "six-minutes-ahead")),
    "bad-request": ("", EVERY_STEP),
    "no-error": ("", EVERY_STEP | {f"{STEPS}test_proof_by_another_key_is_answered_with_401_and_an_error"}),
    "no-servers": ("", {f"{MCP}test_resource_metadata_names_an_authorization_server"}),
    "no-issuer": ("", {f"{MCP}test_answer_to_an_authorization_request_names_the_issuer"}),
    "not-rotated": ("", {f"{MCP}test_public_clients_refresh_token_is_rotated"}),
    "long-life": ("token_lifetime = 7200", {f"{MCP}test_access_token_is_good_for_an_hour_at_most"}),
}


def written(profile: str, flaws: Mapping[str, tuple[str, set[str]]]) -> str:
    """Strict's target file with the profile's variant, once honest and once with each flaw."""
    text = (STRICT / "target.toml").read_text()
    overlay = text.partition(f"[variants.{profile}]\n")[2].partition("\n\n")[0]
    text = text.partition("\n[variants.")[0].rpartition("\n#")[0]
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + 'environment = { FLAW = "{vars.flaw}" }\n' + text[end:]
    text = text.replace("[vars]\n", '[vars]\nflaw = "none"\n')
    made = {"honest": ("", set[str]()), **flaws}
    for flaw, (change, _) in made.items():
        kept = [line for line in overlay.splitlines() if line.partition("=")[0].strip() not in changed(change)]
        more = [f"vars.{change}"] if change else []
        text += "\n".join([f"\n[variants.{flaw}]", *kept, f'vars.flaw = "{flaw}"', *more, ""])
    return text


def changed(change: str) -> set[str]:
    lines = [f"vars.{change}", *change.splitlines()[1:]]
    return {line.partition("=")[0].strip() for line in lines}


def judged(
    holdfast: "Holdfast", folder: pytest.TempPathFactory, profile: str, flaws: Mapping[str, tuple[str, set[str]]]
) -> "Ran":
    place = folder.mktemp(profile)
    (place / "serve.py").write_text(SERVE.replace("STRICT", repr(str(STRICT))))
    (place / "target.toml").write_text(written(profile, flaws))
    once = "not resource-post and not token-code and not token-refresh and not userinfo"
    return holdfast("run", str(place), "--suite", profile, "--profile", profile, "--no-wait", "-k", once)


@pytest.fixture(scope="module")
def fapi2(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> "Ran":
    return judged(holdfast, tmp_path_factory, "fapi2", FAPI2)


@pytest.fixture(scope="module")
def mcp(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> "Ran":
    return judged(holdfast, tmp_path_factory, "mcp", SEP1932)


def broken(ran: "Ran", variant: str) -> set[str]:
    """What did not hold there, without the endpoints."""
    found = set()
    for case in ran.cases("failed", "warning", "noted", variants=[variant]):
        name, _, row = case.case.partition("[")
        row = row.rstrip("]") if name.startswith(REQUESTS) else row.rstrip("]").removesuffix(case.endpoint).rstrip("-")
        found.add(f"{name}[{row}]" if row else name)
    return found


@pytest.mark.parametrize("flaw", FAPI2)
def test_a_broken_limit_of_fapi2_is_caught_by_the_cases_about_it(fapi2: "Ran", flaw: str) -> None:
    assert broken(fapi2, flaw) == FAPI2[flaw][1]
    assert fapi2.cases("inconclusive", variants=[flaw]) == []


@pytest.mark.parametrize("flaw", SEP1932)
def test_a_broken_limit_of_sep_1932_is_caught_by_the_cases_about_it(mcp: "Ran", flaw: str) -> None:
    assert broken(mcp, flaw) == SEP1932[flaw][1]
    assert mcp.cases("inconclusive", variants=[flaw]) == []


def test_a_profile_s_own_rule_for_refusals_is_broken_by_400(mcp: "Ran") -> None:
    def rule(variant: str) -> set[str]:
        signals = [signal for case in mcp.variant(variant).cases for signal in case.signals]
        return {f"{s.name} {s.verdict}" for s in signals if s.situation.startswith("SEP1932-401")}

    assert rule("bad-request") == {"hard: status failed"}
    assert rule("no-error") == {"hard: challenge_error failed"}
    assert rule("honest") == set()


def test_without_a_flaw_nothing_is_caught(fapi2: "Ran", mcp: "Ran") -> None:
    for ran in (fapi2, mcp):
        assert ran.cases("failed", "warning", "noted", "inconclusive", variants=["honest"]) == []
        assert ran.cases("passed", variants=["honest"])
