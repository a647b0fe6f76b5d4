"""Requests as they come, odd ones too, and a mouth that can say anything, whole or in pieces."""

import asyncio
from dataclasses import dataclass, replace

HEAD_LIMIT = 1 << 20
BODY_LIMIT = 1 << 20
JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request, read so that it is never at fault. number: how many came before it, over all connections."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""
    number: int = 0

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """Give the first value of a header; empty where there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")


async def read(reader: asyncio.StreamReader) -> Asked | None:
    """Read a request; None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    first, *lines = head.strip("\r\n").split("\r\n")
    method, target, *_ = (*first.split(" "), "", "")
    pairs = [line.partition(":") for line in lines]
    asked = Asked(method, target, tuple((name.strip(), value.strip()) for name, _, value in pairs))
    length = asked.header("Content-Length")
    body = b""
    try:
        if "chunked" in asked.header("Transfer-Encoding").lower():
            body = await reader.readuntil(b"0\r\n\r\n")
        elif length.isascii() and length.isdecimal():
            body = await reader.readexactly(min(int(length), BODY_LIMIT))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    return replace(asked, body=body.decode("latin-1"))


class Mouth:
    """Where an answer goes. `ended`: the connection is to be closed after it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.ended = False

    async def say(self, data: bytes) -> None:
        """Send bytes, waiting while the other side does not take them. Raises ConnectionError when it is gone."""
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0)  # else nobody has a turn while the other side reads as fast as this one writes

    async def answer(self, status: int, body: str, *headers: tuple[str, str], kind: str = JSON) -> None:
        """Send a whole and proper answer."""
        data = body.encode()
        lines = [("Content-Type", kind), ("Content-Length", str(len(data))), *headers]
        head = "".join(f"{name}: {value}\r\n" for name, value in lines)
        await self.say(f"HTTP/1.1 {status} said\r\n{head}\r\n".encode() + data)

    def close(self) -> None:
        """End the connection after what was said."""
        self.ended = True
