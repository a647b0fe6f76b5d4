"""Flaws in how ath is compared with the token (RFC 9449 sections 4.2 and 4.3 item 12)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.proof import token_hash

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck


def _or(alike: Callable[[str, str], bool]) -> Callable[[Callable[..., Any], ProofCheck], None]:
    """Give the guard that also takes an ath which is alike in some way: alike(ath, token)."""

    def check_ath(honest: Callable[..., Any], check: ProofCheck) -> None:
        value = check.claims.get("ath")
        if check.token is None or not isinstance(value, str) or not alike(value, check.token):
            honest(check)

    return check_ath


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


instead_of("proof.ath", "padded")(_or(lambda ath, token: base64.urlsafe_b64encode(_sha256(token)).decode() == ath))
instead_of("proof.ath", "hexadecimal")(_or(lambda ath, token: ath == _sha256(token).hex()))
instead_of("proof.ath", "in any case")(_or(lambda ath, token: ath.lower() == token_hash(token).lower()))
instead_of("proof.ath", "beginning")(_or(lambda ath, token: token_hash(token).startswith(ath)))
instead_of("proof.ath", "any hash")(_or(lambda ath, token: ath == jose.encode(hashlib.sha512(token.encode()).digest())))
instead_of("proof.ath", "with the scheme")(_or(lambda ath, token: ath == token_hash(f"DPoP {token}")))
instead_of("proof.ath", "wildcard")(_or(lambda ath, _token: ath == "*"))


@instead_of("proof.ath", "only if there")
def ath_only_if_there(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare an ath where one is there that counts as true."""
    if check.claims.get("ath"):
        honest(check)


@instead_of("proof.ath", "by any name")
def ath_by_any_name(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look names of claims up without regard to case."""
    for name in [name for name in check.claims if name.lower() == "ath"]:
        check.claims["ath"] = check.claims[name]
    honest(check)


@instead_of("proof.ath", "needs a token")
def ath_needs_a_token(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare an ath wherever there is one, and never think of requests that carry no token."""
    honest(check)
    if isinstance(check.claims.get("ath"), str):
        hmac.compare_digest(check.claims["ath"].encode(), token_hash(check.token).encode())  # type: ignore[arg-type]
