"""Keys of the run: made once, shared, so that no case waits for an RSA key."""

import threading
from collections.abc import Mapping

from holdfast import jose
from holdfast.jose import Key


class KeyRing:
    """Proof keys by algorithm; thread-safe."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Key] = {}
        self._lock = threading.Lock()

    def of(self, algorithm: str, owner: str = "") -> Key:
        """Give a key for that algorithm, the same one each time for the same owner."""
        with self._lock:
            if (algorithm, owner) not in self._made:
                self._made[algorithm, owner] = jose.generate(algorithm)
            return self._made[algorithm, owner]

    def secrets(self) -> Mapping[str, str]:
        """Private members of the keys, for masking: value -> kind."""
        with self._lock:
            return {
                value: "private-key"
                for key in self._made.values()
                for name, value in key.private_jwk.items()
                if name in {"d", "p", "q", "dp", "dq", "qi"}
            }
