"""Resource servers that let in or say what they must not: each is caught by the cases it breaks and by no other."""

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
import sys

sys.path.insert(0, STRICT)
from starlette.responses import JSONResponse
from strict_server import cross_origin, guards, jose, main, protection, resource_metadata, resource_server

FLAW = os.environ["FLAW"]
Protection, Credentials = protection.Protection, protection.Credentials
answer, admit, credentials = Protection.answer, Protection.admit, Protection._credentials
document = resource_metadata.ResourceMetadata.document


def credentials_of(self, incoming):
    scheme = "dpop" if incoming.values("dpop") else "bearer"
    if FLAW == f"{scheme}-in-the-query" and not incoming.values("authorization"):
        for name, value in (*incoming.query, *incoming.form):
            if name == "access_token":
                return Credentials(scheme, value)
    if FLAW == "proof-is-enough" and incoming.values("dpop") and not incoming.values("authorization"):
        return Credentials("proof", "")
    return credentials(self, incoming)


async def admitted(self, incoming, given):
    if given.scheme == "proof" or (FLAW == "forgotten-route" and incoming.path == "/admin"):
        return protection.Access({"sub": "somebody", "scope": "admin"}, given.scheme)
    if FLAW == "proof-for-bound-tokens" and given.scheme == "dpop" and not incoming.values("dpop"):
        claims = await self._lookup(given.token)
        if "cnf" not in claims:
            return protection.Access(claims, given.scheme)
    return await admit(self, incoming, given)


async def answered(self, incoming, scope, use, metadata_url=""):
    seen = await answer(self, incoming, scope, use, metadata_url)
    if FLAW == "nobody-after-all" and incoming.path == "/greeting" and seen.status_code in {400, 401}:
        return JSONResponse({"greeting": "hello, stranger"})
    if FLAW == "bearer-in-the-query" and seen.status_code == 200:
        seen.headers["cache-control"] = "public, max-age=60"
    if FLAW == "echo" and seen.status_code == 401 and incoming.values("dpop"):
        try:
            said = str(jose.read(incoming.values("dpop")[0]).claims.get("htu"))
        except jose.Malformed:
            return seen
        seen.headers.append("www-authenticate", f'Echo htu="{said}"')
    return seen


def origin_of(request, settings, own):
    host, scheme = request.headers["host"], "https"
    if FLAW == "believes-the-forwarded-host":
        host = request.headers.get("x-forwarded-host", own.removeprefix("https://"))
    if FLAW == "believes-the-forwarded-scheme":
        host, scheme = own.removeprefix("https://"), request.headers.get("x-forwarded-proto", scheme)
    if FLAW == "without-tls":
        plain = request.state.connection.from_trusted_proxy
        return f"http://{host}" if plain else own
    return own if FLAW == "without-tls-as-with-it" else f"{scheme}://{host}"


class Shown(resource_server.ResourceServer):
    def __init__(self, settings):
        super().__init__(settings)
        main.only_over_tls = self.app


def unbound(binding, settings):
    return None


GUARDS = {
    "believes-the-host": {"request.origin": origin_of},
    "believes-the-forwarded-host": {"request.origin": origin_of},
    "believes-the-forwarded-scheme": {"request.origin": origin_of},
    "without-tls": {"request.origin": origin_of},
    "without-tls-as-with-it": {"request.origin": origin_of},
    "scope-is-nothing": {"scope.required": lambda access, scope: None},
    "no-certificate": {"binding.certificate": lambda binding, certificate: None},
    "demands-in-words": {"binding.required": unbound},
    "dpop-in-the-query": {"token.place": lambda incoming: None},
    "bearer-in-the-query": {"token.place": lambda incoming: None, "binding.required": unbound},
}
guards._HONEST.update(GUARDS.get(FLAW, {}))
Protection.answer, Protection.admit, Protection._credentials = answered, admitted, credentials_of
if FLAW.startswith("without-tls"):
    main.ResourceServer = Shown
if FLAW == "demands-in-words":
    required = {"dpop_bound_access_tokens_required": True}
    resource_metadata.ResourceMetadata.document = lambda self, *place: document(self, *place) | required
if FLAW == "hidden-challenge":
    cross_origin.shared = lambda scope: {"Access-Control-Allow-Origin": "*"}
if FLAW == "no-preflight":
    cross_origin.preflight = lambda scope: None
