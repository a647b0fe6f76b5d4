"""The lab's certificates: an authority, servers, and clients honest and broken.

All keys are EC P-256 and made at run time. Times default to the system's clock and can be given as `now`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from holdfast import jose
from holdfast.jose import Key

Usage = Literal["client", "server"]
Period = Literal["now", "past", "future"]
Signing = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

LIFETIME = timedelta(days=30)
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_ALGS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_USAGES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


@dataclass(frozen=True)
class Credential:
    """A certificate with its private key, as one end of a TLS connection holds it."""

    der: bytes
    key_pem: bytes = field(repr=False)
    intermediates: tuple[bytes, ...] = ()

    @cached_property
    def certificate(self) -> x509.Certificate:
        """The certificate itself, parsed."""
        return x509.load_der_x509_certificate(self.der)

    @cached_property
    def certificate_pem(self) -> bytes:
        """The certificate alone, as PEM."""
        return to_pem(self.der)

    @cached_property
    def chain_pem(self) -> bytes:
        """The certificate and the intermediates above it, without the root, as PEM."""
        return b"".join(to_pem(der) for der in (self.der, *self.intermediates))

    @cached_property
    def thumbprint(self) -> str:
        """The `x5t#S256` of the certificate (RFC 8705, section 3.1)."""
        return jose.certificate_thumbprint(self.der)

    @cached_property
    def subject(self) -> str:
        """The subject's distinguished name as text (RFC 4514), as `tls_client_auth_subject_dn` wants it."""
        return self.certificate.subject.rfc4514_string()

    @cached_property
    def common_name(self) -> str:
        """The common name in the subject."""
        return _common_name(self.certificate)

    @cached_property
    def key(self) -> Key:
        """The private key; its `public_jwk` is what a client registers for self-signed authentication."""
        key = jose.load_pem(self.key_pem, "ES256")
        return replace(key, alg=_ALGS.get(key.public_jwk.get("crv", ""), "RS256"))

    @property
    def signing(self) -> Signing:
        """The private key, as it signs. Raises ValueError where it is none that certificates have here."""
        return _signing(self.key)

    def followed_by(self, *others: "Credential") -> "Credential":
        """Give the same with these certificates sent behind it, in the place of its own chain."""
        return replace(self, intermediates=tuple(other.der for other in others))

    def write(self, folder: Path, stem: str = "") -> Path:
        """Write key and chain into one PEM file in `folder` and give its path; the stem defaults to the thumbprint."""
        return _write(folder / f"{stem or self.thumbprint}.pem", self.key_pem + self.chain_pem)

    def write_pair(self, folder: Path, stem: str) -> tuple[Path, Path]:
        """Write the chain to STEM.crt and the key to STEM.key in `folder`, and give both paths."""
        return _write(folder / f"{stem}.crt", self.chain_pem), _write(folder / f"{stem}.key", self.key_pem)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the lab; `chain` is what its leaves carry along, empty for a root."""

    certificate: x509.Certificate
    private: Signing = field(repr=False)
    chain: tuple[bytes, ...] = ()

    @property
    def name(self) -> str:
        """The common name of its certificate."""
        return _common_name(self.certificate)

    @cached_property
    def der(self) -> bytes:
        """Its own certificate, as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def pem(self) -> bytes:
        """Its own certificate, as PEM: what a party that trusts it is given."""
        return to_pem(self.der)

    def issue_server(self, names: Sequence[str] = (), *, now: datetime | None = None) -> Credential:
        """Issue a server certificate for localhost, 127.0.0.1, ::1 and every other DNS name or address in `names`."""
        wanted = dict.fromkeys((*names, *LOCAL_NAMES))
        leaf = Leaf(_name(next(iter(wanted))), new_key(), "server", [_general_name(name) for name in wanted])
        return self.certify(leaf, now=now)

    def issue_client(
        self,
        common_name: str,
        *,
        key: Key | None = None,
        expired: bool = False,
        eku: Usage = "client",
        san_uri: str | None = None,
        san_dns: str | None = None,
        now: datetime | None = None,
    ) -> Credential:
        """Issue a client certificate: honest, or expired since a day, or with the key usage of a server."""
        san: list[x509.GeneralName] = [x509.UniformResourceIdentifier(san_uri)] if san_uri else []
        san += [x509.DNSName(san_dns)] if san_dns else []
        leaf = Leaf(_name(common_name), _signing(key), eku, san, period="past" if expired else "now")
        return self.certify(leaf, now=now)

    def reissue(
        self, credential: Credential, *, expired: bool = False, eku: Usage | None = None, now: datetime | None = None
    ) -> Credential:
        """Issue again for the same key, subject and names: a new serial number, and so another thumbprint.

        expired: since a day. eku: another usage than it has.
        """
        return self.certify(replace(leaf_of(credential, eku), period="past" if expired else "now"), now=now)

    def intermediate(
        self,
        name: str,
        *,
        now: datetime | None = None,
        period: Period = "now",
        path_length: int | None = None,
        permitted: x509.GeneralName | None = None,
    ) -> "Authority":
        """Certify an authority beneath this one; its leaves carry it in their chain.

        path_length: how many authorities may stand beneath it. permitted: the only names that it may certify
        (RFC 5280, sections 4.2.1.9 and 4.2.1.10).
        """
        private = new_key()
        built = _begin(_name(name), private, self.certificate.subject, now, period)
        built = _with_authority_extensions(built, private, path_length=path_length)
        built = built.add_extension(_issuer_key_of(self.certificate), critical=False)
        if permitted is not None:
            built = built.add_extension(x509.NameConstraints([permitted], None), critical=True)
        certificate = _sign(built, self.private)
        return Authority(certificate, private, (certificate.public_bytes(Encoding.DER), *self.chain))

    def certify(self, leaf: "Leaf", *, now: datetime | None = None) -> Credential:
        """Issue a certificate that is as the leaf says."""
        built = _leaf(leaf, self.certificate.subject, now)
        built = built.add_extension(_issuer_key_of(self.certificate), critical=False)
        return _credential(_sign(built, self.private), leaf.key, self.chain)


