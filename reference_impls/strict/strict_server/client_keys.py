"""Keys and certificates of clients: registered with them, or published at their jwks_uri (RFC 7591, RFC 8705 2.2)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from . import jose
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .clients import Client
    from .settings import Settings

_SECONDS = 5
_MOST_BYTES = 65536
_MOST_KEYS = 20


def certificates_of(keys: Sequence[Mapping[str, Any]]) -> frozenset[bytes]:
    """Give the certificates in x5c, in DER: the first of each key, where it is for that key (RFC 8705 2.2.2)."""
    found = (certificate_of(key) for key in keys)
    return frozenset(der for der in found if der is not None)


def certificate_of(key: Mapping[str, Any]) -> bytes | None:
    """Give the certificate of a JWK; None where it has none, or one for another key (RFC 7517 section 4.7)."""
    chain = key.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        der = base64.b64decode(chain[0], validate=True)
        held = x509.load_der_x509_certificate(der).public_key()
        return der if jwt.PyJWK(dict(key)).key == held else None
    except (binascii.Error, ValueError, UnsupportedAlgorithm, jwt.PyJWTError):
        return None


def keys_in(document: object) -> tuple[Mapping[str, Any], ...]:
    """Read a JWK set (RFC 7517 section 5); ValueError where it is none."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys) or len(keys) > _MOST_KEYS:
        raise ValueError(f"jwks: write an object with a list of keys, {_MOST_KEYS} at most")
    return tuple(keys)


def is_usable(url: object) -> bool:
    """Tell whether a jwks_uri can be fetched without anybody reading or changing the keys on their way."""
    return isinstance(url, str) and urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname)


@guard("client.keys")
def as_published(client: Client, keys: tuple[Mapping[str, Any], ...]) -> Client:
    """Give the client with the keys that it publishes now, and no others."""
    return replace(client, keys=keys, certificates=certificates_of(keys))


class ClientKeys:
    """Fetches what clients publish, for each request anew: what a client takes back is gone at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def learn(self, client_id: str) -> None:
        """Bring the keys of a client up to date where it publishes them; `Refused` where they cannot be had."""
        clients = self._settings.registry.clients
        client = clients.get(client_id)
        if client is None or not client.jwks_uri:
            return
        try:
            keys = keys_in(jose.read_object(await self._fetched(client.jwks_uri)))
        except (httpx.HTTPError, jose.Malformed, ValueError) as error:
            raise Refused("invalid_client", "the keys of the client cannot be fetched", status=401) from error
        clients[client_id] = self._settings.guards("client.keys", client, keys)

    async def _fetched(self, url: str) -> bytes:
        tls = self._settings.outgoing_tls
        body = b""
        async with (
            httpx.AsyncClient(verify=True if tls is None else tls, trust_env=False, timeout=_SECONDS) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ValueError("the keys are too many")
        return body
