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

from .guards import Guards, guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
LARGEST_JWS = 8192  # characters

_ED25519 = ("OKP", "Ed25519")
# The field of edwards25519 (RFC 8032 section 5.1), and y of its points of order 1, 2, 4 and 8.
_FIELD = (1 << 255) - 19
_Y_BITS = (1 << 255) - 1
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


class Malformed(Refused, ValueError):  # noqa: N818 - it says what the text is
    """The text is no JWS, or the object no key, that this server reads; its reader says how that is answered."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)


def encode(data: bytes) -> str:
    """Give unpadded base64url (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@guard("jws.size")
def of_reasonable_length(text: str) -> None:
    """Refuse a text that is too long to be worth reading."""
    if len(text) > LARGEST_JWS:
        raise Malformed("too long")


@guard("jws.parts")
def three_parts(text: str) -> list[str]:
    """Take the compact form apart: header, payload and signature, no more and no less (RFC 7515 section 7.1)."""
    parts = text.split(".")
    if len(parts) != 3:
        raise Malformed("not three parts")
    return parts


@guard("jws.base64url")
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


@guard("jws.json")
def parse(data: bytes, members: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    """Read one JSON value in UTF-8 without byte order mark (RFC 8259), and make its objects by `members`."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=members, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error


@guard("jws.characters")
def whole_characters(value: Any) -> None:
    """Refuse half a surrogate pair, which is no text and cannot be written as UTF-8 (RFC 8259 section 8.2)."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        raise Malformed("half a character") from error


@guard("jws.object")
def an_object(value: Any) -> dict[str, Any]:
    """Take an object only (RFC 7515 section 4, RFC 7519 section 3)."""
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


_HONEST = Guards()


def read_object(data: bytes, members: Any = unique_members, look: Callable[..., Any] = _HONEST) -> dict[str, Any]:
    """Read one JSON object; `Malformed` for anything else. `look` calls the guard of a name, as `Guards` does."""
    value = look("jws.json", data, members)
    look("jws.characters", value)
    found: dict[str, Any] = look("jws.object", value)
    return found


@dataclass(frozen=True)
class Jws:
    """The parts of a compact JWS: header and claims as read, what was signed, and the signature."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(text: str, members: Any = unique_members, look: Callable[..., Any] = _HONEST) -> Jws:
    """Take a compact JWS apart: exactly three parts, each strict base64url, two JSON objects. Nothing is verified."""
    look("jws.size", text)
    parts = look("jws.parts", text)
    header, claims = (read_object(look("jws.base64url", part), members, look) for part in parts[:2])
    return Jws(header, claims, f"{parts[0]}.{parts[1]}".encode(), look("jws.base64url", parts[2]))


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


def goes_with(jwk: Mapping[str, Any], algorithm: str) -> None:
    """Refuse a key whose type or curve is not that of the algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1)."""
    kind, curve = KEY_OF_ALGORITHM[algorithm]
    if jwk.get("kty") != kind or (curve and jwk.get("crv") != curve):
        raise Malformed("the key does not go with the algorithm")


def spelt_in_one_way(jwk: Mapping[str, Any]) -> None:
    """Refuse numbers of a key that are absent, or not in the one spelling that gives the key one thumbprint.

    Coordinates are as long as the field, RSA's numbers have no leading zeros (RFC 7518 sections 2, 6.2.1.2, 6.3.1).
    """
    if jwk["kty"] == "RSA":
        if any(number[:1] in {b"", b"\0"} for number in (_octets(jwk, "n"), _octets(jwk, "e"))):
            raise Malformed("RSA numbers have no leading zeros")
        return
    for member in ("x", "y") if jwk["kty"] == "EC" else ("x",):
        if len(_octets(jwk, member)) != _COORDINATE_BYTES[jwk["crv"]]:
            raise Malformed("a coordinate has the wrong length")


def of_sufficient_size(jwk: Mapping[str, Any]) -> None:
    """Refuse RSA keys but those of 2048 to 8192 bits with an odd exponent above 1 (RFC 7518 section 3.3)."""
    if jwk["kty"] != "RSA":
        return
    bits, exponent = int.from_bytes(_octets(jwk, "n")).bit_length(), int.from_bytes(_octets(jwk, "e"))
    if not 2048 <= bits <= 8192:
        raise Malformed("RSA keys have 2048 to 8192 bits")
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64:
        raise Malformed("RSA exponent out of range")


def of_large_order(jwk: Mapping[str, Any]) -> None:
    """Refuse the points of small order, under which one signature is good for many messages (RFC 7748 section 6.1)."""
    if jwk["kty"] == "OKP" and (int.from_bytes(_octets(jwk, "x"), "little") & _Y_BITS) % _FIELD in _SMALL_ORDER:
        raise Malformed("the key is a point of small order")


def check_key(jwk: Mapping[str, Any], algorithm: str) -> None:
    """Check that a jwk is a key for the algorithm in every way; `Malformed` where it is not."""
    goes_with(jwk, algorithm)
    spelt_in_one_way(jwk)
    of_sufficient_size(jwk)
    of_large_order(jwk)


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
