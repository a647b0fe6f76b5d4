"""In what a hostile request differs from the honest one beside it: in one thing, or a case tests two at once.

Fresh values are no difference: jti, iat (2 s), nonce, signature bytes, Content-Length, a code or a refresh token that
was not used before. Where one defect shows in several aspects, a rule of difference_rules says why they are one.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from holdfast.aspects import FRESH, Sent, aspects, fresh_values
from holdfast.difference_rules import RULES, Differing
from holdfast.wire import Request

__all__ = ["Difference", "Sent", "differences"]

_SHOWN = 60


class Difference(NamedTuple):
    """One aspect in which two messages differ, and its value in each; None where a message has no such thing."""

    aspect: str
    hostile: str | None
    honest: str | None

    def said(self, mask: Callable[[str], str] = str) -> str:
        """Give it in words, values masked and then cut: `proof claim htm: POST, not the request's method`."""
        return f"{mask(self.aspect)}: {_cut(self.hostile, mask)}, not {_cut(self.honest, mask)}"


def differences(hostile: Sent, honest: Sent, earlier: Iterable[Request] = ()) -> list[Difference]:
    """Say in what two messages differ.

    earlier: what was sent before by the same case; a fresh value or a whole request among it was used before.
    """
    before = list(earlier)
    if any(_bytes(request) == _bytes(hostile.request) for request in before):
        return [Difference("all bytes", "of an earlier request", FRESH)]
    mine, theirs = aspects(hostile, honest), aspects(honest, honest)
    names = dict.fromkeys([*mine, *theirs])
    differing = {name: (mine.get(name), theirs.get(name)) for name in names if mine.get(name) != theirs.get(name)}
    differing |= _not_new(hostile, honest, before, differing)
    return [Difference(name, *pair) for name, pair in _merged(differing).items()]


def _bytes(request: Request) -> tuple[object, ...]:
    return request.method, request.url, request.headers, request.body, request.raw, request.certificate, request.http2


def _not_new(
    hostile: Sent, honest: Sent, before: list[Request], differing: Differing
) -> dict[str, tuple[str | None, str | None]]:
    """Fresh values that are not: used before; and a token that says the same and is another."""
    used = [fresh_values(request) for request in before]
    theirs = fresh_values(honest.request)
    found: dict[str, tuple[str | None, str | None]] = {
        name: ("used before", FRESH)
        for name, value in fresh_values(hostile.request).items()
        if theirs.get(name) != value and any(other.get(name) == value for other in used)
    }
    firsts = {token.value for one in (hostile, honest) for token in one.tokens[:1]}
    if len(firsts) > 1 and not any(name.startswith(("token", "place of the token", "scheme")) for name in differing):
        found["token"] = ("another that says the same", "the client's")
    return found


def _merged(differing: Differing) -> Differing:
    left = dict(differing)
    for rule in RULES:
        if merged := rule.merge(left):
            kept, gone = merged[0], set(merged[1])
            left = {name: pair for name, pair in left.items() if name == kept or name not in gone}
    return left


def _cut(value: str | None, mask: Callable[[str], str]) -> str:
    if value is None:
        return "absent"
    shown = mask(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
