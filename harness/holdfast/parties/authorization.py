"""AuthorizationServer: grants, pushed requests, introspection and revocation as a case asks for them."""

import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.run import Message
from holdfast.parties.server_messages import HONEST, Code, ServerMessages, code_form
from holdfast.parties.user_agent import UserAgent
from holdfast.wire import Request

__all__ = ["HONEST", "AuthorizationServer", "Code", "bound_to", "code_form", "read_confirmation"]


class AuthorizationServer(ServerMessages):
    """The authorization server, seen by one case."""

    @property
    def metadata(self) -> Mapping[str, object]:
        """Its metadata document (RFC 8414), as it was fetched before the first case."""
        return self._bench.metadata

    def _document_message(self, url: str) -> Message:
        return Message("document", "anybody", lambda: Request("GET", url), lambda answer: answer.status == 200)

    # Grants that a case stands on

    def token(self, client: Client, *, user: bool = False, scope: str | None = None) -> Token:
        """Get a token of the client's own, fresh: spent or revoked by nobody else. Raises Inconclusive."""
        granted = self._run.ground(self.grant_message(client, user=user, scope=scope), "token")
        return self.read(granted)

    def code(self, client: Client, *, dpop_jkt: str | None = None, pushed: bool = False, **change: object) -> Code:
        """Get a fresh authorization code, the user consenting; by a pushed request where asked. Raises Inconclusive."""
        verifier = secrets.token_urlsafe(32)
        self._bench.masker.learn(verifier, "code-verifier")
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

    def redeemed(self, client: Client, code: Code) -> Token:
        """Stand on a code that was redeemed. Raises Inconclusive."""
        return self.read(self._run.ground(self.token_message(client, code_form(code), HONEST, user=True), "token"))

    def refuses(self, client: Client, code: Code, **change: object) -> Exchange:
        """Stand on a request at the token endpoint that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self.token_message(client, code_form(code), Change.of(change), user=True))

    def refuses_refresh(self, client: Client, token: Token, **change: object) -> Exchange:
        """Stand on a refresh that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self._refresh_message(client, token, Change.of(change)))

    def refreshed(self, client: Client, token: Token) -> Token:
        """Stand on a refresh. Raises Inconclusive when it is refused."""
        return self.read(self._run.ground(self._refresh_message(client, token, HONEST), "token"))

    def revoked(self, token: Token, client: Client) -> None:
        """Stand on a revocation. Raises Inconclusive when it is refused."""
        self._run.ground(self._revocation_message(token.value, client, HONEST))

    def introspected(self, token: Token, caller: Client) -> Mapping[str, object]:
        """Ask what introspection says of an active token. Raises Inconclusive when it does not call it active."""
        return self._run.ground(self._introspection_message(token.value, caller, HONEST)).json()

    def state(self, token: str, caller: Client) -> Mapping[str, object]:
        """Ask what introspection says of any token; judged."""
        return self.introspect(token, caller).json()

    def listed(self, member: str) -> Sequence[object]:
        """Give a list in the metadata; empty where there is none."""
        found = self.metadata.get(member)
        return found if isinstance(found, list) else []

    def key_set(self) -> Sequence[Mapping[str, object]]:
        """Give the published keys (RFC 7517). Raises Inconclusive when there is no such document."""
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
        """Give the token in a token response (RFC 6749 section 5.1); its secrets are masked from here on."""
        said = granted.json()
        value = str(said.get("access_token", ""))
        refresh = str(said.get("refresh_token") or "")
        self._bench.masker.learn(value, "token")
        if refresh:
            self._bench.masker.learn(refresh, "refresh-token")
        lifetime = said.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float | str) and str(lifetime).isdigit() else 60.0
        return Token(value, str(said.get("token_type", "")), self._bench.now() + seconds, refresh, said)


def read_confirmation(said: Mapping[str, object]) -> Mapping[str, object]:
    """Give the `cnf` member of an introspection answer or of claims; empty where there is none."""
    found = said.get("cnf")
    return found if isinstance(found, dict) else {}


def bound_to(token: Token) -> object:
    """Give the thumbprint of the key that a JWT access token names in `cnf.jkt`; None where it names none."""
    return token.confirmation.get("jkt")
