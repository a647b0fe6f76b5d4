"""Flaws in what servers publish about themselves (RFC 8414, RFC 9728, RFC 9449 section 5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flawed_server.registry import Answer, answer, inside

from .signal_parts import said

if TYPE_CHECKING:
    from starlette.types import Scope
    from strict_server.main import Servers

OAUTH, OPENID = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"
SERVER = (OAUTH, OPENID)
ALGORITHMS, ASSERTIONS = "dpop_signing_alg_values_supported", "token_endpoint_auth_signing_alg_values_supported"

#: In place of a value: the member is left out.
GONE = object()

Members = Mapping[str, Any]


def _is_ours(scope: Scope) -> bool:
    """Whether strict's own resource server asks, which is told the truth as if it were configured by hand."""
    return any(name == b"user-agent" and value.startswith(b"python-httpx") for name, value in scope["headers"])


def published(*places: str) -> Callable[[Answer, Scope], bool]:
    """Make what tells whether an answer is a document at one of these places."""

    def check(found: Answer, scope: Scope) -> bool:
        return scope["path"].startswith(places) and found.status == 200 and not _is_ours(scope)

    return check


def _lie(name: str, places: tuple[str, ...], members: Members) -> None:
    """Register a document with other members; a function gives a member's value from the document."""
    is_there = published(*places)

    def change(found: Answer, scope: Scope) -> None:
        if is_there(found, scope):
            document = said(found)
            told = {**document, **{k: v(document) if callable(v) else v for k, v in members.items()}}
            found.body = json.dumps({k: v for k, v in told.items() if v is not GONE}).encode()

    answer(f"metadata: {name}")(change)


def _in_clear(member: str) -> Callable[[Members], str]:
    return lambda document: str(document[member]).replace("https://", "http://", 1)


def _with(member: str, *more: str) -> Callable[[Members], list[str]]:
    return lambda document: [*document[member], *more]


def _less(member: str, *less: str) -> Callable[[Members], list[str]]:
    return lambda document: [one for one in document[member] if one not in less]


def _first(member: str) -> Callable[[Members], str]:
    return lambda document: str(document[member][0])


#: Name -> what an authorization server says otherwise, in both its documents.
_OF_SERVERS: Mapping[str, Members] = {
    "an issuer with a slash at its end": {"issuer": lambda document: document["issuer"] + "/"},
    "no algorithms for proofs": {ALGORITHMS: GONE},
    "proofs without a signature": {ALGORITHMS: _with(ALGORITHMS, "none", "HS256")},
    "algorithms for proofs in one text": {ALGORITHMS: "ES256 PS256"},
    "assertions without a signature": {ASSERTIONS: _with(ASSERTIONS, "none")},
    "no RS256 for assertions": {ASSERTIONS: _less(ASSERTIONS, "RS256")},
    "RS256": {ALGORITHMS: _with(ALGORITHMS, "RS256"), ASSERTIONS: _with(ASSERTIONS, "RS256")},
    "an endpoint in clear": {"end_session_endpoint": _in_clear("authorization_endpoint")},
    "an alias in clear": {
        "mtls_endpoint_aliases": lambda document: {
            **document.get("mtls_endpoint_aliases", {}),
            "authorization_endpoint": document["authorization_endpoint"].replace("https:", "http:"),
        }
    },
    "an alias of nothing": {"revocation_endpoint": GONE},
    "an empty list": {"ui_locales_supported": []},
    "true as a text": {"tls_client_certificate_bound_access_tokens": "true"},
    "resources in one text": {"protected_resources": lambda document: " ".join(document["protected_resources"])},
    "other resources": {"protected_resources": lambda document: [document["issuer"] + "/elsewhere"]},
    "a list of what is signed": {"signed_metadata": lambda document: [document["signed_metadata"]]},
    "a broken signature": {"signed_metadata": lambda document: document["signed_metadata"][:-8] + "AAAAAAAA"},
    "secrets only": {"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"]},
    "a secret too": {
        "token_endpoint_auth_methods_supported": _with("token_endpoint_auth_methods_supported", "client_secret_basic")
    },
    "public clients too": {
        "token_endpoint_auth_methods_supported": _with("token_endpoint_auth_methods_supported", "none")
    },
    "passwords": {"grant_types_supported": _with("grant_types_supported", "password")},
    "no token endpoint": {"token_endpoint": GONE},
    "no introspection endpoint": {"introspection_endpoint": GONE},
    "no revocation endpoint": {"revocation_endpoint": GONE},
    "no registration endpoint": {"registration_endpoint": GONE},
    "no endpoint for pushed requests": {"pushed_authorization_request_endpoint": GONE},
    "no keys": {"jwks_uri": GONE},
}

