"""A request as it arrived behind a proxy: its bytes, and what they say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: In each request to the suite's own server there is one of these, by which it is known again whatever became of it.
MARK = re.compile(rb"holdfast-([0-9a-f]{16})")

_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


@dataclass(frozen=True)
class Arrival:
    """One request behind the proxy.

    head: the bytes of the request line and the header section, without the empty line that ends them.
    body: what followed, as it was on the wire: chunk sizes and trailers are in it.
    connection: number of the connection on which it came, counted from 1.
    certificate: the one that the proxy showed (DER); None where it showed none, or the connection was not TLS.
    """

    head: bytes
    body: bytes = b""
    connection: int = 0
    certificate: bytes | None = None

    @property
    def lines(self) -> Sequence[str]:
        """The header section's lines as they came, folded ones apart."""
        return self.head.decode("latin-1").replace("\r\n", "\n").split("\n")[1:]

    @property
    def start(self) -> str:
        """The request line."""
        return self.head.decode("latin-1").replace("\r\n", "\n").partition("\n")[0]

    @property
    def method(self) -> str:
        """The method, as written."""
        return self.start.partition(" ")[0]

    @property
    def target(self) -> str:
        """The request target, as written."""
        return self.start.partition(" ")[2].rpartition(" ")[0]

    @property
    def version(self) -> str:
        """The protocol version, as written."""
        return self.start.rpartition(" ")[2]

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """Names and values of the header section, in order; a folded line belongs to the one before."""
        found: list[tuple[str, str]] = []
        for line in self.lines:
            if line[:1] in {" ", "\t"} and found:
                name, value = found.pop()
                found.append((name, f"{value} {line.strip()}"))
            else:
                name, _, value = line.partition(":")
                found.append((name, value.strip()))
        return found

    @property
    def trailers(self) -> Sequence[tuple[str, str]]:
        """Names and values of the trailer section of a chunked body."""
        found = chunked(self.body) if self.is_chunked else None
        lines = self.body[found[1] :].decode("latin-1").split("\r\n") if found else []
        return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]

    @property
    def content(self) -> bytes:
        """The body without its chunk sizes and trailers."""
        found = chunked(self.body) if self.is_chunked else None
        return found[0] if found else self.body

    @property
    def is_chunked(self) -> bool:
        """Whether its body came in chunks."""
        return any(value.lower().endswith("chunked") for value in self.values("Transfer-Encoding"))

    def values(self, name: str) -> list[str]:
        """Give the values of each header line of that name, whatever the case of its letters."""
        return [value for known, value in self.fields if known.lower() == name.lower()]

    def says(self, text: str) -> bool:
        """Whether the text stands anywhere in it: request line, header section, body or trailers."""
        return text.encode("latin-1", "replace") in self.head + b"\r\n\r\n" + self.body


def chunked(data: bytes) -> tuple[bytes, int] | None:
    """Read a chunked body (RFC 9112 section 7.1): its content, and where its trailer section begins; None: unfinished.

    Raises ValueError for what is none.
    """
    content, at = bytearray(), 0
    while True:
        size = _CHUNK.match(data, at)
        if size is None:
            if b"\n" in data[at : at + 1024]:
                raise ValueError(f"no chunk size at byte {at}")
            return None
        length, at = int(size[1], 16), size.end()
        if length == 0:
            return bytes(content), at
        if len(data) < at + length + 2:
            return None
        content += data[at : at + length]
        at += length + 2
