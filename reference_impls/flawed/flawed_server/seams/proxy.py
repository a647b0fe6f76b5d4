"""Flaws of a resource server behind a proxy, which alone knows what certificate was shown (RFC 8705 section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.tokens import Binding


@instead_of("binding.certificate", "only if one was shown")
def absent_is_taken(honest: Callable[..., Any], binding: Binding, certificate: bytes | None) -> None:
    """Compare the certificate where one was shown."""
    if certificate is not None:
        honest(binding, certificate)


@instead_of("binding.certificate", "any that was shown")
def any_is_taken(honest: Callable[..., Any], binding: Binding, certificate: bytes | None) -> None:
    """Ask for a certificate, whichever it is."""
    if certificate is None:
        honest(binding, certificate)
