"""Flaws in how htm is compared with the method of the request (RFC 9449 section 4.3 item 8)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")


def _or(alike: Callable[[str, str], bool]) -> Callable[[Callable[..., Any], ProofCheck], None]:
    """Give the guard that also takes an htm which is alike in some way: alike(htm, method)."""

    def check_htm(honest: Callable[..., Any], check: ProofCheck) -> None:
        if not alike(check.claims["htm"], check.incoming.method):
            honest(check)

    return check_htm


instead_of("proof.htm", "in any case")(_or(lambda htm, method: htm.lower() == method.lower()))
instead_of("proof.htm", "contains it")(_or(lambda htm, method: method in htm))
instead_of("proof.htm", "begins it")(_or(lambda htm, method: method.startswith(htm)))
instead_of("proof.htm", "trimmed")(_or(lambda htm, method: htm.strip() == method))
instead_of("proof.htm", "normalised")(_or(lambda htm, method: unicodedata.normalize("NFKC", htm) == method))
instead_of("proof.htm", "wildcard")(_or(lambda htm, _method: htm == "*"))
instead_of("proof.htm", "HEAD is GET")(_or(lambda htm, method: {htm, method} == {"GET", "HEAD"}))


@instead_of("proof.htm", "claimed")
def htm_claimed(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Hold htm against the method that a header, the query or the form says is meant."""
    incoming = check.incoming
    claimed = [value for name in _OVERRIDES for value in incoming.values(name)]
    claimed += [value for name, value in (*incoming.query, *incoming.form) if name == "_method"]
    if check.claims["htm"] not in claimed:
        honest(check)
