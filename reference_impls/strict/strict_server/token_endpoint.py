"""The token endpoint: three grants, each checked whole before anything of it is spent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .grants import Code, Grant, RefreshToken, Store
from .guards import guard
from .refusals import Refused
from .tokens import Binding

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .clients import Client
    from .settings import Settings

SUBJECT = "alice"
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


@dataclass(frozen=True)
class Ask:
    """A token request of an authenticated client, with what it proved."""

    client: Client
    parameters: Mapping[str, str]
    binding: Binding
    shown: Binding  # also a certificate that the client did not ask to have its tokens bound to


def requested_scope(parameters: Mapping[str, str], allowed: frozenset[str]) -> frozenset[str]:
    """Give the scopes asked for, all allowed ones where none is named; `Refused` with invalid_scope."""
    asked = frozenset(parameters.get("scope", "").split()) or allowed
    if not asked <= allowed:
        raise Refused("invalid_scope", "the scope reaches further than allowed")
    return asked


@guard("issue.proof_required")
def proof_where_required(client: Client, jkt: str | None) -> None:
    """Ask clients of key-bound tokens for a proof (RFC 9449 section 5.2)."""
    if client.dpop_bound and jkt is None:
        raise Refused("invalid_request", "this client needs a DPoP proof")


@guard("issue.binding")
def binding_of(client: Client, shown: Binding) -> Binding:
    """Bind to what was proven: the key, and the certificate where the client asked for that (9449 5, 8705 3.4)."""
    return Binding(shown.jkt, shown.x5t if client.certificate_bound else None)


@guard("issue.certificate_required")
def certificate_where_required(client: Client, x5t: str | None) -> None:
    """Ask clients of certificate-bound tokens for a certificate (RFC 8705 section 3.4)."""
    if client.certificate_bound and x5t is None:
        raise Refused("invalid_request", "this client needs a client certificate")


@guard("code.client")
def code_is_of_the_client(code: Code, client: Client) -> None:
    """Take a code from the client to which it was issued."""
    if code.grant.client_id != client.client_id:
        raise Refused("invalid_grant", "the code is of another client")


@guard("code.redirect_uri")
def same_redirect_uri(code: Code, parameters: Mapping[str, str]) -> None:
    """Compare redirect_uri with that of the authorization request (RFC 6749 section 4.1.3)."""
    if parameters.get("redirect_uri") != code.redirect_uri:
        raise Refused("invalid_grant", "redirect_uri differs from the authorization request")


@guard("code.verifier")
def verifier_fits(code: Code, parameters: Mapping[str, str]) -> None:
    """Check the code verifier by S256 (RFC 7636 section 4.6)."""
    verifier = parameters.get("code_verifier", "")
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not _VERIFIER.match(verifier) or not hmac.compare_digest(challenge.encode(), code.challenge.encode()):
        raise Refused("invalid_grant", "code_verifier does not fit")


@guard("code.jkt")
def code_key_is_the_announced_one(code: Code, binding: Binding) -> None:
    """Take a code with an announced key only with a proof by that key (RFC 9449 sections 10 and 10.1)."""
    if code.jkt is not None and binding.jkt != code.jkt:
        raise Refused("invalid_grant", "the code is bound to another key")


@guard("code.single_use")
def code_is_new(code: Code) -> None:
    """Take a code once (RFC 6749 section 4.1.2)."""
    if code.spent:
        raise Refused("invalid_grant", "the code was used before")


@guard("refresh.client")
def refresh_is_of_the_client(token: RefreshToken, client: Client) -> None:
    """Take a refresh token from the client to which it was issued (RFC 6749 section 6)."""
    if token.grant.client_id != client.client_id:
        raise Refused("invalid_grant", "the refresh token is of another client")


@guard("refresh.key")
def refresh_key_is_the_bound_one(token: RefreshToken, binding: Binding) -> None:
    """Compare key and certificate with those a public client's refresh token is bound to (RFC 9449 5, RFC 8705 4)."""
    bound = token.binding
    if bound.jkt not in {None, binding.jkt} or bound.x5t not in {None, binding.x5t}:
        raise Refused("invalid_grant", "the refresh token is bound to another key")


