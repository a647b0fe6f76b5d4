"""A client certificate as a header value."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from urllib.parse import quote


def rfc9440(der: bytes) -> bytes:
    """DER as a structured-field Byte Sequence: base64 between colons (RFC 9440, section 2.1)."""
    return b":" + b64encode(der) + b":"


def rfc9440_chain(issuers: Sequence[bytes]) -> bytes:
    """DER certificates as a structured-field List of Byte Sequences (RFC 9440, section 2.3)."""
    return b", ".join(map(rfc9440, issuers))


def pem_escaped(der: bytes) -> bytes:
    """DER as percent-encoded PEM, the form of nginx's ``$ssl_client_escaped_cert``."""
    text = b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    pem = "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
    return quote(pem, safe="").encode()


def xfcc(der: bytes) -> bytes:
    """DER as an element of Envoy's X-Forwarded-Client-Cert: its hash, and it as percent-encoded PEM."""
    return b"Hash=" + sha256(der).hexdigest().encode() + b';Cert="' + pem_escaped(der) + b'"'


ENCODINGS: Mapping[str, Callable[[bytes], bytes] | None] = {
    "rfc9440": rfc9440,
    "pem-escaped": pem_escaped,
    "base64-der": b64encode,
    "xfcc": xfcc,
    "none": None,
}
