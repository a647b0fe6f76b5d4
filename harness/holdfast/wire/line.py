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
from holdfast.wire.messages import STOPPED, FaultError
from holdfast.wire.tls import facts

#: Seconds after which a blocked call looks whether the run is being stopped.
LOOK = 0.2

CHUNK = 65_536

Answered = TypeVar("Answered")


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
                raise FaultError("unreachable", f"{host}:{port}: no connection in time") from fault
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
        self._sock = sock
        self._patience = patience
        self._most = 0
        self._waiting = select.poll()
        self._waiting.register(sock, select.POLLIN)
        self.sent = bytearray()
        self.received = bytearray()
        self.ended = False

    def begin(self, patience: Patience, most: int) -> None:
        """Start the records of an exchange that may take this time and bring in at most this many bytes."""
        self._patience, self._most = patience, most
        self.sent, self.received = bytearray(), bytearray()

    def secure(self, context: ssl.SSLContext, name: str, certificate: Credential | None) -> None:
        """Do the handshake. Raises FaultError: "tls" for our reasons, "refused at tls" for the other side's."""
        try:
            sock = context.wrap_socket(
                self._sock, server_hostname=name, do_handshake_on_connect=False, suppress_ragged_eofs=False
            )
            self._sock = sock
            self._until(sock.do_handshake)
        except ssl.SSLCertVerificationError as error:
            raise FaultError("tls", f"certificate of {name}: {error.verify_message}") from error
        except ssl.SSLError as error:
            theirs = isinstance(error, ssl.SSLEOFError) or "ALERT" in (error.reason or "")
            raise FaultError("refused at tls" if theirs else "tls", _reason(error)) from error
        except ConnectionError as error:
            raise FaultError("refused at tls", f"{_reason(error)} in the handshake") from error
        except (OSError, ValueError) as error:
            raise FaultError("tls", str(error)) from error
        self._waiting = select.poll()
        self._waiting.register(sock, select.POLLIN)
        self.tls = facts(sock, name, certificate)

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
        except ssl.SSLEOFError as error:
            # Not every Python tells a reset under TLS from an end: a reset gives no reason and leaves no peer.
            if not error.reason and self._is_reset() and not self._patience.halted():
                raise FaultError("reset", "connection reset by peer") from error
            data = b""
        except OSError as error:
            if self._patience.halted():
                raise FaultError("closed", STOPPED) from error
            raise FaultError("tls" if isinstance(error, ssl.SSLError) else "reset", _reason(error)) from error
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
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

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
