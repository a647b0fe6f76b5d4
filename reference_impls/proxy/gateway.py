"""A gateway: each request is judged by an authorization service, then forwarded to a server that checks nothing itself.

The service is asked with a sub-request that is the original in all but its body: same method, target, Host, token and
proof, and the certificate of this very connection. Nothing it said is remembered. The server behind serves whoever
names a secret that this gateway made for itself, so that nobody else gets to it.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import h11
from headers import Headers, replaced, values, without
from relay import EXCHANGE_SECONDS, HEADER_LIMIT, Client, Half, Refusal, Route, collected

CANARY = "holdfast protected resource"
SECRET = b"Gateway-Secret"
#: Left out of a sub-request, which has no body.
_OF_A_BODY = (b"Content-Length", b"Transfer-Encoding", b"Expect")
_CLAIMED_METHOD = (b"X-Forwarded-Method", b"X-Original-Method")
_CLAIMED_TARGET = (b"X-Forwarded-Uri", b"X-Original-URI", b"X-Original-URL", b"X-Rewrite-URL")

#: The ways in which it can be wrong.
LEAKS = (
    "remember-token",
    "remember-proof",
    "remember-connection",
    "always-get",
    "fixed-url",
    "fixed-request",
    "believe-claims",
    "own-url",
    "open-backend",
)


@dataclass
class Gate:
    """Lets a request through, or raises Refusal with the service's own answer.

    service: whom it asks. as_bearer: whether the token goes on as Bearer, without its proof. leak: one of LEAKS.
    """

    service: Route
    as_bearer: bool
    leak: str = ""
    secret: bytes = field(default_factory=lambda: secrets.token_urlsafe(32).encode())
    remembered: set[bytes] = field(default_factory=set)

    async def __call__(self, client: Client, request: h11.Request, sent: Headers, honest: Headers) -> Headers:
        """Give the headers with which a request goes on. sent: as the client wrote them; honest: for upstream."""
        if not self._known(client, sent):
            await self._ask(request, sent, without(honest, SECRET, *_OF_A_BODY))
            self._keep(client, sent)
        onward = replaced(honest, SECRET, self.secret)
        if not self.as_bearer:
            return onward
        token = b"".join(values(honest, b"Authorization")[:1]).partition(b" ")[2]
        return replaced(without(onward, b"DPoP"), b"Authorization", b"Bearer " + token)

    async def _ask(self, request: h11.Request, sent: Headers, headers: Headers) -> None:
        method, target = self._asked_about(request, sent)
        answer = await self._answer(method, target, headers)
        if self.leak == "own-url" and answer.status != 200:
            own = f"{self.service.host}:{self.service.port}".encode()
            answer = await self._answer(method, target, replaced(headers, b"Host", own))
        if not 200 <= answer.status < 300:
            raise answer

    async def _answer(self, method: bytes, target: bytes, headers: Headers) -> Refusal:
        try:
            async with asyncio.timeout(EXCHANGE_SECONDS):
                return await collected(self.service, h11.Request(method=method, target=target, headers=headers))
        except h11.LocalProtocolError as error:
            raise Refusal(400, "the request cannot be asked about") from error
        except (h11.RemoteProtocolError, OSError, TimeoutError) as error:
            raise Refusal(502, "nobody judges the request") from error

    def _asked_about(self, request: h11.Request, sent: Headers) -> tuple[bytes, bytes]:
        """Give method and target of the sub-request: the original's, where nothing leaks."""
        method, target = bytes(request.method), bytes(request.target)
        if self.leak in {"always-get", "fixed-request"}:
            method = b"GET"
        if self.leak in {"fixed-url", "fixed-request"}:
            target = b"/resource"
        if self.leak == "believe-claims":
            method = next((v for name in _CLAIMED_METHOD for v in values(sent, name)), method)
            target = next((v for name in _CLAIMED_TARGET for v in values(sent, name)), target)
        return method, target

    def _key(self, sent: Headers) -> bytes:
        token = b"".join(values(sent, b"Authorization")).partition(b" ")[2]
        proof = b"".join(values(sent, b"DPoP")) if self.leak == "remember-proof" else b""
        return token + b" " + proof

    def _known(self, client: Client, sent: Headers) -> bool:
        if self.leak == "remember-connection":
            return client.let_in and bool(values(sent, b"Authorization"))
        return self._key(sent) in self.remembered

    def _keep(self, client: Client, sent: Headers) -> None:
        client.let_in = True
        if self.leak == "remember-token" or (self.leak == "remember-proof" and values(sent, b"DPoP")):
            self.remembered.add(self._key(sent))


async def serve_backend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: Gate) -> None:
    """Answer one connection of the server behind, which knows nothing of tokens, proofs and certificates."""

    def known(headers: Headers) -> bool:
        named = values(headers, SECRET)
        return gate.leak == "open-backend" or any(secrets.compare_digest(one, gate.secret) for one in named)

    half = Half(h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_LIMIT), reader, writer)
    try:
        async with asyncio.timeout(EXCHANGE_SECONDS):
            await answer(half, known)
    except (h11.ProtocolError, OSError, TimeoutError):
        pass
    finally:
        await half.close()


async def answer(half: Half, known: Callable[[Headers], bool]) -> None:
    """Answer one request with the canary, where its headers show who sent it; then the connection is over."""
    request = await half.event()
    if not isinstance(request, h11.Request):
        return
    while not isinstance(await half.event(), h11.EndOfMessage | h11.ConnectionClosed):
        pass
    served = known(list(request.headers.raw_items()))
    document = {"canary": CANARY, "method": request.method.decode()} if served else {"error": "ask the gateway"}
    body = json.dumps(document).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
    with contextlib.suppress(OSError):
        await half.send(h11.Response(status_code=200 if served else 403, headers=headers))
        if request.method != b"HEAD":
            await half.send(h11.Data(data=body))
        await half.send(h11.EndOfMessage())
