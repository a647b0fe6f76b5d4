"""How requests to an authorization server are made, and what vouches for their answers."""

import base64
import hashlib
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, parsed
from holdfast.outcome import Outcome
from holdfast.parties.bench import Bench, unique
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.present import FORM, server_request
from holdfast.parties.run import Message, Run, origin
from holdfast.parties.spendable import OneUse
from holdfast.wire import Answer, Request

HONEST = Change()


@dataclass(frozen=True)
class Code:
    """An authorization code and what is needed to redeem it (RFC 6749 section 4.1, RFC 7636)."""

    value: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str

    @property
    def challenge(self) -> str:
        """The code challenge of its verifier, by S256 (RFC 7636 section 4.2)."""
        return challenge_of(self.verifier)


class ServerMessages(ABC):
    """Messages to the endpoints of the authorization server, for one run.

    A grant with a user needs a code, and an honest introspection a token: whoever inherits says how they are had.
    """

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run

    @property
    def issuer(self) -> str:
        """Its issuer identifier, as configured."""
        return self._bench.issuer_url

    def url(self, endpoint: str, client: Client | None = None, change: Change = HONEST) -> str:
        """Give the URL of an endpoint, for a client that shows a certificate its alias where there is one.

        RFC 8705 section 5. Raises Inconclusive where none is known.
        """
        usual = self._bench.endpoints.get(endpoint)
        aliased = change.get("aliased", client is not None and client.shows is not None)
        found = self._bench.aliases.get(endpoint, usual) if aliased else usual
        if found is None:
            raise Inconclusive(f"the target names no {endpoint} endpoint")
        return found

    @abstractmethod
    def code(self, client: Client) -> Code:
        """Give a fresh authorization code."""

    @abstractmethod
    def token(self, client: Client, *, user: bool = False) -> Token:
        """Give a token of the client's own."""

    @abstractmethod
    def granted(self, client: Client, *, user: bool = False, **change: object) -> Token:
        """Give a token of the client's own that was asked for with a change."""

    def token_message(
        self,
        client: Client,
        form: Mapping[str, str],
        change: Change,
        *,
        user: bool = False,
        grant: str = "",
        alone: bool = False,
    ) -> Message:
        """Make a request at the token endpoint; its control is an honest grant of its kind, unless it stands alone."""
        grant = grant or self._usual_grant(client, user=user)
        control = None if alone else self.grant_message(client, grant=grant, vouches=True)
        return Message(
            "token",
            client.name,
            self._maker("token", client, form, change),
            lambda answer: _taken("token", answer),
            change.difference,
            absorbs=change.absorbs,
            control=control,
            family=("token", client.name, client.jkt, grant),
            protected=self._stranger_refused("token"),
            discerning=self._broken_proof_refused(client, grant) if client.proves else None,
        )

    def par_message(self, client: Client, change: Change, parameters: Mapping[str, str] | None = None) -> Message:
        """Make a pushed authorization request; its control is an honest one."""
        plain = parameters is None
        asked = parameters or self._authorization_parameters(client, secrets.token_urlsafe(32))
        return Message(
            "par",
            client.name,
            self._maker("par", client, asked, change),
            lambda answer: _taken("par", answer),
            change.difference,
            absorbs=change.absorbs,
            control=None if plain and not change.difference else self.par_message(client, HONEST),
            family=("par", client.name, client.jkt),
            protected=self._stranger_refused("par"),
            discerning=self._broken_push_refused(client) if client.proves else None,
        )

    def _refresh_message(self, client: Client, token: Token, change: Change) -> Message:
        return self.token_message(client, refresh_form(token.refresh), change, user=True)

    def _introspection_message(self, token: str, caller: Client, change: Change) -> Message:
        """Ask about a token; the control, about a fresh one of the caller's own, or of the client where it has none."""
        holder = caller if caller.registered.grants else self._bench.clients.get("client", caller)
        make = self._maker("introspection", caller.without_proofs(), {"token": token}, change)
        message = Message(
            "introspection",
            caller.name,
            make,
            lambda answer: _taken("introspection", answer),
            change.difference,
            family=("introspection", caller.name),
            protected=self._stranger_refused("introspection"),
        )

        def honest() -> Request:
            elsewhere = {} if holder is caller else caller.registered.parameters
            asked = self.granted(holder, parameters=elsewhere) if elsewhere else self.token(holder)
            return self._maker("introspection", caller.without_proofs(), {"token": asked.value}, HONEST)()

        return replace(message, control=replace(message, make=honest, difference=""))

    def _revocation_message(self, token: str, client: Client, change: Change) -> Message:
        """Revoke a token; the control revokes a fresh one of the client's own."""
        message = Message(
            "revocation",
            client.name,
            self._maker("revocation", client.without_proofs(), {"token": token}, change),
            lambda answer: _taken("revocation", answer),
            change.difference,
            family=("revocation", client.name),
            protected=self._stranger_refused("revocation"),
        )

        def honest() -> Request:
            form = {"token": self.token(client).value}
            return self._maker("revocation", client.without_proofs(), form, HONEST)()

        return replace(message, control=replace(message, make=honest, difference=""))

    def grant_message(
        self,
        client: Client,
        *,
        user: bool = False,
        grant: str = "",
        scope: str | None = None,
        change: Change = HONEST,
        vouches: bool = False,
    ) -> Message:
        """Make an honest grant by default: of the kind named, or with a user, or as the client can ask by itself.

        A code or a refresh token is fetched afresh each time it is made for the first time; see OneUse.
        vouches: it is a control, which may use the refresh token that the one before it was given.
        """
        grant = grant or self._usual_grant(client, user=user)
        alone = not change.difference
        if grant == "client_credentials":
            form = {"grant_type": grant, **client.registered.parameters}
            if asked := scope or self._client_scope(client):
                form["scope"] = asked
            return self.token_message(client, form, change, grant=grant, alone=alone)
        late = self.token_message(client, {}, change, grant=grant, alone=alone)
        fetch = self._fetching(client, grant, vouches=vouches)
        use = OneUse(self._run, fetch, lambda form: self._maker("token", client, form, change)())
        heard = self._keeping(client, use) if vouches and grant == "refresh_token" else None
        return replace(late, make=use.make, heard=heard)

    @staticmethod
    def _usual_grant(client: Client, *, user: bool) -> str:
        """Give the grant a client asks by itself where it may, and a code where a user is needed or it may not."""
        by_itself = not user and "client_credentials" in client.registered.grants
        return "client_credentials" if by_itself else "authorization_code"

    def _fetching(self, client: Client, grant: str, *, vouches: bool) -> Callable[[], Mapping[str, str]]:
        """Make what fetches a grant that nobody else uses, as a form: a code, or the refresh token got for one."""
        if grant == "authorization_code":
            return lambda: code_form(self.code(client))
        kept, key = self._run.worker.refresh_tokens, (client.name, client.jkt)
        return lambda: refresh_form(
            (kept.pop(key, "") if vouches else "") or self.token(client, user=True).refresh  # a code flow
        )

    def _keeping(self, client: Client, use: OneUse) -> Callable[[Exchange], None]:
        """Make what keeps the refresh token that a control was given for the next control, to spare a code flow.

        What is judged never gets it: a hostile request may burn a refresh token, and with it all of its family.
        """

        def heard(seen: Exchange) -> None:
            if token := use.left_over(seen):
                self._bench.masker.learn(token, "refresh-token")
                self._run.worker.refresh_tokens[client.name, client.jkt] = token

        return heard

    def _maker(self, endpoint: str, client: Client, form: Mapping[str, str], change: Change) -> Callable[[], Request]:
        url = self.url(endpoint, client, change)
        audience = self.issuer or url

        def make() -> Request:
            nonce = self._run.worker.nonces.get(origin(url))
            now = self._bench.now()
            return server_request(url, client, form, change, nonce=nonce, now=now, audience=audience)

        return make

    def _client_scope(self, client: Client) -> str:
        return " ".join(s for s in client.registered.scope.split() if s not in {"openid", "offline_access"})

    def _authorization_parameters(self, client: Client, verifier: str) -> dict[str, str]:
        registration = client.registered
        return {
            "response_type": "code",
            "client_id": registration.id,
            "redirect_uri": registration.redirect_uri,
            "scope": registration.scope,
            "state": unique(),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        } | ({"prompt": "consent"} if "offline_access" in registration.scope else {})

    # What vouches for acceptances

    def stranger_message(self, endpoint: str) -> Message:
        """Make a request by a client that nobody registered."""
        form = {"grant_type": "client_credentials", "client_id": f"nobody-{unique()[:8]}", "token": "nothing"}
        request = Request("POST", self.url(endpoint), (FORM,), urlencode(form).encode())
        return Message(endpoint, "a stranger", lambda: request, lambda answer: _taken(endpoint, answer))

    def _stranger_refused(self, endpoint: str) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            message = self.stranger_message(endpoint)
            what = f"a client that is not registered, at the {endpoint} endpoint,"
            return self._bench.checked(
                ("stranger", endpoint), lambda: run.send(message, "probe").outcome, Outcome.REFUSED, what
            )

        return check

    def _broken_proof_refused(self, client: Client, grant: str) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            broken = Change.of({"signature": "flipped"})
            server = type(self)(self._bench, run)
            message = server.grant_message(client, grant=grant, change=broken)
            return self._bench.checked(
                ("broken proof", "token", client.name, grant),
                lambda: run.send(message, "probe").outcome,
                Outcome.REFUSED,
                "a proof with a broken signature at the token endpoint",
            )

        return check

    def _broken_push_refused(self, client: Client) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            server = type(self)(self._bench, run)
            message = server.par_message(client, Change.of({"signature": "flipped"}))
            return self._bench.checked(
                ("broken proof", "par", client.name),
                lambda: run.send(message, "probe").outcome,
                Outcome.REFUSED,
                "a proof with a broken signature at the PAR endpoint",
            )

        return check


def challenge_of(verifier: str) -> str:
    """Give the code challenge of a verifier, by S256 (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def code_form(code: Code) -> dict[str, str]:
    """Give the form that redeems a code (RFC 6749 section 4.1.3)."""
    return {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": code.redirect_uri,
        "code_verifier": code.verifier,
    }


def refresh_form(token: str) -> dict[str, str]:
    """Give the form that uses a refresh token (RFC 6749 section 6). Raises Inconclusive where there is none."""
    if not token:
        raise Inconclusive("the authorization server gave no refresh token")
    return {"grant_type": "refresh_token", "refresh_token": token}


def _taken(endpoint: str, answer: Answer) -> bool:
    """Whether an answer shows what only an accepted request gets at this endpoint of an authorization server."""
    said = _json(answer)
    match endpoint:
        case "token":
            return isinstance(said.get("access_token"), str)
        case "par":
            return isinstance(said.get("request_uri"), str)
        case "introspection":
            return said.get("active") is True
        case _:
            return answer.status == 200


def _json(answer: Answer) -> Mapping[str, object]:
    said = parsed(answer.body)
    return said if isinstance(said, dict) else {}
