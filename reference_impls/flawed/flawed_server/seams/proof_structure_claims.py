"""Flaws in what is asked of each claim of a proof: RFC 9449 sections 4.2, 4.3 (item 3) and 11.1."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_CLAIMS = frozenset({"jti", "htm", "htu", "iat", "ath", "nonce", "exp", "nbf"})
_COLUMN = 128  # characters
_LONG = 512  # characters


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


@instead_of("proof.has_jti", "only if there")
def jti_only_if_there(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Remember a proof where it has a jti, and take it without."""
    if not _is_text(check.claims.get("jti")):
        check.claims["jti"] = secrets.token_hex()


@instead_of("proof.has_jti", "column breaks")
def column_that_breaks(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Write a jti into a column of a database; what does not fit there is an error that nobody catches."""
    honest(check)
    value = check.claims["jti"]
    if len(value) > _COLUMN or "\0" in value or not value.isascii():
        raise RuntimeError


@instead_of("proof.jti_length", "forgotten")
def long_jti_forgotten(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take a long jti and do not remember it."""
    if len(check.claims["jti"]) > _LONG:
        check.claims["jti"] += secrets.token_hex()


@instead_of("proof.has_htm", "only if there")
def htm_only_if_there(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare htm where it is a text, and take a proof without."""
    if not _is_text(check.claims.get("htm")):
        check.claims["htm"] = check.incoming.method


@instead_of("proof.has_htm", "out of a list")
def htm_out_of_a_list(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look for the method among several, too."""
    value = check.claims.get("htm")
    if isinstance(value, list) and check.incoming.method in value:
        check.claims["htm"] = check.incoming.method
    honest(check)


@instead_of("proof.has_htu", "only if there")
def htu_only_if_there(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare htu where it is a text, and take a proof without."""
    if not _is_text(check.claims.get("htu")):
        check.claims["htu"] = check.incoming.url


@instead_of("proof.has_iat", "only if there")
def iat_only_if_there(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare iat where it is a time, and take it for now where it is none."""
    if jose.number(check.claims.get("iat")) is None:
        check.claims["iat"] = check.server.settings.clock()


@instead_of("proof.has_iat", "coerced")
def iat_coerced(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Make a time of iat: of a text that holds one, of milliseconds."""
    value = check.claims.get("iat")
    if isinstance(value, str) and value.isdecimal():
        value = check.claims["iat"] = int(value)
    if isinstance(value, int) and 1e12 < value < 1e13:
        check.claims["iat"] = value / 1000
    honest(check)


@instead_of("proof.has_iat", "whole seconds")
def iat_in_whole_seconds(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse an iat with a fraction."""
    honest(check)
    if isinstance(check.claims["iat"], float):
        raise invalid_proof("iat is not a whole number")


@instead_of("proof.form", "known claims only")
def known_claims_only(honest: Callable[..., Any], check: ProofCheck, value: str) -> None:
    """Refuse every claim that a proof does not need."""
    honest(check, value)
    if set(check.claims) - _CLAIMS:
        raise invalid_proof("a claim is not known")
