"""DPoP proofs: the checks of RFC 9449 section 4.3, one guard each, in the order of `CHECKS`."""

from __future__ import annotations

import hashlib
import re
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import jose, uris
from .guards import guard
from .memory import Nonces, SeenOnce
from .refusals import Refused, invalid_proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from .incoming import Incoming
    from .settings import Settings

_LONGEST_JTI = 512
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")

CHECKS = (
    "proof.typ",
    "proof.alg",
    "proof.crit",
    "proof.jwk",
    "proof.private",
    "proof.key",
    "proof.signature",
    "proof.claims",
    "proof.htm",
    "proof.htu",
    "proof.iat",
    "proof.expiry",
    "proof.ath",
    "proof.nonce",
)


@dataclass
class ProofCheck:
    """One proof under examination: request and token it came with, server it came to, and what was read of it."""

    incoming: Incoming
    server: Proofs
    token: str | None = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    jws: jose.Jws | None = None

    @property
    def jkt(self) -> str:
        """Give the thumbprint of the proof's key."""
        return jose.thumbprint(self.header["jwk"])


class Proofs:
    """The proofs that one server takes: its nonces, its memory of spent proofs, its windows."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.nonces = Nonces(settings.nonce_lifetime, settings.clock)
        self.spent = SeenOnce(settings.jti_lifetime, settings.clock)
        self._supplied: set[str] = set()

    def check(self, incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        """Check everything about the proof of a request and spend nothing; None where there is no DPoP field.

        `token` is the access token that comes with it, None at the token and PAR endpoints. `Refused` with
        invalid_dpop_proof or use_dpop_nonce.
        """
        guards = self.settings.guards
        values = incoming.values("dpop")
        if not values:
            return None
        value = guards("proof.single", values)
        check = ProofCheck(incoming, self, token)
        guards("proof.form", check, value)
        for name in CHECKS:
            guards(name, check)
        return check

    def of_a_replica(self, *, shared: bool) -> Proofs:
        """Give those of a second node of this server: nonces are the same, the memory of spent proofs is if shared."""
        node = copy(self)
        if not shared:
            node.spent = SeenOnce(self.settings.jti_lifetime, self.settings.clock)
        return node

    def spend(self, check: ProofCheck) -> None:
        """Use the proof up: the last step, when all else about proof, token and client was found good."""
        self.settings.guards("proof.replay", check)

    def is_first_from(self, jkt: str) -> bool:
        """Tell whether no proof of this key came before; its answer supplies a nonce, so that the next one has none."""
        is_first = jkt not in self._supplied
        self._supplied.add(jkt)
        return is_first

    def nonce_headers(self) -> dict[str, str]:
        """Give the header that supplies a nonce (RFC 9449 section 8.2), empty where this server has none."""
        return {} if self.settings.nonces == "off" else {"DPoP-Nonce": self.nonces.issue()}


@guard("proof.single")
def single(values: list[str]) -> str:
    """Take one DPoP field line only (4.3 item 1)."""
    if len(values) != 1:
        raise invalid_proof("more than one DPoP header")
    return values[0]


@guard("proof.form")
def well_formed(check: ProofCheck, value: str) -> None:
    """Read the field value as one JWT and nothing else (4.3 item 2)."""
    guards = check.server.settings.guards
    if not _TOKEN68.match(value):
        raise invalid_proof("the DPoP header is not one token")
    try:
        check.jws = jose.read(value, lambda pairs: guards("jws.members", pairs))
    except jose.Malformed as error:
        raise invalid_proof("the proof is not a well-formed JWT") from error
    check.header, check.claims = check.jws.header, check.jws.claims


@guard("proof.typ")
def typ(check: ProofCheck) -> None:
    """Compare the type of the JWT (4.3 item 4); media types have no case (RFC 7515 section 4.1.9)."""
    value = check.header.get("typ")
    if not isinstance(value, str) or value.lower() != "dpop+jwt":
        raise invalid_proof("typ is not dpop+jwt")


@guard("proof.alg")
def alg(check: ProofCheck) -> None:
    """Take the advertised asymmetric algorithms only, spelled exactly (4.3 item 5)."""
    value = check.header.get("alg")
    if not isinstance(value, str) or value not in check.server.settings.algorithms:
        raise invalid_proof("alg is not one of the supported algorithms")


@guard("proof.crit")
def crit(check: ProofCheck) -> None:
    """Refuse extensions that must be understood: none is (RFC 7515 section 4.1.11)."""
    if "crit" in check.header:
        raise invalid_proof("critical header parameters are not understood")


@guard("proof.jwk")
def jwk(check: ProofCheck) -> None:
    """Ask for a key in the header; it is the only key that is looked at."""
    if not isinstance(check.header.get("jwk"), dict):
        raise invalid_proof("jwk is not a public key")


@guard("proof.private")
def private(check: ProofCheck) -> None:
    """Refuse a jwk with a private or symmetric member (4.3 item 7)."""
    if jose.PRIVATE_MEMBERS & set(check.header["jwk"]):
        raise invalid_proof("jwk holds more than a public key")


@guard("proof.key")
def key(check: ProofCheck) -> None:
    """Check type, curve and size of the key against the algorithm."""
    guards = check.server.settings.guards
    try:
        jose.check_key(
            check.header["jwk"],
            check.header["alg"],
            lambda n, e: guards("jwk.size", n, e),
            lambda point: guards("jwk.order", point),
        )
    except jose.Malformed as error:
        raise invalid_proof("jwk is not a key for alg") from error


@guard("proof.signature")
def signature(check: ProofCheck) -> None:
    """Verify the signature with the key of the header (4.3 item 6)."""
    if check.jws is None or not jose.verifies(check.jws, check.header["jwk"], check.header["alg"]):
        raise invalid_proof("the signature does not verify")


@guard("proof.claims")
def claims(check: ProofCheck) -> None:
    """Ask for every required claim in its type (4.3 item 3); claims that are not known are ignored (4.2)."""
    for name in ("jti", "htm", "htu"):
        value = check.claims.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_proof(f"{name} is missing or not a string")
    if len(check.claims["jti"]) > _LONGEST_JTI:
        raise invalid_proof("jti is too long")
    if jose.number(check.claims.get("iat")) is None:
        raise invalid_proof("iat is missing or not a number")


@guard("proof.htm")
def htm(check: ProofCheck) -> None:
    """Compare the method, case included (4.3 item 8, RFC 9110 section 9.1)."""
    if check.claims["htm"] != check.incoming.method:
        raise invalid_proof("htm is not the method of this request")


@guard("proof.htu")
def htu(check: ProofCheck) -> None:
    """Compare the target URI in normal form, without query and fragment (4.3 item 9)."""
    try:
        same = uris.normal(check.claims["htu"]) == uris.normal(check.incoming.url)
    except ValueError:
        same = False
    if not same:
        raise invalid_proof("htu is not the URI of this request")


@guard("proof.iat")
def iat(check: ProofCheck) -> None:
    """Take proofs made in the window around now (4.3 item 11, section 11.1)."""
    settings = check.server.settings
    age = settings.clock() - check.claims["iat"]
    if not -settings.proof_future <= age <= settings.proof_past:
        raise invalid_proof("iat is out of the window")


@guard("proof.expiry")
def expiry(check: ProofCheck) -> None:
    """Honour exp and nbf where they are there (RFC 7519 sections 4.1.4, 4.1.5); neither widens the window of iat."""
    settings = check.server.settings
    now = settings.clock()
    holds: dict[str, Callable[[float], bool]] = {
        "exp": lambda end: now < end,
        "nbf": lambda start: start <= now + settings.proof_future,
    }
    for name in holds.keys() & check.claims.keys():
        moment = jose.number(check.claims[name])
        if moment is None or not holds[name](moment):
            raise invalid_proof(f"{name} does not hold")


@guard("proof.ath")
def ath(check: ProofCheck) -> None:
    """Compare the hash of the access token that came along (4.3 item 12)."""
    if check.token is not None and check.claims.get("ath") != token_hash(check.token):
        raise invalid_proof("ath is not the hash of this access token")


@guard("proof.nonce")
def nonce(check: ProofCheck) -> None:
    """Ask for a nonce of this server where policy says so (4.3 item 10); a wrong one is challenged as a missing one.

    Where nonces are optional, only a key that was never supplied with one may do without (section 11.3).
    """
    policy = check.server.settings.nonces
    if policy == "off":
        return
    if policy == "optional" and check.server.is_first_from(check.jkt) and "nonce" not in check.claims:
        return
    value = check.claims.get("nonce")
    if not isinstance(value, str) or not check.server.nonces.is_good(value):
        raise Refused("use_dpop_nonce", "the proof needs a nonce of this server")


@guard("proof.replay")
def replay(check: ProofCheck) -> None:
    """Take a proof once for its target URI (section 11.1), remembered for longer than its window."""
    if not check.server.spent.spend((check.claims["jti"], check.jkt, uris.normal(check.claims["htu"]))):
        raise invalid_proof("the proof was used before")


def token_hash(token: str) -> str:
    """Give ath of an access token (section 4.2)."""
    return jose.encode(hashlib.sha256(token.encode("ascii", "replace")).digest())
