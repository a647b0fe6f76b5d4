"""One connection: a socket, perhaps with TLS, that records what passes and never outlasts its time."""

import errno
import ipaddress
import os
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from holdfast.pki import Credential
from holdfast.results import TlsFacts
from holdfast.wire.hello_in_pieces import HelloInPieces
from holdfast.wire.messages import NO_ANSWER, STOPPED, FaultError
from holdfast.wire.renegotiation import RenegotiatingSocket
from holdfast.wire.tls import facts

#: Seconds after which a blocked call looks whether the run is being stopped.
LOOK = 0.2

CHUNK = 65_536

Answered = TypeVar("Answered")
Secured = ssl.SSLSocket | RenegotiatingSocket | HelloInPieces


class Patience:
    """The time that one exchange may still take, in whatever pieces it is spent. Stopping ends it at once."""

    def __init__(self, seconds: float, halted: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self.halted = halted

    def left(self) -> float:
        """Seconds left, at most LOOK. Raises FaultError when there are none, or when the run is being stopped."""
        if self.halted():
            raise FaultError("closed", STOPPED)
        left = self._ends - time.monotonic()
        if left <= 0:
            raise FaultError("timeout", f"no whole answer within {self._seconds:g} s")
        return min(left, LOOK)


def addresses(host: str, patience: Patience) -> list[str]:
    """Return the IP addresses of a host, IPv4 first; localhost is known. Raises FaultError for an unknown name."""
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    with suppress(ValueError):
        return [str(ipaddress.ip_address(host))]
    answers: queue.SimpleQueue[list[str] | str] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.put([str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)])
        except (OSError, UnicodeError) as error:
            answers.put(str(error))

    # The system's resolver knows no deadline, so it is asked in a thread that may be left behind.
    threading.Thread(target=ask, daemon=True, name="holdfast-resolver").start()
    while True:
        with suppress(queue.Empty):
            found = answers.get(timeout=patience.left())
            if isinstance(found, str):
                raise FaultError("unreachable", f"{host}: {found}")
            return found


def connect(host: str, port: int, patience: Patience) -> socket.socket:
    """Return a TCP connection to the first address that answers. Raises FaultError when none does."""
    problem = "no address"
    for address in addresses(host, patience):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            _connect(sock, (address, port), patience)
        except OSError as error:
            sock.close()
            problem = error.strerror or str(error)
        except FaultError as fault:
            sock.close()
            if fault.fault == "timeout":
                raise FaultError("unreachable", f"{host}:{port}: {NO_ANSWER}") from fault
            raise
        else:
            return sock
    raise FaultError("unreachable", f"{host}:{port}: {problem}")


def _connect(sock: socket.socket, address: tuple[str, int], patience: Patience) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)
    if (code := sock.connect_ex(address)) == errno.EINPROGRESS:
        writable = select.poll()
        writable.register(sock, select.POLLOUT)
        while not writable.poll(patience.left() * 1000):
            pass
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


