"""The thumbprint of a key, and what a careless comparison would take for it (RFC 9449 section 6.1, RFC 7638)."""

import base64
import hashlib
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast.jose import Key, b64u, to_json
from holdfast.pki import Credential
from holdfast.proof_defects import escaped_key

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def spellings(key: Key, certificate: Credential | None = None) -> Mapping[str, str]:
    """Give names and texts: `jkt` as it should be, other spellings of it, `jwk` (JSON), and the same of a certificate.

    `stray` ends in another letter that stands for the same bytes, since two bits of the last letter are not used.
    """
    jkt = key.thumbprint
    members = to_json(dict(sorted(key.public_jwk.items())))
    last = _ALPHABET.index(jkt[-1])
    return {
        "jkt": jkt,
        "lower": jkt.lower(),
        "swapped": jkt.swapcase(),
        "padded": jkt + "=",
        "shorter": jkt[:-1],
        "half": jkt[: len(jkt) // 2],
        "longer": jkt + "A",
        "stray": jkt[:-1] + _ALPHABET[last ^ 1],
        "hex": hashlib.sha256(members).hexdigest(),
        "sha1": b64u(hashlib.sha1(members, usedforsecurity=False).digest()),
        "sha384": b64u(hashlib.sha384(members).digest()),
        "sha512": b64u(hashlib.sha512(members).digest()),
        "left128": b64u(hashlib.sha256(members).digest()[:16]),
        "escaped": b64u(hashlib.sha256(escaped_key(members)).digest()),
        "uri": f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{jkt}",
        "jwk": json.dumps(key.public_jwk),
        **(_of_certificate(certificate) if certificate else {}),
    }


def _of_certificate(certificate: Credential) -> Mapping[str, str]:
    """Give `x5t`, other spellings of it, and the hashes of other things that people take for the certificate."""
    der, held = certificate.der, certificate.certificate.public_key()
    key = held.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.sha256(der).digest()
    return {
        "x5t": certificate.thumbprint,
        "x5t_lower": certificate.thumbprint.lower(),
        "x5t_hex": digest.hex(),
        "x5t_base64": base64.b64encode(digest).decode(),
        "x5t_half": certificate.thumbprint[:21],
        "x5t_key": b64u(hashlib.sha256(key).digest()),
        "x5t_pem": b64u(hashlib.sha256(certificate.certificate_pem).digest()),
        "x5t_sha1": b64u(hashlib.sha1(der, usedforsecurity=False).digest()),
        "x5t_sha512": b64u(hashlib.sha512(der).digest()),
    }
