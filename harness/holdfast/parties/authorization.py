"""AuthorizationServer: grants, pushed requests, introspection and revocation as a case asks for them."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.bench import Bench, unique
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.present import server_request
from holdfast.parties.run import Message, Run, challenged, origin
from holdfast.parties.user_agent import UserAgent
from holdfast.wire import Answer, Request

HONEST = Change()


@dataclass(frozen=True)
class Code:
    """An authorization code and what is needed to redeem it (RFC 6749 section 4.1, RFC 7636)."""

    value: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


class AuthorizationServer:
    """The authorization server, seen by one case."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run

    @property
    def metadata(self) -> Mapping[str, object]:
        """Its metadata document (RFC 8414), as it was fetched before the first case."""
        return self._bench.metadata

    @property
    def issuer(self) -> str:
        """Its issuer identifier, as configured."""
        return self._bench.issuer_url

    def _document_message(self, url: str) -> Message:
        return Message("document", "anybody", lambda: Request("GET", url), lambda answer: answer.status == 200)

    def url(self, endpoint: str) -> str:
        """The URL of an endpoint. Raises Inconclusive where none is known."""
        found = self._bench.endpoints.get(endpoint)
        if found is None:
            raise Inconclusive(f"the target names no {endpoint} endpoint")
        return found

    # Grants that a case stands on

    def token(self, client: Client, *, user: bool = False, scope: str | None = None) -> Token:
        """A token of the client's own, fresh: spent or revoked by nobody else. Raises Inconclusive."""
        granted = self._run.ground(self.grant_message(client, user=user, scope=scope), "token")
        return self.read(granted)

    def code(self, client: Client, *, dpop_jkt: str | None = None, pushed: bool = False, **change: object) -> Code:
        """A fresh authorization code, the user consenting; by a pushed request where asked. Raises Inconclusive."""
        verifier = secrets.token_urlsafe(32)
        parameters = self._authorization_parameters(client, verifier)
        if dpop_jkt is not None:
            parameters["dpop_jkt"] = dpop_jkt
        if pushed:
            answered = self._run.ground(self.par_message(client, Change.of(change), parameters))
            request_uri = str(answered.json()["request_uri"])
            parameters = {"client_id": client.registered.id, "request_uri": request_uri}
        target = f"{self.url('authorization')}?{urlencode(parameters)}"
        agent = UserAgent(self._bench, self._run)
        returned = agent.visit(target, client.registered.redirect_uri)
        if "code" not in returned:
            raise Inconclusive(f"the authorization endpoint returned no code: {returned.get('error', returned)}")
        self._bench.masker.learn(returned["code"], "code")
        return Code(returned["code"], verifier, client.registered.redirect_uri)

    def authorize(self, client: Client, **parameters: str) -> Mapping[str, str]:
        """What the authorization endpoint returns for a request with these further parameters."""
        asked = self._authorization_parameters(client, secrets.token_urlsafe(32)) | parameters
        target = f"{self.url('authorization')}?{urlencode(asked)}"
        return UserAgent(self._bench, self._run).visit(target, client.registered.redirect_uri)

    def redeemed(self, client: Client, code: Code) -> Token:
        """Stand on a code that was redeemed. Raises Inconclusive."""
        return self.read(self._run.ground(self.token_message(client, code_form(code), HONEST, user=True), "token"))

    def refuses(self, client: Client, code: Code, **change: object) -> Exchange:
        """Stand on a request at the token endpoint that is refused. Raises Inconclusive when it is not."""
        seen = self._run.send(self.token_message(client, code_form(code), Change.of(change), user=True), "ground")
        if not seen.refused:
            raise Inconclusive(f"the request that had to be refused first was not: {seen!r}")
        return seen

    def refreshed(self, client: Client, token: Token) -> Token:
        """Stand on a refresh. Raises Inconclusive when it is refused."""
        return self.read(self._run.ground(self._refresh_message(client, token, HONEST), "token"))

    def revoked(self, token: Token, client: Client) -> None:
        """Stand on a revocation. Raises Inconclusive when it is refused."""
        self._run.ground(self._revocation_message(token.value, client, HONEST))

    def introspected(self, token: Token, caller: Client) -> Mapping[str, object]:
        """What introspection says of an active token. Raises Inconclusive when it does not call it active."""
        return self._run.ground(self._introspection_message(token.value, caller, HONEST)).json()

    def state(self, token: str, caller: Client) -> Mapping[str, object]:
        """What introspection says of any token; judged."""
        return self.introspect(token, caller).json()

    def listed(self, member: str) -> Sequence[object]:
        """A list in the metadata; empty where there is none."""
        found = self.metadata.get(member)
        return found if isinstance(found, list) else []

    def key_set(self) -> Sequence[Mapping[str, object]]:
        """The published keys (RFC 7517). Raises Inconclusive when there is no such document."""
        keys = self._run.ground(self._document_message(self.url("jwks")), "document").json().get("keys")
        if not isinstance(keys, list):
            raise Inconclusive("the key set has no list of keys")
        return [key for key in keys if isinstance(key, dict)]

    # Requests that are judged

    def redeem(self, client: Client, code: Code, **change: object) -> Exchange:
        """Redeem a code at the token endpoint."""
        return self._run.judge(self.token_message(client, code_form(code), Change.of(change), user=True))

    def refresh(self, client: Client, token: Token, **change: object) -> Exchange:
        """Use a refresh token at the token endpoint. Raises Inconclusive when the token came without one."""
        return self._run.judge(self._refresh_message(client, token, Change.of(change)))

    def ask(self, client: Client, *, user: bool = False, **change: object) -> Exchange:
        """Ask for a token of the client's own: by client credentials, or with a fresh code."""
        message = self.grant_message(client, user=user, change=Change.of(change))
        return self._run.judge(message)

    def push(self, client: Client, *, dpop_jkt: str | None = None, **change: object) -> Exchange:
        """Push an authorization request (RFC 9126)."""
        parameters = self._authorization_parameters(client, secrets.token_urlsafe(32))
        if dpop_jkt is not None:
            parameters["dpop_jkt"] = dpop_jkt
        return self._run.judge(self.par_message(client, Change.of(change), parameters))

    def introspect(self, token: str, caller: Client, **change: object) -> Exchange:
        """Ask for the state of a token (RFC 7662); accepted means that the answer says it is active."""
        return self._run.judge(self._introspection_message(token, caller, Change.of(change)))

    def revoke(self, token: str, client: Client, **change: object) -> Exchange:
        """Revoke a token (RFC 7009); accepted means a status of 200."""
        return self._run.judge(self._revocation_message(token, client, Change.of(change)))

    def read(self, granted: Exchange) -> Token:
        """The token in a token response (RFC 6749 section 5.1); its secrets are masked from here on."""
        said = granted.json()
        value = str(said.get("access_token", ""))
        refresh = str(said.get("refresh_token") or "")
        self._bench.masker.learn(value, "token")
        if refresh:
            self._bench.masker.learn(refresh, "refresh-token")
        lifetime = said.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float | str) and str(lifetime).isdigit() else 60.0
        return Token(value, str(said.get("token_type", "")), self._bench.now() + seconds, refresh, said)

    # How messages are made

    def token_message(
        self, client: Client, form: Mapping[str, str], change: Change, *, user: bool = False, alone: bool = False
    ) -> Message:
        """A request at the token endpoint; its control is an honest grant of the same kind, unless it stands alone."""
        control = None if alone else self.grant_message(client, user=user)
        return Message(
            "token",
            client.name,
            self._maker("token", client, form, change),
            lambda answer: isinstance(_json(answer).get("access_token"), str),
            change.difference,
            absorbs=change.absorbs,
            control=control,
            family=("token", client.name, client.jkt, user),
            protected=self._stranger_refused("token"),
            discerning=self._broken_proof_refused(client, user=user) if client.proves else None,
        )

    def par_message(self, client: Client, change: Change, parameters: Mapping[str, str] | None = None) -> Message:
        """A pushed authorization request; its control is an honest one."""
        plain = parameters is None
        asked = parameters or self._authorization_parameters(client, secrets.token_urlsafe(32))
        return Message(
            "par",
            client.name,
            self._maker("par", client, asked, change),
            lambda answer: isinstance(_json(answer).get("request_uri"), str),
            change.difference,
            absorbs=change.absorbs,
            control=None if plain and not change.difference else self.par_message(client, HONEST),
            family=("par", client.name, client.jkt),
            protected=self._stranger_refused("par"),
            discerning=self._broken_push_refused(client) if client.proves else None,
        )

    def _refresh_message(self, client: Client, token: Token, change: Change) -> Message:
        if not token.refresh:
            raise Inconclusive("the authorization server gave no refresh token")
        form = {"grant_type": "refresh_token", "refresh_token": token.refresh}
        return self.token_message(client, form, change, user=True)

    def _introspection_message(self, token: str, caller: Client, change: Change) -> Message:
        return Message(
            "introspection",
            caller.name,
            self._maker("introspection", caller.without_proofs(), {"token": token}, change),
            lambda answer: _json(answer).get("active") is True,
            change.difference,
            protected=self._stranger_refused("introspection"),
        )

    def _revocation_message(self, token: str, client: Client, change: Change) -> Message:
        return Message(
            "revocation",
            client.name,
            self._maker("revocation", client.without_proofs(), {"token": token}, change),
            lambda answer: answer.status == 200,
            change.difference,
            protected=self._stranger_refused("introspection") if "introspection" in self._bench.endpoints else None,
        )

    def grant_message(
        self, client: Client, *, user: bool = False, scope: str | None = None, change: Change = HONEST
    ) -> Message:
        """An honest grant by default. With a user it gets a fresh code each time it is made for the first time."""
        registration = client.registered
        alone = not change.difference
        if not user and "client_credentials" in registration.grants:
            form = {"grant_type": "client_credentials", **registration.parameters}
            if asked := scope or self._client_scope(client):
                form["scope"] = asked
            return self.token_message(client, form, change, alone=alone)
        late = self.token_message(client, {}, change, user=True, alone=alone)
        return replace(late, make=self._with_fresh_code(client, change))

    def _with_fresh_code(self, client: Client, change: Change) -> Callable[[], Request]:
        """A maker that redeems a fresh code each time, and the same code again only to answer a nonce challenge."""
        held: list[tuple[Code, Request]] = []

        def make() -> Request:
            last = self._run.exchanges[-1] if self._run.exchanges else None
            code = held[-1][0] if held and last and last.request is held[-1][1] and challenged(last) else None
            code = code or self.code(client)
            held[:] = [(code, self._maker("token", client, code_form(code), change)())]
            return held[0][1]

        return make

    def _maker(self, endpoint: str, client: Client, form: Mapping[str, str], change: Change) -> Callable[[], Request]:
        url = self.url(endpoint)
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
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256",
        } | ({"prompt": "consent"} if "offline_access" in registration.scope else {})

    # What vouches for acceptances

    def _stranger_refused(self, endpoint: str) -> Callable[[Run], str]:
        form = {"grant_type": "client_credentials", "client_id": f"nobody-{unique()[:8]}", "token": "nothing"}
        url = self.url(endpoint)

        def check(run: Run) -> str:
            request = Request("POST", url, (("Content-Type", "application/x-www-form-urlencoded"),), urlencode(form).encode())
            keys = ("access_token", "request_uri")
            message = Message(
                endpoint,
                "a stranger",
                lambda: request,
                lambda answer: any(k in _json(answer) for k in keys) or _json(answer).get("active") is True,
            )
            what = f"a client that is not registered, at the {endpoint} endpoint,"
            return self._bench.checked(
                ("stranger", endpoint), lambda: run.send(message, "probe").outcome, Outcome.REFUSED, what
            )

        return check

    def _broken_proof_refused(self, client: Client, *, user: bool) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            broken = Change.of({"signature": "flipped"})
            server = AuthorizationServer(self._bench, run)
            message = server.grant_message(client, user=user, change=broken)
            return self._bench.checked(
                ("broken proof", "token", client.name, user),
                lambda: run.send(message, "probe").outcome,
                Outcome.REFUSED,
                "a proof with a broken signature at the token endpoint",
            )

        return check

    def _broken_push_refused(self, client: Client) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            server = AuthorizationServer(self._bench, run)
            message = server.par_message(client, Change.of({"signature": "flipped"}))
            return self._bench.checked(
                ("broken proof", "par", client.name),
                lambda: run.send(message, "probe").outcome,
                Outcome.REFUSED,
                "a proof with a broken signature at the PAR endpoint",
            )

        return check


def code_form(code: Code) -> dict[str, str]:
    """The form that redeems a code (RFC 6749 section 4.1.3)."""
    return {
        "grant_type": "authorization_code",
        "code": code.value,
        "redirect_uri": code.redirect_uri,
        "code_verifier": code.verifier,
    }


def _json(answer: Answer) -> Mapping[str, object]:
    try:
        said = json.loads(answer.body)
    except (ValueError, UnicodeDecodeError):
        return {}
    return said if isinstance(said, dict) else {}


def read_confirmation(said: Mapping[str, object]) -> Mapping[str, object]:
    """The `cnf` member of an introspection answer or of claims; empty where there is none."""
    found = said.get("cnf")
    return found if isinstance(found, dict) else {}



def bound_to(token: Token) -> object:
    """The thumbprint of the key that a JWT access token names in `cnf.jkt`; None where it names none."""
    return token.confirmation.get("jkt")
