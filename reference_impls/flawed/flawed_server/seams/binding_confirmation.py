"""Flaws in how the confirmation of a token is read: RFC 7800 section 3, RFC 9449 section 6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server.guards import Guards
from strict_server.refusals import Refused
from strict_server.tokens import Binding

from flawed_server.registry import inside, instead_of

from .token_ways_in import replace_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.main import Servers
    from strict_server.proof import ProofCheck
    from strict_server.settings import Settings

    Claims = Mapping[str, Any]
    Honest = Callable[[Claims], Binding]


@instead_of("token.confirmation", "taken as none")
def unread_is_none(honest: Honest, claims: Claims) -> Binding:
    """Take a confirmation that is not understood as none."""
    try:
        return honest(claims)
    except Refused:
        return Binding()


@instead_of("token.confirmation", "any case")
def members_in_any_case(honest: Honest, claims: Claims) -> Binding:
    """Know the members of a confirmation in any letters."""
    named = claims.get("cnf")
    if isinstance(named, dict):
        named = {name.lower().replace("#s256", "#S256"): value for name, value in named.items()}
    return honest({**claims, "cnf": named} if "cnf" in claims else claims)


@instead_of("token.confirmation", "first of a list")
def first_of_a_list(honest: Honest, claims: Claims) -> Binding:
    """Take the first where one is expected and a list comes."""

    def first(value: Any) -> Any:
        return value[0] if isinstance(value, list) and value else value

    named = first(claims.get("cnf"))
    if isinstance(named, dict):
        named = {name: first(value) for name, value in named.items()}
    return honest({**claims, "cnf": named} if "cnf" in claims else claims)


@instead_of("token.confirmation", "text")
def text_is_a_key(honest: Honest, claims: Claims) -> Binding:
    """Take a confirmation that is a text for the thumbprint itself."""
    named = claims.get("cnf")
    return Binding(named) if isinstance(named, str) and named else honest(claims)


@instead_of("token.confirmation", "any kid")
def kid_is_a_key(honest: Honest, claims: Claims) -> Binding:
    """Take a kid for the thumbprint where there is none."""
    named = claims.get("cnf")
    kid = named.get("kid") if isinstance(named, dict) and "jkt" not in named else None
    return Binding(kid) if isinstance(kid, str) else honest(claims)


@instead_of("token.confirmation", "known members only")
def known_members_only(honest: Honest, claims: Claims) -> Binding:
    """Refuse a confirmation with a member that is not known."""
    binding = honest(claims)
    if set(claims.get("cnf", {})) - {"jkt", "x5t#S256"}:
        raise Refused("invalid_token", "the token's confirmation is not understood")
    return binding


@instead_of("token.confirmation", "claim in any case")
def claim_in_any_case(honest: Honest, claims: Claims) -> Binding:
    """Find the confirmation under its name in any letters."""
    return honest({name.lower(): value for name, value in claims.items()})


@instead_of("token.confirmation", "by type")
def by_type(honest: Honest, claims: Claims) -> Binding:
    """Read the key in the confirmation of tokens only that are said to be of the type DPoP."""
    confirmation = claims.get("cnf")
    keyed = isinstance(confirmation, dict) and "jkt" in confirmation
    return Binding() if keyed and claims.get("token_type") != "DPoP" else honest(claims)


class _Unread(Binding):
    """The binding of a token whose confirmation is not understood."""


@inside("unread confirmation passed over")
def passed_over(servers: Servers) -> None:
    """Compare nothing where the confirmation is not understood."""

    def confirmation(claims: Claims) -> Binding:
        try:
            return Guards()("token.confirmation", claims)
        except Refused:
            return _Unread()

    def required(binding: Binding, settings: Settings) -> None:
        if not isinstance(binding, _Unread):
            Guards()("binding.required", binding, settings)

    def key(binding: Binding, check: ProofCheck) -> None:
        if not isinstance(binding, _Unread):
            Guards()("binding.jkt", binding, check)

    replace_guards(servers, {"token.confirmation": confirmation, "binding.required": required, "binding.jkt": key})


@inside("compared where both sides have something")
def both_sides(servers: Servers) -> None:
    """Compare key and certificate only where token and request both have one."""

    def key(binding: Binding, check: ProofCheck) -> None:
        if binding.jkt is not None:
            Guards()("binding.jkt", binding, check)

    def certificate(binding: Binding, shown: bytes | None) -> None:
        if shown is not None:
            Guards()("binding.certificate", binding, shown)

    replace_guards(servers, {"binding.jkt": key, "binding.certificate": certificate})
