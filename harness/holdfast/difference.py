"""In what a hostile request differs from the honest one beside it: in one thing, or a case tests two at once.

Fresh values are no difference: jti, iat (2 s), nonce, signature bytes, Content-Length, a code or a refresh token that
was not used before. Where one defect shows in several aspects, a rule of difference_rules says why they are one.
"""

from collections.abc import Iterable

from holdfast.aspects import FRESH, Sent, aspects, fresh_values
from holdfast.difference_rules import RULES, Differing
from holdfast.wire import Request

__all__ = ["Sent", "differences"]

_SHOWN = 60


def differences(hostile: Sent, honest: Sent, earlier: Iterable[Request] = ()) -> list[str]:
    """Say in what two messages differ, one text each: `proof claim htm: POST, not the request's method`.

    earlier: what was sent before by the same case; a fresh value or a whole request among it was used before.
    """
    before = list(earlier)
    if any(_bytes(request) == _bytes(hostile.request) for request in before):
        return ["the same bytes as an earlier request"]
    mine, theirs = aspects(hostile, honest), aspects(honest, honest)
    names = dict.fromkeys([*mine, *theirs])
    differing = {name: (mine.get(name), theirs.get(name)) for name in names if mine.get(name) != theirs.get(name)}
    differing |= _not_new(hostile, honest, before, differing)
    return [f"{name}: {_cut(mine)}, not {_cut(theirs)}" for name, (mine, theirs) in _merged(differing).items()]


def _bytes(request: Request) -> tuple[object, ...]:
    return request.method, request.url, request.headers, request.body, request.raw, request.certificate


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
            kept, gone = merged
            left = {name: pair for name, pair in left.items() if name == kept or name not in gone}
    return left


def _cut(value: str | None) -> str:
    if value is None:
        return "absent"
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
