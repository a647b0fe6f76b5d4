"""The suite as the server behind a proxy: it keeps every byte that arrives, and answers as a case asks it to.

What arrives is read as a forgiving server would, since the question is what the proxy let through (RFC 9112).
"""

import contextlib
import itertools
import re
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

from holdfast.parties import serving
from holdfast.parties.arrival import MARK, Arrival, chunked
from holdfast.pki import Authority, Credential

#: Bounds, in bytes: of a header section, of a body. Seconds that a connection may be silent; connections at a time.
HEAD, BODY, SILENCE, MOST = 1_048_576, 16_777_216, 30.0, 256

_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding[ \t]*:.*chunked[ \t]*\r?$")
_EXPECTS = re.compile(rb"(?im)^expect[ \t]*:[ \t]*100-continue[ \t]*\r?$")
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Reply:
    """What is answered.

    body: follows the canary. late: seconds before the answer begins. silent: the connection is ended without an answer.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    late: float = 0.0
    silent: bool = False

    @property
    def said(self) -> str:
        """Say what it is, in a few words."""
        return "the connection ended without an answer" if self.silent else f"answered with {self.status}"


def canary(mark: str) -> str:
    """What the answer to a request with that mark holds: who reads it has had an answer of the suite's server."""
    return f"answered behind the proxy: {mark}"


class OriginServer:
    """Serves until it is closed. url: as the proxy reaches it. bind: the local address to listen at.

    authority: with one it speaks TLS, as a server of that authority, and asks for a certificate of it.
    """

    def __init__(self, host: str, bind: str, authority: Authority | None = None) -> None:
        self._socket = socket.create_server((bind, 0), backlog=MOST)
        self.url = f"{'https' if authority else 'http'}://{host}:{self._socket.getsockname()[1]}"
        self.host, self.authority = host, authority
        self._context = serving.context(authority.issue_server([host]), authority) if authority else None
        self._lock = threading.Lock()
        self._arrived: dict[str, list[Arrival]] = defaultdict(list)
        self._replies: dict[str, Reply] = {}
        self._open: set[socket.socket] = set()
        self._numbers = itertools.count(1)
        self._closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True, name="holdfast-origin").start()

    def answer(self, mark: str, reply: Reply) -> None:
        """Have requests with that mark answered so."""
        with self._lock:
            self._replies[mark] = reply

    def arrived(self, mark: str) -> list[Arrival]:
        """Give what has arrived with that mark, in order."""
        with self._lock:
            return list(self._arrived.get(mark, ()))

    def forget(self, mark: str) -> None:
        """Keep nothing more of that mark."""
        with self._lock:
            self._arrived.pop(mark, None)
            self._replies.pop(mark, None)

    @contextlib.contextmanager
    def shown(self, credential: Credential) -> Iterator[None]:
        """Show another certificate meanwhile. Every connection is ended before and after, so that none is kept."""
        honest, self._context = self._context, serving.context(credential, self.authority)
        self._hang_up()
        try:
            yield
        finally:
            self._context = honest
            self._hang_up()

    def close(self) -> None:
        """End it and every connection."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            still = list(self._open)
        for connection in still:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                full = len(self._open) >= MOST
                self._open.add(connection)
            if full:
                self._drop(connection)
            else:
                threading.Thread(target=self._serve, args=(connection,), daemon=True, name="holdfast-origin").start()

    def _drop(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(SILENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number, data = next(self._numbers), b""
        try:
            connection = self._secured(connection)
            while (read := self._request(connection, data, number)) is not None:
                arrival, data = read
                if not self._reply(connection, arrival):
                    break
        except (OSError, ValueError):
            pass  # what was no request, or ended in its middle, is kept as far as it came
        finally:
            self._drop(connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self._context is None:
            return connection
        with self._lock:
            self._open.discard(connection)
        secured = self._context.wrap_socket(connection, server_side=True)
        with self._lock:
            self._open.add(secured)
        return secured

    def _request(self, connection: socket.socket, data: bytes, number: int) -> tuple[Arrival, bytes] | None:
        """Read one request; give it and what came after it. None at the end of the connection."""
        data = data.lstrip(b"\r\n")
        while (end := _END.search(data)) is None:
            more = connection.recv(65_536)
            if not more or len(data) > HEAD:
                if data:
                    self._keep(Arrival(data, connection=number, certificate=_certificate(connection)))
                return None
            data += more
        head, rest = data[: end.start()], data[end.end() :]
        if _EXPECTS.search(head):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            body, rest = self._body(connection, head, rest)
        except (OSError, ValueError):
            self._keep(Arrival(head, rest, number, _certificate(connection)))
            raise
        arrival = Arrival(head, body, number, _certificate(connection))
        self._keep(arrival)
        return arrival, rest

    def _body(self, connection: socket.socket, head: bytes, data: bytes) -> tuple[bytes, bytes]:
        if _CHUNKED.search(head):
            while True:
                found = chunked(data)
                last = _END.search(data, found[1] - 2) if found else None
                if last is not None:
                    return data[: last.end()], data[last.end() :]
                data += self._more(connection, data)
        length = _LENGTH.search(head)
        wanted = int(length[1]) if length else 0
        while len(data) < wanted:
            data += self._more(connection, data)
        return data[:wanted], data[wanted:]

    @staticmethod
    def _more(connection: socket.socket, data: bytes) -> bytes:
        more = connection.recv(65_536)
        if not more or len(data) > BODY:
            raise ValueError("the body does not end")
        return more

    def _keep(self, arrival: Arrival) -> None:
        marks = {found.decode() for found in MARK.findall(arrival.head + b"\r\n" + arrival.body)}
        with self._lock:
            for mark in marks:
                self._arrived[mark].append(arrival)

    def _reply(self, connection: socket.socket, arrival: Arrival) -> bool:
        """Answer a request; whether the connection may carry another."""
        found = MARK.search(arrival.head + b"\r\n" + arrival.body)
        mark = found[1].decode() if found else ""
        with self._lock:
            reply = self._replies.get(mark, Reply())
        if reply.late:
            self._closed.wait(reply.late)
        if reply.silent:
            return False
        body = canary(mark).encode() + reply.body
        head = [f"HTTP/1.1 {reply.status} Holdfast", f"Date: {formatdate(usegmt=True)}"]
        head += [f"{name}: {value}" for name, value in reply.headers]
        bodiless = reply.status in {204, 304}
        head += [] if bodiless else [f"Content-Length: {len(body)}"]
        shown = b"" if bodiless or arrival.method == "HEAD" else body
        connection.sendall("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + shown)
        ends = any(value.lower() == "close" for value in arrival.values("Connection"))
        return not ends and arrival.version != "HTTP/1.0"


def _certificate(connection: socket.socket) -> bytes | None:
    return connection.getpeercert(binary_form=True) if isinstance(connection, ssl.SSLSocket) else None