#: Name -> what a resource server says otherwise.
_OF_RESOURCES: Mapping[str, Members] = {
    "an empty resource": {"resource": ""},
    "a resource in clear": {"resource": _in_clear("resource")},
    "a resource with a query": {"resource": lambda document: document["resource"] + "?tenant=main"},
    "another resource": {"resource": lambda document: document["resource"] + "/other"},
    "an empty text": {"resource_documentation": ""},
    "no scopes": {"scopes_supported": GONE},
    "scopes in one text": {"scopes_supported": "read admin"},
    "no authorization server": {"authorization_servers": GONE},
    "authorization servers in one text": {
        "authorization_servers": lambda document: document["authorization_servers"][0]
    },
    "another authorization server": {"authorization_servers": ["https://as.holdfast-other.test"]},
    "keys in clear": {"jwks_uri": _in_clear("jwks_uri")},
    "a cookie as a way": {"bearer_methods_supported": ["header", "cookie"]},
    "certificates unsaid": {"tls_client_certificate_bound_access_tokens": GONE},
    "certificates as a text": {"tls_client_certificate_bound_access_tokens": "true"},
    "proofs required as a text": {"dpop_bound_access_tokens_required": "no"},
    "proofs required": {"dpop_bound_access_tokens_required": True},
    "no algorithms": {ALGORITHMS: GONE},
    "algorithms in one text": {ALGORITHMS: "ES256 PS256"},
    "fewer algorithms": {ALGORITHMS: ["ES256"]},
    "answers without a signature": {"resource_signing_alg_values_supported": ["ES256", "none"]},
    "a broken signature": {"signed_metadata": lambda document: document["signed_metadata"][:-8] + "AAAAAAAA"},
}

for lie, told in _OF_SERVERS.items():
    _lie(lie, SERVER, told)
for lie, told in _OF_RESOURCES.items():
    _lie(f"{lie} of a resource", (RESOURCE,), told)
_lie("other algorithms for OpenID Connect", (OPENID,), {ALGORITHMS: ["ES256"]})


# Where and how it lies there


def _as_text(name: str, *places: str) -> None:
    is_there = published(*places)

    def change(found: Answer, scope: Scope) -> None:
        if is_there(found, scope):
            found.replace("content-type", "text/plain")

    answer(name)(change)


_as_text("metadata: called text", *SERVER)
_as_text("metadata: called text of a resource", RESOURCE)


@answer("metadata: for OpenID Connect only")
def not_where_the_issuer_says(found: Answer, scope: Scope) -> None:
    """Publish nothing where RFC 8414 has it."""
    if published(OAUTH)(found, scope):
        found.status, found.body = 404, b"{}"


@answer("metadata: of a resource without TLS")
def in_clear(found: Answer, scope: Scope) -> None:
    """Publish without TLS what is published with it."""
    if scope["path"].startswith(RESOURCE) and b"use https" in found.body:
        host = next(value.decode("latin-1") for name, value in scope["headers"] if name == b"host")
        found.status = 200
        found.body = json.dumps({"resource": f"http://{host}{scope['path'].removeprefix(RESOURCE)}"}).encode()


@answer("metadata: a symmetric key among the keys")
def symmetric_key(found: Answer, scope: Scope) -> None:
    """Publish a key that signs, beside those that verify."""
    if scope["path"] == "/jwks":
        mac = {"kty": "oct", "kid": "mac", "use": "sig", "alg": "HS256", "k": "aG9sZGZhc3QtaG9sZGZhc3QtaG9sZGZhc3Q"}
        found.body = json.dumps({"keys": [*said(found)["keys"], mac]}).encode()


# What is signed


def _signing(name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Register an authorization server that signs other claims than it publishes."""

    def sign_otherwise(servers: Servers) -> None:
        if servers.authorization is None:
            return
        store = servers.authorization.store
        sign = store.sign

        def signed(claims: Mapping[str, Any], typ: str) -> str:
            return sign(change(dict(claims)) if "token_endpoint" in claims else claims, typ)

        store.sign = signed

    inside(f"metadata: {name}")(sign_otherwise)


_signing("nobody signs", lambda claims: {name: value for name, value in claims.items() if name != "iss"})
_signing("another token endpoint is signed", lambda claims: {**claims, "token_endpoint": claims["issuer"] + "/old"})


def _signing_of_a_resource(name: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    def sign_otherwise(servers: Servers) -> None:
        if servers.resource is None:
            return
        metadata = servers.resource.metadata
        sign = metadata.sign
        metadata.sign = lambda claims: sign(change(dict(claims)))

    inside(f"metadata: {name} of a resource")(sign_otherwise)


_signing_of_a_resource("nobody signs", lambda claims: {name: value for name, value in claims.items() if name != "iss"})
_signing_of_a_resource("what is signed holds itself", lambda claims: {**claims, "signed_metadata": "e30.e30."})
