"""Flaws in how a proof's signature is verified, and with which key (RFC 9449 section 4.3 item 6, RFC 7518)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import get_default_algorithms
from strict_server import jose
from strict_server.refusals import Refused

from flawed_server.registry import instead_of, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Scope
    from strict_server.proof import ProofCheck

_SIGNATURE_OCTETS = {"ES256": 64, "ES384": 96, "ES512": 132, "EdDSA": 64, "Ed25519": 64}
# FIPS 186-5 by way of SEC 2: the number of points on each curve; RFC 8032 section 5.1: the order of the group.
_ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "ES512": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}
_ED25519_ORDER = (1 << 252) + 27742317777372353535851937790883648493


def _with_signature(honest: Callable[..., Any], check: ProofCheck, signature: bytes) -> None:
    """Check the proof with another signature in place of the one that came."""
    if check.jws is not None:
        check.jws = jose.Jws(check.jws.header, check.jws.claims, check.jws.signed, signature)
    honest(check)


def _halves(check: ProofCheck) -> tuple[int, int]:
    signature = check.jws.signature if check.jws else b""
    half = len(signature) // 2
    return int.from_bytes(signature[:half]), int.from_bytes(signature[half:])


def _is_possible(check: ProofCheck) -> bool:
    """Tell whether key and signature have lengths and ranges in which there is something to compute."""
    alg, jwk, signature = check.header["alg"], check.header["jwk"], check.jws.signature if check.jws else b""
    try:
        get_default_algorithms()["EdDSA" if alg == "Ed25519" else alg].from_jwk(dict(jwk))
    except Exception:  # noqa: BLE001 - the library raises many kinds; each says that this is no key
        return False
    if jwk["kty"] == "RSA":
        modulus = jose.decode(jwk["n"])
        return len(signature) == len(modulus) and signature < modulus
    if len(signature) != _SIGNATURE_OCTETS[alg]:
        return False
    if jwk["kty"] == "OKP":
        return int.from_bytes(signature[32:], "little") < _ED25519_ORDER
    return all(0 < number < _ORDERS[alg] for number in _halves(check))


@instead_of("proof.signature", "falls over")
def signature_falls_over(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Catch the one error that says "wrong signature", and none of those that say "not a signature" or "not a key"."""
    try:
        honest(check)
    except Refused as refused:
        if _is_possible(check):
            raise
        raise RuntimeError("what was not foreseen") from refused


@instead_of("proof.signature", "zero")
def signature_of_zero(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Leave out whether r and s of an elliptic curve's signature are in range: with a zero, both sides are zero."""
    alg, octets = check.header["alg"], len(check.jws.signature if check.jws else b"")
    takes_zero = alg in _ORDERS and octets == _SIGNATURE_OCTETS[alg]
    if not takes_zero or all(number % _ORDERS[alg] for number in _halves(check)):
        honest(check)


@instead_of("proof.signature", "DER")
def signature_in_der(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take a signature of an elliptic curve in the form that other protocols use, too."""
    signature = check.jws.signature if check.jws else b""
    octets = _SIGNATURE_OCTETS.get(check.header["alg"], 0) // 2
    if signature[:1] == b"\x30" and check.header["jwk"]["kty"] == "EC":
        with contextlib.suppress(ValueError, OverflowError):
            signature = b"".join(number.to_bytes(octets) for number in decode_dss_signature(signature))
    _with_signature(honest, check, signature)


@instead_of("proof.signature", "as long as expected")
def signature_as_long_as_expected(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Read as many octets of the signature as it has to have, and never look whether there are more."""
    jwk, signature = check.header["jwk"], check.jws.signature if check.jws else b""
    octets = len(jose.decode(jwk["n"])) if jwk["kty"] == "RSA" else _SIGNATURE_OCTETS[check.header["alg"]]
    _with_signature(honest, check, signature[:octets])


@instead_of("proof.signature", "either padding")
def signature_of_either_padding(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Take either padding of RSA, whichever of them alg names."""
    named = check.header["alg"]
    try:
        honest(check)
    except Refused:
        if named[:2] not in {"RS", "PS"}:
            raise
        check.header["alg"] = {"RS": "PS", "PS": "RS"}[named[:2]] + named[2:]
        honest(check)


@instead_of("proof.signature", "beyond the order")
def signature_beyond_the_order(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Leave out whether the number in an Ed25519 signature is below the order of the group."""
    signature = check.jws.signature if check.jws else b""
    if check.header["jwk"]["kty"] == "OKP" and len(signature) == _SIGNATURE_OCTETS["EdDSA"]:
        number = int.from_bytes(signature[32:], "little") % _ED25519_ORDER
        signature = signature[:32] + number.to_bytes(32, "little")
    _with_signature(honest, check, signature)


@instead_of("proof.signature", "by the certificate")
def signature_by_the_certificate(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Verify with the key of a certificate that the header carries, or with the one that it names."""
    try:
        honest(check)
    except Refused:
        if "x5c" not in check.header or not _by_certificate(check):
            raise


def _by_certificate(check: ProofCheck) -> bool:
    try:
        public: Any = x509.load_der_x509_certificate(base64.b64decode(check.header["x5c"][0])).public_key()
        algorithm = get_default_algorithms()[check.header["alg"]]
        return check.jws is not None and algorithm.verify(check.jws.signed, public, check.jws.signature)
    except (AttributeError, TypeError, ValueError):
        return False


@request("fetches keys")
def keys_fetched(scope: Scope) -> None:
    """Go and get the key from wherever the header of a proof, or the jwk in it, says that it lies.

    Only addresses of this machine are asked, so that nobody else is bothered by a test.
    """
    for name, value in scope.get("headers", ()):
        if name.lower() == b"dpop":
            for url in _addresses(value.decode("latin-1")):
                _ask(url)


def _addresses(proof: str) -> Iterator[str]:
    head = proof.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return
    for part in (header, header.get("jwk") if isinstance(header, dict) else None):
        if isinstance(part, dict):
            yield from (part[name] for name in ("jku", "x5u") if isinstance(part.get(name), str))


def _ask(url: str) -> None:
    try:
        parts = urlsplit(url)
        if parts.hostname in {"localhost", "127.0.0.1"} and parts.port:
            socket.create_connection((parts.hostname, parts.port), timeout=1).close()
    except (OSError, ValueError):
        pass
