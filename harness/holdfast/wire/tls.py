"""TLS of the wire: one context per client certificate, made once, and what a connection turned out to be."""

import ssl
import tempfile
import threading
import warnings
from pathlib import Path

from holdfast.handshakes import Handshake
from holdfast.jose import certificate_thumbprint
from holdfast.pki import Credential
from holdfast.results import TlsFacts
from holdfast.wire.hello_in_pieces import HelloInPieces
from holdfast.wire.renegotiation import RenegotiatingSocket

#: Suites of old versions, which OpenSSL offers only where it is told that nobody minds.
_ANY_CIPHER = "ALL:@SECLEVEL=0"

_Key = tuple[bytes, Credential | None, str | None, bool, str]


class ContextCache:
    """Client contexts, shared by all wires of a run. Thread-safe: each is built once (a system store costs 20 ms)."""

    def __init__(self) -> None:
        self._contexts: dict[_Key, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def get(
        self,
        authorities: bytes,
        certificate: Credential | None,
        handshake: Handshake | None = None,
        protocol: str = "http/1.1",
    ) -> ssl.SSLContext:
        """Return the context that trusts these authorities (PEM; empty: the system's) and offers this certificate.

        handshake: what else is unusual about it. protocol: the one that is offered (ALPN, RFC 7301).
        Raises ssl.SSLError where authorities or certificate cannot be read.
        """
        unusual = handshake or Handshake()
        key = (authorities, certificate, unusual.version, unusual.server_name is None, protocol)
        with self._lock:
            if key not in self._contexts:
                self._contexts[key] = _unusual(_build(authorities, certificate, protocol), unusual)
            return self._contexts[key]


def _unusual(context: ssl.SSLContext, handshake: Handshake) -> ssl.SSLContext:
    if handshake.version is not None:
        only = ssl.TLSVersion[f"TLSv{handshake.version.replace('.', '_')}".replace("1_0", "1")]
        if only < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers(_ANY_CIPHER)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is why it is asked for
            context.minimum_version = context.maximum_version = only
    if handshake.server_name is not None:
        context.check_hostname = False
    return context


def _build(authorities: bytes, certificate: Credential | None, protocol: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([protocol])
    # Some Pythons take a connection that breaks off for one that was ended with close_notify:
    # https://github.com/python/cpython/issues/95494
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    if authorities:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    else:
        context.load_default_certs()
    if certificate:
        # OpenSSL's Python binding reads a key only from a file.
        with tempfile.TemporaryDirectory(prefix="holdfast-") as folder:
            context.load_cert_chain(certificate.write(Path(folder)))
    return context


def facts(
    connection: ssl.SSLSocket | RenegotiatingSocket | HelloInPieces, server_name: str, certificate: Credential | None
) -> TlsFacts:
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
