"""Memories of used proofs that know a proof by the wrong things, or forget it too soon (RFC 9449 section 11.1)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from strict_server.proof import known_by
from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from strict_server.memory import SeenOnce
    from strict_server.proof import ProofCheck

Honest = Callable[..., Any]
Key = Callable[["ProofCheck"], Hashable]

_LONG = 100  # characters of a jti
_CUT = 64  # characters of a jti
_SHORT = 3.0  # seconds


class Itself:
    """Equal to nothing but the same object."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Itself) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _folded(jti: str) -> str:
    return unicodedata.normalize("NFKC", jti).casefold().strip(" \0")


def _with_jti(change: Callable[[str], str]) -> Key:
    return lambda check: (change(check.claims["jti"]), known_by(check)[1:])


#: What a proof is known by instead of jti, key and URI.
_KEYS: Mapping[str, Key] = {
    "whole bytes": lambda check: check.incoming.values("dpop")[0],
    "htu as written": lambda check: (check.claims["jti"], check.jkt, check.claims["htu"]),
    "query": lambda check: (known_by(check), check.incoming.query),
    "Host": lambda check: (known_by(check), *check.incoming.values("host")),
    "form": lambda check: (known_by(check), check.incoming.form),
    "credentials": lambda check: (known_by(check), *check.incoming.values("authorization")),
    "iat": lambda check: (known_by(check), check.claims["iat"]),
    "endpoint": lambda check: (known_by(check), check.incoming.method, check.incoming.path),
    "connection": lambda check: (known_by(check), Itself(check.incoming.connection)),
    "jti alone": lambda check: check.claims["jti"],
    "folded jti": _with_jti(_folded),
    "cut jti": _with_jti(lambda jti: jti[:_CUT]),
}


def _known_otherwise(key: Key, _honest: Honest, check: ProofCheck) -> None:
    if not check.server.spent.spend(key(check)):
        raise invalid_proof("the proof was used before")


for name, key in _KEYS.items():
    instead_of("proof.replay", name)(partial(_known_otherwise, key))


@instead_of("proof.replay", "but not long ones")
def long_ones_are_forgotten(honest: Honest, check: ProofCheck) -> None:
    """Remember no jti that is longer than usual."""
    if len(check.claims["jti"]) <= _LONG:
        honest(check)


_LAST: WeakKeyDictionary[SeenOnce, dict[Hashable, float]] = WeakKeyDictionary()


@instead_of("proof.replay", "refreshed by a repeat")
def short_but_refreshed_by_a_repeat(_honest: Honest, check: ProofCheck) -> None:
    """Remember a proof for a few seconds after it was last seen."""
    last, now, key = _LAST.setdefault(check.server.spent, {}), check.server.settings.clock(), known_by(check)
    before = last.get(key)
    last[key] = now
    if before is not None and now - before <= _SHORT:
        raise invalid_proof("the proof was used before")


_LOOKED_AT: WeakKeyDictionary[SeenOnce, set[str]] = WeakKeyDictionary()


def _known_the_second_time(honest: Honest, check: ProofCheck) -> None:
    """Keep proofs before they are checked, and take one that was kept for one that was found good."""
    known, proof = _LOOKED_AT.setdefault(check.server.spent, set()), check.incoming.values("dpop")[0]
    if proof not in known:
        known.add(proof)
        honest(check)


for guard in ("proof.signature", "proof.htm", "proof.htu", "proof.iat"):
    instead_of(guard, "not the second time")(_known_the_second_time)
