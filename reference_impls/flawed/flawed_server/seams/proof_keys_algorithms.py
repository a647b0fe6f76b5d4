"""Flaws in which algorithm a proof is verified by (RFC 9449 section 4.3 items 5 and 6, section 11.6)."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import Algorithm, ECAlgorithm, get_default_algorithms
from strict_server import jose
from strict_server.refusals import Refused, invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from strict_server.proof import ProofCheck

_LIBRARY = get_default_algorithms()
_MACS = ("HS256", "HS384", "HS512")
_BY_TYPE = {"EC": "ES256", "RSA": "RS256", "OKP": "EdDSA"}
_BY_CURVE = {"P-384": "ES384", "P-521": "ES512"}
_STAND_IN = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True)


def usual_algorithm(jwk: Mapping[str, Any]) -> str:
    """Give the algorithm that is usual for a key; `Refused` where there is none."""
    name = _BY_CURVE.get(str(jwk.get("crv"))) or _BY_TYPE.get(str(jwk.get("kty")))
    if name is None:
        raise invalid_proof("no algorithm is usual for this key")
    return name


def _verified_as(check: ProofCheck, verifies: Callable[[], bool]) -> None:
    """Go on as if the usual algorithm of the key were named, and verify by something else."""
    check.header["alg"] = usual_algorithm(check.header["jwk"])
    check.verifies = verifies  # type: ignore[method-assign]


def spellings_of(jwk: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the ways in which a public key of an elliptic curve is written down."""
    key: Any = _LIBRARY[usual_algorithm(jwk)].from_jwk(dict(jwk))
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield from (pem, pem.rstrip(b"\n"))
    yield key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield json.dumps(jwk, separators=(",", ":")).encode()
    yield key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _is_mac(jws: jose.Jws, alg: str, secret: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(secret, jws.signed, f"sha{alg[2:]}"), jws.signature)


@instead_of("proof.alg", "ignored")
def alg_ignored(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Pass over an alg that is not known: the kind of the key says how to verify."""
    try:
        honest(check)
    except Refused:
        check.header["alg"] = usual_algorithm(check.header["jwk"])


@instead_of("proof.alg", "in any case")
def alg_in_any_case(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare names of algorithms without regard to case."""
    names = {name.lower(): name for name in check.server.settings.algorithms}
    value = check.header.get("alg")
    if isinstance(value, str):
        check.header["alg"] = names.get(value.lower(), value)
    honest(check)


@instead_of("proof.alg", "none")
def alg_none(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Ask for no signature where alg is none."""
    if check.header.get("alg") != "none":
        honest(check)
        return
    _verified_as(check, lambda: True)


@instead_of("proof.alg", "spellings of none")
def alg_spellings_of_none(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Refuse none as it is usually written, and then read names without regard to case and spaces."""
    value = check.header.get("alg")
    if value == "none" or not isinstance(value, str) or value.strip().lower() != "none":
        honest(check)
        return
    _verified_as(check, lambda: True)


@instead_of("proof.alg", "mac by the public key")
def alg_mac_by_the_public_key(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Hand the public key to whatever alg says: a MAC takes it for its secret."""
    alg, jws, jwk = check.header.get("alg"), check.jws, check.header.get("jwk", {})
    if alg not in _MACS or jws is None or jwk.get("kty") == "oct":
        honest(check)
        return
    _verified_as(check, lambda: any(_is_mac(jws, alg, secret) for secret in spellings_of(jwk)))


@instead_of("proof.alg", "mac by a key of its own")
def alg_mac_by_a_key_of_its_own(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take a symmetric key in jwk; nobody thought of what such a key is bound by."""
    alg, jws, jwk = check.header.get("alg"), check.jws, check.header.get("jwk")
    if alg not in _MACS or jws is None or not isinstance(jwk, dict) or jwk.get("kty") != "oct":
        honest(check)
        return
    check.header["jwk"] = _STAND_IN

    def verifies() -> bool:
        check.header["jwk"] = jwk
        return _is_mac(jws, alg, jose.decode(jwk["k"]))

    _verified_as(check, verifies)


@instead_of("proof.alg", "only ES256")
def alg_only_es256(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Advertise what the library has, and take what the first client happened to use."""
    honest(check)
    if check.header["alg"] != "ES256":
        raise invalid_proof("alg is not one of the supported algorithms")


@instead_of("proof.alg", "whatever the library knows")
def alg_that_the_library_knows(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take every asymmetric algorithm that the library has, advertised or not."""
    alg, jws = check.header.get("alg"), check.jws
    try:
        honest(check)
    except Refused:
        algorithm = _LIBRARY.get(alg) if isinstance(alg, str) and alg[:2] in {"RS", "PS", "ES"} else None
        if algorithm is None or jws is None:
            raise
        _verified_as(check, lambda: _verify(algorithm, jws, check.header["jwk"]))


def _verify(algorithm: Algorithm, jws: jose.Jws, jwk: Mapping[str, Any]) -> bool:
    try:
        return algorithm.verify(jws.signed, algorithm.prepare_key(algorithm.from_jwk(dict(jwk))), jws.signature)
    except Exception:  # noqa: BLE001 - as the honest one
        return False
