"""Flaws in what a token is bound to and in what its answer calls it (RFC 9449 section 5, RFC 8705 section 3)."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.refusals import Refused
from strict_server.tokens import Binding

from flawed_server.places import HERE
from flawed_server.registry import Answer, answer, inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope
    from strict_server.clients import Client
    from strict_server.main import Servers
    from strict_server.proof import ProofCheck
    from strict_server.token_endpoint import Ask


@instead_of("issue.proof_required", "of every client")
def proof_of_everybody(_honest: Callable[..., Any], client: Client, jkt: str | None) -> None:
    """Ask for a proof also where neither client nor connection need one, but not of clients with certificates."""
    if jkt is None and not (client.certificate_bound or "tls_client_auth" in client.method):
        raise Refused("invalid_request", "a DPoP proof is needed")


@instead_of("issue.certificate_required", "not of public clients")
def no_certificates_of_public_clients(honest: Callable[..., Any], client: Client, x5t: str | None) -> None:
    """Refuse the certificate of a client that cannot authenticate with it, where it redeems a code."""
    if client.is_public and x5t is not None and HERE.get() == "token-code":
        raise Refused("invalid_client", "the certificate is not registered")
    honest(client, x5t)


@instead_of("issue.confirmation", "lost by a refresh")
def confirmation_is_lost(honest: Callable[..., Any], binding: Binding) -> Mapping[str, str]:
    """Leave cnf out of what a refresh gives."""
    found: Mapping[str, str] = honest(binding)
    return {} if HERE.get() == "token-refresh" else found


@instead_of("issue.token_type", "Bearer")
def always_bearer(_honest: Callable[..., Any], _binding: Binding) -> str:
    """Call every token Bearer."""
    return "Bearer"


@instead_of("issue.token_type", "DPoP")
def always_dpop(_honest: Callable[..., Any], _binding: Binding) -> str:
    """Call every token DPoP."""
    return "DPoP"


@instead_of("issue.token_type", "lower case")
def type_in_lower_case(honest: Callable[..., Any], binding: Binding) -> str:
    """Spell the type in lower case."""
    return str(honest(binding)).lower()


@instead_of("issue.refresh_binding", "nothing")
def refresh_tokens_unbound(_honest: Callable[..., Any], _client: Client, _shown: Binding, unbound: Binding) -> Binding:
    """Bind no refresh token."""
    return unbound


@instead_of("issue.refresh_binding", "of every client")
def refresh_tokens_bound(_honest: Callable[..., Any], _client: Client, shown: Binding, _unbound: Binding) -> Binding:
    """Bind the refresh tokens of clients that authenticate, too."""
    return shown


@instead_of("issue.binding", "never a certificate")
def never_a_certificate(_honest: Callable[..., Any], _client: Client, shown: Binding) -> Binding:
    """Bind no token to a certificate."""
    return Binding(shown.jkt, None)


@instead_of("issue.binding", "the key in place of the certificate")
def key_in_place_of_the_certificate(honest: Callable[..., Any], client: Client, shown: Binding) -> Binding:
    """Bind to the key of a proof alone, where there is one."""
    return honest(client, shown) if shown.jkt is None else Binding(shown.jkt)


@instead_of("issue.binding", "the certificate in place of the key")
def certificate_in_place_of_the_key(honest: Callable[..., Any], client: Client, shown: Binding) -> Binding:
    """Bind to a certificate alone where a client that asked for none shows one."""
    if client.certificate_bound or shown.x5t is None:
        return honest(client, shown)  # type: ignore[no-any-return]
    return Binding(None, shown.x5t)


def _named(parameters: Mapping[str, str]) -> str | None:
    """Give the thumbprint of the key that a parameter names."""
    for name in ("cnf", "req_cnf"):
        if name in parameters:
            said = json.loads(parameters[name])
            return said["jkt"] if "jkt" in said else jose.thumbprint(said["jwk"])
    return parameters.get("jkt") or parameters.get("dpop_jkt")


@inside("bound to what a parameter names")
def bound_to_what_is_asked_for(servers: Servers) -> None:
    """Bind a token to the key that a parameter of the token request names."""
    if servers.authorization is None:
        return
    tokens = servers.authorization.tokens
    honest = tokens.respond

    def respond(grant_type: str, ask: Ask) -> dict[str, Any]:
        named = _named(ask.parameters)
        return honest(grant_type, ask if named is None else replace(ask, binding=Binding(named, ask.binding.x5t)))

    tokens.respond = respond  # type: ignore[method-assign]


def _hashed(members: Mapping[str, Any], algorithm: str = "sha256") -> str:
    """Hash members as RFC 7638 has it, whichever they are and in the order in which they come."""
    return jose.encode(hashlib.new(algorithm, json.dumps(members, separators=(",", ":")).encode()).digest())


@instead_of("issue.thumbprint", "over all members")
def over_all_members(_honest: Callable[..., Any], check: ProofCheck) -> str:
    """Hash whatever stands in the key."""
    return _hashed(dict(sorted(check.header["jwk"].items())))


@instead_of("issue.thumbprint", "over the text")
def over_the_text(honest: Callable[..., Any], check: ProofCheck) -> str:
    """Hash names and values as the header's text spells them, escapes and all."""
    text = jose.decode(check.jws.signed.decode().partition(".")[0]).decode() if check.jws else ""
    inner = re.search(r'"jwk"\s*:\s*\{(.*?)\}', text, re.DOTALL)
    members = sorted(re.findall(r'"[^"]*"\s*:\s*"[^"]*"', inner[1])) if inner and "\\u" in inner[1] else []
    return jose.encode(hashlib.sha256(f"{{{','.join(members)}}}".encode()).digest()) if members else honest(check)


