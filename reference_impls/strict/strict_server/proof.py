"""DPoP proofs: the checks of RFC 9449 section 4.3, one guard each, in the order of `CHECKS`."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import jose, uris
from .guards import guard
from .memory import Nonces, SeenOnce
from .refusals import Refused, invalid_proof

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .incoming import Incoming
    from .settings import Settings

_LONGEST_JTI = 512  # characters

CHECKS = (
    "proof.typ",
    "proof.alg",
    "proof.crit",
    "proof.jwk",
    "proof.private",
    "jwk.kind",
    "jwk.numbers",
    "jwk.size",
    "jwk.order",
    "proof.signature",
    "proof.has_jti",
    "proof.jti_length",
    "proof.has_htm",
    "proof.has_htu",
    "proof.has_iat",
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

    def verifies(self) -> bool:
        """Tell whether the key in the header made the signature, by the algorithm in the header."""
        return self.jws is not None and jose.verifies(self.jws, self.header["jwk"], self.header["alg"])


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
        value = guards("proof.single", incoming.values("dpop"))
        if value is None:
            return None
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
def single(values: list[str]) -> str | None:
    """Give the value of the one DPoP field line, None where there is none; several are refused (4.3 item 1)."""
    if len(values) > 1:
        raise invalid_proof("more than one DPoP header")
    return values[0] if values else None


@guard("proof.form")
def well_formed(check: ProofCheck, value: str) -> None:
    """Read the field value as one JWT and nothing else (4.3 item 2), in the steps of `jose.read`."""
    guards = check.server.settings.guards
    try:
        check.jws = jose.read(value, lambda pairs: guards("jws.members", pairs), guards)
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
    """Ask for a key in the header, an object that says of which type it is; no other key is looked at (4.3 item 6)."""
    value = check.header.get("jwk")
    if not isinstance(value, dict) or not isinstance(value.get("kty"), str):
        raise invalid_proof("jwk is not a public key")


@guard("proof.private")
def private(check: ProofCheck) -> None:
    """Refuse a jwk with a private or symmetric member (4.3 item 7)."""
    if jose.PRIVATE_MEMBERS & set(check.header["jwk"]):
        raise invalid_proof("jwk holds more than a public key")


def _about_key(test: Callable[..., None], *arguments: Any) -> None:
    try:
        test(*arguments)
    except jose.Malformed as error:
        raise invalid_proof("jwk is not a key for alg") from error


@guard("jwk.kind")
def key_kind(check: ProofCheck) -> None:
    """Ask for the type and curve that go with the algorithm."""
    _about_key(jose.goes_with, check.header["jwk"], check.header["alg"])


@guard("jwk.numbers")
def key_numbers(check: ProofCheck) -> None:
    """Ask for each number of the key in its one spelling: another one would be another thumbprint (RFC 7638)."""
    _about_key(jose.spelt_in_one_way, check.header["jwk"])


@guard("jwk.size")
def key_size(check: ProofCheck) -> None:
    """Refuse RSA keys that are too weak, or too large to be worth the work."""
    _about_key(jose.of_sufficient_size, check.header["jwk"])


@guard("jwk.order")
def key_order(check: ProofCheck) -> None:
    """Refuse keys under which one signature is good for many messages."""
    _about_key(jose.of_large_order, check.header["jwk"])


@guard("proof.signature")
def signature(check: ProofCheck) -> None:
    """Verify the signature with the key of the header (4.3 item 6)."""
    if not check.verifies():
        raise invalid_proof("the signature does not verify")


# Every required claim in its type (4.3 item 3); claims that are not known are ignored (4.2).


def _ask_for_text(check: ProofCheck, name: str) -> None:
    value = check.claims.get(name)
    if not isinstance(value, str) or not value:
        raise invalid_proof(f"{name} is missing or not a string")


@guard("proof.has_jti")
def has_jti(check: ProofCheck) -> None:
    """Ask for a text by which the proof can be remembered."""
    _ask_for_text(check, "jti")


@guard("proof.jti_length")
def jti_length(check: ProofCheck) -> None:
    """Refuse a jti that is too long to be remembered for everybody (section 11.1)."""
    if len(check.claims["jti"]) > _LONGEST_JTI:
        raise invalid_proof("jti is too long")


@guard("proof.has_htm")
def has_htm(check: ProofCheck) -> None:
    """Ask for a method, to be compared by `htm`."""
    _ask_for_text(check, "htm")


@guard("proof.has_htu")
def has_htu(check: ProofCheck) -> None:
    """Ask for a target URI, to be compared by `htu`."""
    _ask_for_text(check, "htu")


@guard("proof.has_iat")
def has_iat(check: ProofCheck) -> None:
    """Ask for a time, to be compared by `iat`."""
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
    if not check.server.spent.spend(known_by(check)):
        raise invalid_proof("the proof was used before")


def known_by(check: ProofCheck) -> Hashable:
    """Give what a used proof is known by: its jti, beside its key and its target URI in normal form (section 11.1)."""
    return check.claims["jti"], check.jkt, uris.normal(check.claims["htu"])


def token_hash(token: str) -> str:
    """Give ath of an access token (section 4.2)."""
    return jose.encode(hashlib.sha256(token.encode("ascii", "replace")).digest())
