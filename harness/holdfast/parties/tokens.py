"""Where tokens for resource requests come from: the target's authorization server, or the suite's own issuer."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field

from holdfast.errors import Inconclusive
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client, Token
from holdfast.parties.run import Run

#: A shared token is renewed when it has less than this many seconds, or this part of its life, left.
MARGIN_SECONDS, MARGIN_PART = 30.0, 0.5


@dataclass
class TokenShelf:
    """Tokens that all cases share, read-only; thread-safe. A case that spends or kills one gets its own elsewhere."""

    bench: Bench
    _held: dict[Hashable, tuple[Token, float]] = field(default_factory=dict)
    _locks: dict[Hashable, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, run: Run, client: Client, *, user: bool = False, scope: str | None = None) -> Token:
        """Get a token of this client that will outlive one case. Raises Inconclusive when none can be had."""
        certificate = client.certificate.thumbprint if client.shows and client.certificate else ""
        key = (client.name, client.jkt if client.proves else "", certificate, user, scope)
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            held = self._held.get(key)
            if held is None or self.bench.now() > held[1]:
                token = self.fresh(run, client, user=user, scope=scope)
                left = token.expires - self.bench.now()
                held = (token, token.expires - min(MARGIN_SECONDS, left * MARGIN_PART))
                self._held[key] = held
            return held[0]

    def fresh(self, run: Run, client: Client, *, user: bool = False, scope: str | None = None) -> Token:
        """Get a token that nobody else holds."""
        if self.bench.issuer is not None:
            minted: Token = self.bench.issuer.mint(client, scope=scope, now=self.bench.now())
            return minted
        if "token" not in self.bench.endpoints:
            raise Inconclusive("no token can be had: the target has no token endpoint and the suite is not its issuer")
        return AuthorizationServer(self.bench, run).token(client, user=user, scope=scope)
