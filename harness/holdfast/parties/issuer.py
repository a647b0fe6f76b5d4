"""The suite's own authorization server, for a resource server that is judged alone.

It publishes metadata (RFC 8414), a key set and introspection (RFC 7662), and mints whatever token a case asks for.
"""

import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs

import uvicorn
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast import jose
from holdfast.errors import UsageError
from holdfast.parties.changes import shown
from holdfast.parties.client import Client, Token
from holdfast.pki import Credential
from holdfast.proofs import Absent

#: Seconds.
LIFETIME = 300

#: How a minted token is signed: as it should be, or with what was the honest token's signature.
Signature = Literal["honest", "kept"]


class Issuer:
    """Serves until it is closed; mints tokens that the resource server under test takes.

    audience: whom its tokens are for; known only when the target's addresses are.
    """

    def __init__(self, url: str, audience: str = "", *, key: jose.Key | None = None) -> None:
        self.url = url
        self.audience = audience
        self.key = key or jose.generate("ES256")
        self._states: dict[str, Mapping[str, object]] = {}
        self._elsewhere: dict[str, object] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._pem = Path()

    def mint(
        self,
        client: Client,
        *,
        now: float,
        scope: str | None = None,
        header: Mapping[str, object] | None = None,
        key: jose.Key | None = None,
        signature: Signature = "honest",
        introspection: Mapping[str, object] | None = None,
        lives: float | None = None,
        **claims: object,
    ) -> Token:
        """Mint a JWT access token (RFC 9068) bound as the client's binding says.

        now: seconds since the epoch, by the target's clock. lives: seconds until `exp`, negative for a token of the
        past. `claims`, `header` and `introspection` replace single members of the claims, of the JOSE header and of
        what the introspection endpoint says (RFC 7662 section 2.2); ABSENT leaves a member out. The signature goes
        with the header's `alg`: by `key` in place of the issuer's own, none at all, or a MAC with the issuer's public
        key; "kept" is the signature of the honest token under the changed one. What the issuer did not sign is
        unknown to introspection.
        """
        seconds = LIFETIME if lives is None else lives
        honest = self._honest(client, scope, now, seconds)
        head: dict[str, object] = {"alg": self.key.alg, "typ": "at+jwt", "kid": self._kid}
        asked = present(head | dict(header or {}))
        value = jose.compact(asked, present(honest | claims), self._signer(asked.get("alg"), key or self.key))
        if signature == "kept":
            genuine = jose.compact(head, honest, self.key.sign)
            value = f"{value.rpartition('.')[0]}.{genuine.rpartition('.')[2]}"
        elif key is None and asked.get("alg") == self.key.alg:
            state = {**honest, **claims, "active": True, "token_type": "DPoP" if client.proves else "Bearer"}
            self._states[value] = present(state | dict(introspection or {}))
        parts = {"": claims, "header ": header or {}, "introspection ": introspection or {}}
        odd = {f"{part}{name}": given for part, members in parts.items() for name, given in members.items()}
        odd |= {"exp": f"now {seconds:+g} s"} if lives is not None else {}
        odd |= {"signed by": key} if key else {}
        odd |= {"signature": signature} if signature != "honest" else {}
        return Token(value, "DPoP" if client.proves else "Bearer", now + seconds, minted=_in_words(odd))

    def _honest(self, client: Client, scope: str | None, now: float, lives: float) -> dict[str, object]:
        honest: dict[str, object] = {
            "iss": self.url,
            "aud": self.audience,
            "sub": client.name,
            "client_id": client.registration.id if client.registration else client.name,
            "jti": uuid.uuid4().hex,
            "iat": int(now),
            "exp": int(now + lives),
            "scope": scope or (client.registration.scope if client.registration else ""),
        }
        if confirmation := confirmation_of(client):
            honest["cnf"] = confirmation
        return honest

    def _signer(self, alg: object, key: jose.Key) -> jose.Signer:
        """Give the signature that a header asks for; the key's own where it asks for nothing that is known."""
        if str(alg).lower() == "none":
            return jose.unsigned
        if alg in jose.SYMMETRIC:
            public = jose.public_of(self.key.private)
            pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            return jose.hmac_signer(pem, str(alg))
        return key.sign

    def publish(self, key: jose.Key) -> str:
        """Give the URL of a key set (RFC 7517) with that foreign key, which no target has a reason to fetch."""
        path = f"/elsewhere/{key.thumbprint}"
        self._elsewhere[path] = {"keys": [{**key.public_jwk, "use": "sig", "alg": key.alg}]}
        return f"{self.url}{path}"

    @property
    def _kid(self) -> str:
        return self.key.thumbprint[:16]

    def serve(self, credential: Credential, folder: Path, *, host: str, port: int) -> None:
        """Listen. Raises UsageError when the port is taken."""
        pem = self._pem = credential.write(folder)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            listener.close()
            raise UsageError(f"the suite's issuer: {host}:{port}: {error.strerror}; end what listens there") from None
        config = uvicorn.Config(
            self._application(), ssl_certfile=pem, ssl_keyfile=pem, log_level="error", lifespan="off", loop="asyncio"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="issuer", daemon=True
        )
        self._thread.start()
        until = time.monotonic() + 10
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        if (context := self._server.config.ssl) is not None:
            # A resumed session shows no certificate, so that nobody would look at another one.
            context.num_tickets, context.options = 0, context.options | ssl.OP_NO_TICKET

    @contextmanager
    def impersonated(self, credential: Credential) -> Iterator[None]:
        """Have another certificate shown for a while. Open connections end before and after, so that all see it."""
        self._show(credential.write(self._pem.parent, "impostor"))
        try:
            yield
        finally:
            self._show(self._pem)

    def _show(self, pem: Path) -> None:
        server, ended = self._server, threading.Event()
        if server is None or server.config.ssl is None:
            raise UsageError("the suite's issuer does not listen")

        def end() -> None:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            ended.set()

        server.config.ssl.load_cert_chain(pem)
        server.servers[0].get_loop().call_soon_threadsafe(end)
        ended.wait(5)

    def close(self) -> None:
        """End the server."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(5)

    def _application(self) -> Starlette:
        metadata = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint": f"{self.url}/token",
            "introspection_endpoint": f"{self.url}/introspect",
            "response_types_supported": ["code"],
            "dpop_signing_alg_values_supported": ["ES256", "RS256", "PS256", "EdDSA"],
            "tls_client_certificate_bound_access_tokens": True,
        }
        keys = {"keys": [{**self.key.public_jwk, "kid": self._kid, "use": "sig", "alg": self.key.alg}]}

        async def introspect(request: Request) -> JSONResponse:
            form = parse_qs((await request.body()).decode("latin-1"))
            known = self._states.get(form.get("token", [""])[0], {"active": False})
            return JSONResponse(json.loads(json.dumps(known)))

        async def document(request: Request) -> JSONResponse:
            return JSONResponse(keys if request.url.path == "/jwks" else metadata)

        async def elsewhere(request: Request) -> JSONResponse:
            return JSONResponse(self._elsewhere.get(request.url.path, {}))

        return Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", document),
                Route("/.well-known/openid-configuration", document),
                Route("/jwks", document),
                Route("/elsewhere/{name}", elsewhere),
                Route("/introspect", introspect, methods=["POST"]),
            ]
        )


def _in_words(odd: Mapping[str, object]) -> str:
    return "; ".join(f"{name}: {shown(value)}" for name, value in odd.items())


def present(members: Mapping[str, object]) -> dict[str, object]:
    """Give the members that are not ABSENT."""
    return {name: value for name, value in members.items() if not isinstance(value, Absent)}


def confirmation_of(client: Client) -> dict[str, str]:
    """Give the `cnf` of a token bound as the client's binding says (RFC 9449 section 6.1, RFC 8705 section 3.1)."""
    confirmation: dict[str, str] = {}
    if client.binding in {"dpop", "both"}:
        confirmation["jkt"] = client.jkt
    if client.binding in {"certificate", "both"} and client.certificate is not None:
        confirmation["x5t#S256"] = client.certificate.thumbprint
    return confirmation