class Line:
    """An open connection. Its records and its clock are those of the exchange that `begin` opened last."""

    tls: TlsFacts | None = None

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        self._sock: socket.socket | Secured = sock
        self._tcp = sock
        self._patience = patience
        self._most = 0
        self._waiting = select.poll()
        self._waiting.register(sock, select.POLLIN)
        self.sent = bytearray()
        self.received = bytearray()
        self.ended = False
        #: Ended by a close_notify, as nobody does who falls over (RFC 8446, section 6.1).
        self.orderly = False

    def begin(self, patience: Patience, most: int) -> None:
        """Start the records of an exchange that may take this time and bring in at most this many bytes."""
        self._patience, self._most = patience, most
        self.sent, self.received = bytearray(), bytearray()

    def secure(
        self,
        context: ssl.SSLContext,
        name: str,
        certificate: Credential | None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        """Do the handshake, with that session where there is one; an empty name is not sent.

        Raises FaultError: "tls" for our reasons, "refused at tls" for the other side's.
        """

        def wrap(sock: socket.socket) -> ssl.SSLSocket:
            return context.wrap_socket(
                sock,
                server_hostname=name or None,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
                session=session,
            )

        self.secure_by(wrap, name, certificate)

    def secure_by(self, wrap: Callable[[socket.socket], Secured], name: str, certificate: Credential | None) -> None:
        """Do the handshake of the socket that `wrap` makes. Raises FaultError like `secure`."""
        try:
            sock = wrap(self._tcp)
            self._sock = sock
            self._until(sock.do_handshake)
        except ssl.SSLCertVerificationError as error:
            raise FaultError("tls", f"certificate of {name}: {error.verify_message}") from error
        except ssl.SSLError as error:
            ended = _breaks_off(error) or isinstance(error, ssl.SSLZeroReturnError)
            theirs = ended or "ALERT" in (error.reason or "")
            raise FaultError("refused at tls" if theirs else "tls", _reason(error)) from error
        except ConnectionError as error:
            raise FaultError("refused at tls", f"{_reason(error)} in the handshake") from error
        except (OSError, ValueError) as error:
            raise FaultError("tls", str(error)) from error
        self._waiting = select.poll()
        self._waiting.register(sock, select.POLLIN)
        self.tls = facts(sock, name, certificate)

    @property
    def session(self) -> ssl.SSLSession | None:
        """The TLS session, to be taken up by another connection."""
        return self._sock.session if isinstance(self._sock, ssl.SSLSocket) else None

    def write(self, data: bytes) -> None:
        """Send it all, as far as the other side takes it: one that answers early and hangs up is still heard.

        Raises FaultError when the time is over.
        """
        left = memoryview(data)
        with suppress(OSError):
            while left:
                count = self._until(partial(self._sock.send, left))
                self.sent += left[:count]
                left = left[count:]

    def read(self) -> bytes:
        """Return what comes next; empty at the end. Raises FaultError: reset, tls (an alert), timeout, oversize."""
        data = self._receive(partial(self._until, partial(self._sock.recv, CHUNK)))
        self.ended = not data
        return data

    def listen(self, seconds: float) -> bytes:
        """Return what the other side says unasked within this time; empty when it keeps silent or agrees.

        A session ticket (RFC 8446, section 4.6.1) comes after the server has looked at the certificate, so that nothing
        more has to be waited for. Raises FaultError: reset, tls (an alert), closed.
        """
        self._sock.settimeout(0)
        if not self._waiting.poll(min(seconds, self._patience.left()) * 1000):
            return b""
        try:
            data = self._receive(partial(self._sock.recv, CHUNK))
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        if not data:
            raise FaultError("closed", "ended before the request")
        return data

    def _receive(self, act: Callable[[], bytes]) -> bytes:
        try:
            data = act()
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            raise
        except OSError as error:
            if self._patience.halted():
                raise FaultError("closed", STOPPED) from error
            if not _breaks_off(error):
                raise FaultError("tls" if isinstance(error, ssl.SSLError) else "reset", _reason(error)) from error
            # Not every Python tells a reset under TLS from an end: a reset gives no reason and leaves no peer.
            if not getattr(error, "reason", "") and self._is_reset():
                raise FaultError("reset", "connection reset by peer") from error
            data = b""
        else:
            self.orderly = not data and self.tls is not None
        if not data and self._patience.halted():
            raise FaultError("closed", STOPPED)
        self.received += data
        if len(self.received) > self._most:
            raise FaultError("oversize", f"more than {self._most} bytes")
        return data

    def _is_reset(self) -> bool:
        try:
            self._sock.getpeername()
        except OSError:
            return True
        return False

    def quiet(self) -> bool:
        """Whether a kept connection is still good: open, and with nothing on it that nobody asked for."""
        if not self._waiting.poll(0):
            return True
        self._sock.settimeout(0)
        try:
            self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def cut(self) -> None:
        """End it from another thread: what is blocked on it wakes up."""
        # An SSLSocket's own shutdown would take its TLS object away from under the thread that reads.
        with suppress(OSError):
            socket.socket.shutdown(self._sock if isinstance(self._sock, socket.socket) else self._tcp, socket.SHUT_RDWR)

    def close(self) -> None:
        self._sock.close()

    def _until(self, act: Callable[[], Answered]) -> Answered:
        while True:
            self._sock.settimeout(self._patience.left())
            with suppress(TimeoutError):
                return act()


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or error.strerror or "TLS error").lower().replace("_", " ")
    return error.strerror or str(error)


def _breaks_off(error: OSError) -> bool:
    """Whether TLS ended without close_notify, which has two names: https://github.com/python/cpython/issues/95494."""
    return isinstance(error, ssl.SSLEOFError) or getattr(error, "reason", "") == "UNEXPECTED_EOF_WHILE_READING"
