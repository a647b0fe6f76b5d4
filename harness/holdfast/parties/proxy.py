"""Proxy: the same resource, through a TLS-terminating proxy and past it."""

from dataclasses import replace

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.authorization import HONEST
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Message, Run
from holdfast.parties.tokens import TokenShelf
from holdfast.pki import written


class Proxy(ResourceServer):
    """The resource as clients reach it, through the proxy under test."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        super().__init__(bench, run, shelf, name="proxy")
        facts = bench.running.target.proxy
        if facts is None:
            raise Inconclusive("the target file has no [proxy] table")
        self._facts = facts

    @property
    def header(self) -> str:
        """The header in which it forwards the certificate."""
        return self._facts.header or "Client-Cert"

    @property
    def encoding(self) -> str:
        """How it encodes the certificate there."""
        return self._facts.encoding

    @property
    def direct(self) -> ResourceServer:
        """The same resource, past the proxy. Raises Inconclusive when the target file does not say where."""
        if not self._bench.direct_url:
            raise Inconclusive(
                "the target file does not say how the resource is reached past the proxy ([proxy] direct)"
            )
        return ResourceServer(self._bench, self._run, self._shelf, url=self._bench.direct_url)

    def forged(self, victim: Client, name: str) -> dict[str, str]:
        """Give a header of the client's own making that holds the victim's certificate in the encoding of this proxy.

        name: may hold {header}, {small}, {capitals} and {underscored} for spellings of the header the proxy uses.
        """
        if victim.certificate is None:
            raise Inconclusive(f"{victim.name} has no certificate")
        spelt = name.format(
            header=self.header,
            small=self.header.lower(),
            capitals=self.header.upper(),
            underscored=self.header.replace("-", "_"),
        )
        return {spelt: written(victim.certificate.der, self.encoding)}

    def passes(self, client: Client) -> Exchange:
        """Stand on an honest request through the proxy. Raises Inconclusive when it is not accepted."""
        return self.accepts(client)

    def relays(self, client: Client, **change: object) -> Exchange:
        """Send a request that every client gets refused, so that its answer is what counts; judged.

        What vouches for it is an honest request past the proxy: through it none need be accepted.
        """
        message = super()._message(client, Change.of(change))
        return self._run.judge(replace(message, control=self.direct._message(client, HONEST)))  # noqa: SLF001 - its own class

    def anonymous(self) -> Exchange:
        """Send a request without any credentials; judged. What vouches for it is an honest one past the proxy."""
        control = self.direct.anonymous_message(with_control=True).control
        return self._run.judge(replace(self.anonymous_message(), control=control))

    def _message(self, client: Client, change: Change) -> Message:
        """Vouch for an honest request by the same one past the proxy, and so for all that no proxy can pass."""
        message = super()._message(client, change)
        if message.control is not None and not self._hides(client):
            return message
        return replace(message, control=self.direct._message(client, HONEST))  # noqa: SLF001 - its own class

    def _hides(self, client: Client) -> bool:
        """Whether this client's certificate cannot arrive, since the proxy forwards none by design."""
        return self.encoding == "none" and client.binding in {"certificate", "both"}
