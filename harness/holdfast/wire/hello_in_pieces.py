"""A connection whose ClientHello comes in two pieces, as TLS allows (RFC 8446, section 5.1).

Who looks for the server's name in the first of them alone finds none. The bytes of the handshake are the usual ones.
"""

import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from holdfast.handshakes import Pieces
from holdfast.wire.over_socket import OverSocket

Done = TypeVar("Done")

#: Bytes of the handshake in the first piece: its head, the version and the random, and nothing of the extensions.
FIRST = 38
#: Bytes before the content of a record, of which the last two say how long that is.
HEAD = 5
#: Seconds between two segments, so that whoever reads at once has the first alone.
PAUSE = 0.05
CHUNK = 65_536


def in_records(hello: bytes) -> bytes:
    """Put a ClientHello, which is one record, into two; what follows it stays as it is."""
    end = HEAD + int.from_bytes(hello[3:HEAD])
    parts = hello[HEAD : HEAD + FIRST], hello[HEAD + FIRST : end]
    return b"".join(hello[:3] + len(part).to_bytes(2) + part for part in parts) + hello[end:]


class HelloInPieces(OverSocket):
    """What a Line needs of a socket with TLS. Raises what ssl.SSLSocket does.

    name: in SNI; empty for none. session: taken up where there is one.
    """

    def __init__(
        self,
        sock: socket.socket,
        context: ssl.SSLContext,
        name: str,
        pieces: Pieces,
        session: ssl.SSLSession | None = None,
    ) -> None:
        super().__init__(sock)
        self._pieces = pieces
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name or None, session=session)
        self._unsent: deque[bytes] = deque()
        self._begun = False

    def do_handshake(self) -> None:
        """Do the handshake; called again after a TimeoutError it goes on."""
        try:
            self._moved(self._tls.do_handshake)
        finally:
            with suppress(OSError):
                self._flush()  # an alert of our own, or the end of the handshake

    def send(self, data: bytes | memoryview) -> int:
        """Take some of it, and say how many bytes; what cannot go out yet does so later."""
        self._flush()
        count = self._moved(lambda: self._tls.write(data))
        with suppress(TimeoutError, BlockingIOError):
            self._flush()
        return count

    def recv(self, size: int) -> bytes:
        """Give what has come, at most `size` bytes; nothing at the end."""
        return self._moved(lambda: self._tls.read(size))

    def version(self) -> str | None:
        """Name the version of TLS."""
        return self._tls.version()

    def cipher(self) -> tuple[str, str, int] | None:
        """Give the cipher suite."""
        return self._tls.cipher()

    def selected_alpn_protocol(self) -> str | None:
        """Give the protocol that was agreed on."""
        return self._tls.selected_alpn_protocol()

    @property
    def session_reused(self) -> bool | None:
        """Whether a session was taken up."""
        return self._tls.session_reused

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        """Give the server's certificate, as DER."""
        return self._tls.getpeercert(binary_form=True) if binary_form else None

    def _moved(self, act: Callable[[], Done]) -> Done:
        """Act, and bring what TLS has to say to the other side and back until that is done."""
        while True:
            with suppress(ssl.SSLWantReadError):
                return act()
            self._flush()
            if data := self._sock.recv(CHUNK):
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        if fresh := self._outgoing.read():
            self._unsent += [fresh] if self._begun else self._in_pieces(fresh)
            self._begun = True
        while self._unsent:
            count = self._sock.send(self._unsent[0])
            self._unsent[0] = self._unsent[0][count:]
            if not self._unsent[0]:
                self._unsent.popleft()
                if self._unsent:
                    time.sleep(PAUSE)

    def _in_pieces(self, hello: bytes) -> list[bytes]:
        if self._pieces == "records":
            return [in_records(hello)]
        return [hello[: HEAD + FIRST], hello[HEAD + FIRST :]]
