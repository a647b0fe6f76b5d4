"""TLS of the wire: one context per client certificate, made once, and what a connection turned out to be."""

import ssl
import tempfile
import threading
from pathlib import Path

from holdfast.jose import certificate_thumbprint
from holdfast.pki import Credential
from holdfast.results import TlsFacts


class ContextCache:
    """Client contexts, shared by all wires of a run. Thread-safe: each is built once (a system store costs 20 ms)."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[bytes, Credential | None], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def get(self, authorities: bytes, certificate: Credential | None) -> ssl.SSLContext:
        """Return the context that trusts these authorities (PEM; empty: the system's) and offers this certificate.

        Raises ssl.SSLError where either cannot be read.
        """
        key = (authorities, certificate)
        with self._lock:
            if key not in self._contexts:
                self._contexts[key] = _build(authorities, certificate)
            return self._contexts[key]


def _build(authorities: bytes, certificate: Credential | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if authorities:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    else:
        context.load_default_certs()
    if certificate:
        # OpenSSL's Python binding reads a key only from a file.
        with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
            context.load_cert_chain(certificate.write(Path(folder)))
    return context


def facts(connection: ssl.SSLSocket, server_name: str, certificate: Credential | None) -> TlsFacts:
    """Say what a connection is after its handshake. Certificates as in x5t#S256 (RFC 8705, 3.1)."""
    cipher = connection.cipher()
    server = connection.getpeercert(binary_form=True)
    return TlsFacts(
        version=connection.version() or "",
        cipher=cipher[0] if cipher else "",
        alpn=connection.selected_alpn_protocol(),
        resumed=bool(connection.session_reused),
        server_name=server_name,
        server_certificate_sha256=certificate_thumbprint(server) if server else "",
        client_certificate_sha256=certificate.thumbprint if certificate else None,
    )
