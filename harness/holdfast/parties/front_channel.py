"""The authorization endpoint: what is asked through the user's browser, and the whole way from there to a token."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast
from urllib.parse import urlencode, urlsplit

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.bench import unique
from holdfast.parties.changes import Change
from holdfast.parties.client import Client
from holdfast.parties.run import Message, Purpose, Run
from holdfast.parties.server_messages import HONEST, Code, ServerMessages, challenge_of, code_form
from holdfast.parties.user_agent import UserAgent, returned
from holdfast.wire import Request

Parameters = Mapping[str, str | tuple[str, ...]]
#: Parameters of an authorization request, those of an honest one added, changed, or with None left out.
Changed = Mapping[str, str | tuple[str, ...] | None]


class FrontChannel(ServerMessages):
    """Authorization requests (RFC 6749 section 4.1.1), pushed (RFC 9126) or not, of one case."""

    def code(self, client: Client, *, dpop_jkt: str | None = None, pushed: bool = False, **change: object) -> Code:
        """Get a fresh authorization code, the user consenting; by a pushed request where asked. Raises Inconclusive.

        change: of the pushed request; `parameters` also where none is pushed. A server that takes pushed requests only
        is sent one in any case, without a proof where none was asked for.
        """
        verifier = self._verifier()
        asked = self._authorization_parameters(client, verifier)
        if dpop_jkt is not None:
            asked["dpop_jkt"] = dpop_jkt
        if pushed or self._only_pushed:
            words = Change.of(change if pushed else {"proof": None, **change})
            answered = self._run.ground(self.par_message(client, words, asked)).json()
            front: Parameters = {"client_id": client.registered.id, "request_uri": str(answered["request_uri"])}
        else:
            front = _merged(asked, cast("Changed", Change.of(change).get("parameters", {})))
        return self._code(client, self._visited(client, front), verifier)

    def pushed(self, client: Client, **change: object) -> str:
        """Stand on a pushed request: its `request_uri`. Raises Inconclusive when it is refused."""
        return str(self._run.ground(self.par_message(client, Change.of(change))).json()["request_uri"])

    def code_of(self, client: Client, request_uri: str) -> None:
        """Stand on an authorization request with that `request_uri` that leads to a code. Raises Inconclusive."""
        self._visited(client, {"client_id": client.registered.id, "request_uri": request_uri})

    def authorize(self, client: Client, parameters: Changed | None = None, **headers: str) -> Exchange:
        """Send the browser with an authorization request; judged. Accepted: it comes back with a code or a token.

        parameters: see Changed; with a `request_uri` among them only the client_id stands beside them (RFC 9126
        section 4). headers: of the browser's first request. Needs the capability `user-agent`.
        """
        changed = parameters or {}
        honest = {} if "request_uri" in changed else self._authorization_parameters(client, self._verifier())
        asked = _merged({**honest, "client_id": client.registered.id}, changed)
        words = Change.of({"parameters": changed} if changed else {"headers": headers} if headers else {})
        difference = words.difference or ("sent through the browser, not pushed" if self._only_pushed else "")
        return self._run.judge(self._authorization_message(client, asked, difference, headers))

    def attempt(
        self,
        client: Client,
        parameters: Changed | None = None,
        *,
        push: Mapping[str, object] | None = None,
        beside: Changed | None = None,
        **redeeming: object,
    ) -> Exchange:
        """Go the whole way from an authorization request to a token; judged is the request at which it ends.

        parameters: of the authorization request, see Changed. push: the request is pushed, with these changes; None:
        it goes through the browser. beside: what the browser's request has beside `request_uri`. redeeming: changes
        of the token request. Needs the capability `user-agent`.
        """
        verifier, changed = self._verifier(), parameters or {}
        asked = self._authorization_parameters(client, verifier)
        said = [Change.of({"parameters": changed}).difference] if changed else []
        front: Parameters = _merged(asked, changed)
        if push is not None:
            words = Change.of({**push, **({"parameters": changed} if changed else {})})
            seen = self._tried(self.par_message(client, words, asked))
            if not seen.accepted:
                return seen
            said = [words.difference] if words.difference else []
            front = {"client_id": client.registered.id, "request_uri": str(seen.json()["request_uri"])}
        if beside:
            front = _merged(front, beside)
            said.append(f"beside request_uri: {Change.of({'parameters': beside}).difference}")
        led = _texts(changed.get("redirect_uri") or client.registered.redirect_uri)[0]
        seen = self._tried(self._authorization_message(client, front, "; ".join(said), led=led))
        if not seen.accepted:
            return seen
        words = Change.of(redeeming)
        code = replace(self._code(client, returned(seen.answer, [led]), verifier), redirect_uri=led)
        redemption = self.token_message(client, code_form(code), words, user=True)
        return self._run.judge(replace(redemption, difference="; ".join(filter(None, (*said, words.difference)))))

    @staticmethod
    def returned(client: Client, seen: Exchange) -> Mapping[str, str]:
        """Give what an authorization request brought back to the client, by name; empty where that is nothing."""
        return returned(seen.answer, [client.registered.redirect_uri])

    @staticmethod
    def near(client: Client, text: str) -> str:
        """Fill in a text in which {uri}, {scheme}, {host}, {path} and, in capitals, {PATH} are of its redirect URI."""
        uri = client.registered.redirect_uri
        parts = urlsplit(uri)
        names = {"uri": uri, "scheme": parts.scheme, "host": parts.netloc, "path": parts.path}
        return text.format(**names, PATH=parts.path.upper())

    @staticmethod
    def challenge(verifier: str) -> str:
        """Give the code challenge of a verifier, by S256 (RFC 7636 section 4.2)."""
        return challenge_of(verifier)

    # How it is done

    @property
    def _only_pushed(self) -> bool:
        return self._bench.metadata.get("require_pushed_authorization_requests") is True

    def _verifier(self) -> str:
        verifier = secrets.token_urlsafe(32)
        self._bench.masker.learn(verifier, "code-verifier")
        return verifier

    def _tried(self, message: Message) -> Exchange:
        """Send what may be the end of the way: only then it is what is judged."""
        seen = self._run.judge(message)
        if seen.accepted:
            self._run.judged.pop()
        return seen

    def _visited(self, client: Client, asked: Parameters) -> Mapping[str, str]:
        message = self._authorization_message(client, asked)
        driver = self._bench.running.target.authorization
        if driver is not None and driver.driver == "command":
            return UserAgent(self._bench, self._run).command(message.make().url)
        return self.returned(client, self._run.ground(message))

    def _code(self, client: Client, came: Mapping[str, str], verifier: str) -> Code:
        if "code" not in came:
            raise Inconclusive(f"the authorization endpoint returned no code: {came.get('error', came)}")
        self._bench.masker.learn(came["code"], "code")
        return Code(came["code"], verifier, client.registered.redirect_uri)

    def _authorization_message(
        self,
        client: Client,
        asked: Parameters | None = None,
        difference: str = "",
        headers: Mapping[str, str] | None = None,
        led: str = "",
    ) -> Message:
        """Make a request at the authorization endpoint; without parameters an honest one, which is its control.

        led: where the browser may be sent besides, as a pushed request says.
        """
        asked_for = _texts((asked or {}).get("redirect_uri", ()))
        ends = [uri for uri in (client.registered.redirect_uri, led, *asked_for) if uri]

        def make() -> Request:
            query = urlencode(self._honest(client) if asked is None else asked, doseq=True)
            url = self.url("authorization")
            return Request("GET", f"{url}{'&' if '?' in url else '?'}{query}", tuple((headers or {}).items()))

        message = Message(
            "authorization",
            "the user",
            make,
            lambda answer: bool({"code", "access_token"} & returned(answer, ends).keys()),
            difference,
            absorbs=False,
            control=None if asked is None else self._authorization_message(client),
            family=("authorization", client.name),
            protected=self._nobody_gets_a_code(client),
            discerning=self._foreign_redirect_refused(client),
        )

        def steps(run: Run, purpose: Purpose) -> Exchange:
            return UserAgent(self._bench, run).walk(message, ends, purpose)

        return replace(message, steps=steps)

    def _honest(self, client: Client) -> Parameters:
        """Give parameters that lead to a code; the request is pushed first where the server takes no other."""
        asked = self._authorization_parameters(client, self._verifier())
        if not self._only_pushed:
            return asked
        pushed = self._run.ground(self.par_message(client, HONEST, asked))
        return {"client_id": client.registered.id, "request_uri": str(pushed.json()["request_uri"])}

    # What vouches for acceptances

    def _nobody_gets_a_code(self, client: Client) -> Callable[[Run], str]:
        what = "a client that is not registered, at the authorization endpoint,"
        return self._refused(client, {"client_id": f"nobody-{unique()[:8]}"}, what)

    def _foreign_redirect_refused(self, client: Client) -> Callable[[Run], str]:
        elsewhere = {"redirect_uri": "https://elsewhere.test/callback"}
        return self._refused(client, elsewhere, "an authorization request with a redirect_uri that is not registered")

    def _refused(self, client: Client, changed: Changed, what: str) -> Callable[[Run], str]:
        def check(run: Run) -> str:
            server = type(self)(self._bench, run)
            if self._only_pushed:
                message = server.par_message(client, Change.of({"parameters": changed}))
            else:
                asked = _merged(self._authorization_parameters(client, self._verifier()), changed)
                message = server._authorization_message(client, asked)  # noqa: SLF001 - our own kind
            return self._bench.checked(
                (what, client.name), lambda: run.send(message, "probe").outcome, Outcome.REFUSED, what
            )

        return check


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _merged(parameters: Parameters, changed: Changed) -> Parameters:
    merged: dict[str, str | tuple[str, ...]] = dict(parameters)
    for name, value in changed.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged
