"""Strict reading of compact JWS, before PyJWT's algorithms look at the signature.

PyJWT accepts duplicate members, a byte order mark, private and symmetric keys in a jwk: none of them passes here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jwt.algorithms import Algorithm, OKPAlgorithm, get_default_algorithms

from .guards import guard

if TYPE_CHECKING:
    from collections.abc import Mapping

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
LARGEST_JWS = 8192  # characters

_ED25519 = ("OKP", "Ed25519")
# The field of edwards25519 (RFC 8032 section 5.1), and y of its points of order 1, 2, 4 and 8.
_FIELD = (1 << 255) - 19
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH})
KEY_OF_ALGORITHM: Mapping[str, tuple[str, str]] = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "RS256": ("RSA", ""),
    "PS256": ("RSA", ""),
    "EdDSA": _ED25519,
    "Ed25519": _ED25519,  # RFC 9864 gives the same signature its own name
}
ALGORITHMS = tuple(KEY_OF_ALGORITHM)
_COORDINATE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}
_VERIFIERS: dict[str, Algorithm] = {
    name: OKPAlgorithm() if name == "Ed25519" else get_default_algorithms()[name] for name in ALGORITHMS
}


class Malformed(ValueError):  # noqa: N818 - it says what the text is
    """The text is no JWS, or the object no key, that this server reads."""


def encode(data: bytes) -> str:
    """Give unpadded base64url (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read unpadded, canonical base64url; `Malformed` for padding, other characters or stray last bits."""
    if not _BASE64URL.match(text):
        raise Malformed("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise Malformed("not base64url") from error
    if encode(data) != text:
        raise Malformed("not canonical base64url")
    return data


@guard("jws.members")
def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make the object of its members; `Malformed` where a name stands twice (RFC 7515 section 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("a member stands twice")
    return members


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is no JSON number")


def read_object(data: bytes, members: Any = unique_members) -> dict[str, Any]:
    """Read one JSON object in UTF-8 without byte order mark; `Malformed` for anything else."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


@dataclass(frozen=True)
class Jws:
    """The parts of a compact JWS: header and claims as read, what was signed, and the signature."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(text: str, members: Any = unique_members) -> Jws:
    """Take a compact JWS apart: exactly three parts, each strict base64url, two JSON objects. Nothing is verified."""
    parts = text.split(".")
    if len(text) > LARGEST_JWS or len(parts) != 3:
        raise Malformed("not three parts of reasonable length")
    header, claims = (read_object(decode(part), members) for part in parts[:2])
    return Jws(header, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), decode(parts[2]))


def _octets(jwk: Mapping[str, Any], member: str) -> bytes:
    value = jwk.get(member)
    if not isinstance(value, str):
        raise Malformed(f"jwk member {member} is not a string")
    return decode(value)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Give the SHA-256 thumbprint of a public key (RFC 7638 section 3, RFC 8037 section 2)."""
    members = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    canonical = json.dumps({name: jwk[name] for name in members}, separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(canonical.encode()).digest())


@guard("jwk.size")
def sufficient_rsa_size(modulus: bytes, exponent: bytes) -> None:
    """Take RSA keys of 2048 to 8192 bits with an odd exponent above 1, in shortest form (RFC 7518 3.3 and 6.3)."""
    bits = int.from_bytes(modulus).bit_length()
    value = int.from_bytes(exponent)
    if modulus[:1] == b"\0" or exponent[:1] == b"\0" or not 2048 <= bits <= 8192:
        raise Malformed("RSA keys have 2048 to 8192 bits")
    if value < 3 or value % 2 == 0 or value.bit_length() > 64:
        raise Malformed("RSA exponent out of range")


@guard("jwk.order")
def of_large_order(point: bytes) -> None:
    """Refuse the points of small order, under which one signature is good for many messages (RFC 7748 section 6.1)."""
    y = int.from_bytes(point, "little") & ((1 << 255) - 1)
    if y % _FIELD in _SMALL_ORDER:
        raise Malformed("the key is a point of small order")


def check_key(
    jwk: Mapping[str, Any], algorithm: str, size_check: Any = sufficient_rsa_size, order_check: Any = of_large_order
) -> None:
    """Check that a jwk has the type, curve and size that go with the algorithm; `Malformed` where it has not."""
    kind, curve = KEY_OF_ALGORITHM[algorithm]
    if jwk.get("kty") != kind or (curve and jwk.get("crv") != curve):
        raise Malformed("the key does not go with the algorithm")
    if kind == "RSA":
        size_check(_octets(jwk, "n"), _octets(jwk, "e"))
        return
    for member in ("x", "y") if kind == "EC" else ("x",):
        if len(_octets(jwk, member)) != _COORDINATE_BYTES[curve]:
            raise Malformed("a coordinate has the wrong length")
    if kind == "OKP":
        order_check(_octets(jwk, "x"))


def verifies(jws: Jws, jwk: Mapping[str, Any], algorithm: str) -> bool:
    """Tell whether the signature verifies with that public key under that algorithm; never raises for a bad key."""
    public = {name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}}
    verifier = _VERIFIERS[algorithm]
    try:
        key = verifier.prepare_key(verifier.from_jwk(public))
        return bool(verifier.verify(jws.signed, key, jws.signature))
    except Exception:  # noqa: BLE001 - the libraries raise many kinds for points off the curve; each one is a refusal
        return False


def number(value: object) -> float | None:
    """Give a JSON number that is a sensible time in seconds, else None; a bool is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e11 < value < 1e11:
        return None
    return float(value) if math.isfinite(value) else None
