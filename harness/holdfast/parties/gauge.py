"""Gauge: how long a server takes a proof, remembers it, and honours a nonce; measured from outside, by its answers.

Nothing of the target's clock is read but its Date, once, before the first case. Each answer gives a bound: what was
accepted when it had reached an age is taken at least that long, what was refused is not taken longer than the age it
had when the answer was there. So the bounds are true however slow the line, and however busy this machine.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.jose import decode
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client
from holdfast.parties.clock import Clock
from holdfast.parties.endpoints import Prepared, ProofEndpoint, ResourceServer
from holdfast.parties.run import Run
from holdfast.proofs import ABSENT, Literal
from holdfast.results import Measurement

AGE, LEAD = "age of a proof that is taken", "lead of a proof that is taken"
MEMORY, NONCE = "a jti is remembered", "a nonce is good"

#: Offsets of `iat` that are tried, in seconds. An hour and more is no window of seconds or minutes.
FARTHEST = 7200
#: Seconds by which two clocks may differ unseen: the Date header has whole ones, and a small skew is not corrected.
CLOCKS = 2.0
#: Seconds by which a window that was waited for may be longer than declared: servers count in whole ones.
COUNTED = 1.0
#: Most moments at which a waiting measure looks; they lie at least a second apart.
MOMENTS = 24


@dataclass(frozen=True)
class Window:
    """Seconds: at least so many, and at most so many where the end of it was seen. slack: what proves nothing yet."""

    at_least: float
    at_most: float | None
    slack: float = CLOCKS

    @property
    def ended(self) -> bool:
        """Whether the end of it was seen."""
        return self.at_most is not None

    def exceeds(self, seconds: float) -> bool:
        """Whether it is surely longer, by more than the slack."""
        return self.at_least > seconds + self.slack

    def falls_short_of(self, seconds: float) -> bool:
        """Whether it is surely shorter."""
        return self.at_most is not None and self.at_most < seconds


@dataclass
class _Bounds:
    """What is known of a window so far."""

    at_least: float = 0.0
    at_most: float = math.inf

    def learn(self, *, held: bool, least: float, most: float) -> None:
        """Take in an answer: it held at an age of at least `least`, or did not at one of at most `most`."""
        if held:
            self.at_least = max(self.at_least, least)
        else:
            self.at_most = min(self.at_most, most)

    def window(self, slack: float = COUNTED) -> Window:
        """Give the window, its bounds rounded to tenths so that they stay true."""
        most = None if math.isinf(self.at_most) else math.ceil(self.at_most * 10) / 10
        return Window(math.floor(self.at_least * 10) / 10, most, slack)


@dataclass(frozen=True)
class _Planted:
    """A proof that was accepted once, and one just like it that nobody has sent yet."""

    spent: str
    witness: str
    sent: Exchange


class Gauge:
    """Measures windows of one endpoint; what it finds is noted in the case's result."""

    def __init__(self, bench: Bench, clock: Clock, run: Run) -> None:
        self._bench = bench
        self._clock = clock
        self._run = run

    def past(self, endpoint: ProofEndpoint, client: Client) -> Window:
        """Find out how old a proof may be, by fresh proofs that say they are older; judged. No time passes."""
        window, _ = self._searched(endpoint, client, -1)
        return self._noted(AGE, endpoint, window, declared="past")

    def future(self, endpoint: ProofEndpoint, client: Client) -> Window:
        """Find out how far ahead of its time a proof may come, by proofs dated ahead; judged. No time passes."""
        window, _ = self._searched(endpoint, client, 1)
        return self._noted(LEAD, endpoint, window, declared="future")

    def memory(self, endpoint: ProofEndpoint, client: Client, *, over: float | str) -> Window:
        """Find out for how long a spent proof is refused although it is still fresh; judged.

        over: seconds, or names of declared windows as in a case's `waits`. There is one proof for each moment, since a
        repeat may refresh the server's memory. All are sent at the start, dated ahead as far as the server takes them,
        and each is sent once more at its moment, beside a witness: a proof made with it and not sent before. Where the
        witness is refused too, the proof is stale and says nothing of memory. The window ends where a replay got in.
        Raises Inconclusive where every proof was stale by then.
        """
        _, ahead = self._searched(endpoint, client, 1)
        lasting = self.lasting(endpoint, client)
        moments = list(_moments(self._seconds(over)))
        planted = [self._planted(endpoint, client, ahead, lasting) for _ in moments]
        bounds, stale = _Bounds(), math.inf
        for moment, one in zip(moments, planted, strict=True):
            self._until(_end(one.sent) + moment)
            again = endpoint.message(client, proof=one.spent, **lasting)
            said = f"the proof of an accepted request once more, {moment:g} s later"
            seen = self._run.judge(replace(again, difference=said))
            witness = self._run.send(
                replace(endpoint.message(client, proof=one.witness, **lasting), difference=""), "control"
            )
            least, most = seen.answer.started - _end(one.sent), _end(seen) - one.sent.answer.started
            if seen.accepted or witness.accepted:
                bounds.learn(held=not seen.accepted, least=least, most=most)
            else:
                stale = min(stale, _end(witness) - one.sent.answer.started)
        if bounds == _Bounds():
            raise Inconclusive(f"no proof was fresh any more when it was sent again, {stale:.1f} s later")
        note = "" if math.isinf(stale) else f"then the proof is stale, by {math.ceil(stale * 10) / 10:g} s"
        return self._noted(MEMORY, endpoint, bounds.window(), declared="jti", note=note)

    def nonce(self, endpoint: ProofEndpoint, client: Client, *, over: float | str) -> Window:
        """Find out for how long a nonce is good; judged.

        over: as for `memory`. There is one nonce for each moment, supplied just before and used once, in a fresh proof.
        Raises Inconclusive where no nonce is supplied.
        """
        moments = list(_moments(self._seconds(over)))
        supplied = [self._supplied(endpoint, client) for _ in moments]
        bounds = _Bounds()
        for moment, (nonce, at) in zip(moments, supplied, strict=True):
            self._until(_end(at) + moment)
            said = f"a nonce that was supplied {moment:g} s before"
            seen = self._run.judge(replace(endpoint.message(client, nonce=nonce), difference=said))
            least, most = seen.answer.started - _end(at), _end(seen) - at.answer.started
            bounds.learn(held=seen.accepted, least=least, most=most)
        return self._noted(NONCE, endpoint, bounds.window(), declared="nonce")

    def lasting(self, endpoint: ProofEndpoint, client: Client) -> Mapping[str, object]:
        """Give the change that lets a request keep: a token of its own where the endpoint takes one, else none."""
        return {"token": endpoint.fresh_token(client)} if isinstance(endpoint, ResourceServer) else {}

    # Steps

    def _searched(self, endpoint: ProofEndpoint, client: Client, sign: int) -> tuple[Window, int]:
        """Give the window on one side of now, and the largest offset that was accepted."""
        bounds = _Bounds()
        near, far = -1, FARTHEST + 1
        offset = FARTHEST
        while far - near > 1:
            seen = endpoint.send(client, iat=sign * offset)
            iat = _iat(seen)
            ages = (seen.answer.started + self._bench.skew - iat, _end(seen) + self._bench.skew - iat)
            least, most = ages if sign < 0 else (-ages[1], -ages[0])
            bounds.learn(held=seen.accepted, least=least, most=most)
            near, far = (offset, far) if seen.accepted else (near, offset)
            offset = (near + far) // 2
        return bounds.window(CLOCKS), max(near, 0)

    def _planted(self, endpoint: ProofEndpoint, client: Client, ahead: int, lasting: Mapping[str, object]) -> _Planted:
        """Have a proof accepted that is dated ahead, or a second less where the last second was too much."""
        for lead in (ahead, max(0, ahead - 1)):
            iat = Literal(int(self._bench.now()) + lead)
            witness, spent = (_proof(endpoint.prepare(client, iat=iat, **lasting)) for _ in range(2))
            seen = self._run.send(endpoint.message(client, proof=spent, **lasting), "ground")
            if seen.accepted:
                return _Planted(spent, witness, seen)
        raise Inconclusive(f"a proof dated ahead like the others before was not accepted: {seen!r}")

    def _supplied(self, endpoint: ProofEndpoint, client: Client) -> tuple[str, Exchange]:
        """Give a nonce that was supplied just now and not used, and the exchange that supplied it."""
        seen = self._run.send(endpoint.message(client, nonce=ABSENT), "ground")
        nonces = seen.headers("DPoP-Nonce")
        if not nonces:
            raise Inconclusive(f"the {endpoint.name} endpoint supplied no nonce: {seen!r}")
        return nonces[-1], seen

    def _seconds(self, over: float | str) -> float:
        if isinstance(over, str):
            return sum(self._clock.window(name) + 1.5 for name in over.split("+"))
        return over

    def _until(self, moment: float) -> None:
        left = moment - time.time()
        if left > 0:
            self._clock.wait(left)

    def _noted(self, name: str, endpoint: ProofEndpoint, window: Window, *, declared: str, note: str = "") -> Window:
        said = getattr(self._bench.running.target.windows, declared)
        notes = [note] if note else []
        notes += [f"declared: {said:g} s"] if said is not None else []
        self._run.measured.append(
            Measurement(
                name=name,
                endpoint=endpoint.name,
                unit="s",
                at_least=window.at_least,
                at_most=window.at_most,
                note="; ".join(notes),
            )
        )
        return window


def _moments(seconds: float) -> Iterator[float]:
    """Give moments up to the last second, evenly apart, at least a second."""
    number = max(1, min(MOMENTS, int(seconds)))
    yield from (seconds * n / number for n in range(1, number + 1))


def _proof(made: Prepared) -> str:
    return dict(made.request.headers)["DPoP"]


def _iat(seen: Exchange) -> float:
    claims = decode(dict(seen.request.headers)["DPoP"]).claims
    iat = claims.get("iat") if isinstance(claims, dict) else None
    assert isinstance(iat, int | float)
    return iat


def _end(seen: Exchange) -> float:
    return seen.answer.started + seen.answer.seconds
