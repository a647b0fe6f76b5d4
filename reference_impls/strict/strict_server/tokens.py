"""Access tokens: what binds them, how a resource server reads them, and the checks of RFC 9068 section 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import jose
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .settings import Settings

CLOCK_SKEW = 5  # seconds that another server's clock may be ahead


@dataclass(frozen=True)
class Binding:
    """What a token is bound to: thumbprint of a DPoP key (jkt), of a certificate (x5t), both, or nothing."""

    jkt: str | None = None
    x5t: str | None = None

    @property
    def confirmation(self) -> dict[str, str]:
        """Give the members of cnf (RFC 9449 section 6.1, RFC 8705 section 3.1)."""
        members = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: value for name, value in members.items() if value is not None}

    @property
    def token_type(self) -> str:
        """Give DPoP for a token bound to a key, else Bearer (RFC 9449 section 5)."""
        return "Bearer" if self.jkt is None else "DPoP"


@guard("token.confirmation")
def binding_of(claims: Mapping[str, Any]) -> Binding:
    """Read cnf; `Refused` where it is not understood: such a token is never taken as an unbound one (RFC 7800)."""
    if "cnf" not in claims:
        return Binding()
    confirmation = claims["cnf"]
    if not isinstance(confirmation, dict):
        raise Refused("invalid_token", "the token's confirmation is not understood")
    known = {name: confirmation[name] for name in ("jkt", "x5t#S256") if name in confirmation}
    if not known or not all(isinstance(value, str) and value for value in known.values()):
        raise Refused("invalid_token", "the token's confirmation is not understood")
    return Binding(known.get("jkt"), known.get("x5t#S256"))


@guard("token.typ")
def typ(header: Mapping[str, Any]) -> None:
    """Take access tokens only: no ID token, no proof (RFC 9068 section 4)."""
    value = header.get("typ")
    if not isinstance(value, str) or value.lower() not in {"at+jwt", "application/at+jwt"}:
        raise Refused("invalid_token", "not an access token")


@guard("token.alg")
def alg(header: Mapping[str, Any]) -> None:
    """Take the supported asymmetric algorithms (RFC 9068 section 4)."""
    value = header.get("alg")
    if not isinstance(value, str) or value not in jose.KEY_OF_ALGORITHM:
        raise Refused("invalid_token", "the token's algorithm is not supported")


@guard("token.crit")
def crit(header: Mapping[str, Any]) -> None:
    """Refuse extensions that must be understood: none is (RFC 7515 section 4.1.11)."""
    if "crit" in header:
        raise Refused("invalid_token", "critical header parameters are not understood")


@guard("token.signature")
def signature(jws: jose.Jws, keys: Sequence[Mapping[str, Any]]) -> None:
    """Verify with a key of the issuer that goes with the algorithm, the one named by kid where one is named."""
    wanted = jws.header.get("kid")
    for key in keys:
        if wanted is not None and key.get("kid") != wanted:
            continue
        try:
            jose.check_key(key, jws.header["alg"])
        except jose.Malformed:
            continue
        if jose.verifies(jws, key, jws.header["alg"]):
            return
    raise Refused("invalid_token", "the token's signature does not verify")


@guard("token.issuer")
def issuer(claims: Mapping[str, Any], settings: Settings) -> None:
    """Compare iss with the trusted issuer, character by character."""
    if claims.get("iss") != settings.trusted_issuer:
        raise Refused("invalid_token", "the token is of another issuer")


@guard("token.audience")
def audience(claims: Mapping[str, Any], settings: Settings) -> None:
    """Look for this resource server in aud."""
    value = claims.get("aud")
    names = value if isinstance(value, list) else [value]
    if not {name for name in names if isinstance(name, str)} & {
        settings.rs_url,
        settings.public_url or settings.rs_url,
    }:
        raise Refused("invalid_token", "the token is for another audience")


@guard("token.expiry")
def expiry(claims: Mapping[str, Any], settings: Settings) -> None:
    """Take tokens before exp and from nbf on; exp is required."""
    now = settings.clock()
    end, start = jose.number(claims.get("exp")), jose.number(claims.get("nbf", 0))
    if end is None or start is None or now >= end or now < start - CLOCK_SKEW:
        raise Refused("invalid_token", "the token is expired or not valid yet")


def check_jwt(jws: jose.Jws, keys: Sequence[Mapping[str, Any]], settings: Settings) -> dict[str, Any]:
    """Give the claims of a JWT access token after all checks; `Refused` with invalid_token."""
    guards = settings.guards
    guards("token.typ", jws.header)
    guards("token.alg", jws.header)
    guards("token.crit", jws.header)
    guards("token.signature", jws, keys)
    guards("token.issuer", jws.claims, settings)
    guards("token.audience", jws.claims, settings)
    guards("token.expiry", jws.claims, settings)
    return jws.claims
