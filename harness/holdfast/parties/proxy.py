"""Proxy: the same resource, through a TLS-terminating proxy and past it."""

from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

from holdfast.certificate_forms import written
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, keeps_out
from holdfast.outcome import Outcome
from holdfast.parties.authorization import HONEST
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Message, Run
from holdfast.parties.tokens import TokenShelf
from holdfast.wire import Http2, Request


class Behind(ResourceServer):
    """The server behind a gateway, asked past it; an honest request through the gateway vouches for what is refused.

    It is refused as well where no connection comes about, since that is how such a server is best kept apart. That it
    runs shows the honest request; that it runs at this address, nobody but the target file says.
    """

    def send(self, client: Client, **change: object) -> Exchange:
        message, honest = self._message(client, Change.of(change)), Proxy(self._bench, self._run, self._shelf)
        control = honest.message(client)
        seen = self._run.judge(replace(message, control=control, protected=control.protected, discerning=None))
        seen.outcome = Outcome.REFUSED if keeps_out(seen.answer) else seen.outcome
        return seen


class Proxy(ResourceServer):
    """The resource as clients reach it, through the proxy under test."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        super().__init__(bench, run, shelf, name="proxy")
        facts = bench.running.target.proxy
        if facts is None:
            raise Inconclusive("the target file has no [proxy] table")
        self._facts = facts
        self._fresh = False
        self._protocol: Http2 | None = None

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

    @property
    def judged_as(self) -> str:
        """The URL of the main resource as it would read at the service that a gateway asks about each request.

        Raises Inconclusive where the target file names none ([proxy] judge).
        """
        if not self._facts.judge:
            raise Inconclusive("the target file does not say whom the gateway asks about a request ([proxy] judge)")
        return urlsplit(self.url)._replace(netloc=urlsplit(self._facts.judge).netloc).geturl()

    @property
    def behind(self) -> "Behind":
        """The server behind a gateway, which nobody else may reach. Raises Inconclusive where the file names none."""
        if not self._facts.backend:
            raise Inconclusive("the target file does not say where the server behind the gateway is ([proxy] backend)")
        there, asked = urlsplit(self._facts.backend), urlsplit(self.url)
        url = asked._replace(scheme=there.scheme, netloc=there.netloc).geturl()
        return Behind(self._bench, self._run, self._shelf, url=url)

    def over(self, connection: Literal["open", "new"]) -> "Proxy":
        """The same, asked over the connection that is open, where the proxy keeps one, or over a new one each time."""
        there = Proxy(self._bench, self._run, self._shelf)
        there._fresh = connection == "new"
        return there

    @property
    def over_http2(self) -> "Proxy":
        """The same, asked in HTTP/2, as are the honest requests beside what is judged."""
        there = Proxy(self._bench, self._run, self._shelf)
        there._protocol = Http2()
        return there

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
        message = self._connected(super()._message(client, change))
        if message.control is not None and not self._hides(client):
            return message
        return replace(message, control=self.direct._message(client, HONEST))  # noqa: SLF001 - its own class

    def _connected(self, message: Message) -> Message:
        if self._protocol is not None:
            control = message.control and self._connected(message.control)
            family = (message.family, "HTTP/2")
            return replace(message, make=lambda: self._translated(message.make()), control=control, family=family)
        return replace(message, make=lambda: replace(message.make(), fresh=True)) if self._fresh else message

    def _translated(self, request: Request) -> Request:
        """Give the same in HTTP/2, where names have small letters (RFC 9113, section 8.2)."""
        headers = tuple((name.lower(), value) for name, value in request.headers)
        return replace(request, headers=headers, http2=self._protocol, certificate_is_the_difference=False)

    def _hides(self, client: Client) -> bool:
        """Whether this client's certificate cannot arrive, since the proxy forwards none by design."""
        return self.encoding == "none" and client.binding in {"certificate", "both"}
