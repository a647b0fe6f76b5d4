"""What certificates may have in common, so that a hasty server takes one for the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography import x509


def key_of(certificate: x509.Certificate) -> bytes:
    """Give its public key (SubjectPublicKeyInfo, DER)."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


#: By the fact's name.
FACTS: Mapping[str, Callable[[x509.Certificate], object]] = {
    "subject": lambda certificate: certificate.subject,
    "authority": lambda certificate: certificate.issuer,
    "key": key_of,
}
