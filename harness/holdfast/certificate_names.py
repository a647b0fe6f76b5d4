"""Names in client certificates, as cases and target files write them (RFC 8705, section 2.1.2; RFC 5280, 4.2.1.6).

A name is a text with its kind before a colon: `dns:a.test`, `uri:spiffe://td/a`, `ip:192.0.2.1`, `email:a@b.test`, or
`dn:O=Holdfast;CN=a`, which is the subject: its RDNs in their order, with `+` inside of one that has several values.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from holdfast.target_model import Subject

#: Metadata member in which a client registers its name of each kind.
MEMBER: Mapping[str, str] = {
    "dn": "tls_client_auth_subject_dn",
    "dns": "tls_client_auth_san_dns",
    "uri": "tls_client_auth_san_uri",
    "ip": "tls_client_auth_san_ip",
    "email": "tls_client_auth_san_email",
}

_MAKERS: Mapping[str, Callable[[str], x509.GeneralName]] = {
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
    "ip": lambda text: x509.IPAddress(ip_address(text)),
    "email": x509.RFC822Name,
}
_TYPES: Mapping[str, type[x509.GeneralName]] = {
    "dns": x509.DNSName,
    "uri": x509.UniformResourceIdentifier,
    "ip": x509.IPAddress,
    "email": x509.RFC822Name,
}
_ATTRIBUTES: Mapping[str, x509.ObjectIdentifier] = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "UID": NameOID.USER_ID,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}
#: `CN=` writes a UTF8String, as is usual; `CN:printable=` a PrintableString (RFC 5280, section 4.1.2.4).
_PART = re.compile(r"(?P<type>[A-Za-z]+)(?P<printable>:printable)?=(?P<value>.*)", re.DOTALL)


def own(kind: Subject, identifier: str) -> tuple[str, ...]:
    """Give the names in the certificate of a client that is registered by that kind of name."""
    label = identifier.replace("_", "-").lower()
    names = {
        "dns": f"dns:{label}.client.test",
        "uri": f"uri:spiffe://client.test/{label}",
        "ip": "ip:198.51.100.7",
        "email": f"email:{label}@client.test",
    }
    return (f"dn:O=Holdfast;CN={identifier}", *([names[kind]] if kind in names else []))


def registered(kind: Subject, certificate: x509.Certificate) -> str:
    """Give what a client registers of its certificate: the subject (RFC 4514), or the first other name of that kind.

    Raises ValueError where the certificate has none.
    """
    if kind == "dn":
        return certificate.subject.rfc4514_string()
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    found = next((str(name.value) for name in names if isinstance(name, _TYPES[kind])), None)
    if found is None:
        raise ValueError(f"the certificate has no subjectAltName of the kind {kind}")
    return found


def pieces(kind: Subject, certificate: x509.Certificate) -> Mapping[str, str]:
    """Give what rows fill in of a client's name: `value`, and parts and neighbours of it."""
    value = registered(kind, certificate)
    first, _, rest = value.partition({"dns": ".", "email": "@"}.get(kind, "\0"))
    found = {"value": value, "first": first, "rest": rest, "cn": _common_name(certificate)}
    if kind == "uri":
        there = urlsplit(value)
        found["path"] = there.path
        found["capitals"] = there._replace(path=there.path.upper()).geturl()
    if kind == "ip":
        address = ip_address(value)
        found["next"] = str(address + 1)
        found["mapped"] = f"::ffff:{value}" if isinstance(address, IPv4Address) else value
    return found


def read(names: Sequence[str]) -> tuple[x509.Name, list[x509.GeneralName]]:
    """Give subject and subjectAltName; without a `dn:` the subject is a name that nobody is registered by.

    Raises ValueError for a name of no such kind.
    """
    subject, others = _subject("CN=holdfast"), list[x509.GeneralName]()
    for name in names:
        kind, _, text = name.partition(":")
        if kind == "dn":
            subject = _subject(text)
        elif kind in _MAKERS:
            others.append(_MAKERS[kind](text))
        else:
            raise ValueError(f"{name!r}: write one of {', '.join(MEMBER)} before the colon")
    return subject, others


def _subject(text: str) -> x509.Name:
    rdns = [x509.RelativeDistinguishedName(map(_attribute, rdn.split("+"))) for rdn in text.split(";")]
    return x509.Name(rdns)


def _attribute(text: str) -> "x509.NameAttribute[str]":
    found = _PART.fullmatch(text)
    if found is None or found["type"] not in _ATTRIBUTES:
        raise ValueError(f"{text!r}: write {', '.join(_ATTRIBUTES)}, an equals sign and the value")
    kind = _ASN1Type.PrintableString if found["printable"] else None
    return x509.NameAttribute(_ATTRIBUTES[found["type"]], found["value"], kind)


def _common_name(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""