@guard("refresh.single_use")
def refresh_is_new(token: RefreshToken) -> None:
    """Take a rotated refresh token once (RFC 9700 section 4.14.2)."""
    if token.spent:
        raise Refused("invalid_grant", "the refresh token was used before")


@guard("refresh.revoked")
def refresh_is_not_revoked(token: RefreshToken) -> None:
    """Refuse a refresh token whose authorization has ended (RFC 7009 section 2.1, RFC 9700 section 4.14.2)."""
    if token.grant.revoked:
        raise Refused("invalid_grant", "the authorization was revoked")


@guard("grant.reuse")
def ends_with_all_of_it(grant: Grant) -> None:
    """End all that came of a code or refresh token that comes back: one of the two holders is a thief.

    RFC 6749 section 4.1.2, RFC 9700 section 4.14.2.
    """
    grant.revoked = True


@guard("refresh.rotation")
def is_rotated(client: Client) -> bool:
    """Rotate refresh tokens of public clients; those of the others are tied to the client (RFC 9700 section 2.2.2)."""
    return client.is_public


@guard("refresh.inheritance")
def binding_of_the_next(token: RefreshToken) -> Binding:
    """Bind what replaces a refresh token as that was bound (RFC 9449 section 5, RFC 8705 section 4)."""
    return token.binding


@guard("refresh.scope")
def scope_within_the_grant(parameters: Mapping[str, str], grant: Grant) -> frozenset[str]:
    """Give the scope of a refreshed token: never more than was consented to (RFC 6749 section 6)."""
    return requested_scope(parameters, grant.scope)


@guard("grant.supported")
def supported_grant_type(name: str, supported: Collection[str]) -> None:
    """Take the grant types of this server; the password grant is none (RFC 6749 section 5.2, RFC 9700 section 2.4)."""
    if name not in supported:
        raise Refused("unsupported_grant_type", "this grant type is not supported")


@guard("issue.audience")
def audience_of(parameters: Mapping[str, str], own: str, known: set[str]) -> str:
    """Give whom a token is for: the resource asked for, if it is served here (RFC 8707 section 2)."""
    resource = parameters.get("resource", own)
    if resource == own or resource.startswith(own + "/"):
        return own
    if resource not in known:
        raise Refused("invalid_target", "this resource is not served")
    return resource


@guard("grant.audience")
def audience_within_the_grant(grant: Grant, audience: str, parameters: Mapping[str, str]) -> None:
    """Refuse a resource that was not consented to (RFC 8707 section 2.2, RFC 9700 section 4.14.2)."""
    if "resource" in parameters and audience != grant.audience:
        raise Refused("invalid_target", "the authorization is not for this resource")


