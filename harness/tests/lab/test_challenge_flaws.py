"""Resource servers wrong in one thing that they say or let in: each is caught by the cases that it breaks, and no other."""

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
from strict_server import cross_origin, guards, jose, main, protection, refusals, resource_metadata, resource_server

FLAW = os.environ["FLAW"]
HONEST = dict(guards._HONEST)
Protection, Credentials, Refused = protection.Protection, protection.Credentials, refusals.Refused
challenge, refusal, answer = Protection._challenge, Protection._refusal, Protection.answer
admit, credentials, document = Protection.admit, Protection._credentials, resource_metadata.ResourceMetadata.document

CHALLENGES = {
    "commas-left-out": lambda line: line.replace(", ", " "),
    "realm-twice": lambda line: line + ', realm="a", realm="b"',
    "umlaut": lambda line: line.replace('error_description="', 'error_description="\xfc'),
    "algs-with-commas": lambda line: line.replace("ES256 ES384", "ES256,ES384"),
    "bare-bearer": lambda line: line if "error" in line or line.startswith("DPoP") else "Bearer",
    "metadata-elsewhere": lambda line: line.replace("https://localhost", "https://elsewhere.test"),
    "made-up-code": lambda line: line.replace('"invalid_dpop_proof"', '"dpop_error"'),
    "no-error": lambda line: ", ".join(part for part in line.split(", ") if not part.startswith("error")),
}
STATUS = {
    "forbidden": ("invalid_token", 403),
    "unauthorized-request": ("invalid_request", 401),
    "unauthorized-scope": ("insufficient_scope", 401),
}
DOCUMENTS = {
    "http-identifier": lambda d: d | {"resource": d["resource"].replace("https:", "http:")},
    "query-in-identifier": lambda d: d | {"resource": d["resource"] + "?a=b"},
    "other-identifier": lambda d: d | {"resource": d["resource"] + "s"},
    "empty-list": lambda d: d | {"contacts": []},
    "no-scopes": lambda d: {name: value for name, value in d.items() if name != "scopes_supported"},
    "scopes-in-a-text": lambda d: d | {"scopes_supported": "read admin"},
    "one-server": lambda d: d | {"authorization_servers": d["authorization_servers"][0]},
    "other-server": lambda d: d | {"authorization_servers": ["https://elsewhere.test"]},
    "plain-keys": lambda d: d | {"jwks_uri": d["jwks_uri"].replace("https:", "http:")},
    "unsafe-algorithm": lambda d: d | {"resource_signing_alg_values_supported": ["none"]},
    "fewer-algorithms": lambda d: d | {"dpop_signing_alg_values_supported": ["ES256"]},
    "algorithms-in-a-text": lambda d: d | {"dpop_signing_alg_values_supported": "ES256"},
    "text-for-truth": lambda d: d | {"dpop_bound_access_tokens_required": "false"},
    "certificates-in-a-text": lambda d: d | {"tls_client_certificate_bound_access_tokens": "yes"},
    "other-ways": lambda d: d | {"bearer_methods_supported": ["cookie"]},
    "not-announced": lambda d: {k: v for k, v in d.items() if not k.startswith("tls_client")},
    "signed-by-nobody": lambda d: d | {"signed_metadata": d["signed_metadata"][:-8] + "AAAAAAAA"},
    "demanded": lambda d: d | {"dpop_bound_access_tokens_required": True},
}


def challenge_of(self, name, refused, scheme, metadata_url):
    if FLAW == "other-scheme":
        scheme = {"dpop": "bearer", "bearer": "dpop"}[scheme]
    if FLAW == "error-for-nobody" and not refused.error:
        refused = Refused("invalid_token", "no token", both_schemes=True)
    if FLAW == "one-code" and refused.error == "invalid_dpop_proof":
        refused = Refused("invalid_token", "no")
    return CHALLENGES.get(FLAW, str)(challenge(self, name, refused, scheme, metadata_url))


def refusal_of(self, refused, scheme, metadata_url):
    code, status = STATUS.get(FLAW, ("", 0))
    if code and refused.error == code:
        refused.status = status
    seen = refusal(self, refused, scheme, metadata_url)
    lines = seen.headers.getlist("www-authenticate")
    if FLAW in {"no-challenge", "bearer-only"}:
        del seen.headers["www-authenticate"]
    if FLAW == "bearer-only":
        seen.headers.append("www-authenticate", lines[1])
    return seen


def credentials_of(self, incoming):
    if FLAW == "takes-the-query" and not incoming.values("authorization"):
        for name, value in (*incoming.query, *incoming.form):
            if name == "access_token":
                return Credentials("dpop" if incoming.values("dpop") else "bearer", value)
    if FLAW == "proof-is-enough" and incoming.values("dpop") and not incoming.values("authorization"):
        return Credentials("proof", "")
    return credentials(self, incoming)


async def admitted(self, incoming, given):
    if given.scheme == "proof" or (FLAW == "forgotten-route" and incoming.path == "/admin"):
        return protection.Access({"sub": "somebody", "scope": "admin"}, given.scheme)
    return await admit(self, incoming, given)


async def answered(self, incoming, scope, use, metadata_url=""):
    seen = await answer(self, incoming, scope, use, metadata_url)
    if FLAW == "nobody-after-all" and incoming.path == "/greeting" and seen.status_code in {400, 401}:
        return JSONResponse({"greeting": "hello, stranger"})
    if FLAW == "public" and seen.status_code == 200:
        seen.headers["cache-control"] = "public, max-age=60"
    if FLAW == "echo" and seen.status_code == 401 and incoming.values("dpop"):
        try:
            text = str(jose.read(incoming.values("dpop")[0]).claims.get("htu"))
        except jose.Malformed:
            return seen
        lines = seen.headers.getlist("www-authenticate")
        del seen.headers["www-authenticate"]
        for line in lines:
            seen.headers.append("www-authenticate", line + f', htu="{text}"')
    return seen


