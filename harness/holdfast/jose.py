"""Bytes of a JWS (RFC 7515): keys, signatures, thumbprints and hashes; knows neither HTTP nor pytest.

The making side signs whatever it is told to, since forging is its purpose. The reading side has two halves: `decode`
understands garbage and never raises, `verify` is strict and answers yes or no.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
Signer = Callable[[bytes], bytes]

_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_CURVE_NAMES = {curve.name: name for name, curve in _CURVES.items()}
_CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_HASHES: Mapping[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_THUMBPRINT_MEMBERS = {"EC": ("crv", "x", "y"), "RSA": ("e", "n"), "OKP": ("crv", "x"), "oct": ("k",)}
_MOST_BRACKETS = 200
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")

ASYMMETRIC = (*_CURVE_OF, "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "Ed25519")
SYMMETRIC = ("HS256", "HS384", "HS512")


def b64u(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64u(text: str) -> bytes:
    """Bytes of unpadded base64url in its one canonical spelling; ValueError for any other text (RFC 4648, 3.5)."""
    if not _BASE64URL.match(text) or len(text) % 4 == 1:
        raise ValueError("not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(data) != text:
        raise ValueError("base64url whose last character has stray bits")
    return data


@dataclass(frozen=True)
class Key:
    """A private key and the JWS algorithm it signs with (RFC 7518, RFC 8037, RFC 9864).

    The two need not fit by curve or size: `dataclasses.replace(key, alg="ES384")` signs with SHA-384 on P-256.
    """

    alg: str
    private: PrivateKeyTypes = field(repr=False)

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 7517) of required members only: no kid, no use, no alg."""
        return _public_jwk(public_of(self.private))

    @cached_property
    def private_jwk(self) -> dict[str, str]:
        """The whole key as a JWK, every private member included."""
        return {**self.public_jwk, **_private_members(self.private)}

    @cached_property
    def thumbprint(self) -> str:
        """The `jkt` of this key (RFC 7638, RFC 9449 section 6.1)."""
        return thumbprint(self.public_jwk)

    def sign(self, data: bytes) -> bytes:
        """Make the raw JWS signature over `data`; ValueError when this kind of key cannot sign with `alg`."""
        private = self.private
        if isinstance(private, ec.EllipticCurvePrivateKey) and self.alg.startswith("ES"):
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(_hash(self.alg))))
            return join_rs(r, s, private.curve)
        if isinstance(private, rsa.RSAPrivateKey) and self.alg.startswith(("RS", "PS")):
            return private.sign(data, _rsa_padding(self.alg), _hash(self.alg))
        if isinstance(private, ed25519.Ed25519PrivateKey) and self.alg in {"EdDSA", "Ed25519"}:
            return private.sign(data)
        raise ValueError(f"this key cannot sign with {self.alg}")


def generate(alg: str = "ES256", *, bits: int = 2048) -> Key:
    """Make a new key for one of ASYMMETRIC; `bits` is the size of an RSA key. An RSA key costs 35 ms: make it once."""
    if alg in _CURVE_OF:
        return Key(alg, ec.generate_private_key(_CURVES[_CURVE_OF[alg]]))
    if alg not in ASYMMETRIC:
        raise ValueError(f"{alg}: no algorithm to make a key for; one of {', '.join(ASYMMETRIC)}")
    if alg.startswith("Ed"):
        return Key(alg, ed25519.Ed25519PrivateKey.generate())
    return Key(alg, rsa.generate_private_key(public_exponent=65537, key_size=bits))


def load(jwk: Mapping[str, str], alg: str) -> Key:
    """Read the key of a private JWK; ValueError when a member is absent, malformed or of an unknown kind."""
    try:
        kind = jwk["kty"]
        if kind == "EC":
            return Key(alg, ec.derive_private_key(_integer(jwk, "d"), _CURVES[jwk["crv"]]))
        if kind == "OKP" and jwk["crv"] == "Ed25519":
            return Key(alg, ed25519.Ed25519PrivateKey.from_private_bytes(unb64u(jwk["d"])))
        if kind == "RSA":
            return Key(alg, _rsa_private(jwk))
    except KeyError as missing:
        raise ValueError(f"JWK: {missing.args[0]} is absent or unknown") from None
    raise ValueError(f"JWK: kty {kind} is no private key that signs")


def load_pem(pem: bytes, alg: str) -> Key:
    """Read the key of an unencrypted PEM private key; ValueError when there is none in it."""
    try:
        return Key(alg, load_pem_private_key(pem, password=None))
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(f"PEM: {error}") from None


def public_of(private: PrivateKeyTypes) -> PublicKey:
    """Give the public half of a key that signs; ValueError for a kind that JOSE has no name for here."""
    if isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return private.public_key()
    raise ValueError(f"{type(private).__name__}: not EC, RSA or Ed25519")


