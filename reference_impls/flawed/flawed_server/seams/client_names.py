"""Flaws in how the name in a certificate is compared with the registered one (RFC 8705 section 2.1.2)."""

from __future__ import annotations

import fnmatch
import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from strict_server.refusals import Refused
from strict_server.subject_names import RegisteredName, alternative_names, bears

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.clients import Client

_KINDS = {
    "tls_client_auth_san_dns": x509.DNSName,
    "tls_client_auth_san_uri": x509.UniformResourceIdentifier,
    "tls_client_auth_san_ip": x509.IPAddress,
    "tls_client_auth_san_email": x509.RFC822Name,
}


def _also(name: str, matches: Callable[[x509.Certificate, RegisteredName], bool]) -> None:
    """Register that a certificate will do as well that matches so."""

    def compare(honest: Callable[..., Any], certificate: x509.Certificate, client: Client) -> None:
        if client.name is None or not matches(certificate, client.name):
            honest(certificate, client)

    instead_of("certificate.subject", name)(compare)


def _only(name: str, matches: Callable[[x509.Certificate, RegisteredName], bool]) -> None:
    """Register that a certificate has to match so as well."""

    def compare(honest: Callable[..., Any], certificate: x509.Certificate, client: Client) -> None:
        if client.name is not None and not matches(certificate, client.name):
            raise Refused("invalid_client", "the certificate names somebody else")
        honest(certificate, client)

    instead_of("certificate.subject", name)(compare)


def _shown(certificate: x509.Certificate, name: RegisteredName) -> list[str]:
    """Give the names of the registered kind as texts; of a subject none."""
    kind = _KINDS.get(name.member)
    return [] if kind is None else [str(one) for one in alternative_names(certificate, kind)]


def _anywhere(certificate: x509.Certificate, name: RegisteredName) -> bool:
    texts = [str(part.value) for part in certificate.subject]
    texts += [str(one) for kind in _KINDS.values() for one in alternative_names(certificate, kind)]
    plain = [text.removeprefix("https://").removeprefix("mailto:") for text in texts]
    return name.value in {*texts, *plain}


def _alternatively(matches: Callable[[str, str], bool]) -> Callable[[x509.Certificate, RegisteredName], bool]:
    return lambda certificate, name: any(matches(text, name.value) for text in _shown(certificate, name))


def _wildcard(text: str, value: str) -> bool:
    return text.startswith("*.") and value.endswith(text[1:])


def _mapped(certificate: x509.Certificate, name: RegisteredName) -> bool:
    shown = alternative_names(certificate, x509.IPAddress) if name.member == "tls_client_auth_san_ip" else []
    return any(isinstance(one, IPv6Address) and one.ipv4_mapped == name.read for one in shown)


def _network(text: str, value: str) -> bool:
    return re.fullmatch(r"[0-9.]+", value) is not None and text.rpartition(".")[0] == value.rpartition(".")[0]


def _path_of(uri: str) -> str:
    return uri.partition("//")[2].partition("/")[2]


_also("anywhere", _anywhere)
_also("by its beginning", _alternatively(lambda text, value: text.startswith(value)))
_also("by its end", _alternatively(lambda text, value: text.endswith(value)))
_also("somewhere inside", _alternatively(lambda text, value: value in text))
_also("as a part", _alternatively(lambda text, value: value.endswith(text)))
_also("as a pattern", _alternatively(lambda text, value: re.fullmatch(value, text) is not None))
_also("up to a NUL", _alternatively(lambda text, value: text.partition("\0")[0] == value))
_also("with wildcards", _alternatively(_wildcard))
_also("in small letters", _alternatively(lambda text, value: text.lower() == value.lower()))
_also("by its host", _alternatively(lambda text, value: text.partition("@")[2] == (value.partition("@")[2] or None)))
_also("by the person", _alternatively(lambda text, value: "@" in value and text.split("@")[0] == value.split("@")[0]))
_also("by the path", _alternatively(lambda text, value: "//" in value and _path_of(text) == _path_of(value)))
_also("by the network", _alternatively(_network))
_also("mapped", _mapped)


# Subjects


def _subjects(matches: Callable[[x509.Name, x509.Name], bool]) -> Callable[[x509.Certificate, RegisteredName], bool]:
    return lambda certificate, name: isinstance(name.read, x509.Name) and matches(certificate.subject, name.read)


def _pairs(name: x509.Name) -> list[tuple[str, str]]:
    return [(part.oid.dotted_string, str(part.value)) for part in name]


def _common(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _text(name: x509.Name) -> str:
    """Write a subject as somebody does who has not read RFC 4514: the last part first, and nothing escaped."""
    return ",".join(f"{part.rfc4514_attribute_name}={part.value}" for part in reversed(list(name)))


def _cut(name: x509.Name) -> list[tuple[str, str]]:
    return [(oid, value.partition("\0")[0]) for oid, value in _pairs(name)]


def _filtered(shown: x509.Name, known: x509.Name) -> bool:
    """Look for the subject in a directory, by a filter that is put together of texts (RFC 4515 section 3)."""
    wanted = _common(shown).partition(")")[0]
    return _pairs(shown)[:-1] == _pairs(known)[:-1] and fnmatch.fnmatchcase(_common(known), wanted)


_also("in any order", _subjects(lambda shown, known: sorted(_pairs(shown)) == sorted(_pairs(known))))
_also("by its common name", _subjects(lambda shown, known: _common(shown) == _common(known)))
_also("all of its parts", _subjects(lambda shown, known: set(_pairs(known)) <= set(_pairs(shown))))
_also("values alone", _subjects(lambda shown, known: [v for _, v in _pairs(shown)] == [v for _, v in _pairs(known)]))
_also("as a text", _subjects(lambda shown, known: _text(known) in _text(shown).replace("\\", "")))
_also("subject up to a NUL", _subjects(lambda shown, known: _cut(shown) == _pairs(known)))
_also("common name inside", _subjects(lambda shown, known: _common(known) in _common(shown)))
_also("as a filter", _subjects(_filtered))
_also("common name as a part", _subjects(lambda shown, known: _common(shown) in _common(known)))


# Too strict


def _same(certificate: x509.Certificate, known: x509.Name) -> bool:
    return certificate.subject.public_bytes() == known.public_bytes() and bears(
        certificate, RegisteredName("tls_client_auth_subject_dn", "", known)
    )


_only("one name", lambda certificate, name: len(_shown(certificate, name)) < 2)
_only("to the byte", lambda certificate, name: not isinstance(name.read, x509.Name) or _same(certificate, name.read))
for _kind, _member in {"dns": "san_dns", "uri": "san_uri", "ip": "san_ip", "email": "san_email"}.items():
    _only(f"no {_kind}", lambda _certificate, name, _member=_member: not name.member.endswith(_member))
_only("no dn", lambda _certificate, name: not isinstance(name.read, x509.Name))
