"""The host: starts and stops twins as it is told over standard input, and ends with that.

Each line in is a JSON object: {"start": NAME, "flaw": {...}, "arguments": [...]}, {"stop": NAME} or {"guards": true}.
Each gets one line back: {"started": NAME}, {"stopped": NAME, "slips": [...]}, {"guards": [...]}, or
{"name": NAME, "error": TEXT}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from strict_server.guards import Guards
from strict_server.listener import listen
from strict_server.refusals import ConfigurationError

from .twin import Flaw, made

if TYPE_CHECKING:
    from collections.abc import Mapping


class Host:
    """The twins that are listening, by name."""

    def __init__(self) -> None:
        self._twins: dict[str, list[asyncio.Server]] = {}
        self._slips: dict[str, list[str]] = {}

    async def told(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Do what one line says and give the answer."""
        if "guards" in message:
            return {"guards": Guards.names()}
        if "stop" in message:
            for server in self._twins.pop(message["stop"], []):
                server.close()
            return {"stopped": message["stop"], "slips": self._slips.pop(message["stop"], [])[:3]}
        name = message["start"]
        self._slips[name] = []
        try:
            doors = made(_flaw(message["flaw"]), message["arguments"], self._slips[name])
        except (ConfigurationError, LookupError, TypeError, ValueError) as error:
            return {"name": name, "error": f"{type(error).__name__}: {error}"}
        self._twins[name] = [await listen(app, taken, tls) for app, taken, tls in doors]
        return {"started": name}


def _flaw(said: Mapping[str, Any]) -> Flaw:
    return Flaw(**{**said, "places": frozenset(said.get("places", ()))})


async def _serve() -> None:
    host, loop = Host(), asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await host.told(json.loads(line))), flush=True)


def main() -> int:
    """Serve until standard input ends; the exit code."""
    asyncio.run(_serve())
    return 0
