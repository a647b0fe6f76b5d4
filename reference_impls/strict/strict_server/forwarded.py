"""How a trusted proxy writes the certificate of a client into a header: RFC 9440, and what proxies had before it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/]*={0,2}):\Z")  # RFC 8941 section 3.3.5
#: Envoy's element: name=value pairs between semicolons, where a value in quotation marks may hold both.
_ELEMENT = re.compile(r'(?:[A-Za-z]+=(?:"(?:[^"\\]|\\.)*"|[^;,"]*)(?:;|\Z))+\Z')
_PAIR = re.compile(r'([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"]*)')


def _pem_escaped(value: str) -> bytes:
    return x509.load_pem_x509_certificate(unquote(value).encode("ascii")).public_bytes(Encoding.DER)


def _rfc9440(value: str) -> bytes:
    match = _BYTE_SEQUENCE.match(value)
    if not match:
        raise ValueError("not a byte sequence")
    return _base64_der(match[1])


def _base64_der(value: str) -> bytes:
    return x509.load_der_x509_certificate(base64.b64decode(value, validate=True)).public_bytes(Encoding.DER)


def _first_of_list(value: str) -> bytes:
    return _base64_der(value.partition(",")[0])


def _xfcc(value: str) -> bytes:
    if not _ELEMENT.match(value):
        raise ValueError("not one element")
    certificates = [text for name, text in _PAIR.findall(value) if name.lower() == "cert"]
    if len(certificates) != 1:
        raise ValueError("not one certificate")
    return _pem_escaped(certificates[0].strip('"'))


#: `:base64 DER:` (RFC 9440 section 2.2); percent-encoded PEM, as nginx has it; base64 DER, as HAProxy writes it, and
#: a list of them that begins with the client's own, as Traefik does; the Cert of Envoy's X-Forwarded-Client-Cert.
READ: Mapping[str, Callable[[str], bytes]] = {
    "rfc9440": _rfc9440,
    "pem-escaped": _pem_escaped,
    "base64-der": _first_of_list,
    "xfcc": _xfcc,
}


def chain_of(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Read Client-Cert-Chain, in however many field lines (RFC 9440 section 2.3). Raises ValueError like `der_of`."""
    members = [member.strip(" \t") for line in lines for member in line.split(",")]
    return tuple(_rfc9440(member) for member in members)


def der_of(value: str, encoding: str) -> bytes:
    """Read a forwarded certificate. Raises ValueError where it is not written so."""
    return READ[encoding](value)
