"""A place that nobody has a reason to ask: a port of this machine that notices whoever comes."""

import select
import socket

#: Seconds that a target which fetches behind its answer's back is given.
GRACE = 0.15


class Listener:
    """Listens from now on. One for each case, so that whoever comes is known to have come for it.

    host: the name under which the target reaches this machine; bind: the address to listen at.
    """

    def __init__(self, host: str, bind: str) -> None:
        self._socket = socket.create_server((bind, 0))
        self._socket.setblocking(False)
        self.url = f"https://{host}:{self._socket.getsockname()[1]}/keys"

    @property
    def called(self) -> bool:
        """Whether anybody has opened a connection; waits GRACE for one that is late."""
        readable, _, _ = select.select([self._socket], [], [], GRACE)
        return bool(readable)

    def close(self) -> None:
        """End it; whoever comes now is refused."""
        self._socket.close()
