"""What goes onto the wire and what comes back: plain values, no sockets."""

import email.utils
from dataclasses import dataclass
from typing import Literal

from holdfast.pki import Credential
from holdfast.results import TlsFacts

Fault = Literal["", "unreachable", "tls", "refused at tls", "reset", "timeout", "closed", "oversize", "protocol"]

STOPPED = "stopped"


class FaultError(Exception):
    """An exchange that did not end well: which kind of fault, and one line that says what was seen."""

    def __init__(self, fault: Fault, error: str) -> None:
        super().__init__(error)
        self.fault: Fault = fault
        self.error = error


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
    through: host and port to connect to in place of the URL's, on a new connection; Host and SNI stay those of the URL.
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one request: an HTTP answer, a part of one, or none.

    status, headers, body: as far as they arrived; status is None when no answer began.
    sent, received: the bytes of the exchange inside TLS; received is bounded by the limits of the Wire.
    fault: "" when a whole answer arrived. "oversize" keeps status, headers and the beginning of the body.
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
