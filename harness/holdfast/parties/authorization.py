"""AuthorizationServer: grants, pushed requests, introspection and revocation as a case asks for them."""

import contextlib
import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import parse_qsl

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token, assertion
from holdfast.parties.front_channel import FrontChannel
from holdfast.parties.run import Message
from holdfast.parties.server_messages import HONEST, Code, code_form
from holdfast.parties.token_life import TokenLife

__all__ = ["HONEST", "AuthorizationServer", "Code", "bound_to", "code_form", "read_confirmation"]


class AuthorizationServer(FrontChannel, TokenLife):
    """The authorization server, seen by one case."""

    @property
    def audience(self) -> str:
        """The resource indicator (RFC 8707) of the main resource's server, which is also whom its tokens are for."""
        return self._bench.audience

    @property
    def other_audience(self) -> str:
        """The resource indicator of another resource server. Raises Inconclusive where the target file names none."""
        other = self._bench.running.other_resource_server
        if other is None or not other.resource:
            raise Inconclusive("the target file names no second resource server: [introspection.other] audience")
        return other.resource

    # Grants that a case stands on

    def token(self, client: Client, *, user: bool = False, scope: str | None = None) -> Token:
        """Get a token of the client's own, fresh: spent or revoked by nobody else. Raises Inconclusive."""
        granted = self._run.ground(self.grant_message(client, user=user, scope=scope), "token")
        return self.read(granted)

    def granted(self, client: Client, *, user: bool = False, **change: object) -> Token:
        """Get a token of the client's own by a request with that change. Raises Inconclusive when it is refused."""
        return self.read(self._run.ground(self.grant_message(client, user=user, change=Change.of(change)), "token"))

    def redeemed(self, client: Client, code: Code) -> Token:
        """Stand on a code that was redeemed. Raises Inconclusive."""
        return self.read(self._run.ground(self.token_message(client, code_form(code), HONEST, user=True), "token"))

    def refuses(self, client: Client, code: Code, **change: object) -> Exchange:
        """Stand on a request at the token endpoint that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self.token_message(client, code_form(code), Change.of(change), user=True))

    def refuses_grant(self, client: Client, *, user: bool = False, **change: object) -> Exchange:
        """Stand on a token request of the client's own that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self.grant_message(client, user=user, change=Change.of(change)))

    def refuses_refresh(self, client: Client, token: Token, **change: object) -> Exchange:
        """Stand on a refresh that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self._refresh_message(client, token, Change.of(change)))

    def tries_to_refresh(self, client: Client, token: Token) -> Exchange:
        """Send a refresh to which any answer is right, unjudged. Raises Inconclusive where there is no answer."""
        return self._run.answered(self._refresh_message(client, token, HONEST))

    def refreshed(self, client: Client, token: Token, *, times: int = 1) -> Token:
        """Stand on a refresh, or on so many, each with what the one before it gave. Raises Inconclusive when refused.

        A refresh token that is not replaced stays with the new access token (RFC 6749 section 6).
        """
        for _ in range(times):
            got = self.read(self._run.ground(self._refresh_message(client, token, HONEST), "token"))
            token = replace(got, refresh=got.refresh or token.refresh)
        return token

    def shown(self, token: Token, caller: Client) -> Mapping[str, object]:
        """Give what a resource server can learn of a token: its claims where it is a JWT, else by introspection.

        Needs the capability `binding-shown`. Raises Inconclusive when introspection does not call it active.
        """
        return token.claims or self.introspected(token, caller)

    def binding(self, token: Token, caller: Client) -> Mapping[str, object]:
        """Give the `cnf` a resource server can learn of, empty where there is none. Needs and raises as `shown`."""
        return read_confirmation(self.shown(token, caller))

    def lifetime(self, token: Token, caller: Client) -> float:
        """Give how many seconds a fresh token is good; infinity where neither answer, token nor introspection says.

        Raises Inconclusive when introspection does not call it active.
        """
        with contextlib.suppress(Inconclusive):
            return token.lifetime
        ends = self.introspected(token, caller).get("exp") if "introspection" in self._bench.endpoints else None
        return float(ends) - self._bench.now() if isinstance(ends, int | float) else math.inf

    @property
    def algorithms(self) -> Sequence[str]:
        """The algorithms that its metadata announces for proofs (RFC 9449 section 5.1) and that the suite can make."""
        return [str(name) for name in self.listed("dpop_signing_alg_values_supported") if name in jose.ASYMMETRIC]

    def assertion(self, client: Client) -> str:
        """Give a fresh client assertion. Raises Inconclusive where the client has no key for one."""
        return assertion(client.registered, self.issuer or self.url("token"), now=self._bench.now())

    def filled(self, text: str) -> str:
        """Fill in a text in which {issuer}, {token}, {par} and the other endpoints stand for their URLs.

        Raises KeyError for a name that is none of them.
        """
        return text.format(**{"issuer": self.issuer, **self._bench.endpoints})

    def refresh_message(self, client: Client, token: Token) -> Message:
        """Make an honest refresh, for whoever sends it in another way. Raises Inconclusive without a refresh token."""
        return self._refresh_message(client, token, HONEST)

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

    def read(self, granted: Exchange) -> Token:
        """Give the token in a token response (RFC 6749 section 5.1); its secrets are masked from here on."""
        said = granted.json()
        value = str(said.get("access_token", ""))
        refresh = str(said.get("refresh_token") or "")
        self._bench.masker.learn(value, "token")
        if refresh:
            self._bench.masker.learn(refresh, "refresh-token")
        lifetime = re.fullmatch(r"[0-9]{1,9}", str(said.get("expires_in")))
        seconds = float(lifetime[0]) if lifetime else 60.0
        return Token(value, str(said.get("token_type", "")), self._bench.now() + seconds, refresh, said)

    @staticmethod
    def granted_scope(seen: Exchange) -> frozenset[str]:
        """Give the scope of a token response: what it says, else what was asked for (RFC 6749 section 5.1).

        Empty where no token was issued.
        """
        if not seen.accepted:
            return frozenset()
        asked = dict(parse_qsl(seen.request.body.decode())).get("scope", "")
        return frozenset(str(seen.json().get("scope", asked)).split())


def read_confirmation(said: Mapping[str, object]) -> Mapping[str, object]:
    """Give the `cnf` member of an introspection answer or of claims; empty where there is none."""
    found = said.get("cnf")
    return found if isinstance(found, dict) else {}


def bound_to(token: Token) -> object:
    """Give the thumbprint of the key that a JWT access token names in `cnf.jkt`; None where it names none."""
    return token.confirmation.get("jkt")
