"""How proxies write a client certificate into a header: RFC 9440, and what they had before it."""

import base64
import hashlib
from collections.abc import Iterable
from urllib.parse import quote

from cryptography import x509

from holdfast.pki import to_pem


def base64_der(der: bytes) -> str:
    """Write a certificate as base64 of its DER on one line."""
    return base64.b64encode(der).decode("ascii")


def rfc9440(der: bytes) -> str:
    """Write a certificate as the value of Client-Cert: a byte sequence between colons (RFC 9440, section 2.2)."""
    return f":{base64_der(der)}:"


def rfc9440_chain(ders: Iterable[bytes]) -> str:
    """Write certificates as the value of Client-Cert-Chain: a list, in the order given (RFC 9440, section 2.3)."""
    return ", ".join(rfc9440(der) for der in ders)


def escaped_pem(der: bytes) -> str:
    """Write a certificate as nginx does in $ssl_client_escaped_cert: PEM, percent-encoded to its last line feed."""
    return quote(to_pem(der), safe="")


def xfcc(der: bytes) -> str:
    """Write a certificate as an element of Envoy's X-Forwarded-Client-Cert: Hash, Cert and Subject."""
    subject = x509.load_der_x509_certificate(der).subject.rfc4514_string().replace("\\", "\\\\").replace('"', '\\"')
    return f'Hash={hashlib.sha256(der).hexdigest()};Cert="{escaped_pem(der)}";Subject="{subject}"'


_ENCODINGS = {"pem-escaped": escaped_pem, "base64-der": base64_der, "xfcc": xfcc}


def written(der: bytes, encoding: str) -> str:
    """Write a certificate as a proxy of that encoding does, in the words of target files; as RFC 9440 for any other."""
    return _ENCODINGS.get(encoding, rfc9440)(der)
