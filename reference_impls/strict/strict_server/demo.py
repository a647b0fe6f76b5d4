"""A throw-away CA, server certificate, client and secret, for somebody who starts the servers by hand."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .refusals import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_DAYS = 30


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(subject: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
    )


def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder("strict demo CA", key, _name("strict demo CA"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate, key


def _server(authority: x509.Certificate, authority_key: ec.EllipticCurvePrivateKey) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _builder("localhost", key, authority.subject)
        .add_extension(names, critical=False)
        .add_extension(identifier, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)


def _clients() -> dict[str, object]:
    client = {
        "client_id": "demo",
        "client_secret": secrets.token_urlsafe(24),
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
        "redirect_uris": ["https://client.test/callback"],
        "response_types": ["code"],
        "scope": "openid read",
        "dpop_bound_access_tokens": True,
    }
    server = {"client_id": "demo-rs", "client_secret": secrets.token_urlsafe(24)}
    return {"clients": [client], "resource_servers": [server]}


def _write_secretly(path: Path, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - needs a mode
        file.write(data)


def prepare(given: argparse.Namespace) -> None:
    """Fill --tls, --ca and --clients of the command line with files in --demo DIR, made where they are missing."""
    folder: Path = given.demo
    ca, tls, clients = (folder / name for name in ("ca.pem", "server.pem", "clients.json"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (ca.exists() and tls.exists()):
            authority, key = _authority()
            ca.write_bytes(authority.public_bytes(Encoding.PEM))
            _write_secretly(tls, _server(authority, key))
        if not clients.exists():
            _write_secretly(clients, json.dumps(_clients(), indent=2).encode())
    except OSError as error:
        raise ConfigurationError(f"--demo: {folder}: cannot be written ({error.strerror})") from error
    given.tls, given.ca, given.clients = given.tls or tls, given.ca or ca, given.clients or clients


def describe(given: argparse.Namespace, as_url: str, rs_url: str) -> str:
    """Give the lines that tell how to reach the demo servers."""
    return "\n".join(
        [
            f"authorization server  {as_url}  (metadata at {as_url}/.well-known/oauth-authorization-server)",
            f"resource server       {rs_url}/resource",
            f"trust                 {given.ca}",
            f"client                demo, client_secret_basic, DPoP; its secret is in {given.clients}",
            "redirect_uri          https://client.test/callback   scope: openid read",
        ]
    )
