"""One run of one case: what it sends, what it saw, and the honest requests that vouch for it.

A message is made anew each time it is sent, so that it carries a fresh proof and the nonce that is current
(RFC 9449 section 8). Recorded bytes are never made anew.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from holdfast.errors import Inconclusive, UsageError
from holdfast.exchange import Exchange, outcome
from holdfast.outcome import Outcome
from holdfast.verdicts import Judged
from holdfast.wire import Answer, Request, Wire

if TYPE_CHECKING:
    from holdfast.results import Behaviour, Measurement

Purpose = Literal["control", "hostile", "ground", "token", "probe", "document"]

#: A target that answers 429 or 503 is asked again this often, waiting as long as it says, but not longer than this.
PATIENCE_TRIES, PATIENCE_SECONDS = 3, 5.0


@dataclass(frozen=True)
class Message:
    """A request to be made, and how its answer is read.

    make: builds the request, fresh, with the nonce that is current.
    accepted: whether an answer shows what only an accepted request gets.
    absorbs: whether a nonce challenge is answered by making the message again.
    patient: whether it is sent again where the target is busy.
    control: the honest message that must be accepted for a refusal of this one to count.
    family: messages of one family share their controls: same endpoint, token and connection kind.
    protected: finds out whether not just anybody is accepted here; an empty text, or what happened.
    discerning: finds out whether what must be refused here is; an empty text, or what happened.
    heard: is told what came back, where the next message of its kind depends on that.
    steps: sends it where that takes several requests, and gives the exchange in which it ended.
    """

    endpoint: str
    sender: str
    make: Callable[[], Request]
    accepted: Callable[[Answer], bool]
    difference: str = ""
    absorbs: bool = True
    patient: bool = True
    control: "Message | None" = None
    family: Hashable = ""
    protected: Callable[["Run"], str] | None = None
    discerning: Callable[["Run"], str] | None = None
    heard: Callable[[Exchange], None] | None = None
    steps: Callable[["Run", Purpose], Exchange] | None = None


@dataclass
class Worker:
    """What one thread keeps between cases: its connections, its nonces, its last controls and what they were given.

    supplying: the places that ever supplied a nonce.
    refresh_tokens: by whom they were given to; each is for one more control of the same group.
    """

    wire: Wire
    nonces: dict[str, str] = field(default_factory=dict)
    supplying: set[str] = field(default_factory=set)
    controls: dict[Hashable, str] = field(default_factory=dict)
    vouching: dict[Hashable, Exchange] = field(default_factory=dict)
    refresh_tokens: dict[Hashable, str] = field(default_factory=dict)
    pace: Callable[[], None] = lambda: None

    def forget_controls(self) -> None:
        """Forget them when a group of cases ends, so that the next control is sent anew."""
        self.controls.clear()
        self.vouching.clear()
        self.refresh_tokens.clear()


def origin(url: str) -> str:
    """Scheme, host and port: the place a nonce belongs to (RFC 9449 sections 8 and 9)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class Run:
    """Sends for one case. Not shared between threads."""

    def __init__(self, worker: Worker, stop: threading.Event) -> None:
        self.worker = worker
        self.stop = stop
        self.exchanges: list[Exchange] = []
        self.judged: list[tuple[Message, Exchange]] = []
        self.stood_on: list[tuple[Message, Exchange]] = []
        self.measured: list[Measurement] = []
        self.observed: list[Behaviour] = []
        #: Whether what is judged goes over connections of its own, so that their end is the message's doing.
        self.apart = False
        self._before: dict[Hashable, str] = {}
        self._vouching: dict[Hashable, Exchange] = {}
        #: What ends with the case: listeners that it opened, say.
        self.ending = ExitStack()

    def judge(self, message: Message) -> Exchange:
        """Send a message whose outcome is the case's business; the honest one goes before it."""
        if message.control is not None:
            self._before[message.control.family] = self.control(message.control)
        seen = self.send(message, "hostile" if message.difference else "probe")
        self.judged.append((message, seen))
        return seen

    def volley(self, messages: Sequence[Message]) -> list[Exchange]:
        """Send messages at once, each on a connection of its own; judged, with their honest messages before.

        Each is made once, before the first is sent, and none is made anew or sent again.
        """
        return self._at_once(messages, self.worker.wire.volley)

    def streams(self, messages: Sequence[Message]) -> list[Exchange]:
        """Send messages over HTTP/2, all on one connection; otherwise as `volley`."""
        return self._at_once(messages, self.worker.wire.together)

    def _at_once(
        self, messages: Sequence[Message], send: Callable[[Sequence[Request]], list[Answer]]
    ) -> list[Exchange]:
        for message in messages:
            if message.control is not None:
                self._before[message.control.family] = self.control(message.control)
            self.worker.pace()
        requests = [message.make() for message in messages]
        seen = []
        for message, request, answer in zip(messages, requests, send(requests), strict=True):
            seen.append(self._took(message, request, answer, "hostile" if message.difference else "probe"))
            self.judged.append((message, seen[-1]))
        return seen

    def ground(self, message: Message, purpose: Purpose = "ground") -> Exchange:
        """Send what the case stands on. Raises Inconclusive when it is not accepted."""
        seen = self.send(message, purpose)
        if seen.outcome is not Outcome.ACCEPTED:
            raise Inconclusive(f"{purpose} at the {message.endpoint} endpoint was not accepted: {seen!r}")
        self.stood_on.append((message, seen))
        return seen

    def answered(self, message: Message) -> Exchange:
        """Send what may be accepted or refused, unjudged. Raises Inconclusive when neither is seen."""
        seen = self.send(message, "ground")
        if seen.outcome not in {Outcome.ACCEPTED, Outcome.REFUSED}:
            raise Inconclusive(f"the request was neither accepted nor refused: {seen!r}")
        return seen

    def refused(self, message: Message) -> Exchange:
        """Stand on a request that is refused. Raises Inconclusive when it is not."""
        seen = self.send(message, "ground")
        if seen.outcome is not Outcome.REFUSED:
            raise Inconclusive(f"the request that had to be refused first was not: {seen!r}")
        self.stood_on.append((message, seen))
        return seen

    def resend(self, request: Request, message: Message, difference: str, *, kept: bool = False) -> Exchange:
        """Send recorded bytes, exactly; judged. A challenge is a refusal here.

        message: the same request as it would be made now; an honest one vouches for itself. kept: on the connection
        that is open, where the target keeps one; otherwise on a new one.
        """
        recorded = replace(request, fresh=not kept)
        control = message.control or message
        seen = self.judge(
            replace(message, make=lambda: recorded, difference=difference, absorbs=False, control=control)
        )
        if seen.answer.died_reused and not self.stop.is_set():
            # On a kept connection that dies nothing is learnt, and recorded bytes are never made anew.
            self.judged.pop()
            return self.resend(request, message, difference)
        return seen

    def control(self, honest: Message, *, anew: bool = False) -> str:
        """Make sure that the honest message is accepted now; an empty text, or what happened.

        One that was accepted last time in this group is not sent again, unless `anew`.
        """
        if self.worker.controls.get(honest.family) == "" and not anew:
            self._vouching.setdefault(honest.family, self.worker.vouching[honest.family])
            return ""
        try:
            seen = self.send(honest, "control")
        except Inconclusive as why:
            found = str(why)
        else:
            found = "" if seen.outcome is Outcome.ACCEPTED else repr(seen)
            self._vouching[honest.family] = self.worker.vouching[honest.family] = seen
        self.worker.controls[honest.family] = found
        return found

    def vouch(self) -> list[Judged]:
        """After the case: what stands behind each judged exchange. Sends the honest requests that go after.

        A case that judges no exchange judges what it stood on: what was accepted counts where not just anybody gets it,
        what was refused where an honest request is not.
        """
        after: dict[Hashable, str] = {}
        for message, seen in reversed(self.judged or self.stood_on):
            honest = message.control
            if honest is not None and seen.outcome is not Outcome.ACCEPTED and honest.family not in after:
                after[honest.family] = self._before.get(honest.family, "") or self.control(honest, anew=True)
        if self.judged:
            return [self._vouched(message, seen, after) for message, seen in self.judged]
        return [
            Judged(
                seen.outcome,
                control=after.get(message.control.family) if message.control else None,
                protected=message.protected(self) if message.protected else None,
                detail=repr(seen),
            )
            for message, seen in self.stood_on
        ]

    def _vouched(self, message: Message, seen: Exchange, controls: dict[Hashable, str]) -> Judged:
        seen.control = self._vouching.get(message.control.family) if message.control else None
        accepted = seen.outcome is Outcome.ACCEPTED
        return Judged(
            seen.outcome,
            control=controls.get(message.control.family) if message.control else None,
            protected=message.protected(self) if accepted and message.protected else None,
            discerning=message.discerning(self) if accepted and message.discerning else None,
            honest=not message.difference and message.control is None,
            busy=seen.busy,
            detail=repr(seen),
        )

    def send(self, message: Message, purpose: Purpose) -> Exchange:
        """Send a message: adopt a nonce and make it anew at most twice, wait out a busy answer, bounded."""
        if message.steps is not None:
            return message.steps(self, purpose)
        seen = self._once(message, purpose)
        absorbed = waited = 0
        while not self.stop.is_set():
            if seen.busy and message.patient and waited < PATIENCE_TRIES:
                waited += 1
                self.stop.wait(min(seen.retry_after or 1.0, PATIENCE_SECONDS))
            elif message.absorbs and absorbed < 2 and challenged(seen):
                absorbed += 1
            else:
                break
            seen = self._once(message, purpose)
        return seen

    def _once(self, message: Message, purpose: Purpose) -> Exchange:
        """Send it once. Raises Inconclusive where a token, say, has characters that no request can hold."""
        made: list[Request] = []

        def make() -> Request:
            request = message.make()
            if self.apart and purpose in {"hostile", "probe"}:
                request = replace(request, fresh=True)
            made.append(request)
            return request

        self.worker.pace()
        try:
            answer = self.worker.wire.send(make(), again=make if message.absorbs else None)
        except (UsageError, UnicodeEncodeError) as why:
            raise Inconclusive(f"the request to the {message.endpoint} endpoint cannot be written: {why}") from why
        return self._took(message, made[-1], answer, purpose)

    def _took(self, message: Message, request: Request, answer: Answer, purpose: Purpose) -> Exchange:
        """Keep what came of a message, and learn from it."""
        seen = Exchange(
            request=request,
            answer=answer,
            purpose=purpose,
            endpoint=message.endpoint,
            sender=message.sender,
            difference=message.difference,
            outcome=outcome(answer, message.accepted),
            nonce=self.worker.nonces.get(origin(request.url), ""),
        )
        self.exchanges.append(seen)
        if supplied := seen.headers("DPoP-Nonce"):
            self.worker.nonces[origin(request.url)] = supplied[-1]
            self.worker.supplying.add(origin(request.url))
        if message.heard is not None:
            message.heard(seen)
        if self.stop.is_set():
            raise Inconclusive("the run was stopped")
        return seen


def challenged(seen: Exchange) -> bool:
    """Whether the answer asks for a nonce and supplies one (RFC 9449 sections 8 and 9)."""
    return seen.challenged
