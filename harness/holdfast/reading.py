"""A compact JWS read for comparison: what it says, how its bytes are odd, and who made its signature.

Takes any text and never raises. RFC 7515, sections 3.1, 4 and 7.1; RFC 7519, section 4.
"""

import contextlib
import functools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from holdfast import jose

#: own: right by the header's own jwk and alg. client: by the key of the message it is compared with, or under another
#: algorithm. none: there is no signature. broken: nobody's.
Maker = Literal["own", "client", "none", "broken"]

_MOST_BRACKETS = 400
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Part:
    """Header or claims: the members, None where they are no JSON object; what is odd about the bytes."""

    members: Mapping[str, object] | None
    odd: tuple[str, ...] = ()
    twice: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """A whole JWS. parts: how many there are, 0 for JSON serialisation."""

    text: str = field(repr=False)
    parts: int
    header: Part
    claims: Part
    odd: tuple[str, ...] = ()
    signature: bytes = field(default=b"", repr=False)

    @property
    def whole(self) -> bool:
        """Whether there is something to compare: header and claims are JSON objects of a compact JWS."""
        return self.header.members is not None and self.claims.members is not None

    @property
    def jwk(self) -> Mapping[str, object]:
        """The `jwk` of its header; empty where it is none."""
        found = (self.header.members or {}).get("jwk")
        return found if isinstance(found, dict) else {}

    @property
    def alg(self) -> str:
        """The `alg` of its header; empty where it is no text."""
        found = (self.header.members or {}).get("alg")
        return found if isinstance(found, str) else ""


@functools.lru_cache(maxsize=2048)
def read(text: str) -> Reading:
    """Read what is there."""
    segments = text.split(".")
    if text.lstrip().startswith("{") or len(segments) not in {2, 3, 4}:
        count = 0 if text.lstrip().startswith("{") else len(segments)
        said = "JSON serialisation" if not count else f"{count} parts"
        return Reading(text, count, Part(None), Part(None), (said,))
    header, claims = _part(segments[0], "header"), _part(segments[1], "claims")
    odd: tuple[str, ...] = () if len(segments) == 3 else (f"{len(segments)} parts",)
    signature, spelt = _bytes(segments[2]) if len(segments) > 2 else (b"", ())
    odd += tuple(f"signature {word}" for word in spelt)
    return Reading(text, len(segments), header, claims, odd, signature or b"")


def _bytes(segment: str) -> tuple[bytes | None, tuple[str, ...]]:
    """Bytes of a segment, however it is spelt, and what is odd about the spelling."""
    data = jose.tolerant(segment)
    if data is None:
        return None, ("is no base64url",)
    if jose.b64u(data) == segment:
        return data, ()
    oddities = {
        "with white space in its base64url": any(letter.isspace() for letter in segment),
        "padded": segment.rstrip().endswith("="),
        "in the other base64 alphabet": any(letter in "+/" for letter in segment),
    }
    return data, tuple(word for word, there in oddities.items() if there) or ("with stray bits",)


def _part(segment: str, name: str) -> Part:
    data, spelt = _bytes(segment)
    odd = [f"{name} {word}" for word in spelt]
    if data is None or not data:
        return Part(None, tuple(odd) or (f"{name} empty",))
    if data.startswith(_BOM):
        data = data.removeprefix(_BOM)
        odd.append(f"{name} behind a byte order mark")
    twice: set[str] = set()

    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twice.update(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return dict(pairs)

    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=collect) if _shallow(data) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Part(None, (*odd, f"{name} no JSON object"))
    odd += [f"{name} with {one} twice" for one in sorted(twice)]
    if not odd and data.rstrip(b" ") != jose.to_json(value):
        odd.append(f"{name} the same JSON written otherwise")
    return Part(value, tuple(odd), frozenset(twice))


def _shallow(data: bytes) -> bool:
    return data.count(b"{") + data.count(b"[") <= _MOST_BRACKETS


def made_by(proof: Reading, honest: Reading) -> Maker:
    """Say who made the signature of a proof, beside the honest one, whose own is taken to be right."""
    if proof.text == honest.text:
        return "own"
    if not proof.signature:
        return "none"
    inputs = _signed(proof)
    if any(_holds(data, proof, proof.jwk, proof.alg) for data in inputs):
        return "own"
    if (proof.jwk, proof.alg) == (honest.jwk, honest.alg):
        return "broken"
    keys = [(jwk, alg) for jwk in (honest.jwk, proof.jwk) for alg in _algorithms(jwk)]
    found = any(_holds(data, proof, jwk, alg) for jwk, alg in keys for data in inputs)
    return "client" if found or _other_hash(inputs[0], proof, honest.jwk) else "broken"


def _holds(data: bytes, proof: Reading, jwk: Mapping[str, object], alg: str) -> bool:
    if jwk.get("kty") == "oct" and alg in jose.SYMMETRIC:
        secret = jose.tolerant(str(jwk.get("k")))
        return bool(secret) and jose.hmac_signer(secret or b"", alg)(data) == proof.signature
    return jose.holds(data, proof.signature, jwk, alg)


def _signed(proof: Reading) -> list[bytes]:
    """What may have been signed: the bytes as they came, the same without white space, and RFC 7797's raw payload."""
    head, payload, *_ = proof.text.split(".")
    raw = jose.tolerant(payload) or b""
    squeezed = "".join(payload.split())
    likely = [f"{head}.{payload}".encode(), f"{head}.{squeezed}".encode()]
    return list(
        dict.fromkeys([*likely, head.encode() + b"." + raw] if "b64" in (proof.header.members or {}) else likely)
    )


def _algorithms(jwk: Mapping[str, object]) -> tuple[str, ...]:
    match jwk.get("kty"), jwk.get("crv"):
        case "EC", "P-256":
            return ("ES256",)
        case "EC", "P-384":
            return ("ES384",)
        case "EC", "P-521":
            return ("ES512",)
        case "OKP", _:
            return ("EdDSA",)
        case "RSA", _:
            return tuple(name for name in jose.ASYMMETRIC if name[:2] in {"RS", "PS"})
    return ()


def _other_hash(data: bytes, proof: Reading, jwk: Mapping[str, object]) -> bool:
    """Whether the client's EC key made it with the hash of another curve's algorithm, as an odd `alg` asks for."""
    try:
        key = jose.public_from(jwk)
    except ValueError:
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    der = encode_dss_signature(*jose.split_rs(proof.signature))
    for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
        with contextlib.suppress(InvalidSignature):
            key.verify(der, data, ec.ECDSA(digest))
            return True
    return False
