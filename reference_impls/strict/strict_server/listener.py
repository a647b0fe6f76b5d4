"""Listeners: HTTP/1.1 by uvicorn's h11 protocol, over TLS that takes any client certificate, or plain for a proxy.

Python's own ssl module ends the handshake for an unknown or expired certificate, so that the application could never
answer 401. Here pyOpenSSL in memory-BIO mode stands behind the `wrap_bio` seam that asyncio uses, and no certificate is
refused in TLS.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .incoming import Connection
from .refusals import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp

_KEEP_ALIVE = 75  # seconds
_BUFFER = 65536
_BACKLOG = 512


class _TlsObject:
    """The part of ssl.SSLObject that asyncio calls."""

    def __init__(self, context: AnyCertificateContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self.context = context
        self.server_side = True
        self._incoming, self._outgoing = incoming, outgoing
        self._tls = SSL.Connection(context.pyopenssl, None)
        self._tls.set_accept_state()

    def _step(self, step: Callable[..., Any], *arguments: Any) -> Any:
        data = self._incoming.read()
        if data:
            self._tls.bio_write(data)
        elif self._incoming.eof:
            self._tls.bio_shutdown()
        try:
            return step(*arguments)
        except SSL.WantReadError:
            raise ssl.SSLWantReadError from None
        except SSL.WantWriteError:
            raise ssl.SSLWantWriteError from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "closed") from None
        except SSL.SysCallError as error:
            raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, str(error)) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, repr(error)) from None
        finally:
            self._drain()

    def _drain(self) -> None:
        while True:
            try:
                self._outgoing.write(self._tls.bio_read(_BUFFER))
            except SSL.WantReadError:
                return

    def do_handshake(self) -> None:
        self._step(self._tls.do_handshake)

    def read(self, size: int = 16384, buffer: Any = None) -> Any:
        try:
            if buffer is not None:
                return self._step(self._tls.recv_into, buffer, min(size, len(buffer)) or None)
            return self._step(self._tls.recv, size)
        except ssl.SSLZeroReturnError:
            return b"" if buffer is None else 0

    def write(self, data: Any) -> int:
        return int(self._step(self._tls.send, bytes(data)))

    def unwrap(self) -> None:
        if not self._step(self._tls.shutdown):
            raise ssl.SSLWantReadError

    def pending(self) -> int:
        return self._tls.pending()

    def getpeercert(self, binary_form: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature of ssl.SSLObject
        certificate = self._tls.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return None
        return certificate.public_bytes(Encoding.DER) if binary_form else {}

    def chain(self) -> tuple[bytes, ...]:
        """Give the certificates that the client sent after its own, in DER."""
        # A server is given the chain without the certificate itself, unlike a client:
        # https://docs.openssl.org/3.0/man3/SSL_get_peer_cert_chain/
        sent = self._tls.get_peer_cert_chain(as_cryptography=True) or []
        return tuple(certificate.public_bytes(Encoding.DER) for certificate in sent)

    def selected_alpn_protocol(self) -> str | None:
        return self._tls.get_alpn_proto_negotiated().decode() or None

    def cipher(self) -> tuple[Any, ...]:
        return (self._tls.get_cipher_name(), self._tls.get_cipher_version(), self._tls.get_cipher_bits())

    def version(self) -> str:
        return self._tls.get_protocol_version_name()

    def compression(self) -> None:
        return None

    @property
    def session_reused(self) -> bool:
        # pyOpenSSL has no public name for it.
        return bool(SSL._lib.SSL_session_reused(self._tls._ssl))  # type: ignore[attr-defined]  # noqa: SLF001


class AnyCertificateContext(ssl.SSLContext):
    """A server context that asks for a client certificate, requires none and takes any: the application judges it.

    Without `sessions` none is resumed: each connection shows its own certificate. With them the certificate goes along,
    its chain does not, to every listener that has this context. `ConfigurationError` where the PEM is unusable.

    file: private key and chain, as PEM. asks: whether it asks at all. alias: whether it is the listener of
    mtls_endpoint_aliases (RFC 8705 section 5).
    """

    alias = False

    def __new__(cls, *_: Any, **__: Any) -> AnyCertificateContext:  # noqa: PYI034 - ssl.SSLContext wants the protocol here
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, key_and_chain: Path, *, asks: bool = True, alias: bool = False, sessions: bool = False) -> None:
        self.alias, self.file = alias, key_and_chain
        self.pyopenssl = SSL.Context(SSL.TLS_SERVER_METHOD)
        try:
            self.pyopenssl.use_certificate_chain_file(str(key_and_chain))
            self.pyopenssl.use_privatekey_file(str(key_and_chain))
            self.pyopenssl.check_privatekey()
        except SSL.Error as error:
            raise ConfigurationError(f"--tls: {key_and_chain}: write a PEM file with private key and chain") from error
        self.pyopenssl.set_min_proto_version(SSL.TLS1_2_VERSION)
        self.pyopenssl.set_session_cache_mode(SSL.SESS_CACHE_SERVER if sessions else SSL.SESS_CACHE_OFF)
        self.pyopenssl.set_options(SSL.OP_NO_RENEGOTIATION | (0 if sessions else SSL.OP_NO_TICKET))
        self.pyopenssl.set_session_id(b"strict")
        if asks:
            self.pyopenssl.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        self.pyopenssl.set_alpn_select_callback(self._choose_protocol)

    @staticmethod
    def _choose_protocol(_: SSL.Connection, offered: list[bytes]) -> Any:
        return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS

    def wrap_bio(self, incoming: Any, outgoing: Any, *_: Any, **__: Any) -> Any:
        return _TlsObject(self, incoming, outgoing)


class _Protocol(H11Protocol):
    """Puts what belongs to this connection into the state of each of its requests."""

    def __init__(self, *, trusted: bool, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._trusted = trusted

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        if tls is None:
            connection = Connection(from_trusted_proxy=self._trusted)
        else:
            connection = Connection(
                tls.getpeercert(binary_form=True),
                tls.chain(),
                by_alias=tls.context.alias,
                resumed=tls.session_reused,
            )
        self.app_state = {"connection": connection}


def bind(host: str, port: int) -> socket.socket:
    """Take a TCP port (0: any free one); `ConfigurationError` where it is taken or the address is not ours."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # With the protocol named, asyncio sets TCP_NODELAY; without it an answer of two writes waits 40 ms for an ACK.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        raise ConfigurationError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listening


async def listen(app: ASGIApp, listening: socket.socket, tls: AnyCertificateContext | None) -> asyncio.Server:
    """Serve an application on a bound socket, over TLS, or without it as the internal listener for a trusted proxy."""
    config = Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=_KEEP_ALIVE,
        # The usual 16 KiB are one TLS record: whether a longer head is taken would depend on how it arrives.
        h11_max_incomplete_event_size=_BUFFER,
    )
    config.load()
    state = ServerState()

    def protocol() -> _Protocol:
        return _Protocol(trusted=tls is None, config=config, server_state=state, app_state={})

    return await asyncio.get_running_loop().create_server(
        protocol,
        sock=listening,
        ssl=tls,
        backlog=_BACKLOG,
        ssl_handshake_timeout=None if tls is None else 10,
        ssl_shutdown_timeout=None if tls is None else 2,
    )
