"""The Wire: keeps connections, holds the deadline of an exchange, and turns whatever happens into an Answer."""

import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from holdfast.handshakes import Handshake
from holdfast.pki import Credential
from holdfast.wire.hello_in_pieces import HelloInPieces
from holdfast.wire.http1 import HEAD_BYTES, Dialogue, Place, Reading, place
from holdfast.wire.http2 import ALPN, Streams
from holdfast.wire.line import Line, Patience, connect
from holdfast.wire.messages import STOPPED, Answer, FaultError, Request
from holdfast.wire.renegotiation import RenegotiatingSocket
from holdfast.wire.tls import ContextCache

#: Seconds for which a server may speak first where its view of a client certificate is the question.
LISTEN = 0.2

#: How many bytes on the line one byte of a body may cost: a body in chunks of one byte costs six.
CHUNKING = 8

_Key = tuple[bool, str, int, Credential | None]


class Wire:
    """Sends requests one at a time: one Wire for each thread. Only `abort` may be called from another.

    It keeps connections alive for each origin and client certificate, no cookies, follows no redirect and reads no
    proxy variables.

    authorities: PEM bundle of the CAs that servers are checked against; empty: the system's.
    resolve: (host, port) of a URL -> (address, port) to connect to; SNI and Host keep the name.
    allowed: whether anything may be sent to this host and port.
    deadline: seconds for an exchange from connecting to the last byte, unless the request says otherwise.
    body_limit: bytes of a body after which reading stops.
    contexts: shared with the other wires of the run.
    stop: when set, the exchange under way ends within LOOK seconds and no other begins.
    """

    def __init__(
        self,
        *,
        authorities: bytes,
        allowed: Callable[[str, int], bool],
        contexts: ContextCache,
        resolve: Mapping[tuple[str, int], tuple[str, int]] | None = None,
        deadline: float = 10.0,
        body_limit: int = 262_144,
        stop: threading.Event | None = None,
    ) -> None:
        self._authorities = authorities
        self._allowed = allowed
        self._contexts = contexts
        self._resolve = resolve or {}
        self._deadline = deadline
        self._body_limit = body_limit
        self._stop = stop or threading.Event()
        self._aborted = threading.Event()
        self._kept: dict[_Key, Dialogue] = {}
        self._sessions: dict[tuple[ssl.SSLContext, str], ssl.SSLSession] = {}
        self._lines: set[Line] = set()
        self._lock = threading.Lock()

    def send(self, request: Request, *, again: Callable[[], Request] | None = None) -> Answer:
        """Send a request and tell what came back; whatever a target does, nothing is raised for it.

        again: makes the message anew, for the one case in which it is sent twice: a kept connection ended before the
        first byte of an answer. Without it that is told as it is (`Answer.died_reused`).
        Raises PermissionError for a host that is not allowed, and UsageError for what only raw bytes can say.
        """
        where = self._place(request)
        if where is None:
            return _nowhere(request)
        if request.http2 is not None:
            return self.together([request])[0]
        answer = self._exchange(request, where)
        if again is not None and answer.died_reused and not self._halted():
            return self.send(again())
        return answer

    def volley(self, requests: Sequence[Request]) -> list[Answer]:
        """Send requests at once, each on a connection of its own, and tell what came back for each, in their order.

        All connections are open, and all requests written but for their last byte, before the first of these last bytes
        goes out; they follow one another as quickly as they can be written. Raises like `send`.
        """
        shots = [_Shot(request, self._place(request)) for request in requests]
        aimed = [shot for shot in shots if shot.where is not None]
        if aimed:
            with ThreadPoolExecutor(len(aimed)) as pool:
                list(pool.map(self._aim, aimed))
        for shot in aimed:
            shot.started, shot.clock = time.time(), time.monotonic()
            self._attempt(shot, lambda dialogue, shot: dialogue.line.write(shot.data[-1:]))
        for shot in aimed:
            self._attempt(shot, lambda dialogue, shot: dialogue.hear(shot.reading, b"", self._body_limit))
            if shot.dialogue is not None:
                self._drop(shot.dialogue.line)
        return [shot.answer() if shot.where else _nowhere(shot.request) for shot in shots]

    def together(self, requests: Sequence[Request]) -> list[Answer]:
        """Send requests over HTTP/2, each a stream of one new connection, and tell what came back, in their order.

        All heads are sent before the first answer is read. The first request says where to connect to, with which
        certificate, and how long all of it may take. Raises like `send`.
        """
        first, places = requests[0], [self._place(request) for request in requests]
        if places[0] is None:
            return [_nowhere(request) for request in requests]
        started, clock = time.time(), time.monotonic()
        patience = Patience(self._deadline if first.deadline is None else first.deadline, self._halted)
        line: Line | None = None
        streams: Streams | None = None
        fault = FaultError("closed", "nothing was sent")
        try:
            line = self._open(first, places[0], patience)
            line.begin(patience, (HEAD_BYTES + CHUNKING * self._body_limit) * len(requests))
            streams = Streams(line, self._body_limit)
            streams.converse([(request, where or places[0]) for request, where in zip(requests, places, strict=True)])
        except FaultError as why:
            fault = _explained(why, first, None)
        finally:
            if line is not None:
                self._drop(line)
        seconds, tls = time.monotonic() - clock, line.tls if line else None
        found = [stream.answer(tls, fault, started, seconds) for stream in (streams.streams if streams else ())]
        unsent = Answer(tls=tls, fault=fault.fault, error=fault.error, started=started, seconds=seconds)
        return [*found, *[unsent] * (len(requests) - len(found))]

    def abort(self) -> None:
        """End the exchange under way at once and begin no other; from any thread."""
        self._aborted.set()
        with self._lock:
            for line in self._lines:
                line.cut()

    def close(self) -> None:
        """Close the kept connections. The Wire may be used again."""
        for dialogue in self._kept.values():
            self._drop(dialogue.line)
        self._kept.clear()

    def _place(self, request: Request) -> Place | None:
        where = place(request.url)
        for host, port in {(where.host, where.port), request.through or (where.host, where.port)} if where else ():
            if not self._allowed(host, port):
                raise PermissionError(f"{host}:{port} is not named in the target file: nothing was sent there")
        return where

    def _aim(self, shot: "_Shot") -> None:
        """Open the connection of a shot and write all of its request but the last byte."""
        assert shot.where is not None
        deadline = self._deadline if shot.request.deadline is None else shot.request.deadline
        most = HEAD_BYTES + CHUNKING * self._body_limit
        try:
            line = self._open(shot.request, shot.where, Patience(deadline, self._halted))
            shot.dialogue = Dialogue(line)
            line.begin(Patience(deadline, self._halted), most)
            shot.data = shot.dialogue.ask(shot.request, shot.where)
            line.write(shot.data[:-1])
        except FaultError as why:
            shot.fault = why

    def _attempt(self, shot: "_Shot", act: "Callable[[Dialogue, _Shot], None]") -> None:
        if shot.dialogue is None or shot.fault.fault:
            return
        try:
            act(shot.dialogue, shot)
        except FaultError as why:
            shot.fault = _explained(why, shot.request, shot.dialogue)
        shot.seconds = time.monotonic() - shot.clock

    def _halted(self) -> bool:
        return self._stop.is_set() or self._aborted.is_set()

    def _exchange(self, request: Request, where: Place) -> Answer:
        started, clock = time.time(), time.monotonic()
        patience = Patience(self._deadline if request.deadline is None else request.deadline, self._halted)
        reading, fault = Reading(), FaultError("", "")
        dialogue: Dialogue | None = None
        reused = kept = False
        try:
            dialogue = self._dialogue(request, where, patience)
            reused = dialogue.used
            self._converse(dialogue, request, where, reading)
            kept = self._keep(dialogue, request, where)
        except FaultError as why:
            fault = _explained(why, request, dialogue)
        finally:
            if dialogue is not None:
                self._remember(dialogue.line, request, where)
            if dialogue is not None and not kept:
                self._drop(dialogue.line)
        return _answer(dialogue, reading, fault, started=started, seconds=time.monotonic() - clock, reused=reused)

    def _converse(self, dialogue: Dialogue, request: Request, where: Place, reading: Reading) -> None:
        line = dialogue.line
        data = dialogue.ask(request, where)
        early = line.listen(LISTEN) if request.certificate_is_the_difference and line.tls else b""
        line.write(data)
        dialogue.hear(reading, early, self._body_limit)

    def _dialogue(self, request: Request, where: Place, patience: Patience) -> Dialogue:
        """Return a kept connection that is still good, or a new one, ready for this exchange."""
        patience.left()
        most = HEAD_BYTES + CHUNKING * self._body_limit
        if not _alone(request) and (dialogue := self._kept.pop(_key(request, where), None)):
            if dialogue.line.quiet():
                dialogue.line.begin(patience, most)
                return dialogue
            self._drop(dialogue.line)
        line = self._open(request, where, patience)
        line.begin(patience, most)
        return Dialogue(line)

    def _open(self, request: Request, where: Place, patience: Patience) -> Line:
        named = request.through or (where.host, where.port)
        host, port = self._resolve.get(named, named)
        line = Line(connect(host, port, patience), patience)
        with self._lock:
            self._lines.add(line)
        try:
            if where.secure:
                self._secure(line, request, where)
        except BaseException:
            self._drop(line)
            raise
        return line

    def _secure(self, line: Line, request: Request, where: Place) -> None:
        unusual = request.handshake or Handshake()
        name = where.host if unusual.server_name is None else unusual.server_name
        if unusual.renegotiates is not None:
            shown = request.certificate, unusual.renegotiates
            line.secure_by(lambda sock: RenegotiatingSocket(sock, self._authorities, name, *shown), name, shown[1])
            return
        context = self._context(request)
        session = self._sessions.get((context, unusual.resumes))
        if (pieces := unusual.pieces) is not None:
            line.secure_by(lambda sock: HelloInPieces(sock, context, name, pieces, session), name, request.certificate)
            return
        line.secure(context, name, request.certificate, session)

    def _context(self, request: Request) -> ssl.SSLContext:
        protocol = ALPN if request.http2 is not None else "http/1.1"
        return self._contexts.get(self._authorities, request.certificate, request.handshake, protocol)

    def _remember(self, line: Line, request: Request, where: Place) -> None:
        """Keep the session of a request with an unusual handshake, for one that takes it up."""
        if request.handshake is not None and (session := line.session) is not None:
            self._sessions[self._context(request), f"https://{where.host}:{where.port}"] = session

    def _keep(self, dialogue: Dialogue, request: Request, where: Place) -> bool:
        if _alone(request) or not dialogue.reusable():
            return False
        self._kept[_key(request, where)] = dialogue
        return True

    def _drop(self, line: Line) -> None:
        with self._lock:
            self._lines.discard(line)
            line.close()


