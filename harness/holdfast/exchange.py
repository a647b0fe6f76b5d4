"""One request and what came back: what it amounts to, and the record of it with its secrets masked."""

import errno
import functools
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus

from holdfast import challenges, jose
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.results import ExchangeRecord, Jws
from holdfast.wire import NO_ANSWER, REFUSALS, STOPPED, Answer, Request

Purpose = Literal["control", "hostile", "ground", "token", "probe", "document"]

#: Bytes of a body, and of each direction's raw bytes, that a record shows.
SHOWN = 16_384

_ISSUED = ("access_token", "refresh_token", "id_token", "client_secret", "registration_access_token", "device_code")
_IN_URL = re.compile(r"[?&#](code|access_token|id_token)=([^&#]+)")
_ERROR_IN_URL = re.compile(r"[?&#]error=([^&#]+)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]|\r")


def outcome(answer: Answer, accepted: Callable[[Answer], bool]) -> Outcome:
    """Say what the target did, given the test for what only an accepted request gets.

    An acceptance counts under any status and even in half an answer, a refusal also where a reset cut off its end: who
    refuses a request before it is read whole may well close too early (RFC 9112, section 9.6). NONE: nothing was
    judged, since the target was busy (429, 503), out of reach, ended TLS before the request, has no HTTP/2 where that
    is asked for, let go of a kept connection, or the run was stopped.
    """
    if answer.status is not None and accepted(answer):
        return Outcome.ACCEPTED
    if answer.fault in REFUSALS:
        return Outcome.REFUSED
    if answer.fault in {"unreachable", "tls", "no http/2"} or answer.error == STOPPED or answer.died_reused:
        return Outcome.NONE
    refused_early = answer.fault == "reset" and answer.status in range(400, 500)
    if answer.status is None or (answer.fault and not refused_early):
        return Outcome.BROKE
    if answer.status in {429, 503}:
        return Outcome.NONE
    return Outcome.REFUSED if 200 <= answer.status < 500 else Outcome.BROKE


def keeps_out(answer: Answer) -> bool:
    """Whether no connection came about though the host is known: it was refused, had no way there, or had no answer."""
    why = (*(os.strerror(code) for code in (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)), NO_ANSWER)
    return answer.fault == "unreachable" and answer.error.endswith(why)


MISSING = object()


