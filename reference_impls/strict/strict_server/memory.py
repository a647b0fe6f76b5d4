"""State with an end: what was seen once, and nonces that need no state at all."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Hashable

from . import jose

Clock = Callable[[], float]


class SeenOnce:
    """Remembers keys for `lifetime` seconds. Looking and remembering are one step, so two requests never both pass."""

    def __init__(self, lifetime: float, clock: Clock) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._seen: set[Hashable] = set()
        self._ends: deque[tuple[float, Hashable]] = deque()

    def spend(self, key: Hashable) -> bool:
        """Remember the key and answer True; answer False when it is remembered already."""
        now = self._clock()
        while self._ends and self._ends[0][0] < now:
            self._seen.discard(self._ends.popleft()[1])
        if key in self._seen:
            return False
        self._seen.add(key)
        self._ends.append((now + self.lifetime, key))
        return True


class Nonces:
    """Nonces of one server: the time of issue in milliseconds and a MAC over it, so that nobody else can make one.

    A nonce is good for `lifetime` seconds and for any client (RFC 9449 sections 8 and 9).
    """

    def __init__(self, lifetime: float, clock: Clock) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def _mac(self, issued: bytes) -> bytes:
        return hmac.digest(self._secret, issued, hashlib.sha256)[:24]

    def issue(self) -> str:
        """Give a nonce of this moment."""
        issued = int(self._clock() * 1000).to_bytes(8)
        return jose.encode(issued + self._mac(issued))

    def is_good(self, nonce: str) -> bool:
        """Tell whether this server issued the nonce within its lifetime."""
        try:
            data = jose.decode(nonce)
        except ValueError:
            return False
        issued, mac = data[:8], data[8:]
        if not hmac.compare_digest(mac, self._mac(issued)):
            return False
        return -1 <= self._clock() - int.from_bytes(issued) / 1000 <= self.lifetime
