"""Replicas: further nodes of one resource server, each reached at an address of its own by the same URL."""

from collections.abc import Sequence
from dataclasses import replace

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.launch.ready import address
from holdfast.parties.authorization import HONEST
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Message, Run
from holdfast.parties.tokens import TokenShelf
from holdfast.wire import Request


class Node(ResourceServer):
    """The main resource at one node: URL, Host, SNI and htu are the same, only the connection goes there."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf, url: str) -> None:
        super().__init__(bench, run, shelf)
        self.through = address(url)

    def resend(self, seen: Exchange, *, kept: bool = False) -> Exchange:
        recorded = replace(seen.request, through=self.through)
        honest = self._message(self._sender_of(seen), HONEST)
        return self._run.resend(recorded, honest, "the same bytes, at another node", kept=kept)

    def _message(self, client: Client, change: Change) -> Message:
        message = super()._message(client, change)

        def make() -> Request:
            return replace(message.make(), through=self.through)

        return replace(message, make=make, family=(message.family, self.through))


class Replicas:
    """The nodes that the target file names besides the one that the resource's URL leads to."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        self.nodes = [Node(bench, run, shelf, url) for url in bench.resource.replicas]
        if not self.nodes:
            raise Inconclusive("the target file names no replicas of the resource")

    def accept(self, client: Client) -> Exchange:
        """Stand on a request that is accepted at the first of them. Raises Inconclusive when it is not."""
        return self.nodes[0].accepts(client)

    def resend(self, seen: Exchange) -> Sequence[Exchange]:
        """Send the bytes of an earlier exchange to each of them; judged."""
        return [node.resend(seen) for node in self.nodes]
