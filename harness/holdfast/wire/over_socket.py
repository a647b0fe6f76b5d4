"""TLS over a socket by other means than ssl.SSLSocket: what of it is the socket's."""

import socket


class OverSocket:
    """The part of what a Line needs of a socket with TLS that has nothing to do with TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def settimeout(self, seconds: float) -> None:
        """Set the longest time of one call."""
        self._sock.settimeout(seconds)

    def fileno(self) -> int:
        """Give the descriptor, for poll."""
        return self._sock.fileno()

    def getpeername(self) -> object:
        """Give the address of the other side."""
        return self._sock.getpeername()

    def close(self) -> None:
        """End the connection."""
        self._sock.close()
