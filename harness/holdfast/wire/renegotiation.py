"""A connection on which the client shows another certificate in a second handshake, as TLS 1.2 allows (RFC 5746).

Python's own ssl module renegotiates nothing, so that pyOpenSSL stands behind this one.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL, crypto

from holdfast.pki import Credential
from holdfast.wire.over_socket import OverSocket

Done = TypeVar("Done")


class RenegotiatingSocket(OverSocket):
    """What a Line needs of a socket with TLS. The server's chain is checked, its name is not.

    authorities: PEM; empty: the system's. first: shown in the first handshake. None shows none. then: in the second.
    Raises ConnectionError where the server does not renegotiate, ssl.SSLError for other ends, TimeoutError.
    """

    session_reused = False

    def __init__(
        self, sock: socket.socket, authorities: bytes, name: str, first: Credential | None, then: Credential
    ) -> None:
        super().__init__(sock)
        self._then = then
        self._began = False
        self._tls = SSL.Connection(_context(authorities, first), sock)
        self._tls.set_connect_state()
        if name:
            self._tls.set_tlsext_host_name(name.encode())

    def do_handshake(self) -> None:
        """Do both handshakes; called again after a TimeoutError it goes on."""
        if not self._began:
            self._waited(self._tls.do_handshake)
            self._show(self._then)
            self._tls.renegotiate()
            self._began = True
        try:
            self._waited(self._tls.do_handshake)
        except ssl.SSLError as error:
            raise ConnectionAbortedError(None, f"no second handshake ({error.reason})") from error

    def send(self, data: bytes | memoryview) -> int:
        """Send some of it, and say how many bytes."""
        return self._waited(lambda: self._tls.send(bytes(data)))

    def recv(self, size: int) -> bytes:
        """Give what has come, at most `size` bytes; nothing at the end."""
        try:
            return self._waited(lambda: self._tls.recv(size))
        except ssl.SSLZeroReturnError:
            return b""

    def version(self) -> str:
        """Name the version of TLS, as ssl.SSLSocket does."""
        return self._tls.get_protocol_version_name()

    def cipher(self) -> tuple[str]:
        """Give the name of the cipher suite."""
        return (self._tls.get_cipher_name() or "",)

    def selected_alpn_protocol(self) -> str | None:
        """Give the protocol that was agreed on."""
        return self._tls.get_alpn_proto_negotiated().decode() or None

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        """Give the server's certificate, as DER."""
        shown = self._tls.get_peer_certificate(as_cryptography=True)
        return shown.public_bytes(Encoding.DER) if shown and binary_form else None

    def _show(self, credential: Credential) -> None:
        self._tls.use_certificate(credential.certificate)
        self._tls.use_privatekey(credential.signing)

    def _waited(self, act: Callable[[], Done]) -> Done:
        """Act, and wait for the other side as long as the time of one call allows."""
        ends = time.monotonic() + (self._sock.gettimeout() or 0)
        while True:
            try:
                return act()
            except SSL.WantReadError:
                awaited = select.POLLIN
            except SSL.WantWriteError:
                awaited = select.POLLOUT
            except SSL.ZeroReturnError:
                raise _with_reason(ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "closed"), "closed") from None
            except SSL.SysCallError as error:
                raise _with_reason(ssl.SSLEOFError(ssl.SSL_ERROR_EOF, str(error)), str(error)) from None
            except SSL.Error as error:
                raise _as_ssl(error) from None
            waiting = select.poll()
            waiting.register(self._sock, awaited)
            if not waiting.poll(max(0.0, ends - time.monotonic()) * 1000):
                raise TimeoutError


def _as_ssl(error: SSL.Error) -> ssl.SSLError:
    said = str(error.args[0][-1][-1]) if error.args and error.args[0] else "TLS error"
    return _with_reason(ssl.SSLError(ssl.SSL_ERROR_SSL, said), said)


def _with_reason(error: ssl.SSLError, said: str) -> ssl.SSLError:
    """Give it the attribute that those have which ssl raises itself, and that those made here do not."""
    error.reason = said.upper().replace(" ", "_")
    return error


def _context(authorities: bytes, first: Credential | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_verify(SSL.VERIFY_PEER)
    context.set_alpn_protos([b"http/1.1"])
    store = context.get_cert_store()
    if not authorities:
        context.set_default_verify_paths()
    elif store is not None:
        for certificate in x509.load_pem_x509_certificates(authorities):
            store.add_cert(crypto.X509.from_cryptography(certificate))
    if first is not None:
        context.use_certificate(first.certificate)
        context.use_privatekey(first.signing)
    return context
