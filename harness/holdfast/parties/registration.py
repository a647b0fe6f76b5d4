"""ClientRegistration: clients that the suite registers itself while it runs (RFC 7591)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, parsed
from holdfast.outcome import Outcome
from holdfast.parties.bench import Bench
from holdfast.parties.changes import shown
from holdfast.parties.client import Binding, Client, Registration
from holdfast.parties.issuer import present
from holdfast.parties.run import Message, Run
from holdfast.pki import Credential
from holdfast.targets import reveal
from holdfast.wire import Answer, Request


class ClientRegistration:
    """The registration endpoint, seen by one case.

    An honest registration is one of a client like the target's own: a secret, its grants, its scope, bound tokens. A
    keyword replaces one member of the metadata; proofs.ABSENT leaves it out.
    """

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run

    def register(self, **metadata: object) -> Exchange:
        """Register a client; judged. Accepted means that the answer gives it a client_id (RFC 7591 section 3.2.1)."""
        return self._run.judge(self._message(metadata))

    def registered(self, **metadata: object) -> Exchange:
        """Stand on a registration. Raises Inconclusive when it is refused."""
        seen = self._run.send(self._message(metadata), "ground")
        if not seen.accepted:
            hint = ""
            if seen.status in {401, 403} and not self._token:
                hint = "; where an initial access token is needed: [registration] token"
            raise Inconclusive(f"a client could not be registered: {seen!r}{hint}")
        return seen

    def client(self, seen: Exchange, certificate: Credential | None = None) -> Client:
        """Give the client of a registration, as the answer describes it. Raises Inconclusive where there is none.

        certificate: what it shows; its tokens are then bound to that.
        """
        said = seen.json()
        identifier, secret = said.get("client_id"), str(said.get("client_secret") or "")
        if not isinstance(identifier, str):
            raise Inconclusive(f"no client was registered: {seen!r}")
        asked = json.loads(seen.request.body)
        if secret:
            self._bench.masker.learn(secret, "client-secret")
        registration = Registration(
            id=identifier,
            auth=str(said.get("token_endpoint_auth_method", asked["token_endpoint_auth_method"])),
            secret=secret,
            grants=tuple(_texts(said.get("grant_types"), asked["grant_types"])),
            scope=str(said.get("scope", asked.get("scope", ""))),
            redirect_uri=next(iter(_texts(said.get("redirect_uris"), asked["redirect_uris"])), ""),
            parameters=self._model.registered.parameters,
        )
        key, binding = self._bench.keys.of("ES256", "registered"), "certificate" if certificate else "dpop"
        return Client("registered", cast("Binding", binding), registration, key, certificate)

    @property
    def _model(self) -> Client:
        return self._bench.clients["client"]

    @property
    def _token(self) -> str:
        target = self._bench.running.target
        given = target.registration.token
        return reveal(target, given, "registration", "token") if given is not None else ""

    def _honest(self) -> dict[str, object]:
        model = self._model.registered
        return {
            "client_name": "Holdfast",
            "redirect_uris": [model.redirect_uri],
            "grant_types": list(model.grants),
            "response_types": ["code"] if "authorization_code" in model.grants else [],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": " ".join(self._scopes(model.scope.split())),
            "dpop_bound_access_tokens": True,
        }

    def _scopes(self, known: Sequence[str]) -> Sequence[str]:
        """Give what a client may well ask for that nobody knows: what the main resource asks for, and openid."""
        resource = next(iter(self._bench.running.target.resources.values()), None)
        modest = {"openid", *((resource and resource.scope) or "").split()}
        return [scope for scope in known if scope in modest] or known

    def _message(self, changed: Mapping[str, object]) -> Message:
        url = self._bench.endpoints["registration"]
        headers = [("Accept", "application/json"), ("Content-Type", "application/json")]
        if token := self._token:
            self._bench.masker.learn(token, "initial-access-token")
            headers.append(("Authorization", f"Bearer {token}"))
        request = Request("POST", url, tuple(headers), json.dumps(present({**self._honest(), **changed})).encode())
        return Message(
            "registration",
            "anybody",
            lambda: request,
            _registered,
            "; ".join(f"{name}: {shown(value)}" for name, value in changed.items()),
            control=self._message({}) if changed else None,
            family=("registration",),
            protected=self._nonsense_refused,
        )

    def _nonsense_refused(self, run: Run) -> str:
        honest = self._message({})
        nonsense = replace(honest.make(), body=b"[]")
        message = replace(honest, make=lambda: nonsense, difference="an empty list in place of metadata")
        what = "an empty list in place of a client's metadata, at the registration endpoint,"
        return self._bench.checked(
            ("nonsense", "registration"), lambda: run.send(message, "probe").outcome, Outcome.REFUSED, what
        )


def _registered(answer: Answer) -> bool:
    said = parsed(answer.body)
    return isinstance(said, dict) and isinstance(said.get("client_id"), str)


def _texts(said: object, asked: Sequence[str]) -> list[str]:
    return [str(one) for one in said] if isinstance(said, list) else list(asked)
