"""Flaws in how long a nonce is good, where, and for whom (RFC 9449 sections 8, 9, 11.1 and 11.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from strict_server import jose
from strict_server.memory import SeenOnce
from strict_server.refusals import Refused, invalid_proof

from flawed_server.places import HERE
from flawed_server.registry import inside, instead_of
from flawed_server.seams.nonce import Kept, both, nonce_in
from flawed_server.seams.state_replay import Itself

if TYPE_CHECKING:
    from strict_server.incoming import Incoming
    from strict_server.main import Servers
    from strict_server.proof import ProofCheck, Proofs

Honest = Callable[..., Any]

_MOMENT = 0.9  # seconds


# For whom, and where


class _Owned(Kept):
    """Good for those only to whom they were supplied; `who` says whose request is being answered."""

    def __init__(self, proofs: Proofs, who: Callable[[], Hashable]) -> None:
        super().__init__(proofs)
        self._who = who
        self._owners: dict[str, Hashable] = {}

    def issue(self) -> str:
        new = super().issue()
        self._owners[new] = self._who()
        return new

    def is_good(self, nonce: str) -> bool:
        return super().is_good(nonce) and self._owners[nonce] in {None, self._who()}


_KEY: ContextVar[str | None] = ContextVar("_KEY", default=None)
_WITHOUT: ContextVar[bool] = ContextVar("_WITHOUT", default=False)


def _noting(proofs: Proofs) -> None:
    """Keep in mind which key the proof of a request shows, and whether it comes without a nonce."""
    honest = proofs.check

    def check(incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        for proof in incoming.values("dpop")[:1]:
            _WITHOUT.set(nonce_in(proof) is None)
            with suppress(KeyError, TypeError, Refused):
                _KEY.set(jose.thumbprint(jose.read(proof).header["jwk"]))
        return honest(incoming, token)

    proofs.check = check


@inside("nonces: for one key")
def for_one_key(servers: Servers) -> None:
    """Take a nonce with a proof of the key to which it was supplied."""
    for proofs in both(servers):
        _noting(proofs)
        proofs.nonces = _Owned(proofs, _KEY.get)


@inside("nonces: for one endpoint")
def for_one_endpoint(servers: Servers) -> None:
    """Take a nonce at the endpoint that supplied it."""
    for proofs in both(servers):
        proofs.nonces = _Owned(proofs, lambda: HERE.get().partition("-")[0])


@inside("nonces: for one node")
def for_one_node(servers: Servers) -> None:
    """Take a nonce at the node that supplied it."""
    if servers.replica is not None:
        servers.replica.proofs.nonces = Kept(servers.replica.proofs)


# For how long


def _spending_nonces(proofs: Proofs, refuses: Callable[[ProofCheck], bool]) -> None:
    """Ask, when all else about a proof was found good, whether its nonce is good for one more."""
    honest = proofs.spend

    def spend(check: ProofCheck) -> None:
        honest(check)
        if refuses(check):
            raise Refused("use_dpop_nonce", "the nonce is used up")

    proofs.spend = spend


@inside("nonces: for one request")
def for_one_request(servers: Servers) -> None:
    """Take a nonce once."""
    for proofs in both(servers):
        proofs.nonces, used = Kept(proofs), SeenOnce(math.inf, proofs.settings.clock)
        _spending_nonces(proofs, lambda check, used=used: not used.spend(check.claims["nonce"]))


class _Brief(Kept):
    """Good for a moment only where they are supplied to who came without."""

    def __init__(self, proofs: Proofs) -> None:
        super().__init__(proofs)
        self._brief: set[str] = set()

    def issue(self) -> str:
        new = super().issue()
        if _WITHOUT.get():
            self._brief.add(new)
        return new

    def is_over(self, nonce: str) -> bool:
        """Tell whether its moment is over."""
        return nonce in self._brief and self.now() - self.issued[nonce] > _MOMENT


@inside("nonces: for a moment")
def for_a_moment(servers: Servers) -> None:
    """Take the nonce of a first challenge for less than a second."""
    for proofs in both(servers):
        _noting(proofs)
        proofs.nonces = nonces = _Brief(proofs)
        _spending_nonces(proofs, lambda check, nonces=nonces: nonces.is_over(check.claims["nonce"]))


def _ended_by_challenges(proofs: Proofs) -> None:
    proofs.nonces = nonces = Kept(proofs)
    honest, ended = proofs.check, dict[Itself, float]()

    def check(incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        try:
            return honest(incoming, token)
        except Refused as refused:
            if refused.error == "use_dpop_nonce" and any(map(nonce_in, incoming.values("dpop"))):
                ended[Itself(incoming.connection)] = nonces.now()
            raise

    def is_ended(check: ProofCheck) -> bool:
        return nonces.issued[check.claims["nonce"]] < ended.get(Itself(check.incoming.connection), 0)

    proofs.check = check
    _spending_nonces(proofs, is_ended)


@inside("nonces: until the next challenge")
def until_the_next_challenge(servers: Servers) -> None:
    """Take no nonce that was supplied before a wrong one was challenged on the same connection."""
    for proofs in both(servers):
        _ended_by_challenges(proofs)


def _burnt_by_failure(proofs: Proofs) -> None:
    proofs.nonces = nonces = Kept(proofs)
    honest = proofs.check

    def check(incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        try:
            return honest(incoming, token)
        except Refused:
            for proof in incoming.values("dpop"):
                nonces.forget(nonce_in(proof))
            raise

    proofs.check = check


@inside("nonces: until a proof with it fails")
def until_a_proof_fails(servers: Servers) -> None:
    """Take no nonce that was in a proof that was refused."""
    for proofs in both(servers):
        _burnt_by_failure(proofs)


_SERVED: WeakKeyDictionary[SeenOnce, set[Itself]] = WeakKeyDictionary()


@instead_of("proof.nonce", "is asked for once")
def asked_for_once(honest: Honest, check: ProofCheck) -> None:
    """Challenge nobody who had a good nonce before, on this connection: a proof without is refused."""
    served, connection = _SERVED.setdefault(check.server.spent, set()), Itself(check.incoming.connection)
    try:
        honest(check)
    except Refused:
        if "nonce" not in check.claims and connection in served:
            raise invalid_proof("a nonce was supplied before") from None
        raise
    served.add(connection)
