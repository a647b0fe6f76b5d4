"""A server that looks honest: it knows its clients by name, and takes a token with anything that looks like a proof.

Nothing is checked beyond its form, so that whoever judges it has much to say, and much to show of what was answered.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from http_in import JSON, Asked
from traps import CANARY

PROOF = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Plain:
    """An answer that nobody has tampered with. good: it is what was asked for."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    good: bool = False
    kind: str = JSON


class Gullible:
    """url: where it is reached. clients: client_id -> redirect URI."""

    def __init__(self, url: str, clients: Mapping[str, str]) -> None:
        self.url = url
        self._clients = clients
        self._answers: Mapping[str, Callable[[Asked], Plain]] = {
            "/.well-known/oauth-authorization-server": lambda _: said(self.metadata),
            "/jwks": lambda _: said({"keys": []}),
            "/token": lambda asked: self._form(asked, {"access_token": token(asked), "token_type": "DPoP"}),
            "/par": lambda asked: self._form(asked, {"request_uri": "urn:pushed", "expires_in": 60}),
            "/introspect": lambda asked: self._form(asked, {"active": True}),
            "/revoke": lambda asked: self._form(asked, {}),
            "/authorize": self._authorize,
            "/resource": self._resource,
        }

    @property
    def metadata(self) -> dict[str, object]:
        """What it says of itself (RFC 8414)."""
        named = {"token": "token", "pushed_authorization_request": "par", "introspection": "introspect"}
        named |= {"revocation": "revoke", "authorization": "authorize"}
        endpoints = {f"{member}_endpoint": f"{self.url}/{path}" for member, path in named.items()}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **endpoints}

    def answer(self, asked: Asked) -> Plain:
        """Answer a request."""
        made = self._answers.get(asked.path)
        return made(asked) if made else Plain(404, json.dumps({"error": "not_found"}))

    def _client(self, asked: Asked) -> str:
        form = parse_qs(f"{asked.target.partition('?')[2]}&{asked.body}")
        scheme, _, credentials = asked.header("Authorization").partition(" ")
        if scheme == "Basic":
            return base64.b64decode(credentials + "==").decode("latin-1").partition(":")[0]
        return form.get("client_id", [""])[0]

    def _form(self, asked: Asked, good: Mapping[str, object]) -> Plain:
        known = self._client(asked) in self._clients and asked.method == "POST"
        return said(good) if known else Plain(400, json.dumps({"error": "invalid_client"}))

    def _authorize(self, asked: Asked) -> Plain:
        uri = self._clients.get(self._client(asked), "")
        if not uri:
            return Plain(400, json.dumps({"error": "invalid_client"}))
        return Plain(302, "", (("Location", f"{uri}?code=code-{asked.number:012}"),), good=True)

    def _resource(self, asked: Asked) -> Plain:
        scheme, _, credentials = asked.header("Authorization").partition(" ")
        proofs = [value for name, value in asked.headers if name.lower() == "dpop"]
        if scheme == "DPoP" and credentials and len(proofs) == 1 and PROOF.fullmatch(proofs[0]):
            return said({"note": CANARY})
        challenge = ("WWW-Authenticate", 'DPoP error="invalid_token", algs="ES256"')
        return Plain(401, json.dumps({"error": "invalid_token"}), (challenge,))


def said(members: Mapping[str, object]) -> Plain:
    """Give what was asked for."""
    return Plain(200, json.dumps(members), good=True)


def token(asked: Asked) -> str:
    """Give a token of which there is only one."""
    return f"token-{asked.number:012}"
