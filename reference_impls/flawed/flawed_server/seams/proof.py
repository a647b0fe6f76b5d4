"""Flaws in the checks of a proof (RFC 9449 section 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck


@instead_of("proof.htu", "prefix")
def htu_by_its_beginning(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take an htu that begins like the URI of the request."""
    if not check.claims["htu"].startswith(check.incoming.url):
        honest(check)
