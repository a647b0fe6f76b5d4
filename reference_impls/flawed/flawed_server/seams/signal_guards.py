"""Flaws in how one check refuses: it refuses all that it has to, and says so in the wrong way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server.refusals import Refused

from flawed_server.registry import instead_of

from .falling_over import fall_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck
    from strict_server.protection import Credentials
    from strict_server.tokens import Binding


def _refused_otherwise(guard: str, name: str, **said: Any) -> None:
    """Register a check whose refusals have other members: error, description, status, both_schemes."""

    def check(honest: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return honest(*arguments)
        except Refused as refused:
            told = {"status": refused.status, "both_schemes": refused.both_schemes, "scope": refused.scope, **said}
            error, text = told.pop("error", refused.error), told.pop("description", refused.description)
            raise Refused(error, text, **told) from refused

    instead_of(guard, name)(check)


for guard in (
    "proof.htm",
    "issue.proof_required",
    "issue.certificate_required",
    "code.jkt",
    "par.one_key",
    "scope.required",
    "token.place",
    "token.scheme",
    "binding.proof",
):
    _refused_otherwise(guard, "with 200", status=200)

for guard in ("token.place", "code.jkt", "refresh.key", "scope.required"):
    instead_of(guard, "with 500")(fall_over)

_refused_otherwise("proof.htm", "with 400", status=400)
_refused_otherwise("proof.htm", "without an error", error="", status=401)
_refused_otherwise("code.jkt", "as expired_token", error="expired_token")
_refused_otherwise("proof.iat", "as invalid_grant", error="invalid_grant")
_refused_otherwise("proof.iat", "as access_denied", error="access_denied")
_refused_otherwise("proof.iat", "as invalid_token", error="invalid_token")
_refused_otherwise("proof.signature", "as invalid_token", error="invalid_token")
_refused_otherwise("proof.iat", "with a stack trace", description="Traceback (most recent call last): in check")
_refused_otherwise("issue.proof_required", "in odd characters", description='this client needs a "proof"')
_refused_otherwise("par.one_key", "in odd characters", description='dpop_jkt is not the "proof"')
_refused_otherwise("scope.required", "in odd characters", description='ask for the scope "admin"')


@instead_of("proof.htm", "repeating the proof")
def repeats_the_proof(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Show the proof that was refused."""
    try:
        honest(check)
    except Refused as refused:
        raise Refused(refused.error, f"not a good proof: {check.incoming.values('dpop')[0]}") from refused


@instead_of("binding.downgrade", "repeating the token")
def repeats_the_token(honest: Callable[..., Any], credentials: Credentials, binding: Binding) -> None:
    """Show the token that was refused."""
    try:
        honest(credentials, binding)
    except Refused as refused:
        raise Refused(refused.error, f"not a Bearer token: {credentials.token}") from refused
