"""The one name by which a client of tls_client_auth is registered, and certificates that bear it (RFC 8705 2.1.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SPACES = re.compile(r" +")
#: Metadata members, and what of subjectAltName each is compared with.
_ALTERNATIVES: Mapping[str, type[x509.GeneralName]] = {
    "tls_client_auth_san_dns": x509.DNSName,
    "tls_client_auth_san_uri": x509.UniformResourceIdentifier,
    "tls_client_auth_san_ip": x509.IPAddress,
    "tls_client_auth_san_email": x509.RFC822Name,
}
_SUBJECT = "tls_client_auth_subject_dn"
MEMBERS = (_SUBJECT, *_ALTERNATIVES)


@dataclass(frozen=True)
class RegisteredName:
    """A metadata member of RFC 8705 section 2.1.2 and its value; `read` is what a certificate has to have."""

    member: str
    value: str
    read: x509.Name | str | IPv4Address | IPv6Address


def registered_name(metadata: Mapping[str, Any]) -> RegisteredName | None:
    """Read the name of a client, None where it has none; ValueError for several, and for what cannot be read."""
    there = [name for name in MEMBERS if metadata.get(name) is not None]
    if len(there) > 1:
        raise ValueError(f"{' and '.join(there)}: a client registers one of them")
    if not there:
        return None
    member, value = there[0], metadata[there[0]]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{member}: write a text")
    return RegisteredName(member, value, _READERS.get(member, str)(value))


def _distinguished_name(text: str) -> x509.Name:
    try:
        return x509.Name.from_rfc4514_string(text)
    except ValueError as error:
        raise ValueError(f"{_SUBJECT}: write it as RFC 4514 has it, CN=name,O=who") from error


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError as error:
        raise ValueError("tls_client_auth_san_ip: write an address, as 192.0.2.1 or 2001:db8::1") from error


_READERS: Mapping[str, Callable[[str], Any]] = {_SUBJECT: _distinguished_name, "tls_client_auth_san_ip": _address}


def bears(certificate: x509.Certificate, name: RegisteredName) -> bool:
    """Tell whether a certificate bears a name, in the place that is meant and as a whole."""
    if isinstance(name.read, x509.Name):
        return _compared(certificate.subject) == _compared(name.read)
    return name.read in alternative_names(certificate, _ALTERNATIVES[name.member])


def alternative_names(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> list[Any]:
    """Give the names of one kind in subjectAltName (RFC 5280 section 4.2.1.6); none where they cannot be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.value for name in names if isinstance(name, kind)]


def _compared(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """Give what distinguishedNameMatch compares: RDNs in their order, values without regard to case and to spaces.

    RFC 4517 sections 4.2.15 and 4.2.11; the string type of a value does not count (RFC 4518 section 2.1).
    """
    return [
        frozenset((part.oid.dotted_string, _SPACES.sub(" ", str(part.value).strip(" ")).casefold()) for part in rdn)
        for rdn in name.rdns
    ]