sys.exit(main.main(sys.argv[1:]))
"""

CHALLENGES, DOORS = "dpop/test_challenges.py::", "dpop/test_doors.py::"
METADATA, SCRIPTS = "metadata/test_resource_metadata.py::", "dpop/test_cross_origin.py::"
INJECTED = "dpop/test_challenge_syntax.py::test_what_a_request_says_does_not_break_out_of_the_challenge"
EVERYWHERE = f"{DOORS}test_every_other_resource_is_as_closed_as_the_main_one"
OTHER_HOST = f"{DOORS}test_proof_for_another_host_is_refused_whatever_the_client_calls_the_server"
OTHER_ADDRESS = f"{DOORS}test_proof_for_another_address_is_refused_whatever_the_client_calls_it"
NOBODY = f"{DOORS}test_who_fails_is_not_served_as_nobody"
BEYOND = {
    f"{CHALLENGES}test_action_beyond_the_scope_is_refused",
    f"{CHALLENGES}test_insufficient_scope_is_answered_with_403",
}

#: Flaw -> the cases that it breaks, each with its row where it has some.
CAUGHT: Mapping[str, set[str]] = {
    "proof-is-enough": {
        f"{EVERYWHERE}[proof-alone]",
        f"{CHALLENGES}test_failed_request_is_answered_with_a_challenge[proof-alone]",
        f"{CHALLENGES}test_who_presented_no_token_is_told_of_no_error[proof-alone]",
        f"{DOORS}test_bound_token_is_taken_from_its_header_only[query]",
        f"{DOORS}test_bound_token_is_taken_from_its_header_only[form]",
        f"{METADATA}test_way_that_is_not_listed_is_not_taken[query]",
        f"{METADATA}test_way_that_is_not_listed_is_not_taken[form]",
    },
    "forgotten-route": {
        *(f"{EVERYWHERE}[{row}]" for row in ("no-proof", "bad-proof", "other-key", "bound-as-bearer", "bad-token")),
        f"{DOORS}test_every_other_resource_asks_for_the_certificate",
        *BEYOND,
    },
    "nobody-after-all": {
        f"{NOBODY}[{row}]"
        for row in ("bad-token", "bad-proof", "no-proof", "other-key", "bound-as-bearer", "bad-bearer")
    },
    "proof-for-bound-tokens": {f"{DOORS}test_unbound_token_under_dpop_without_a_proof_is_refused"},
    "no-certificate": {
        f"{DOORS}test_every_other_resource_asks_for_the_certificate",
        f"{METADATA}test_who_takes_certificate_bound_tokens_asks_for_the_certificate",
    },
    "dpop-in-the-query": {
        f"{DOORS}test_bound_token_is_taken_from_its_header_only[query]",
        f"{DOORS}test_bound_token_is_taken_from_its_header_only[form]",
        f"{METADATA}test_way_that_is_not_listed_is_not_taken[query]",
        f"{METADATA}test_way_that_is_not_listed_is_not_taken[form]",
    },
    "bearer-in-the-query": {f"{CHALLENGES}test_answer_to_a_token_in_the_query_is_private"},
    "bearer-in-vain": {f"{CHALLENGES}test_unbound_token_is_accepted_in_the_header"},
    "believes-the-host": {f"{OTHER_HOST}[host]"},
    "believes-the-forwarded-host": {f"{OTHER_HOST}[x-forwarded-host]"},
    "believes-the-forwarded-scheme": {f"{OTHER_ADDRESS}[x-forwarded-proto]"},
    "without-tls": {
        f"{DOORS}test_bound_token_without_tls_is_refused",
        f"{METADATA}test_metadata_is_not_had_without_tls",
    },
    "without-tls-as-with-it": {
        f"{DOORS}test_proof_for_the_address_with_tls_is_refused_without_it",
        f"{METADATA}test_metadata_is_not_had_without_tls",
    },
    "scope-is-nothing": BEYOND,
    "demands-in-words": {f"{METADATA}test_who_demands_bound_tokens_takes_no_other"},
    "echo": {f"{INJECTED}[htu]", f"{INJECTED}[line-end]", f"{INJECTED}[backslash]"},
    "hidden-challenge": {
        f"{SCRIPTS}test_challenge_is_exposed_to_scripts[{row}]"
        for row in ("no-proof", "bad-proof", "bad-token", "bound-as-bearer")
    },
    "no-preflight": {
        f"{SCRIPTS}test_preflight_needs_no_proof",
        f"{SCRIPTS}test_preflight_allows_what_a_bound_token_needs[dpop]",
        f"{SCRIPTS}test_preflight_allows_what_a_bound_token_needs[authorization]",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def flawed(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> "Ran":
    """Strict's resource server with each of the flaws, and without any."""
    folder = tmp_path_factory.mktemp("flawed")
    (folder / "serve.py").write_text(SERVE.replace("STRICT", repr(str(STRICT)), 1))
    (folder / "target.toml").write_text(target())
    selected = "test_challenges or break_out or test_doors or test_cross_origin or test_resource_metadata"
    return holdfast("run", str(folder), "--suite", "dpop", "--suite", "metadata", "--no-wait", "-k", selected)


def target() -> str:
    text = (STRICT.parent / "strict_rs" / "target.toml").read_text().split("\n# No proof without a nonce")[0]
    start, end = text.index("[services.image]"), text.index("[resources.main]")
    text = text[:start] + 'environment = { FLAW = "{vars.flaw}" }\n' + text[end:]
    text = text.replace("[vars]\n", '[vars]\nflaw = "none"\n').replace('here = "../strict"\n', "")
    variants = [f'\n[variants.{flaw}]\nvars.flaw = "{flaw}"\n' for flaw in CAUGHT]
    # It says that it takes tokens that are bound to nothing.
    return "".join([text, *variants]).replace('"bearer-in-vain"', '"bearer-in-vain"\ncapabilities_add = ["bearer"]')


def broken(ran: "Ran", variant: str) -> set[str]:
    """What did not hold there, without the endpoints."""
    found = set()
    for case in ran.cases("failed", "warning", "noted", "inconclusive", variants=[variant]):
        name, _, rows = case.case.partition("[")
        row = rows.rstrip("]").removesuffix(case.endpoint).rstrip("-")
        found.add(f"{name}[{row}]" if row else name)
    return found


@pytest.mark.parametrize("flaw", CAUGHT)
def test_a_flaw_is_caught_by_exactly_the_cases_that_it_breaks(flawed: "Ran", flaw: str) -> None:
    assert broken(flawed, flaw) == CAUGHT[flaw]


def test_without_a_flaw_nothing_is_caught(flawed: "Ran") -> None:
    assert broken(flawed, "default") == set()
