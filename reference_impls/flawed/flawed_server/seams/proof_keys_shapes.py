"""Flaws in how the key in a proof's header is read (RFC 9449 section 4.3 items 6 and 7, RFC 7518 section 6)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from jwt.algorithms import get_default_algorithms
from strict_server import jose
from strict_server.refusals import Refused, invalid_proof

from flawed_server.registry import instead_of
from flawed_server.seams.falling_over import fall_over
from flawed_server.seams.proof_keys_algorithms import usual_algorithm

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_REQUIRED = {"EC": {"kty", "crv", "x", "y"}, "RSA": {"kty", "n", "e"}, "OKP": {"kty", "crv", "x"}}
_OCTETS = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}
_HASHES: dict[str, hashes.HashAlgorithm] = {"384": hashes.SHA384(), "512": hashes.SHA512()}

for guard in ("proof.jwk", "jwk.kind", "jwk.numbers", "jwk.size"):
    instead_of(guard, "falls over")(fall_over)


@instead_of("proof.jwk", "unwrapped")
def jwk_unwrapped(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look for the key inside of whatever is there: text, a list, a set of keys, an object around it."""
    value = check.header.get("jwk")
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict) and "keys" in value:
        value = value["keys"]
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and "jwk" in value:
        value = value["jwk"]
    if value is not None:
        check.header["jwk"] = value
    honest(check)


@instead_of("proof.jwk", "known by kid")
def jwk_known_by_kid(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take a key that was seen before for the one that kid names."""
    known = check.server.__dict__.setdefault("keys_seen", {})
    if "jwk" not in check.header and check.header.get("kid") in known:
        check.header["jwk"] = known[check.header["kid"]]
    honest(check)
    jwk = check.header["jwk"]
    if _REQUIRED.get(jwk["kty"], {""}) <= set(jwk):
        known[check.jkt] = jwk


@instead_of("proof.jwk", "no other member")
def jwk_without_other_members(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a key with any member that it does not need; those of a private key are left to the next check."""
    honest(check)
    jwk = check.header["jwk"]
    if set(jwk) - _REQUIRED.get(jwk["kty"], set(jwk)) - jose.PRIVATE_MEMBERS:
        raise invalid_proof("jwk has members that are not understood")


@instead_of("proof.jwk", "kty first")
def jwk_with_its_type_first(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Read the members in the order in which they come, and need to know the type before the rest."""
    honest(check)
    if next(iter(check.header["jwk"])) != "kty":
        raise invalid_proof("jwk does not begin with its type")


@instead_of("proof.jwk", "no other source")
def jwk_without_other_sources(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse a header that names a key in another way beside."""
    honest(check)
    if {"kid", "jku", "x5u"} & set(check.header):
        raise invalid_proof("the key is named twice")


@instead_of("proof.jwk", "certificate has to fit")
def certificate_has_to_fit(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Read a certificate beside the key, and be lost where it holds another one."""
    honest(check)
    if "x5c" in check.header:
        raise RuntimeError("certificate and key differ")


@instead_of("proof.private", "only d")
def private_only_d(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look for the one member that all private keys have in common."""
    if "d" in check.header["jwk"]:
        honest(check)


@instead_of("proof.private", "only of RSA")
def private_only_of_rsa(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Look for private members in RSA keys only."""
    if check.header["jwk"]["kty"] == "RSA":
        honest(check)


@instead_of("jwk.kind", "alg says")
def kind_as_alg_says(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take type and curve from alg, and never look at kty and crv."""
    kty, crv = jose.KEY_OF_ALGORITHM[check.header["alg"]]
    check.header["jwk"] |= {"kty": kty, **({"crv": crv} if crv else {})}
    honest(check)


@instead_of("jwk.kind", "the key says")
def kind_as_the_key_says(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Verify by the kind of the key, with the hash of alg, whether they go together or not."""
    try:
        honest(check)
    except Refused:
        named, usual = check.header["alg"], usual_algorithm(check.header["jwk"])
        check.header["alg"] = usual
        honest(check)
        check.verifies = lambda: _verifies(check, usual, named)  # type: ignore[method-assign]


def _verifies(check: ProofCheck, usual: str, named: str) -> bool:
    jws, digest = check.jws, _HASHES.get(named[2:], hashes.SHA256())
    try:
        key: Any = get_default_algorithms()[usual].from_jwk(dict(check.header["jwk"]))
        if jws is None:
            return False
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = len(jws.signature) // 2
            r, s = int.from_bytes(jws.signature[:half]), int.from_bytes(jws.signature[half:])
            key.verify(encode_dss_signature(r, s), jws.signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(jws.signature, jws.signed)
        else:
            key.verify(jws.signature, jws.signed, padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError):
        return False
    return True


@instead_of("jwk.numbers", "respelt")
def numbers_respelt(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Read numbers however they are spelt, and write them as they should be."""
    jwk = check.header["jwk"]
    try:
        for name in _REQUIRED[jwk["kty"]] - {"kty", "crv"}:
            text = "".join(jwk[name].split()).rstrip("=")
            number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).lstrip(b"\0")
            jwk[name] = jose.encode(number.rjust(_OCTETS.get(jwk.get("crv"), 0), b"\0"))
    except (AttributeError, KeyError, ValueError):
        pass
    honest(check)