@dataclass(slots=True)
class _Shot:
    """One request of a volley, and how far it has come."""

    request: Request
    where: Place | None
    dialogue: Dialogue | None = None
    data: bytes = b""
    reading: Reading = field(default_factory=Reading)
    fault: FaultError = field(default_factory=lambda: FaultError("", ""))
    started: float = field(default_factory=time.time)
    clock: float = 0.0
    seconds: float = 0.0

    def answer(self) -> Answer:
        return _answer(
            self.dialogue, self.reading, self.fault, started=self.started, seconds=self.seconds, reused=False
        )


def _answer(
    dialogue: Dialogue | None, reading: Reading, fault: FaultError, *, started: float, seconds: float, reused: bool
) -> Answer:
    return Answer(
        status=reading.status,
        headers=reading.headers,
        body=bytes(reading.body),
        sent=bytes(dialogue.line.sent) if dialogue else b"",
        received=bytes(dialogue.line.received) if dialogue else b"",
        tls=dialogue.line.tls if dialogue else None,
        error=fault.error,
        fault=fault.fault,
        started=started,
        seconds=seconds,
        reused=reused,
    )


def _nowhere(request: Request) -> Answer:
    return Answer(fault="unreachable", error=f"no http or https URL: {request.url}", started=time.time())


def _key(request: Request, where: Place) -> _Key:
    return where.secure, where.host, where.port, request.certificate


def _alone(request: Request) -> bool:
    """Whether the request has a connection to itself."""
    apart = request.fresh or request.certificate_is_the_difference
    return apart or request.raw is not None or request.through is not None or request.handshake is not None


def _explained(why: FaultError, request: Request, dialogue: Dialogue | None) -> FaultError:
    """Say whether it was the certificate that ended the connection (RFC 8446, 4.4.2.4: only the server knows)."""
    if not request.certificate_is_the_difference and request.handshake is None:
        return FaultError("tls", why.error) if why.fault == "refused at tls" else why
    silent = (
        request.certificate_is_the_difference
        and dialogue is not None
        and dialogue.line.tls is not None
        and not dialogue.line.received
    )
    if silent and why.fault in {"tls", "reset", "closed"} and why.error != STOPPED:
        return FaultError("refused at tls", why.error)
    return why