@instead_of("issue.thumbprint", "by a hash for each curve")
def by_the_curve(honest: Callable[..., Any], check: ProofCheck) -> str:
    """Hash keys on P-384 and P-521 as their signatures are."""
    jwk = check.header["jwk"]
    algorithm = {"P-384": "sha384", "P-521": "sha512"}.get(jwk.get("crv"))
    return honest(check) if algorithm is None else _hashed({n: jwk[n] for n in ("crv", "kty", "x", "y")}, algorithm)


@instead_of("issue.thumbprint", "RSA members in another order")
def rsa_in_another_order(honest: Callable[..., Any], check: ProofCheck) -> str:
    """Hash the members of RSA keys in the order kty, n, e."""
    jwk = check.header["jwk"]
    return _hashed({name: jwk[name] for name in ("kty", "n", "e")}) if jwk["kty"] == "RSA" else honest(check)


@instead_of("issue.thumbprint", "OKP keys like those of EC")
def okp_like_ec(honest: Callable[..., Any], check: ProofCheck) -> str:
    """Hash a y also of keys that have none."""
    jwk = check.header["jwk"]
    members = {"crv": jwk.get("crv"), "kty": jwk["kty"], "x": jwk.get("x"), "y": None}
    return _hashed(members) if jwk["kty"] == "OKP" else honest(check)


@instead_of("issue.audience", "always the same")
def always_the_own_resource(_honest: Callable[..., Any], _asked: Mapping[str, str], own: str, _known: set[str]) -> str:
    """Issue every token for this software's own resource server."""
    return own


@instead_of("issue.name", "of 64 bits")
def short_names(_honest: Callable[..., Any], _kind: str) -> str:
    """Make up names of 64 bits."""
    return secrets.token_urlsafe(8)


_NUMBERS = count(secrets.randbits(32))


@instead_of("issue.name", "counted")
def counted_names(_honest: Callable[..., Any], kind: str) -> str:
    """Number what is issued, and hide the number in a hash."""
    return f"{hashlib.sha256(kind.encode()).hexdigest()}-{next(_NUMBERS)}"


@answer("kept by caches")
def kept_by_caches(answer: Answer, _scope: Scope) -> None:
    """Say nothing to caches about answers with tokens."""
    if answer.status == 200:
        answer.replace("cache-control")
