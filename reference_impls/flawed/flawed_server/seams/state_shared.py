"""Memories of used proofs that several requests at once, or several nodes, share badly (RFC 9449 section 11.1)."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

from strict_server.proof import known_by
from strict_server.refusals import invalid_proof

from flawed_server.registry import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from strict_server.main import Servers
    from strict_server.proof import ProofCheck, Proofs

#: What a memory takes to be written, in seconds: longer than copies that are sent at once are apart.
SLOW = 0.3

_LATER: ContextVar[list[Callable[[], object]]] = ContextVar("_LATER")


class _Slow:
    """Wraps an application: what a request puts off is done a while later, before the answer is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        later: list[Callable[[], object]] = []
        _LATER.set(later)

        async def send_when_done(message: Message) -> None:
            if later:
                await asyncio.sleep(SLOW)
            while later:
                later.pop()()
            await send(message)

        await self._app(scope, receive, send_when_done)


def _looks_and_remembers(proofs: Proofs) -> None:
    known: set[Hashable] = set()

    def spend(check: ProofCheck) -> None:
        key = known_by(check)
        if key in known:
            raise invalid_proof("the proof was used before")
        _LATER.get().append(lambda: known.add(key))

    proofs.spend = spend


@inside("looks first, remembers later")
def in_two_steps(servers: Servers) -> None:
    """Remember a proof before the answer, but some time after it was looked whether it is known."""
    for server in (servers.authorization, servers.resource):
        if server is not None:
            server.app = _Slow(server.app)
            _looks_and_remembers(server.proofs)


def _tells(proofs: Proofs, other: Proofs) -> None:
    """Remember at once, and tell the other node before the answer."""

    def spend(check: ProofCheck) -> None:
        key = known_by(check)
        if not proofs.spent.spend(key):
            raise invalid_proof("the proof was used before")
        _LATER.get().append(lambda: other.spent.spend(key))

    proofs.spend = spend


@inside("nodes tell each other later")
def told_later(servers: Servers) -> None:
    """Give each node a memory of its own, which hears of the other's proofs a moment later."""
    first, second = servers.resource, servers.replica
    if first is not None and second is not None:
        second.proofs = second.protection.proofs = first.proofs.of_a_replica(shared=False)
        for node, other in ((first, second), (second, first)):
            node.app = _Slow(node.app)
            _tells(node.proofs, other.proofs)


@inside("one node is told nothing")
def told_nothing(servers: Servers) -> None:
    """Give each node a memory of its own, of which only the second hears of the other's proofs."""
    first, second = servers.resource, servers.replica
    if first is not None and second is not None:
        second.proofs = second.protection.proofs = first.proofs.of_a_replica(shared=False)
        first.app = _Slow(first.app)
        _tells(first.proofs, second.proofs)
