"""What goes onto the wire and what comes back: plain values, no sockets."""

import email.utils
from dataclasses import dataclass
from typing import Literal

from holdfast.handshakes import Handshake
from holdfast.pki import Credential
from holdfast.results import TlsFacts

Fault = Literal[
    "",
    "unreachable",
    "tls",
    "refused at tls",
    "refused at http/2",
    "no http/2",
    "reset",
    "timeout",
    "closed",
    "oversize",
    "protocol",
]
#: Faults that are the target's own no, said on another level than with a status.
REFUSALS: frozenset[Fault] = frozenset({"refused at tls", "refused at http/2"})

STOPPED = "stopped"
#: Told of a host that never answers a connection.
NO_ANSWER = "no connection in time"


class FaultError(Exception):
    """An exchange that did not end well: which kind of fault, and one line that says what was seen."""

    def __init__(self, fault: Fault, error: str) -> None:
        super().__init__(error)
        self.fault: Fault = fault
        self.error = error


Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Http2:
    """That a request goes over HTTP/2, and what only that has (RFC 9113, sections 8.1 and 8.3).

    pseudo: the pseudo-header fields, exactly as they are; None makes the four usual ones of method and URL. Others may
        stand among the request's headers, which follow them.
    trailers: fields in a field block of their own after the body.
    """

    pseudo: Fields | None = None
    trailers: Fields = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, to be sent exactly as it says.

    url: absolute http or https URL; it decides on host, port, SNI and, unless target is given, the request target.
    headers: in this order and spelling, repeated ones too; only Host always goes first. Host, User-Agent,
        Accept, Accept-Encoding and Content-Length are added only where they are missing.
    certificate: client certificate of the TLS connection; None offers none.
    fresh: on a new connection, closed afterwards.
    target: request target sent as it is, for dot segments and the absolute form.
    raw: the whole request in bytes, sent as they are on a new connection, for what HTTP forbids;
        method, headers and body then only describe it.
    certificate_is_the_difference: the certificate, or its absence, is the one thing under test. TLS 1.3 tells of a
        refused certificate only after the handshake, so the wire listens 0.2 s before it writes, on a new connection;
        an alert, end or reset before the first byte of an answer is then the fault "refused at tls".
    deadline: seconds for the exchange as a whole; None takes that of the Wire.
    handshake: what its TLS handshake is like; a handshake that the server refuses is then "refused at tls".
    through: host and port to connect to in place of the URL's, on a new connection; Host and SNI stay those of the URL.
    http2: it goes over HTTP/2, on a new connection where it is sent alone. Names are sent in the spelling of headers,
        there is no Host unless they have one, and raw means nothing.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    certificate: Credential | None = None
    fresh: bool = False
    target: str | None = None
    raw: bytes | None = None
    certificate_is_the_difference: bool = False
    deadline: float | None = None
    through: tuple[str, int] | None = None
    handshake: Handshake | None = None
    http2: Http2 | None = None

    @property
    def lines(self) -> Fields:
        """Names and values for a reader, in order; over HTTP/2 also pseudo-header fields and trailers that it names."""
        if self.http2 is None:
            return self.headers
        trailers = tuple((f"{name} (trailer)", value) for name, value in self.http2.trailers)
        return (*(self.http2.pseudo or ()), *self.headers, *trailers)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request: an HTTP answer, a part of one, or none.

    status, headers, body: as far as they arrived; status is None when no answer began.
    sent, received: the bytes of the exchange inside TLS; received is bounded by the limits of the Wire. Over HTTP/2
        both say in words what the frames held, since field blocks are compressed (RFC 7541).
    fault: "" when a whole answer arrived. "oversize" keeps status, headers and the beginning of the body. "refused at
        http/2": before an answer began the other side ended the stream, or the connection, with a code that says so,
        or the connection in good order.
    error: one line on the fault.
    started: seconds since the epoch. seconds: how long the exchange took, connecting included.
    reused: it travelled on a connection that had carried another exchange before.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    sent: bytes = b""
    received: bytes = b""
    tls: TlsFacts | None = None
    error: str = ""
    fault: Fault = ""
    started: float = 0.0
    seconds: float = 0.0
    reused: bool = False

    @property
    def date(self) -> float | None:
        """The Date header in seconds since the epoch, None when it is missing or unreadable."""
        value = next((value for name, value in self.headers if name.lower() == "date"), None)
        if value is None:
            return None
        try:
            return email.utils.parsedate_to_datetime(value).timestamp()
        except (ValueError, OverflowError, TypeError):
            return None

    @property
    def died_reused(self) -> bool:
        """A kept connection ended before the first byte of an answer: nobody's fault, and nothing was judged."""
        return self.reused and self.fault in {"closed", "reset"} and not self.received
