"""The authorization server as its resource server knows it: metadata, keys and introspection, over TLS."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

import httpx

from . import jose, tokens
from .guards import guard
from .refusals import Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .settings import Settings

_KEYS_LIFETIME = 300  # seconds
_SHORTEST_KEYS_LIFETIME = 1  # seconds between two fetches that unknown key ids cause


class Issuer:
    """Asks the trusted issuer. Everything that goes wrong there is `Unavailable`: nothing is taken unchecked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: httpx.AsyncClient | None = None
        self._metadata: Mapping[str, Any] = {}
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._keys_at = float("-inf")
        self._lock = asyncio.Lock()

    async def _ask(self, method: str, url: str, **arguments: Any) -> dict[str, Any]:
        if self._client is None:
            tls = self._settings.outgoing_tls
            self._client = httpx.AsyncClient(verify=True if tls is None else tls, trust_env=False, timeout=5)
        try:
            answer = await self._client.request(method, url, **arguments)
            if answer.status_code != 200:
                raise Unavailable(f"the issuer answered {answer.status_code} at {urlsplit(url).path}")
            return jose.read_object(answer.content)
        except (httpx.HTTPError, httpx.InvalidURL, jose.Malformed) as error:
            raise Unavailable(f"the issuer cannot be asked: {type(error).__name__} at {urlsplit(url).path}") from error

    async def metadata(self) -> Mapping[str, Any]:
        """Give the issuer's metadata, fetched once (RFC 8414 section 3, then OpenID Connect Discovery section 4)."""
        if not self._metadata:
            issuer = self._settings.trusted_issuer
            parts = urlsplit(issuer)
            inserted = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path.rstrip('/')}"
            try:
                found = await self._ask("GET", inserted)
            except Unavailable:
                found = await self._ask("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise Unavailable("the metadata names another issuer")
            self._metadata = found
        return self._metadata

    async def _endpoint(self, name: str) -> str:
        url = (await self.metadata()).get(name)
        if not isinstance(url, str) or not url.startswith("https://"):
            raise Unavailable(f"the issuer's metadata has no https {name}")
        return url

    async def _fetch_keys(self, older_than: float) -> None:
        async with self._lock:
            now = self._settings.clock()
            if now - self._keys_at < older_than:
                return
            keys = (await self._ask("GET", await self._endpoint("jwks_uri"))).get("keys")
            self._keys = [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
            self._keys_at = now

    async def keys(self, key_id: object) -> Sequence[Mapping[str, Any]]:
        """Give the issuer's keys; they are fetched again when old, or when none has the given kid."""
        await self._fetch_keys(_KEYS_LIFETIME)
        if key_id is not None and key_id not in [key.get("kid") for key in self._keys]:
            await self._fetch_keys(_SHORTEST_KEYS_LIFETIME)
        return self._keys

    async def introspect(self, token: str) -> dict[str, Any]:
        """Ask what the token is (RFC 7662 section 2); the answer is not kept."""
        name, secret = (quote_plus(part) for part in self._settings.introspection_client)
        url = await self._endpoint("introspection_endpoint")
        return await self._ask("POST", url, data={"token": token}, auth=(name, secret))


async def claims_by_keys(token: str, issuer: Issuer, settings: Settings) -> dict[str, Any]:
    """Check a JWT access token with the issuer's keys."""
    guards = settings.guards
    try:
        jws = jose.read(token, lambda pairs: guards("jws.members", pairs))
    except jose.Malformed as error:
        raise Refused("invalid_token", "not a token of this kind") from error
    return tokens.check_jwt(jws, await issuer.keys(jws.header.get("kid")), settings)


@guard("token.active")
def active(claims: Mapping[str, Any]) -> None:
    """Take a token that introspection calls active, with true and nothing that resembles it (RFC 7662 section 2.2)."""
    if claims.get("active") is not True:
        raise Refused("invalid_token", "the token is not active")


async def claims_by_introspection(token: str, issuer: Issuer, settings: Settings) -> dict[str, Any]:
    """Check a token of any form by asking the issuer; what it says about issuer, audience and time is checked again."""
    claims = await issuer.introspect(token)
    settings.guards("token.active", claims)
    if "iss" in claims:
        settings.guards("token.issuer", claims, settings)
    if "aud" in claims:
        settings.guards("token.audience", claims, settings)
    if "exp" in claims:
        settings.guards("token.expiry", claims, settings)
    return claims
