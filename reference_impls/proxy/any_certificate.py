"""TLS that asks for a client certificate and takes any: unknown issuer, self-signed, expired, wrong usage.

The stdlib refuses such certificates inside the handshake. Here TLS is pyOpenSSL on memory buffers, behind the one
method of ``ssl.SSLContext`` that asyncio calls (``wrap_bio``); the handshake still proves that the peer holds the key.
"""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from OpenSSL import SSL, crypto

T = TypeVar("T")


class _Connection:
    """The part of ``ssl.SSLObject`` that asyncio calls."""

    def __init__(
        self, owner: ssl.SSLContext, settings: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO
    ) -> None:
        self.context = owner
        self._incoming, self._outgoing = incoming, outgoing
        self._tls = SSL.Connection(settings, None)
        self._tls.set_accept_state()
        #: Whether more than one read or more than one record was needed for the ClientHello (RFC 8446, section 5.1).
        self.hello_in_pieces: bool | None = None

    def _call(self, operation: Callable[..., T], *arguments: object) -> T:
        data = self._incoming.read()
        if data:
            if self.hello_in_pieces is None:
                self.hello_in_pieces = _in_pieces(data)
            self._tls.bio_write(data)
        elif self._incoming.eof:
            self._tls.bio_shutdown()
        try:
            return operation(*arguments)
        except SSL.WantReadError:
            raise ssl.SSLWantReadError from None
        except SSL.WantWriteError:
            raise ssl.SSLWantWriteError from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "closed") from None
        except SSL.SysCallError as error:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, str(error)) from None
        except SSL.Error as error:
            raise ssl.SSLError(1, repr(error)) from None
        finally:
            self._flush()

    def _flush(self) -> None:
        while True:
            try:
                self._outgoing.write(self._tls.bio_read(65536))
            except SSL.WantReadError:
                return

    def do_handshake(self) -> None:
        self._call(self._tls.do_handshake)

    def read(self, size: int = 16384, buffer: Any = None) -> int | bytes:
        try:
            if buffer is None:
                return self._call(self._tls.recv, size)
            return self._call(self._tls.recv_into, buffer, min(size, len(buffer)) or None)
        except ssl.SSLZeroReturnError:
            return b"" if buffer is None else 0

    def write(self, data: bytes) -> int:
        return self._call(self._tls.send, bytes(data))

    def unwrap(self) -> None:
        if not self._call(self._tls.shutdown):
            raise ssl.SSLWantReadError

    def pending(self) -> int:
        return self._tls.pending()

    def getpeercert(self, binary_form: bool = False) -> bytes | dict[str, object] | None:  # noqa: FBT001, FBT002 - as in ssl
        certificate = self._tls.get_peer_certificate()
        if certificate is None:
            return None
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) if binary_form else {}

    @property
    def resumed(self) -> bool:
        """Whether it takes up an earlier session, of which nobody knows here what certificate it had."""
        # pyOpenSSL has no public name for it.
        return bool(SSL._lib.SSL_session_reused(self._tls._ssl))  # noqa: SLF001

    @property
    def server_name(self) -> bytes:
        """What the client called the server (RFC 6066, section 3); empty where it did not."""
        return self._tls.get_servername() or b""

    def peer_issuers(self) -> list[bytes]:
        """Return the certificates that the peer sent after its own, in its order, as DER."""
        sent = self._tls.get_peer_cert_chain() or []
        ders = [crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in sent]
        return [der for der in ders if der != self.getpeercert(binary_form=True)]

    def selected_alpn_protocol(self) -> str | None:
        return self._tls.get_alpn_proto_negotiated().decode() or None

    def cipher(self) -> tuple[str | None, str | None, int | None]:
        return self._tls.get_cipher_name(), self._tls.get_cipher_version(), self._tls.get_cipher_bits()

    def version(self) -> str:
        return self._tls.get_protocol_version_name()

    def compression(self) -> None:
        return None


def _in_pieces(data: bytes) -> bool:
    """Whether the first that is read of a connection has less than a whole ClientHello in its first record."""
    record, hello = int.from_bytes(data[3:5]), int.from_bytes(data[6:9])
    return len(data) < 5 + record or record < 4 + hello


# SSL_OP_ALLOW_CLIENT_RENEGOTIATION and SSL_OP_NO_RENEGOTIATION; not every pyOpenSSL names them.
# https://docs.openssl.org/3.0/man3/SSL_CTX_set_options/
_SECOND_HANDSHAKES, _NO_SECOND_HANDSHAKES = 1 << 8, 1 << 30


class AnyCertificateContext(ssl.SSLContext):
    """Serves the certificate of a PEM file (chain and key) and asks clients for theirs, without judging it.

    sessions: whether they may be taken up. second_handshakes: whether a client may begin one. protocols: what is
    spoken, the best first (ALPN, RFC 7301).
    """

    def __new__(cls, _pem: Path, **_: object) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(
        self,
        pem: Path,
        *,
        sessions: bool = False,
        second_handshakes: bool = False,
        protocols: Sequence[bytes] = (b"http/1.1",),
    ) -> None:
        self._protocols = protocols
        self._settings = settings = SSL.Context(SSL.TLS_SERVER_METHOD)
        settings.use_certificate_chain_file(str(pem))
        settings.use_privatekey_file(str(pem))
        settings.set_min_proto_version(SSL.TLS1_2_VERSION)
        settings.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        # RFC 9440, section 3.3: what the certificate said may be lost when a session is resumed, so none is.
        settings.set_session_cache_mode(SSL.SESS_CACHE_SERVER if sessions else SSL.SESS_CACHE_OFF)
        settings.set_options(0 if sessions else SSL.OP_NO_TICKET)
        settings.set_options(_SECOND_HANDSHAKES if second_handshakes else _NO_SECOND_HANDSHAKES)
        settings.set_session_id(b"proxy")
        settings.set_alpn_select_callback(self._choose)

    def _choose(self, _connection: SSL.Connection, offered: list[bytes]) -> Any:
        return next((known for known in self._protocols if known in offered), SSL.NO_OVERLAPPING_PROTOCOLS)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as in ssl
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> Any:
        """Put one server connection on two memory buffers; called by asyncio."""
        del server_side, server_hostname, session
        return _Connection(self, self._settings, incoming, outgoing)
