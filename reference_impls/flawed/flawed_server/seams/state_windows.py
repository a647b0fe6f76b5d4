"""What never ends: tokens, codes and pushed requests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from flawed_server.registry import inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.main import Servers


def _without_end(name: str) -> Callable[[Servers], None]:
    def change(servers: Servers) -> None:
        if servers.authorization is None:
            return
        table = getattr(servers.authorization.store, name)
        get: Callable[[str, float], Any] = table.get
        table.get = lambda kept, _now: get(kept, -math.inf)

    return change


for table in ("access_tokens", "codes", "refresh_tokens", "pushed"):
    inside(f"{table} without end")(_without_end(table))