def public_from(jwk: Mapping[str, object]) -> PublicKey:
    """Read the public key of a JWK; ValueError when it is malformed, off its curve or of another kind."""
    kind, curve = jwk.get("kty"), jwk.get("crv")
    if kind == "EC" and isinstance(curve, str) and curve in _CURVES:
        numbers = ec.EllipticCurvePublicNumbers(_integer(jwk, "x"), _integer(jwk, "y"), _CURVES[curve])
        return numbers.public_key()
    if kind == "RSA":
        return rsa.RSAPublicNumbers(_integer(jwk, "e"), _integer(jwk, "n")).public_key()
    if kind == "OKP" and curve == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(unb64u(_text(jwk, "x")))
    raise ValueError("JWK: not a public key of kty EC, RSA or OKP on a known curve")


def thumbprint(jwk: Mapping[str, object]) -> str:
    """SHA-256 thumbprint of a JWK over its required members only (RFC 7638, RFC 8037 section 2), base64url.

    ValueError when `kty` is not EC, RSA, OKP or oct, or when a required member is no text.
    """
    kind = _text(jwk, "kty")
    if kind not in _THUMBPRINT_MEMBERS:
        raise ValueError(f"JWK: no thumbprint is defined here for kty {kind}")
    members = {name: _text(jwk, name) for name in ("kty", *_THUMBPRINT_MEMBERS[kind])}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b64u(hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).digest())


def token_hash(token: str) -> str:
    """Compute the `ath` claim of a token (RFC 9449, section 4.2)."""
    return b64u(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())


def certificate_thumbprint(der: bytes) -> str:
    """Compute the `x5t#S256` of a certificate given as DER (RFC 8705, section 3.1)."""
    return b64u(hashlib.sha256(der).digest())


