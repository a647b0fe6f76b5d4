"""Dynamic client registration (RFC 7591), open to everybody: what a client says of itself is checked and said back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse

from . import incoming as requests
from . import jose, subject_names
from .application import refusal
from .client_keys import certificates_of, is_usable, keys_in
from .clients import AUTHENTICATION_METHODS, SECRET_METHODS, Client
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from .settings import Settings

_WITH_KEYS = frozenset({"private_key_jwt", "self_signed_tls_client_auth"})
_GRANTS = frozenset({"authorization_code", "refresh_token", "client_credentials"})
_SCOPES = frozenset({"openid", "read"})


def _bad(description: str) -> Refused:
    return Refused("invalid_client_metadata", description)


def _texts(metadata: Mapping[str, Any], name: str, default: list[str]) -> list[str]:
    value = metadata.get(name, default)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{name} is not a list of strings")
    return value


def usable_redirect_uris(uris: list[str]) -> None:
    """Take absolute https URIs without a fragment (RFC 7591 section 2, RFC 9700 section 2.1)."""
    for uri in uris:
        parts = urlsplit(uri)
        if parts.scheme != "https" or not parts.netloc or "#" in uri:
            raise Refused("invalid_redirect_uri", "a redirect_uri is not an https URI without a fragment")


@guard("register.dpop_bound")
def wants_bound_tokens(metadata: Mapping[str, Any]) -> bool:
    """Read dpop_bound_access_tokens: true, false, or absent for false; nothing is taken for one of them (9449 5.2)."""
    value = metadata.get("dpop_bound_access_tokens", False)
    if not isinstance(value, bool):
        raise _bad("dpop_bound_access_tokens is not a boolean")
    return value


@guard("register.certificate_bound")
def wants_certificate_bound_tokens(metadata: Mapping[str, Any]) -> bool:
    """Read tls_client_certificate_bound_access_tokens: true, false, or absent for false (RFC 8705 section 3.4)."""
    value = metadata.get("tls_client_certificate_bound_access_tokens", False)
    if not isinstance(value, bool):
        raise _bad("tls_client_certificate_bound_access_tokens is not a boolean")
    return value


@guard("register.name")
def one_name(metadata: Mapping[str, Any]) -> subject_names.RegisteredName | None:
    """Take exactly one name of a client that authenticates with a certificate of an authority (RFC 8705 2.1.2)."""
    if metadata.get("token_endpoint_auth_method") != "tls_client_auth":
        return None
    try:
        name = subject_names.registered_name(metadata)
    except ValueError as error:
        raise _bad(str(error)) from error
    if name is None:
        raise _bad(f"a client of tls_client_auth registers one of {', '.join(subject_names.MEMBERS)}")
    return name


def keys_of(metadata: Mapping[str, Any], method: str) -> tuple[tuple[Mapping[str, Any], ...], str]:
    """Give the keys of a client and its jwks_uri: one of the two, where its method needs one (RFC 7591 section 2)."""
    if ("jwks" in metadata) and ("jwks_uri" in metadata):
        raise _bad("jwks and jwks_uri: write one of them")
    if "jwks_uri" in metadata:
        if not is_usable(metadata["jwks_uri"]):
            raise _bad("jwks_uri is not an https URL")
        return (), metadata["jwks_uri"]
    if "jwks" not in metadata:
        if method in _WITH_KEYS:
            raise _bad(f"a client of {method} registers jwks or jwks_uri")
        return (), ""
    try:
        return keys_in(metadata["jwks"]), ""
    except ValueError as error:
        raise _bad(str(error)) from error


@guard("register.kept")
def kept_as_it_is(client: Client) -> Client:
    """Keep a client with all that it registered (RFC 7591 section 3.2.1)."""
    return client


@guard("register.answer")
def said_in_full(said: dict[str, Any], _metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Say back all that was registered (RFC 7591 section 3.2.1)."""
    return said


@guard("register.client_id")
def new_client_id(_metadata: Mapping[str, Any]) -> str:
    """Choose a client_id: no client chooses its own, since it could be taken for a user (RFC 9700 section 4.15)."""
    return "dynamic-" + secrets.token_hex(8)


class Registration:
    """The registration endpoint; its clients are kept beside those of the file, as long as the server runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def handle(self, request: Request) -> Response:
        """Answer a registration (RFC 7591 sections 3.2.1 and 3.2.2)."""
        try:
            _, body = await requests.read(request, self._settings, self._settings.as_url)
            try:
                metadata = jose.read_object(body)
            except jose.Malformed as error:
                raise _bad("the body is not a JSON object") from error
            response: Response = JSONResponse(self._register(metadata), 201)
        except Refused as refused:
            response = refusal(refused)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _register(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        guards = self._settings.guards
        method = metadata.get("token_endpoint_auth_method", "client_secret_basic")
        grants = _texts(metadata, "grant_types", ["authorization_code"])
        uris = _texts(metadata, "redirect_uris", [])
        scope = metadata.get("scope", " ".join(sorted(_SCOPES)))
        usable_redirect_uris(uris)
        if method not in AUTHENTICATION_METHODS:
            raise _bad(f"token_endpoint_auth_method is none of {', '.join(AUTHENTICATION_METHODS)}")
        if not set(grants) <= _GRANTS or (method == "none" and "client_credentials" in grants):
            raise _bad("grant_types has one that this client may not use")
        if "authorization_code" in grants and not uris:
            raise Refused("invalid_redirect_uri", "authorization_code needs a redirect_uri")
        if not isinstance(scope, str) or not set(scope.split()) <= _SCOPES:
            raise _bad("scope reaches further than a client that registers itself may")
        keys, jwks_uri = keys_of(metadata, method)
        client = Client(
            client_id=guards("register.client_id", metadata),
            method=method,
            secret=secrets.token_urlsafe(24) if method in SECRET_METHODS else "",
            grants=frozenset(grants),
            redirect_uris=frozenset(uris),
            scope=frozenset(scope.split()),
            keys=keys,
            certificates=certificates_of(keys),
            jwks_uri=jwks_uri,
            name=guards("register.name", metadata),
            dpop_bound=guards("register.dpop_bound", metadata),
            certificate_bound=guards("register.certificate_bound", metadata),
        )
        self._settings.registry.clients[client.client_id] = guards("register.kept", client)
        said: dict[str, Any] = guards("register.answer", self._said(client, metadata), metadata)
        return said

    def _said(self, client: Client, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Give all that was registered, also what was filled in (RFC 7591 section 3.2.1)."""
        code = "authorization_code" in client.grants
        said: dict[str, Any] = {
            "client_id": client.client_id,
            "client_id_issued_at": int(self._settings.clock()),
            "token_endpoint_auth_method": client.method,
            "grant_types": sorted(client.grants),
            "response_types": ["code"] if code else [],
            "redirect_uris": sorted(client.redirect_uris),
            "scope": " ".join(sorted(client.scope)),
            "dpop_bound_access_tokens": client.dpop_bound,
            "tls_client_certificate_bound_access_tokens": client.certificate_bound,
        }
        if client.name is not None:
            said[client.name.member] = client.name.value
        if client.jwks_uri:
            said["jwks_uri"] = client.jwks_uri
        elif client.keys:
            said["jwks"] = {"keys": list(client.keys)}
        if client.secret:
            said |= {"client_secret": client.secret, "client_secret_expires_at": 0}
        name = metadata.get("client_name")
        return said | ({"client_name": name} if isinstance(name, str) else {})
