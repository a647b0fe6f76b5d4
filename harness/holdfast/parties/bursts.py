"""Burst: many requests at once, each on a connection of its own that is open before the first is sent."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import cycle

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.client import Client, Token
from holdfast.parties.endpoints import ProofEndpoint
from holdfast.parties.replicas import Replicas
from holdfast.parties.run import Message, Run
from holdfast.results import Measurement
from holdfast.wire import Request

LET_IN = "copies of one proof let in at once"


class Burst:
    """Sends so close together that a server which looks first and remembers later is caught between the two."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def let_in(self, endpoint: ProofEndpoint, client: Client, *, copies: int, among: Replicas | None = None) -> int:
        """Send so many copies of one request, byte for byte the same, and tell how many were accepted; judged.

        The request is fresh: none of them was sent before. among: these nodes get their share of the copies. The number
        is noted as measured. Raises Inconclusive where none was accepted, since then nothing is known of a race.
        """
        prepared = endpoint.prepare(client)
        ways = [None, *(node.through for node in among.nodes)] if among else [None]
        requests = [replace(prepared.request, through=way) for _, way in zip(range(copies), cycle(ways))]
        control = prepared.message.control or prepared.message
        recorded = [replace(prepared.message, make=_giver(request), control=control) for request in requests]
        seen = self.together(recorded, f"one of {copies} copies at once{', over all nodes' if among else ''}")
        accepted = sum(one.accepted for one in seen)
        if not accepted:
            raise Inconclusive(f"none of the {copies} copies was accepted, so that nothing is known of a race")
        measured = Measurement(
            name=f"{LET_IN}, over all nodes" if among else LET_IN,
            endpoint=endpoint.name,
            unit=f"of {copies}",
            at_least=accepted,
            at_most=accepted,
        )
        self._run.measured.append(measured)
        return accepted

    def refreshed(self, server: AuthorizationServer, client: Client, token: Token, *, copies: int) -> int:
        """Use one refresh token so many times at once, each with a proof of its own; tell how many tokens came; judged.

        Raises Inconclusive where none came, since then nothing is known of a race.
        """
        messages = [server.refresh_message(client, token) for _ in range(copies)]
        seen = self.together(messages, f"one of {copies} at once")
        accepted = sum(one.accepted for one in seen)
        if not accepted:
            raise Inconclusive(f"none of the {copies} refreshes was accepted, so that nothing is known of a race")
        return accepted

    def together(self, messages: Sequence[Message], difference: str) -> list[Exchange]:
        """Send these messages at once, each made before the first is sent; judged, in their order."""
        return self._run.volley([replace(message, difference=difference, absorbs=False) for message in messages])


def _giver(request: Request) -> Callable[[], Request]:
    return lambda: request
