"""The suite's own authorization server, for a resource server that is judged alone.

It publishes metadata (RFC 8414), a key set and introspection (RFC 7662), and mints whatever token a case asks for.
"""

import json
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast import jose
from holdfast.errors import UsageError
from holdfast.parties.client import Client, Token
from holdfast.pki import Credential

if TYPE_CHECKING:
    from collections.abc import Mapping

LIFETIME = 300


class Issuer:
    """Serves until it is closed; mints tokens that the resource server under test takes.

    audience: whom its tokens are for; known only when the target's addresses are.
    """

    def __init__(self, url: str, audience: str = "", *, key: jose.Key | None = None) -> None:
        self.url = url
        self.audience = audience
        self.key = key or jose.generate("ES256")
        self._states: dict[str, Mapping[str, object]] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def mint(self, client: Client, *, scope: str | None = None, now: float, **claims: object) -> Token:
        """Mint a JWT access token (RFC 9068) bound as the client's binding says; `claims` replace the honest ones."""
        honest: dict[str, object] = {
            "iss": self.url,
            "aud": self.audience,
            "sub": client.name,
            "client_id": client.registration.id if client.registration else client.name,
            "jti": uuid.uuid4().hex,
            "iat": int(now),
            "exp": int(now) + LIFETIME,
            "scope": scope or (client.registration.scope if client.registration else ""),
        }
        if confirmation := confirmation_of(client):
            honest["cnf"] = confirmation
        honest |= claims
        value = jose.compact({"alg": self.key.alg, "typ": "at+jwt", "kid": self._kid}, honest, self.key.sign)
        self._states[value] = {**honest, "active": True, "token_type": "DPoP" if client.proves else "Bearer"}
        return Token(value, "DPoP" if client.proves else "Bearer", now + LIFETIME)

    @property
    def _kid(self) -> str:
        return self.key.thumbprint[:16]

    def serve(self, credential: Credential, folder: Path, *, host: str, port: int) -> None:
        """Listen. Raises UsageError when the port is taken."""
        pem = credential.write(folder)
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

        return Starlette(
            routes=[
                Route("/.well-known/oauth-authorization-server", document),
                Route("/.well-known/openid-configuration", document),
                Route("/jwks", document),
                Route("/introspect", introspect, methods=["POST"]),
            ]
        )


def confirmation_of(client: Client) -> dict[str, str]:
    """Give the `cnf` of a token bound as the client's binding says (RFC 9449 section 6.1, RFC 8705 section 3.1)."""
    confirmation: dict[str, str] = {}
    if client.binding in {"dpop", "both"}:
        confirmation["jkt"] = client.jkt
    if client.binding in {"certificate", "both"} and client.certificate is not None:
        confirmation["x5t#S256"] = client.certificate.thumbprint
    return confirmation