def to_json(value: object) -> bytes:
    """Compact JSON in ASCII, so that a lone surrogate or a NUL travels as an escape."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def compact(header: Mapping[str, object] | bytes, payload: Mapping[str, object] | bytes, sign: Signer) -> str:
    """Write a JWS in compact form (RFC 7515, section 7.1); bytes are taken exactly as given, mappings become JSON."""
    parts = [part if isinstance(part, bytes) else to_json(part) for part in (header, payload)]
    signing_input = ".".join(b64u(part) for part in parts)
    return f"{signing_input}.{b64u(sign(signing_input.encode('ascii')))}"


def hmac_signer(secret: bytes, alg: str = "HS256") -> Signer:
    """Give a signer that computes the MAC of `alg` with `secret` (RFC 7518, section 3.2)."""
    digest = f"sha{alg.removeprefix('HS')}"
    return lambda data: hmac.digest(secret, data, digest)


def unsigned(_data: bytes) -> bytes:
    """Sign as `alg` none does: with an empty signature (RFC 7518, section 3.6)."""
    return b""


@dataclass(frozen=True)
class Decoded:
    """A token or proof as read: each part a JSON object, or text where it is none; `note` says what is odd."""

    header: dict[str, object] | str
    claims: dict[str, object] | str
    signature: bytes
    note: str


def decode(text: str) -> Decoded:
    """Read what can be read of a JWS, without looking at its signature; takes any text and never raises.

    An opaque token comes back with both parts empty. What is returned can be written as JSON in UTF-8.
    """
    parts = text.strip().split(".")
    if len(parts) == 1:
        return Decoded("", "", b"", "not a JWS: one part")
    notes = [] if len(parts) == 3 else [f"{len(parts)} parts"]
    header = _read(parts[0], "header", notes)
    if len(parts) == 5:
        return Decoded(header, "", b"", "5 parts: a JWE, or no JOSE at all")
    claims = _read(parts[1], "payload", notes)
    if isinstance(header, str) and isinstance(claims, str):
        return Decoded("", "", b"", "not a JWS: no part is a JSON object")
    signature = tolerant(parts[2]) if len(parts) > 2 else b""
    if signature is None:
        notes.append("signature is not base64url")
    return Decoded(header, claims, signature or b"", "; ".join(notes))


def verify(text: str, jwk: Mapping[str, object], alg: str | None = None) -> bool:
    """Whether a compact JWS is signed by the public key `jwk`, with `alg` where that is given.

    Strict: three parts of canonical base64url, a header without duplicate members and without `crit`, an asymmetric
    algorithm that fits the key and its `alg`. Says no instead of raising.
    """
    try:
        head, _, _ = parts = text.split(".")
        header, signature = _object(unb64u(head)), unb64u(parts[2])
        unb64u(parts[1])
    except (ValueError, RecursionError):
        return False
    used = header.get("alg")
    if not isinstance(used, str) or "crit" in header or used != (alg or used) or used != jwk.get("alg", used):
        return False
    return holds(text.rpartition(".")[0].encode("ascii"), signature, jwk, used)


def holds(data: bytes, signature: bytes, jwk: Mapping[str, object], alg: str) -> bool:
    """Whether `signature` is a signature of `alg` over `data` by the public key `jwk`; says no instead of raising."""
    try:
        key = public_from(jwk)
        if isinstance(key, ec.EllipticCurvePublicKey) and _CURVE_OF.get(alg) == jwk["crv"]:
            key.verify(_rs_to_der(signature, key.curve), data, ec.ECDSA(_hash(alg)))
        elif isinstance(key, rsa.RSAPublicKey) and alg in ASYMMETRIC and alg.startswith(("RS", "PS")):
            key.verify(signature, data, _rsa_padding(alg), _hash(alg))
        elif isinstance(key, ed25519.Ed25519PublicKey) and alg in {"EdDSA", "Ed25519"}:
            key.verify(signature, data)
        else:
            return False
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def join_rs(r: int, s: int, curve: ec.EllipticCurve) -> bytes:
    """Put the two integers of an ECDSA signature side by side in fixed width (RFC 7518, section 3.4)."""
    width = _width(curve)
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def split_rs(signature: bytes) -> tuple[int, int]:
    """Undo `join_rs`: the first half of the bytes and the second, as integers."""
    half = len(signature) // 2
    return int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")


def _rs_to_der(signature: bytes, curve: ec.EllipticCurve) -> bytes:
    if len(signature) != 2 * _width(curve):
        raise ValueError("an ECDSA signature of another length")
    return encode_dss_signature(*split_rs(signature))


def _width(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _hash(alg: str) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    if alg[2:] not in _HASHES:
        raise ValueError(f"{alg}: no hash is known for it")
    return _HASHES[alg[2:]]()


def _rsa_padding(alg: str) -> padding.AsymmetricPadding:
    if alg.startswith("RS"):
        return padding.PKCS1v15()
    # RFC 7518, section 3.5: the salt is as long as the hash, and MGF1 uses the same hash.
    return padding.PSS(padding.MGF1(_hash(alg)), padding.PSS.DIGEST_LENGTH)


def _minimal(value: int) -> str:
    return b64u(value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _public_jwk(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePublicKey):
        point, width = key.public_numbers(), _width(key.curve)
        x, y = (b64u(value.to_bytes(width, "big")) for value in (point.x, point.y))
        return {"kty": "EC", "crv": _CURVE_NAMES[key.curve.name], "x": x, "y": y}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _minimal(numbers.n), "e": _minimal(numbers.e)}
    return {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.public_bytes_raw())}


def _private_members(key: PrivateKeyTypes) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"d": b64u(key.private_numbers().private_value.to_bytes(_width(key.curve), "big"))}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        names = {"d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1}
        return {name: _minimal(value) for name, value in {**names, "qi": numbers.iqmp}.items()}
    return {"d": b64u(cast("ed25519.Ed25519PrivateKey", key).private_bytes_raw())}


def _rsa_private(jwk: Mapping[str, str]) -> rsa.RSAPrivateKey:
    n, e, d = (_integer(jwk, name) for name in ("n", "e", "d"))
    p, q = (_integer(jwk, "p"), _integer(jwk, "q")) if "p" in jwk else rsa.rsa_recover_prime_factors(n, e, d)
    public, dp, dq = rsa.RSAPublicNumbers(e, n), rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q)
    return rsa.RSAPrivateNumbers(p, q, d, dp, dq, rsa.rsa_crt_iqmp(p, q), public).private_key()


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise ValueError(f"JWK: {name} is absent or no text")  # noqa: TRY004 - bad data, not a bad call
    return value


def _integer(jwk: Mapping[str, object], name: str) -> int:
    return int.from_bytes(unb64u(_text(jwk, name)), "big")


def _object(data: bytes) -> dict[str, object]:
    """Read the JSON object in `data`; ValueError for anything else, also for a member that stands twice."""
    repeated = False

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal repeated
        members = dict(pairs)
        repeated |= len(members) < len(pairs)
        return members

    value = json.loads(data.decode("utf-8"), object_pairs_hook=once)
    if repeated or not isinstance(value, dict):
        raise ValueError("not a JSON object with each member once")
    return value


def tolerant(segment: str) -> bytes | None:
    """Bytes of a segment in either alphabet, padded or not, with white space or not; None where there are none."""
    squeezed = "".join(segment.split()).rstrip("=").replace("+", "-").replace("/", "_")
    if not _BASE64URL.match(squeezed):
        return None
    try:
        return base64.urlsafe_b64decode(squeezed + "=" * (-len(squeezed) % 4))
    except binascii.Error:
        return None


def _read(segment: str, name: str, notes: list[str]) -> dict[str, object] | str:
    data = tolerant(segment)
    if data is None:
        notes.append(f"{name} is not base64url")
        return segment.encode("utf-8", "backslashreplace").decode("utf-8")
    if b64u(data) != segment:
        notes.append(f"{name} is spelt in base64 of another kind")
    try:
        # Whoever writes this down may recurse, and stops earlier than Python's parser does.
        value = json.loads(data.decode("utf-8")) if data.count(b"{") + data.count(b"[") <= _MOST_BRACKETS else None
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        notes.append(f"{name} is no JSON object")
        return data.decode("utf-8", "backslashreplace")
    try:
        _object(data)
    except ValueError:
        notes.append(f"{name} has a member twice")
    return value
