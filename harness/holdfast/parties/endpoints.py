"""The places that take a proof, each seen the same way: resource, userinfo, the token endpoint by grant, PAR."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from string import Template
from typing import Protocol
from urllib.parse import urlsplit

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, shows
from holdfast.jose import Key
from holdfast.outcome import Outcome
from holdfast.parties import faults
from holdfast.parties.authorization import HONEST, AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.issuer import Issuer, Signature
from holdfast.parties.pieces import method_parts, url_parts
from holdfast.parties.present import ACCEPT, Spot, resource_request
from holdfast.parties.run import Message, Run, origin
from holdfast.parties.tokens import TokenShelf
from holdfast.places import GRANT, place_of
from holdfast.target_model import Resource
from holdfast.wire import Answer, Request


class ProofEndpoint(Protocol):
    """What every endpoint that takes a proof can be asked."""

    name: str

    @property
    def url(self) -> str: ...

    def message(self, client: Client, **change: object) -> Message:
        """Make the message with that change, for a party that sends it in its own way."""

    def send(self, client: Client, **change: object) -> Exchange:
        """Send one request with one change; judged. Keywords: parties.changes and proofs.DEFECTS."""

    def accepts(self, client: Client, **change: object) -> Exchange:
        """Stand on a request that is accepted. Raises Inconclusive when it is not."""

    def refuses(self, client: Client, **change: object) -> Exchange:
        """Stand on a request that is refused. Raises Inconclusive when it is not."""

    def resend(self, seen: Exchange, *, kept: bool = False) -> Exchange:
        """Send the bytes of an earlier exchange again; judged. kept: on the open connection, not on a new one."""

    def prepare(self, client: Client, **change: object) -> "Prepared":
        """Make a request now, to be sent later."""

    def deliver(self, prepared: "Prepared") -> Exchange:
        """Send what was prepared; judged."""

    def send_with_proof_of(self, earlier: "Exchange | Prepared", client: Client, **change: object) -> Exchange:
        """Send a request, honest but for the change, that carries the proof of an earlier one; judged."""

    def nonce(self, client: Client) -> str:
        """Give a nonce that is good here, supplied just now. Raises Inconclusive when none is supplied."""

    def forget_nonce(self) -> None:
        """Forget the nonce that is known here, so that the next request comes without."""

    def parts(self) -> Mapping[str, str]:
        """Give the pieces of its URL, and the method, for rows that spell them otherwise."""


@dataclass(frozen=True)
class Prepared:
    """A request that was made and not yet sent."""

    request: Request
    message: Message


class _Endpoint(ABC):
    """What the endpoints share: everything but how the message is made."""

    name: str
    _run: Run

    @property
    @abstractmethod
    def url(self) -> str:
        """The URL of an honest request."""

    @abstractmethod
    def _message(self, client: Client, change: Change) -> Message:
        """Make the message with that change; an honest one where it says nothing."""

    def message(self, client: Client, **change: object) -> Message:
        return self._message(client, Change.of(change))

    def send(self, client: Client, **change: object) -> Exchange:
        return self._run.judge(self._message(client, Change.of(change)))

    def accepts(self, client: Client, **change: object) -> Exchange:
        return self._run.ground(self._message(client, Change.of(change)))

    def refuses(self, client: Client, **change: object) -> Exchange:
        return self._run.refused(self._message(client, Change.of(change)))

    def resend(self, seen: Exchange, *, kept: bool = False) -> Exchange:
        recorded, honest = replace(seen.request, through=None), self._message(self._sender_of(seen), HONEST)
        return self._run.resend(recorded, honest, "the same bytes once more", kept=kept)

    def prepare(self, client: Client, **change: object) -> Prepared:
        message = self._message(client, Change.of(change))
        # What is prepared is never made anew: where nonces are supplied it has to carry one of this moment.
        self._run.control(message.control or message, anew=origin(self.url) in self._run.worker.supplying)
        return Prepared(message.make(), message)

    def deliver(self, prepared: Prepared, difference: str = "sent later") -> Exchange:
        return self._run.resend(prepared.request, prepared.message, difference)

    def send_with_proof_of(self, earlier: Exchange | Prepared, client: Client, **change: object) -> Exchange:
        proof = next((value for name, value in earlier.request.headers if name.lower() == "dpop"), None)
        if proof is None:
            raise Inconclusive("the earlier request carried no proof")
        return self.send(client, proof=proof, **change)

    def nonce(self, client: Client) -> str:
        self.accepts(client)
        known = self._run.worker.nonces.get(origin(self.url))
        if known is None:
            raise Inconclusive(f"the {self.name} endpoint supplied no nonce")
        return known

    def forget_nonce(self) -> None:
        self._run.worker.nonces.pop(origin(self.url), None)

    def parts(self) -> Mapping[str, str]:
        return {**url_parts(self.url), **method_parts(self.method)}

    @property
    def method(self) -> str:
        """The method of an honest request."""
        return "POST"

    def _sender_of(self, seen: Exchange) -> Client:
        client = self._senders.get(seen.sender)
        if client is None:
            raise Inconclusive(f"{seen.sender} is no party of this case")
        return client

    _senders: Mapping[str, Client]


class ResourceServer(_Endpoint):
    """A protected resource, seen by one case; also userinfo, and a resource behind a proxy."""

    def __init__(
        self, bench: Bench, run: Run, shelf: TokenShelf, *, name: str = "resource", url: str | None = None
    ) -> None:
        self._bench = bench
        self._run = run
        self._shelf = shelf
        self.name = name
        self._url = url
        self._senders = bench.clients

    @property
    def spot(self) -> Spot:
        """The request template: of the target's main resource, of the one that is asked by POST, or of userinfo."""
        if self.name == "userinfo":
            return Spot("GET", self._bench.endpoints["userinfo"])
        resource = self._resource
        return Spot(resource.method, self._url or resource.url, tuple(resource.headers.items()), resource.body.encode())

    @property
    def _resource(self) -> Resource:
        found = self._bench.running.target.posted if self.name == "resource-post" else self._bench.resource
        if found is None:
            raise Inconclusive("the target file declares no second resource with method POST")
        return found

    @property
    def url(self) -> str:
        return self.spot.url

    @property
    def method(self) -> str:
        return self.spot.method

    def published(self) -> Mapping[str, object]:
        """Give the resource's metadata (RFC 9728). Raises Inconclusive when there is none."""
        known = self._bench.running.target.endpoints.resource_metadata
        parts = urlsplit(self.url)
        base = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource"
        for url in [known] if known else [base + parts.path, base]:
            message = Message("document", "anybody", _getter(url), lambda answer: answer.status == 200)
            seen = self._run.send(message, "document")
            if seen.accepted and seen.json():
                return seen.json()
        raise Inconclusive("the resource publishes no metadata (RFC 9728)")

    @property
    def algorithms(self) -> frozenset[str]:
        """Proof algorithms that its challenges announce (RFC 9449 section 7.1); empty when none does."""
        seen = self.anonymous()
        return frozenset(
            name
            for scheme, parameters in seen.challenges
            if scheme.lower() == "dpop"
            for name in parameters.get("algs", "").split()
        )

    def token(self, client: Client) -> Token:
        """Give the token this client presents here; shared, so only to be read."""
        return self._shelf.get(self._run, client, user=self.name == "userinfo")

    def fresh_token(self, client: Client) -> Token:
        """Give a token that nobody else holds, for a case that spends or kills it."""
        return self._shelf.fresh(self._run, client, user=self.name == "userinfo")

    def mint(
        self,
        client: Client,
        *,
        scope: str | None = None,
        header: Mapping[str, object] | None = None,
        key: Key | None = None,
        signature: Signature = "honest",
        introspection: Mapping[str, object] | None = None,
        lives: float | None = None,
        **claims: object,
    ) -> Token:
        """Have the suite's own issuer make a token that is odd in one thing; see Issuer.mint.

        Raises Inconclusive where the suite is not the issuer: a case that mints needs the capability `mint`.
        """
        return self._issuer.mint(
            client,
            now=self._bench.now(),
            scope=scope,
            header=header,
            key=key,
            signature=signature,
            introspection=introspection,
            lives=lives,
            **claims,
        )

    def foreign_key_set(self, client: Client) -> str:
        """Give the URL of a key set with that client's key, which nobody has a reason to fetch. Raises like `mint`."""
        return self._issuer.publish(client.key)

    def claim(self, text: str) -> object:
        """Read a claim written as JSON in which `$issuer` and `$audience` stand for what this resource server trusts.

        Raises Inconclusive like `mint`, KeyError for another name, ValueError for what is no JSON.
        """
        names = {"issuer": self._issuer.url, "audience": self._issuer.audience}
        return json.loads(Template(text).substitute(names))

    @property
    def _issuer(self) -> Issuer:
        if self._bench.issuer is None:
            raise Inconclusive("no token can be minted: the suite is not the issuer of this target")
        issuer: Issuer = self._bench.issuer
        return issuer

    def anonymous(self) -> Exchange:
        """Send a request without any credentials; judged."""
        return self._run.judge(self.anonymous_message(with_control=True))

    def fails(self, client: Client, fault: str, **more: object) -> Exchange:
        """Send a request that fails in the way of that name (parties.faults); judged. `more`: what else is in it."""
        change = faults.change(fault, self._bench.clients["thief"])
        return self.anonymous() if change is None else self.send(client, **change, **more)

    def anonymous_message(self, *, with_control: bool = False) -> Message:
        """Make a request without credentials; what vouches for it is an honest one by whoever can make it."""
        spot = self.spot
        request = Request(spot.method, spot.url, (ACCEPT, *spot.headers), spot.body)
        honest = self._bench.honest
        return Message(
            place_of(self.name),
            "anybody",
            lambda: request,
            self._accepted,
            "no credentials",
            absorbs=False,
            control=self._message(honest, HONEST) if honest and with_control else None,
            # What anybody is served says nothing about challenges: there was no reason for one.
            protected=self._protected if with_control else None,
        )

    def _accepted(self, answer: Answer) -> bool:
        return shows(answer, "/sub" if self.name == "userinfo" else self._resource.canary)

    def _message(self, client: Client, change: Change) -> Message:
        spot = self.spot
        run = self._run

        def make() -> Request:
            # What vouches for a case that waits is made when it is sent, with a token of that time.
            token = "" if _says_token(change, client) else self.token(client).value
            nonce = run.worker.nonces.get(origin(spot.url))
            return resource_request(spot, client, token, change, nonce=nonce, now=self._bench.now())

        honest = not change.difference
        # An answer to HEAD has no body, only the status of the one to GET (RFC 9110 section 9.3.2).
        by_status = change.get("method", spot.method) == "HEAD"
        return Message(
            place_of(self.name),
            client.name,
            make,
            _succeeded if by_status else self._accepted,
            change.difference,
            absorbs=change.absorbs,
            control=None if honest else self._message(client, HONEST),
            family=(self.name, spot.method, spot.url, client.name, client.jkt, client.binding),
            protected=self._protected_by_status if by_status else self._protected,
            discerning=self._discerning(client),
        )

    def _protected(self, run: Run) -> str:
        return self._bench.checked(
            ("anonymous", self.name, self.url),
            lambda: run.send(self.anonymous_message(), "probe").outcome,
            Outcome.REFUSED,
            f"a request without credentials at {self.url}",
        )

    def _protected_by_status(self, run: Run) -> str:
        """Find out whether statuses say who is let in here: some servers show everybody a page to log in."""
        message = replace(self.anonymous_message(), accepted=_succeeded)
        return self._bench.checked(
            ("anonymous, by status", self.name, self.url),
            lambda: run.send(message, "probe").outcome,
            Outcome.REFUSED,
            f"by its status, a request without credentials at {self.url}",
        )

    def _discerning(self, client: Client) -> Callable[[Run], str]:
        foreign = self._bench.clients["thief"]

        def check(run: Run) -> str:
            change = {"key": foreign.key} if client.proves else {"certificate": foreign.certificate}
            here = ResourceServer(self._bench, run, self._shelf, name=self.name, url=self._url)
            message = here._message(client, Change.of(change))
            what = "a proof by another key" if client.proves else "another certificate"
            return self._bench.checked(
                ("foreign", self.name, self.url, client.name, client.binding),
                lambda: run.send(message, "probe").outcome,
                Outcome.REFUSED,
                f"{what} at {self.url}",
            )

        return check


class _ServerEndpoint(_Endpoint):
    """An endpoint of the authorization server."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._server = AuthorizationServer(bench, run)
        self._run = run
        self._senders = bench.clients

    @property
    def url(self) -> str:
        return self._server.url(place_of(self.name))


class TokenEndpoint(_ServerEndpoint):
    """The token endpoint: for the grant that its name stands for, or for one the client can ask by itself."""

    def __init__(self, bench: Bench, run: Run, name: str = "token") -> None:
        super().__init__(bench, run)
        self.name = name

    def _message(self, client: Client, change: Change) -> Message:
        return self._server.grant_message(client, grant=GRANT.get(self.name, ""), change=change)


class PushEndpoint(_ServerEndpoint):
    """The pushed authorization request endpoint (RFC 9126)."""

    name = "par"

    def _message(self, client: Client, change: Change) -> Message:
        return self._server.par_message(client, change)


def _getter(url: str) -> Callable[[], Request]:
    return lambda: Request("GET", url)


def _succeeded(answer: Answer) -> bool:
    return answer.status is not None and 200 <= answer.status < 300


def _says_token(change: Change, client: Client) -> bool:
    return "token" in change.request or ("authorization" in change.request and client.registration is None)
