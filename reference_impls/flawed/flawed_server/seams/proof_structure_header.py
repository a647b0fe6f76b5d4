"""Flaws in what the header of a proof says of it: typ (RFC 9449 section 4.3 item 4), crit (RFC 7515 section 4.1.11)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strict_server import jose
from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_PARAMETERS = frozenset({"typ", "alg", "jwk"})
_REGISTERED = frozenset({"typ", "alg", "jwk", "jku", "kid", "x5u", "x5c", "x5t", "x5t#S256", "cty", "crit"})


@instead_of("proof.typ", "found within")
def typ_found_within(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look for dpop+jwt within typ, which may be a text or a list."""
    value = check.header.get("typ")
    if not isinstance(value, str | list) or "dpop+jwt" not in value:
        honest(check)


@instead_of("proof.typ", "suffix")
def typ_by_its_suffix(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take every type that ends in +jwt."""
    value = check.header.get("typ")
    if not isinstance(value, str) or not value.endswith("+jwt"):
        honest(check)


@instead_of("proof.typ", "only if there")
def typ_only_if_there(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare typ where there is one."""
    if check.header.get("typ"):
        honest(check)


@instead_of("proof.typ", "JWT")
def typ_of_any_jwt(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take the general types of a JWT too."""
    if check.header.get("typ") not in ("JWT", "application/jwt"):
        honest(check)


@instead_of("proof.typ", "exact")
def typ_exactly(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare typ with its case."""
    honest(check)
    if check.header["typ"] != "dpop+jwt":
        raise invalid_proof("typ is not dpop+jwt")


@instead_of("proof.typ", "breaks")
def typ_that_breaks(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look the type up in a table; where it is not there, nobody catches the error."""
    {"dpop+jwt": None}[check.header["typ"]]


@instead_of("proof.crit", "unknown names only")
def unknown_names_only(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a crit for names that are not registered; whatever else is wrong with it is overlooked."""
    value = check.header.get("crit")
    names = value if isinstance(value, list) else []
    if any(isinstance(name, str) and name not in _REGISTERED for name in names):
        honest(check)


@instead_of("proof.crit", "unencoded payload")
def unencoded_payload(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Understand b64 (RFC 7797), which a JWT must not use: the signature is over the payload as it is."""
    if check.header.get("crit") != ["b64"] or check.jws is None:
        honest(check)
        return
    head, _, payload = check.jws.signed.partition(b".")
    check.jws = replace(check.jws, signed=head + b"." + jose.decode(payload.decode()))


@instead_of("proof.crit", "known parameters only")
def known_parameters_only(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse every header parameter that a proof does not need."""
    honest(check)
    if set(check.header) - _PARAMETERS:
        raise invalid_proof("a header parameter is not known")


@instead_of("proof.crit", "content breaks")
def content_that_breaks(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Inflate or convert the payload as zip and cty say; it is no such content, and nobody catches the error."""
    honest(check)
    if {"zip", "cty"} & set(check.header):
        raise RuntimeError
