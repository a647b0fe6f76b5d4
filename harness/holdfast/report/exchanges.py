"""One case as the page shows it: texts only, so that template and script write the same down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from holdfast.report.text import duration, listed, pretty
from holdfast.results import Evidence, ExchangeRecord, Jws, TlsFacts

#: Steps of a sequence diagram; of a longer case the middle is left out.
STEPS = 14
#: Parties that a diagram has room for.
LANES = 6

PURPOSES = {
    "control": "honest request that vouches for the rest",
    "hostile": "the request that is judged",
    "ground": "honest request that the case stands on",
    "token": "a token is fetched",
    "probe": "the request that is judged",
    "document": "a document is read",
}


@dataclass(frozen=True)
class Decoded:
    """A proof, token or assertion in words for a reader."""

    kind: str
    header: str
    claims: str
    note: str


@dataclass(frozen=True)
class Shown:
    """One exchange, ready to be written down."""

    number: int
    judged: bool
    purpose: str
    meaning: str
    sender: str
    endpoint: str
    line: str
    answer: str
    outcome: str
    difference: str
    control: int
    differs: list[str]
    request: str
    response: str
    request_raw: str
    response_raw: str
    arrived: list[str]
    decoded: list[Decoded]
    facts: str


def shown(evidence: Evidence) -> list[Shown]:
    """The exchanges of a case, in the order in which they happened."""
    return [_shown(record) for record in evidence.exchanges]


def as_data(exchanges: Sequence[Shown]) -> list[dict[str, object]]:
    """The same for the script."""
    return [vars(e) | {"decoded": [vars(decoded) for decoded in e.decoded]} for e in exchanges]


def _shown(record: ExchangeRecord) -> Shown:
    return Shown(
        number=record.number,
        judged=record.purpose in {"hostile", "probe"},
        purpose=record.purpose,
        meaning=PURPOSES[record.purpose] + (", sent in an earlier case" if record.shared else ""),
        sender=record.sender or "suite",
        endpoint=record.endpoint or "target",
        line=f"{record.method} {_path(record.url)}{_protocol(record.tls)}",
        answer=_answer(record),
        outcome="" if record.outcome == "none" else record.outcome,
        difference=record.difference,
        control=record.control or 0,
        differs=record.differs,
        request=_message(
            f"{record.method} {record.url}{_protocol(record.tls)}", record.request_headers, record.request_body
        ),
        response=_response(record),
        request_raw=record.request_raw,
        response_raw=record.response_raw,
        arrived=record.arrived,
        decoded=[_decoded(jws) for jws in record.decoded],
        facts=" · ".join([*_tls(record.tls), *_clock(record)]),
    )


def _protocol(tls: TlsFacts | None) -> str:
    return " over HTTP/2" if tls is not None and tls.alpn == "h2" else ""


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _answer(record: ExchangeRecord) -> str:
    return str(record.status) if record.status is not None else record.error.partition(":")[0] or "no answer"


def _message(first: str, headers: list[tuple[str, str]], body: str) -> str:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return "\n".join(lines) + (f"\n\n{body}" if body else "")


def _response(record: ExchangeRecord) -> str:
    parts = [record.error] if record.error else []
    if record.status is not None:
        parts.append(_message(str(record.status), record.response_headers, record.response_body))
    return "\n\n".join(parts) or "nothing came back"


def _decoded(jws: Jws) -> Decoded:
    return Decoded(jws.kind, pretty(jws.header), pretty(jws.claims), jws.note)


def _tls(tls: TlsFacts | None) -> list[str]:
    if tls is None:
        return []
    certificate = tls.client_certificate_sha256
    return [
        " ".join(filter(None, (tls.version, tls.cipher))) or "TLS",
        *([f"ALPN {tls.alpn}"] if tls.alpn else []),
        *([f"server name {tls.server_name}"] if tls.server_name else []),
        *(["resumed session"] if tls.resumed else []),
        f"client certificate {certificate[:16]}…" if certificate else "no client certificate",
    ]


def _clock(record: ExchangeRecord) -> list[str]:
    try:
        at = datetime.fromtimestamp(record.started, UTC).strftime("%H:%M:%S.%f")[:-3]
    except (ValueError, OverflowError, OSError):
        return [duration(record.seconds)]
    return [f"{at} UTC", duration(record.seconds)]


@dataclass(frozen=True)
class Step:
    """One message of a diagram: between which lanes (from 1), which way, and what it says."""

    start: int
    end: int
    left: bool
    judged: bool
    label: str
    carries: str
    outcome: str


@dataclass
class Diagram:
    """Who sent what to whom: lanes by name, steps in order; None stands for what was left out."""

    lanes: list[str]
    steps: list[Step | None] = field(default_factory=list)
    omitted: int = 0


def sequence(exchanges: Sequence[Shown]) -> Diagram | None:
    """The diagram of a case; None when nothing was sent or more parties took part than there is room for."""
    senders = list(dict.fromkeys(exchange.sender for exchange in exchanges))
    endpoints = [name for name in dict.fromkeys(exchange.endpoint for exchange in exchanges) if name not in senders]
    lanes = [*senders, *endpoints]
    if not exchanges or len(lanes) > LANES:
        return None
    found = Diagram(lanes)
    half = STEPS // 2
    for index, exchange in enumerate(exchanges):
        if len(exchanges) > STEPS and half <= index < len(exchanges) - half:
            if not found.omitted:
                found.steps.append(None)
            found.omitted += 1
            continue
        found.steps += _steps(exchange, lanes)
    return found


def _steps(exchange: Shown, lanes: list[str]) -> list[Step]:
    a, b = lanes.index(exchange.sender) + 1, lanes.index(exchange.endpoint) + 1
    if a == b:
        b = a + 1 if a < len(lanes) else a
        a = b - 1 if a == b else a
    start, end, left = min(a, b), max(a, b), a > b
    carries = listed(list(dict.fromkeys(decoded.kind for decoded in exchange.decoded)))
    answer = f"{exchange.answer}, {exchange.outcome}" if exchange.outcome else exchange.answer
    return [
        Step(start, end, left, exchange.judged, f"{exchange.number}. {exchange.line}", carries, ""),
        Step(start, end, not left, exchange.judged, answer, "", exchange.outcome or "none"),
    ]
