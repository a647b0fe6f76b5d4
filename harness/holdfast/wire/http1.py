"""HTTP/1.1 on a line: h11 writes what is legal and reads whatever answer comes."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlsplit

import h11

from holdfast.errors import UsageError, one_line
from holdfast.wire.line import Line
from holdfast.wire.messages import FaultError, Request

#: Bounds on the head of an answer. Servers stop at 8 to 64 KiB and about 100 fields.
HEAD_BYTES, HEAD_FIELDS = 65_536, 256

#: Bound on the pieces of an answer: interim answers, and chunks of a body, of which each costs some work.
PIECES = 4096

#: So much is said of what was wrong with an answer: it may quote a whole line of it.
SAID = 300

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: What follows a blank or a NUL would be lost on the way to the resolver.
_HOST = re.compile(r"[!-~]+")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
#: What a request says of its sender unless it says so itself.
USUAL = ((b"User-Agent", b"holdfast"), (b"Accept", b"*/*"), (b"Accept-Encoding", b"identity"))


@dataclass(frozen=True, slots=True)
class Place:
    """What a URL says: where to connect to, what to call it, what to ask for there."""

    secure: bool
    host: str
    port: int
    authority: str
    target: str


@lru_cache(maxsize=1024)
def place(url: str) -> Place | None:
    """Read an absolute http or https URL without normalising its path; None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not url.isascii() else "ascii").decode("ascii")
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    secure = parts.scheme == "https"
    authority = parts.netloc.rpartition("@")[2] if url.isascii() else f"{host}:{port}" if port is not None else host
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query or "?" in url.partition("#")[0] else "")
    quoted = quote(target, safe=_VISIBLE, errors="replace")
    return Place(secure, host, (443 if secure else 80) if port is None else port, authority, quoted)


@dataclass(slots=True)
class Reading:
    """An answer as far as it has arrived."""

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytearray = field(default_factory=bytearray)


class Dialogue:
    """One exchange after the other on a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.used = False
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES)

    def ask(self, request: Request, where: Place) -> bytes:
        """Return the bytes of a request, in one piece. Raises UsageError for what HTTP forbids: that is sent raw."""
        if request.raw is not None:
            method = request.method if _TOKEN.fullmatch(request.method) else "GET"
            self._h11.send(h11.Request(method=method, target="/", headers=[("Host", "raw")]))
            self._h11.send(h11.EndOfMessage())
            return request.raw
        target = where.target if request.target is None else request.target
        try:
            head = h11.Request(method=request.method, target=target, headers=_headers(request, where))
            pieces = [self._h11.send(head)]
            if request.body:
                pieces.append(self._h11.send(h11.Data(data=request.body)))
            pieces.append(self._h11.send(h11.EndOfMessage()))
        except (h11.LocalProtocolError, UnicodeEncodeError) as error:
            said = f"{request.method} {request.url}: {error}: send it as raw bytes instead"
            raise UsageError(one_line(said)) from error
        return b"".join(piece for piece in pieces if piece)

    def hear(self, reading: Reading, early: bytes, body_limit: int) -> None:
        """Read one answer into reading, which keeps what arrived when a FaultError is raised."""
        try:
            if early:
                self._h11.receive_data(early)
            self._hear(reading, body_limit)
        except h11.RemoteProtocolError as error:
            silent = self.line.ended and not self.line.received
            said = "the connection ended before an answer began" if silent else str(error)[:SAID]
            raise FaultError("closed" if self.line.ended else "protocol", said) from error

    def _hear(self, reading: Reading, body_limit: int) -> None:
        pieces = 0
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                self._h11.receive_data(self.line.read())
            elif isinstance(event, h11.Response):
                reading.status = event.status_code
                fields = event.headers.raw_items()
                reading.headers = tuple(
                    (name.decode("latin-1"), value.decode("latin-1")) for name, value in fields[:HEAD_FIELDS]
                )
                if len(fields) > HEAD_FIELDS:
                    raise FaultError("protocol", f"{len(fields)} header fields")
            elif isinstance(event, h11.Data):
                reading.body += event.data
                if len(reading.body) > body_limit:
                    del reading.body[body_limit:]
                    raise FaultError("oversize", f"a body of more than {body_limit} bytes")
            elif not isinstance(event, h11.InformationalResponse):
                return
            pieces += event is not h11.NEED_DATA
            if pieces > PIECES:
                raise FaultError("oversize", f"an answer in more than {PIECES} pieces")

    def reusable(self) -> bool:
        """Make ready for the next exchange, where both sides allow it and nothing was sent beyond the answer."""
        try:
            self._h11.start_next_cycle()
        except h11.LocalProtocolError:
            return False
        self.used = True
        return not self._h11.trailing_data[0]


def _headers(request: Request, where: Place) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in request.headers}
    headers: list[tuple[bytes, bytes]] = [] if "host" in given else [(b"Host", where.authority.encode())]
    headers += [(name, value) for name, value in USUAL if name.lower().decode() not in given]
    headers += [(octets(name), octets(value)) for name, value in request.headers]
    needs_length = request.body or request.method in {"POST", "PUT", "PATCH"}
    if needs_length and not given & {"content-length", "transfer-encoding"}:
        headers.append((b"Content-Length", str(len(request.body)).encode()))
    return headers


def octets(value: str) -> bytes:
    """Give the bytes of a text in a header: Latin-1 where it can be that, otherwise UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