def origin_of(request, settings, own):
    host = request.headers["host"]
    scheme = "https"
    if FLAW == "believes-the-forwarded-host":
        host = request.headers.get("x-forwarded-host", host)
    if FLAW == "believes-the-forwarded-scheme":
        scheme = request.headers.get("x-forwarded-proto", scheme)
    if FLAW == "without-tls" and request.state.connection.from_trusted_proxy:
        scheme = "http"
    return own if FLAW == "without-tls-as-with-it" else f"{scheme}://{host}"


class Listed(resource_server.ResourceServer):
    def __init__(self, settings):
        super().__init__(settings)
        main.only_over_tls = self.app


class Page(JSONResponse):
    media_type = "text/html"


GUARDS = {
    "believes-the-host": {"request.origin": origin_of},
    "believes-the-forwarded-host": {"request.origin": origin_of},
    "believes-the-forwarded-scheme": {"request.origin": origin_of},
    "without-tls": {"request.origin": origin_of},
    "without-tls-as-with-it": {"request.origin": origin_of},
    "scope-is-nothing": {"scope.required": lambda access, scope: None},
    "demanded": {"binding.required": lambda binding, settings: None},
    "no-certificate": {"binding.certificate": lambda binding, certificate: None},
    "any-address": {"proof.htu": lambda check: None},
    "takes-the-query": {"token.place": lambda incoming: None, "binding.required": lambda binding, settings: None},
    "public": {"binding.required": lambda binding, settings: None},
}
SHARED = {
    "hidden-challenge": ("shared", lambda scope: {"Access-Control-Allow-Origin": "*"}),
    "not-shared": ("shared", lambda scope: {}),
    "no-preflight": ("preflight", lambda scope: None),
    "star-for-all-headers": ("_ALLOWED", cross_origin._ALLOWED | {"Access-Control-Allow-Headers": "*"}),
    "token-without-proof": ("_ALLOWED", cross_origin._ALLOWED | {"Access-Control-Allow-Headers": "Authorization"}),
}
guards._HONEST.update(GUARDS.get(FLAW, {}))
Protection._challenge, Protection._refusal, Protection.answer = challenge_of, refusal_of, answered
Protection._credentials, Protection.admit = credentials_of, admitted
resource_metadata.ResourceMetadata.document = lambda self, *place: DOCUMENTS.get(FLAW, dict)(document(self, *place))
if FLAW in SHARED:
    setattr(cross_origin, *SHARED[FLAW])
if FLAW.startswith("without-tls"):
    main.ResourceServer = Listed
if FLAW == "page":
    resource_server.JSONResponse = Page
sys.exit(main.main(sys.argv[1:]))
"""

CHALLENGES, SYNTAX = "dpop/test_challenges.py::", "dpop/test_challenge_syntax.py::"
DOORS, SCRIPTS = "dpop/test_doors.py::", "dpop/test_cross_origin.py::"
SERVER, METADATA = "metadata/test_resource_server.py::", "metadata/test_resource_metadata.py::"

CAUGHT: Mapping[str, set[str]] = {}
FLAWS = [
    "none", "commas-left-out", "realm-twice", "umlaut", "algs-with-commas", "bare-bearer", "metadata-elsewhere", "made-up-code",
    "no-error", "forbidden", "unauthorized-request", "unauthorized-scope", "http-identifier", "query-in-identifier",
    "other-identifier", "empty-list", "no-scopes", "scopes-in-a-text", "one-server", "other-server", "plain-keys", "unsafe-algorithm", "fewer-algorithms",
    "algorithms-in-a-text", "text-for-truth", "certificates-in-a-text", "other-ways", "not-announced", "signed-by-nobody", "demanded",
    "other-scheme", "error-for-nobody", "one-code", "no-challenge", "bearer-only", "takes-the-query", "proof-is-enough", "forgotten-route", "nobody-after-all",
    "public", "echo", "believes-the-host", "believes-the-forwarded-host", "believes-the-forwarded-scheme", "without-tls", "without-tls-as-with-it",
    "scope-is-nothing", "no-certificate", "any-address", "hidden-challenge", "not-shared", "no-preflight", "star-for-all-headers", "token-without-proof", "page",
]

@pytest.fixture(scope="module")
def flawed(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> "Ran":
    """Strict's resource server with each of the flaws."""
    folder = tmp_path_factory.mktemp("flawed")
    (folder / "serve.py").write_text(SERVE.replace("STRICT", repr(str(STRICT)), 1))
    (folder / "target.toml").write_text(target())
    selected = "test_challenge or test_doors or test_cross_origin or test_resource"
    return holdfast("run", str(folder), "--suite", "dpop", "--suite", "metadata", "--no-wait", "-k", selected)


def target() -> str:
    text = (STRICT.parent / "strict_rs" / "target.toml").read_text().split("\n# No proof without a nonce")[0]
    start, end = text.index("[services.image]"), text.index("[resources.main]")
    text = text[:start] + 'environment = { FLAW = "{vars.flaw}" }\n' + text[end:]
    text = text.replace("[vars]\n", '[vars]\nflaw = "none"\n').replace('here = "../strict"\n', "")
    return text + "".join(f'\n[variants.{flaw}]\nvars.flaw = "{flaw}"\n' for flaw in FLAWS if flaw != "none")