class TokenEndpoint:
    """Turns requests into token responses."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.settings = settings
        self.store = store
        self._grants = {
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refresh_token,
        }

    def check_grant_type(self, client: Client, parameters: Mapping[str, str]) -> str:
        """Give the grant type where the client may use it; `Refused` otherwise."""
        name = parameters.get("grant_type")
        if name is None:
            raise Refused("invalid_request", "grant_type is missing")
        self.settings.guards("grant.supported", name, self._grants)
        if name not in client.grants:
            raise Refused("unauthorized_client", "the client may not use this grant type")
        return name

    def bind(self, client: Client, jkt: str | None, x5t: str | None) -> tuple[Binding, Binding]:
        """Give what the client's tokens are bound to, and all that the request showed."""
        guards, shown = self.settings.guards, Binding(jkt, x5t)
        guards("issue.proof_required", client, jkt)
        guards("issue.certificate_required", client, x5t)
        binding: Binding = guards("issue.binding", client, shown)
        guards("limit.bound", binding, self.settings)
        return binding, shown

    def audience(self, parameters: Mapping[str, str]) -> str:
        """Give the resource server that is asked for, this software's own where none is (RFC 8707 section 2)."""
        own = self.settings.rs_url
        known = {server.audience for server in self.settings.registry.resource_servers.values() if server.audience}
        audience: str = self.settings.guards("issue.audience", parameters, own, known)
        return audience

    def respond(self, grant_type: str, ask: Ask) -> dict[str, Any]:
        """Give the token response (RFC 6749 section 5.1); `Refused` otherwise, with the grant not spent."""
        return self._grants[grant_type](ask)

    def _response(self, grant: Grant, scope: frozenset[str], ask: Ask) -> dict[str, Any]:
        return {
            "access_token": self.store.add_access_token(grant, scope, ask.binding),
            "token_type": self.settings.guards("issue.token_type", ask.binding),
            "expires_in": int(self.settings.token_lifetime),
            "scope": " ".join(sorted(scope)),
        }

    def _new_refresh_token(self, grant: Grant, ask: Ask) -> dict[str, str]:
        if "refresh_token" not in ask.client.grants:
            return {}
        binding = self.settings.guards("issue.refresh_binding", ask.client, ask.binding, Binding())
        return {"refresh_token": self.store.add_refresh_token(grant, binding)}

    def _check_unused(self, name: str, used: Code | RefreshToken) -> None:
        """Refuse what was used before, by the guard of that name, and then end all that came of it."""
        try:
            self.settings.guards(name, used)
        except Refused:
            self.settings.guards("grant.reuse", used.grant)
            raise

    def _client_credentials(self, ask: Ask) -> dict[str, Any]:
        if ask.client.is_public:
            raise Refused("unauthorized_client", "a client without credentials may not use this grant type")
        scope = requested_scope(ask.parameters, ask.client.scope) - {"openid"}  # there is no user to ask about
        audience = self.audience(ask.parameters)
        return self._response(Grant(ask.client.client_id, ask.client.client_id, scope, audience), scope, ask)

    def _authorization_code(self, ask: Ask) -> dict[str, Any]:
        guards = self.settings.guards
        code: Code | None = self.store.codes.get(ask.parameters.get("code", ""), self.settings.clock())
        if code is None:
            raise Refused("invalid_grant", "the code is unknown or expired")
        guards("code.client", code, ask.client)
        guards("code.redirect_uri", code, ask.parameters)
        guards("code.verifier", code, ask.parameters)
        guards("code.jkt", code, ask.binding)
        guards("grant.audience", code.grant, self.audience(ask.parameters), ask.parameters)
        self._check_unused("code.single_use", code)
        code.spent = True
        response = self._response(code.grant, code.grant.scope, ask) | self._new_refresh_token(code.grant, ask)
        if "openid" in code.grant.scope:
            response["id_token"] = self.store.id_token(code.grant)
        return response

    def _refresh_token(self, ask: Ask) -> dict[str, Any]:
        guards, name = self.settings.guards, ask.parameters.get("refresh_token", "")
        token: RefreshToken | None = self.store.refresh_tokens.get(name, self.settings.clock())
        if token is None:
            raise Refused("invalid_grant", "the refresh token is unknown or expired")
        guards("refresh.client", token, ask.client)
        guards("refresh.key", token, ask.shown)
        guards("grant.audience", token.grant, self.audience(ask.parameters), ask.parameters)
        self._check_unused("refresh.single_use", token)
        guards("refresh.revoked", token)
        scope = guards("refresh.scope", ask.parameters, token.grant)
        response = self._response(token.grant, scope, ask)
        if not guards("refresh.rotation", ask.client):
            return response | {"refresh_token": name}
        token.spent = True
        binding = guards("refresh.inheritance", token)
        return response | {"refresh_token": self.store.add_refresh_token(token.grant, binding)}
