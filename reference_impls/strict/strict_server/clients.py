"""Registered clients and resource servers, read from a JSON file with the member names of RFC 7591."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .client_keys import certificates_of, is_usable, keys_in
from .refusals import ConfigurationError
from .subject_names import registered_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .subject_names import RegisteredName

AUTHENTICATION_METHODS = (
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
)
SECRET_METHODS = frozenset({"client_secret_basic", "client_secret_post"})


@dataclass(frozen=True)
class Client:
    """A registered client. `dpop_bound`: no token without a proof; `certificate_bound`: none without a certificate."""

    client_id: str
    method: str
    secret: str = ""
    grants: frozenset[str] = frozenset()
    redirect_uris: frozenset[str] = frozenset()
    scope: frozenset[str] = frozenset()
    keys: tuple[Mapping[str, Any], ...] = ()
    certificates: frozenset[bytes] = frozenset()
    jwks_uri: str = ""
    name: RegisteredName | None = None
    dpop_bound: bool = False
    certificate_bound: bool = False

    @property
    def is_public(self) -> bool:
        """Tell whether the client has no credentials."""
        return self.method == "none"


@dataclass(frozen=True)
class ResourceServer:
    """A resource server that may introspect. `audience`: its resource indicator; empty for this software's own RS."""

    client_id: str
    secret: str
    audience: str = ""


@dataclass(frozen=True)
class Registry:
    """Clients by id, to which those come that register themselves, and resource servers that may introspect, by id."""

    clients: dict[str, Client] = field(default_factory=dict)
    resource_servers: Mapping[str, ResourceServer] = field(default_factory=dict)


def _client(entry: Mapping[str, Any]) -> Client:
    if not isinstance(entry, dict) or not isinstance(entry.get("client_id"), str):
        raise ConfigurationError("client_id: each client is an object that has one")
    method = entry.get("token_endpoint_auth_method", "client_secret_basic")
    if method not in AUTHENTICATION_METHODS:
        raise ConfigurationError(f"token_endpoint_auth_method: write one of {', '.join(AUTHENTICATION_METHODS)}")
    if method in SECRET_METHODS and not entry.get("client_secret"):
        raise ConfigurationError(f"client_secret: {method} needs one")
    keys = keys_in(entry["jwks"]) if "jwks" in entry else ()
    jwks_uri = entry.get("jwks_uri", "")
    if jwks_uri and not is_usable(jwks_uri):
        raise ConfigurationError("jwks_uri: write an https URL")
    return Client(
        client_id=entry["client_id"],
        method=method,
        secret=entry.get("client_secret", ""),
        grants=frozenset(entry.get("grant_types", ["authorization_code"])),
        redirect_uris=frozenset(entry.get("redirect_uris", [])),
        scope=frozenset(entry.get("scope", "").split()),
        keys=keys,
        certificates=certificates_of(keys),
        jwks_uri=jwks_uri,
        name=registered_name(entry),
        dpop_bound=entry.get("dpop_bound_access_tokens", False) is True,
        certificate_bound=entry.get("tls_client_certificate_bound_access_tokens", False) is True,
    )


def load(path: Path) -> Registry:
    """Read the registry; `ConfigurationError` says which entry is wrong and why."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = document["clients"]
        servers = [
            ResourceServer(entry["client_id"], entry["client_secret"], entry.get("audience", ""))
            for entry in document.get("resource_servers", [])
        ]
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f'{path}: write {{"clients": [...], "resource_servers": [...]}} ({error})') from error
    clients = {}
    for number, entry in enumerate(entries):
        try:
            client = _client(entry)
        except (ConfigurationError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"{path}: clients[{number}]: {error}") from error
        clients[client.client_id] = client
    return Registry(clients, {server.client_id: server for server in servers})