def pointed(document: object, pointer: str) -> object:
    """Return the value that a JSON pointer (RFC 6901) names in a document, or MISSING."""
    if pointer and not pointer.startswith("/"):
        return MISSING
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(name, MISSING)
        elif isinstance(document, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", name) and int(name) < len(document):
            document = document[int(name)]
        else:
            return MISSING
    return document


def shows(answer: Answer, canary: str) -> bool:
    """Whether the body holds the canary: a text, or, when it begins with a slash, a JSON pointer to anything but null.

    Raises ValueError for an empty canary, which every answer would hold.
    """
    if not canary:
        raise ValueError("an empty canary is in every answer")
    if canary.startswith("/"):
        return pointed(parsed(answer.body), canary) not in (MISSING, None)
    return canary.encode() in answer.body


def parsed(body: bytes) -> object:
    """Return the JSON document that a body is, or MISSING. Never raises."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING


@dataclass(eq=False)
class Exchange:
    """One request, its answer, and what the case wanted with it.

    endpoint: where it went, in the words of the target file. sender: who sent it.
    difference: the one thing in which it differs from the honest message; empty for an honest one.
    nonce: the one that was current when it was sent; empty for none.
    control: the honest exchange that vouches for it, perhaps one of an earlier case.
    arrived: the bytes of each request that reached the suite's own server behind a proxy by it.
    """

    request: Request
    answer: Answer
    purpose: Purpose
    endpoint: str
    sender: str
    difference: str = ""
    outcome: Outcome = Outcome.NONE
    nonce: str = field(default="", repr=False)
    control: "Exchange | None" = field(default=None, repr=False)
    arrived: Sequence[bytes] = field(default=(), repr=False)

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED

    @property
    def refused(self) -> bool:
        return self.outcome is Outcome.REFUSED

    @property
    def broke(self) -> bool:
        return self.outcome is Outcome.BROKE

    @property
    def wrong_signal(self) -> bool:
        """Refused, but under a status that says success."""
        return self.refused and self.status is not None and 200 <= self.status < 300

    @property
    def status(self) -> int | None:
        return self.answer.status

    @property
    def busy(self) -> bool:
        """The target asks to come again later: it judged nothing."""
        return self.outcome is Outcome.NONE and self.status in {429, 503}

    @property
    def silent(self) -> bool:
        """The target gave no answer at all: one that is busy does, and so does one that has no such protocol."""
        unanswered = self.outcome in {Outcome.BROKE, Outcome.NONE}
        return unanswered and not self.busy and self.answer.fault != "no http/2"

    @property
    def retry_after(self) -> float | None:
        """Seconds that Retry-After asks for (RFC 9110, 10.2.3), as a number or a date; None when it is unreadable."""
        value = (self.header("Retry-After") or "").strip()
        if re.fullmatch(r"[0-9]{1,9}", value):
            return float(value)
        try:
            until = parsedate_to_datetime(value).timestamp()
        except (ValueError, OverflowError, TypeError):
            return None
        return max(0.0, until - (self.answer.date or time.time()))

    def headers(self, name: str) -> list[str]:
        """Return the values of every header of the answer with this name, in order."""
        return [value for known, value in self.answer.headers if known.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """Return the first value of a header of the answer."""
        return next(iter(self.headers(name)), None)

    def json(self) -> dict[str, object]:
        """Return the JSON object that the body is; an empty one for anything else."""
        return self._document

    @property
    def form(self) -> dict[str, str]:
        """Return the form that the request carried; of a parameter that stands twice, the last value."""
        return dict(parse_qsl(self.request.body.decode("latin-1"), keep_blank_values=True))

    @functools.cached_property
    def _document(self) -> dict[str, object]:
        document = parsed(self.answer.body)
        return document if isinstance(document, dict) else {}

    @functools.cached_property
    def challenges(self) -> list[challenges.Challenge]:
        """Every challenge in WWW-Authenticate: scheme as spelt, and parameters with names in lower case."""
        return challenges.parse(self.headers("WWW-Authenticate"))

    @property
    def challenged(self) -> bool:
        """Whether the answer asks for a nonce and supplies one (RFC 9449 sections 8 and 9)."""
        if not self.headers("DPoP-Nonce") or self.outcome is not Outcome.REFUSED:
            return False
        return self.error == "use_dpop_nonce" or any(
            parameters.get("error") == "use_dpop_nonce" for _, parameters in self.challenges
        )

    @property
    def error(self) -> str:
        """The OAuth error code: of the JSON body, else of a challenge, else of the redirect to a client; or empty."""
        code = self.json().get("error")
        if isinstance(code, str):
            return code
        challenged = (parameters["error"] for _, parameters in self.challenges if "error" in parameters)
        told = _ERROR_IN_URL.search(self.header("Location") or "") if self.endpoint == "authorization" else None
        return next(challenged, unquote_plus(told[1]) if told else "")

    def __repr__(self) -> str:
        """One line for a failed assertion: what was sent with which proof, and what came back."""
        claims = (jws.claims for jws in decoded(self.request) if jws.kind == "proof")
        proofs = "".join(f" proof htu={claim.get('htu')}" for claim in claims if isinstance(claim, dict))
        came = self.answer.fault or " ".join(filter(None, (str(self.status), self.error)))
        cause = f" ({self.answer.error})" if self.answer.fault else ""
        changed = f" [{self.difference}]" if self.difference else ""
        url = self.request.url.partition("?")[0]
        return f"<{self.request.method} {url}{proofs}{changed} -> {came}{cause}, {self.outcome}>"

    def record(self, masker: Masker, number: int) -> ExchangeRecord:
        """Return the exchange as evidence. What the target issued in it is learnt first, then every text is masked."""
        for secret, kind in issued(self.answer):
            masker.learn(secret, kind)
        request, answer, mask = self.request, self.answer, masker.text
        return ExchangeRecord(
            number=number,
            purpose=self.purpose,
            endpoint=self.endpoint,
            sender=self.sender,
            difference=mask(self.difference),
            method=request.method,
            url=_shown(request.url, mask),
            request_headers=[(name, _shown(value, mask)) for name, value in request.lines],
            request_body=_shown(request.body, mask),
            request_raw=_shown(answer.sent, mask),
            status=answer.status,
            response_headers=[(_shown(name, mask), _shown(value, mask)) for name, value in answer.headers],
            response_body=_shown(answer.body, mask),
            response_raw=_shown(answer.received, mask),
            error=mask(answer.error if not answer.fault else f"{answer.fault}: {answer.error}"),
            outcome=self.outcome.value,
            arrived=[_shown(data, mask) for data in self.arrived],
            decoded=[_masked(jws, masker) for jws in decoded(request)],
            tls=answer.tls,
            started=answer.started,
            seconds=answer.seconds,
        )


def _shown(data: bytes | str, mask: Callable[[str], str]) -> str:
    """Text for a reader: masked, bytes that are no UTF-8 and control characters escaped, cut at SHOWN."""
    text = data[:SHOWN] if isinstance(data, str) else data[:SHOWN].decode("utf-8", "backslashreplace")
    shown = _CONTROL.sub(_escaped, mask(text).replace("\r\n", "\n"))
    return shown if len(data) <= SHOWN else f"{shown}\n[{len(data) - SHOWN} bytes more]"


def _escaped(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode("ascii")


def decoded(request: Request) -> list[Jws]:
    """Return the proofs, the token and the assertions that a request carries, read for a person."""
    return [_read(kind, text) for kind, text in _carried(request)]


Kind = Literal["proof", "token", "assertion"]


def _carried(request: Request) -> Iterator[tuple[Kind, str]]:
    for name, value in request.headers:
        if name.lower() == "dpop":
            yield "proof", value
        elif name.lower() == "authorization" and value.partition(" ")[2].count(".") >= 2:
            yield "token", value.partition(" ")[2].strip()
    if b"assertion=" in request.body:
        for name, value in parse_qsl(request.body.decode("latin-1")):
            if name in {"client_assertion", "assertion"}:
                yield "assertion", value


@functools.lru_cache(maxsize=512)
def _read(kind: Kind, text: str) -> Jws:
    found = jose.decode(text)
    return Jws(kind=kind, header=found.header, claims=found.claims, note=found.note)


def _masked(jws: Jws, masker: Masker) -> Jws:
    header, claims = masker.tree(jws.header), masker.tree(jws.claims)
    return Jws.model_validate({"kind": jws.kind, "header": header, "claims": claims, "note": masker.text(jws.note)})


def issued(answer: Answer) -> Iterator[tuple[str, str]]:
    """Find the secrets that a target hands out, each with its kind: JSON members, code and tokens in Location."""
    if b"token" in answer.body or b"secret" in answer.body or b"device_code" in answer.body:
        document = parsed(answer.body)
        members = document if isinstance(document, dict) else {}
        for name in _ISSUED:
            if isinstance(secret := members.get(name), str):
                yield secret, name.removeprefix("access_").replace("_", "-")
    for name, value in answer.headers:
        if name.lower() == "location":
            for kind, secret in _IN_URL.findall(value):
                yield unquote_plus(secret), kind.removeprefix("access_").replace("_", "-")