@dataclass(frozen=True)
class Leaf:
    """What stands in an end-entity certificate.

    period: whether it is good now, was good until a day ago, or will be in a day. riddle: it has a critical extension
    that nobody knows, so that everybody has to refuse it (RFC 5280, section 4.2).
    """

    subject: x509.Name
    key: Signing = field(repr=False)
    usage: Usage = "client"
    san: Sequence[x509.GeneralName] = ()
    period: Period = "now"
    riddle: bool = False


def new_authority(name: str, *, now: datetime | None = None) -> Authority:
    """Make a root authority with a key of its own."""
    return _root(_name(name), now)


def load(chain: bytes, key: bytes) -> Credential:
    """Read a certificate with its chain, and its key, from PEM. Raises ValueError where they are none, or no pair."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        raise ValueError("needs a PEM certificate and its unencrypted private key") from None
    if private.public_key() != certificates[0].public_key():
        raise ValueError("the private key is of another certificate")
    ders = [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Credential(ders[0], pem, tuple(ders[1:]))


def lookalike(authority: Authority, *, now: datetime | None = None) -> Authority:
    """Make a root with the same subject and the same key identifier as another, but with a key of its own."""
    return _root(authority.certificate.subject, now, _key_id_of(authority.certificate))


def promoted(credential: Credential) -> Authority:
    """Use a leaf as if it were an authority; nobody may trust what it issues."""
    return Authority(credential.certificate, credential.signing, (credential.der, *credential.intermediates))


def self_signed(
    common_name: str, key: Key | None = None, *, expired: bool = False, now: datetime | None = None
) -> Credential:
    """Make a client certificate signed with its own key (RFC 8705, section 2.2). The same key again renews it."""
    return self_issued(Leaf(_name(common_name), _signing(key), period="past" if expired else "now"), now=now)


def self_issued(leaf: Leaf, *, now: datetime | None = None) -> Credential:
    """Issue a certificate that is as the leaf says, signed with its own key."""
    return _credential(_sign(_leaf(leaf, leaf.subject, now), leaf.key), leaf.key)


def leaf_of(credential: Credential, usage: Usage | None = None) -> Leaf:
    """Give what stands in a certificate, to issue it again: its key, subject, names and usage, or another usage."""
    old = credential.certificate
    return Leaf(old.subject, credential.signing, usage or _usage_of(old), _names_of(old))


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def to_pem(der: bytes) -> bytes:
    """Write a certificate as PEM, with a line feed at its end (RFC 7468)."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _root(subject: x509.Name, now: datetime | None, key_id: x509.SubjectKeyIdentifier | None = None) -> Authority:
    private = new_key()
    built = _with_authority_extensions(_begin(subject, private, subject, now), private, key_id)
    return Authority(_sign(built, private), private)


def _begin(
    subject: x509.Name, key: Signing, issuer: x509.Name, now: datetime | None, period: Period = "now"
) -> x509.CertificateBuilder:
    day = timedelta(days=1)
    since = {"now": -day, "past": -LIFETIME, "future": day}[period]
    begin = (now or datetime.now(UTC)) + since
    end = begin + LIFETIME - (day if period == "past" else timedelta())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _with_authority_extensions(
    built: x509.CertificateBuilder,
    key: Signing,
    key_id: x509.SubjectKeyIdentifier | None = None,
    path_length: int | None = None,
) -> x509.CertificateBuilder:
    return (
        built.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(key_id or x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _leaf(leaf: Leaf, issuer: x509.Name, now: datetime | None) -> x509.CertificateBuilder:
    key_id = x509.SubjectKeyIdentifier.from_public_key(leaf.key.public_key())
    built = (
        _begin(leaf.subject, leaf.key, issuer, now, leaf.period)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_USAGES[leaf.usage]]), critical=False)
        .add_extension(key_id, critical=False)
    )
    if leaf.riddle:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.119411871"), b"\x05\x00")
        built = built.add_extension(unknown, critical=True)
    return built.add_extension(x509.SubjectAlternativeName(leaf.san), critical=False) if leaf.san else built


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id_of(certificate: x509.Certificate) -> x509.SubjectKeyIdentifier:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value


def _issuer_key_of(certificate: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(_key_id_of(certificate))


def _sign(built: x509.CertificateBuilder, private: Signing) -> x509.Certificate:
    return built.sign(private, None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _credential(certificate: x509.Certificate, key: Signing, chain: tuple[bytes, ...] = ()) -> Credential:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Credential(certificate.public_bytes(Encoding.DER), pem, chain)


def _usage_of(certificate: x509.Certificate) -> Usage:
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return "client" if _USAGES["client"] in usages else "server"


def _names_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def new_key() -> ec.EllipticCurvePrivateKey:
    """Make a key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def _signing(key: Key | None) -> Signing:
    private = new_key() if key is None else key.private
    if not isinstance(private, Signing):
        raise ValueError(f"{type(private).__name__}: no key for a certificate")  # noqa: TRY004 - a bad value
    return private


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes) -> Path:
    """Write for the owner's eyes only, since a private key may be in it."""
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
