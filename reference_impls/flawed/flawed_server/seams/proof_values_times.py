"""Flaws in when a proof is good (RFC 9449 section 4.3 item 11, section 11.1, RFC 7519 sections 4.1.4 and 4.1.5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_PATIENCE = 7200  # seconds
_MINUTES = 500  # seconds
_SHORT = 120  # seconds


def _within(past: float, future: float) -> Callable[[Callable[..., Any], ProofCheck], None]:
    """Give the guard that takes proofs of these ages, in seconds."""

    def check_iat(_honest: Callable[..., Any], check: ProofCheck) -> None:
        if not -future <= check.server.settings.clock() - check.claims["iat"] <= past:
            raise invalid_proof("iat is out of the window")

    return check_iat


instead_of("proof.iat", "past only")(_within(60, math.inf))
instead_of("proof.iat", "future only")(_within(math.inf, 10))
instead_of("proof.iat", "hours")(_within(_PATIENCE, _PATIENCE))
instead_of("proof.iat", "many minutes")(_within(_MINUTES, _MINUTES))


@instead_of("proof.iat", "zero is none")
def zero_is_none(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare an iat only where it counts as true."""
    if check.claims["iat"]:
        honest(check)


@instead_of("proof.iat", "no moment ahead")
def no_moment_ahead(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a proof of a second that has not begun: no clock may be ahead of one's own."""
    honest(check)
    if check.claims["iat"] >= int(check.server.settings.clock()) + 1:
        raise invalid_proof("iat is out of the window")


@instead_of("proof.iat", "no second old")
def no_second_old(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a proof that is older than the second before this one."""
    honest(check)
    if check.claims["iat"] <= int(check.server.settings.clock()) - 2:
        raise invalid_proof("iat is out of the window")


@instead_of("proof.iat", "two minutes")
def two_minutes(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse what is older than clients on slow lines should need."""
    honest(check)
    if check.server.settings.clock() - check.claims["iat"] > _SHORT:
        raise invalid_proof("iat is out of the window")


@instead_of("proof.expiry", "no moment ahead")
def no_moment_before_nbf(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a proof of which nbf is a second that has not begun."""
    honest(check)
    if check.claims.get("nbf", 0) >= int(check.server.settings.clock()) + 1:
        raise invalid_proof("nbf does not hold")


def _only(name: str) -> Callable[[Callable[..., Any], ProofCheck], None]:
    """Give the guard that looks at one of exp and nbf."""

    def check_expiry(honest: Callable[..., Any], check: ProofCheck) -> None:
        if name in check.claims:
            honest(check)

    return check_expiry


instead_of("proof.expiry", "only exp")(_only("exp"))
instead_of("proof.expiry", "only nbf")(_only("nbf"))


@instead_of("proof.expiry", "none of them")
def neither_exp_nor_nbf(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a proof that says when it ends or begins: it has its iat for that."""
    honest(check)
    if {"exp", "nbf"} & set(check.claims):
        raise invalid_proof("exp and nbf are not for proofs")
