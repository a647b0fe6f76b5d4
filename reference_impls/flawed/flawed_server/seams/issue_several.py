"""Flaws for which several checks have to be gone: whoever makes one mistake of this kind makes it in each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strict_server.certificates import thumbprint
from strict_server.grants import Code
from strict_server.guards import Guards
from strict_server.tokens import Binding

from flawed_server.registry import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.clients import Client
    from strict_server.grants import RefreshToken
    from strict_server.main import Servers

HONEST = Guards()


def several(servers: Servers, checks: Mapping[str, Callable[..., Any]]) -> None:
    """Replace guards of the servers by these: both have the same settings, where there are both."""
    one = servers.authorization or servers.resource
    if one is not None:
        object.__setattr__(one.settings, "guards", Guards(checks))


@inside("no questions without a proof")
def no_questions_without_a_proof(servers: Servers) -> None:
    """Ask for keys only where a request has a proof: all that is said of keys stands inside of that one question."""

    def code(code: Code, binding: Binding) -> None:
        if binding.jkt is not None:
            HONEST("code.jkt", code, binding)

    def refresh(token: RefreshToken, binding: Binding) -> None:
        if binding.jkt is not None or token.binding.jkt is None:
            HONEST("refresh.key", token, binding)

    several(servers, {"issue.proof_required": lambda *_: None, "code.jkt": code, "refresh.key": refresh})


@inside("no questions without a certificate")
def no_questions_without_a_certificate(servers: Servers) -> None:
    """Ask for certificates only where the connection has one."""

    def refresh(token: RefreshToken, binding: Binding) -> None:
        seen = binding if binding.x5t is not None else replace(binding, x5t=token.binding.x5t)
        HONEST("refresh.key", token, seen)

    several(servers, {"issue.certificate_required": lambda *_: None, "refresh.key": refresh})


@inside("bound to no certificate by its thumbprint")
def thumbprint_of_nothing(servers: Servers) -> None:
    """Bind the token of a client that shows no certificate to the thumbprint of no octets."""

    def binding(client: Client, shown: Binding) -> Binding:
        return Binding(shown.jkt, (shown.x5t or thumbprint(b"")) if client.certificate_bound else None)

    several(servers, {"issue.certificate_required": lambda *_: None, "issue.binding": binding})


@inside("PKCE where the request has a challenge")
def pkce_where_asked_for(servers: Servers) -> None:
    """Do without PKCE where the authorization request has no challenge."""

    def challenge(parameters: Mapping[str, str]) -> None:
        if "code_challenge" in parameters:
            HONEST("authorize.pkce", parameters)

    def verifier(code: Code, parameters: Mapping[str, str]) -> None:
        if code.challenge:
            HONEST("code.verifier", code, parameters)

    several(servers, {"authorize.pkce": challenge, "code.verifier": verifier})


@inside("PKCE by plain")
def plain_challenge(servers: Servers) -> None:
    """Take a challenge that is the verifier itself."""

    def challenge(parameters: Mapping[str, str]) -> None:
        if parameters.get("code_challenge_method", "plain") != "plain" or "code_challenge" not in parameters:
            HONEST("authorize.pkce", parameters)

    def verifier(code: Code, parameters: Mapping[str, str]) -> None:
        if parameters.get("code_verifier") != code.challenge:
            HONEST("code.verifier", code, parameters)

    several(servers, {"authorize.pkce": challenge, "code.verifier": verifier})


@inside("any key of the client for its codes")
def any_key_of_the_client(servers: Servers) -> None:
    """Take a code with each key with which its client has redeemed another one."""
    used, shown = set[tuple[str, str | None]](), dict[Code, str | None]()

    def key(code: Code, binding: Binding) -> None:
        shown[code] = binding.jkt
        if (code.grant.client_id, binding.jkt) not in used:
            HONEST("code.jkt", code, binding)

    def once(code: Code) -> None:
        HONEST("code.single_use", code)
        used.add((code.grant.client_id, shown.pop(code) or "no key at all"))

    several(servers, {"code.jkt": key, "code.single_use": once})


@inside("any key of the client for its refresh tokens")
def any_refreshing_key_of_the_client(servers: Servers) -> None:
    """Take a public client's refresh token with each key with which it has refreshed another one."""
    used = set[tuple[str, str | None]]()

    def key(token: RefreshToken, binding: Binding) -> None:
        if (token.grant.client_id, binding.jkt) not in used:
            HONEST("refresh.key", token, binding)
        used.add((token.grant.client_id, binding.jkt or "no key at all"))

    several(servers, {"refresh.key": key})


@inside("tokens without end")
def tokens_without_end(servers: Servers) -> None:
    """Say nowhere when a token ends, and ask nowhere."""
    if servers.authorization is None:
        return
    store, tokens = servers.authorization.store, servers.authorization.tokens
    sign, respond = store.sign, tokens.respond

    def signed(claims: Mapping[str, Any], typ: str) -> str:
        return sign(_endless(claims) if typ == "at+jwt" else claims, typ)

    def told(claims: Mapping[str, Any]) -> Mapping[str, Any]:
        return _endless(HONEST("introspect.answer", claims))

    store.sign = signed  # type: ignore[method-assign]
    tokens.respond = lambda *given: _endless(respond(*given))  # type: ignore[method-assign]
    several(servers, {"token.expiry": lambda *_: None, "introspect.answer": told})


def _endless(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in {"exp", "expires_in"}}


@inside("one token for several resources")
def one_token_for_several_resources(servers: Servers) -> None:
    """Issue one token for all the resources that a request names."""

    def parameters(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
        several_named = " ".join(value for name, value in pairs if name == "resource")
        rest = tuple(pair for pair in pairs if pair[0] != "resource")
        return {**HONEST("parameters.single", rest), **({"resource": several_named} if several_named else {})}

    def audience(asked: Mapping[str, str], own: str, known: set[str]) -> object:
        named = asked.get("resource", own).split()
        if len(named) < 2:
            return HONEST("issue.audience", asked, own, known)
        return [HONEST("issue.audience", {"resource": one}, own, known) for one in named]

    several(servers, {"parameters.single": parameters, "issue.audience": audience})
