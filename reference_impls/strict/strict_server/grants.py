"""What the authorization server remembers and issues: authorizations, codes, refresh tokens, access tokens."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from . import jose
from .guards import guard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .clients import Client
    from .settings import Settings
    from .tokens import Binding

REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"
_SWEEP_EVERY = 256  # issues


@dataclass(eq=False)
class Grant:
    """One consent: everything issued from it dies when it is revoked.

    `audience`: the resource server for which it is. `authenticated`: when the user was, None without a user.
    """

    client_id: str
    subject: str
    scope: frozenset[str]
    audience: str
    authenticated: int | None = None
    oidc_nonce: str = ""
    revoked: bool = False


@dataclass(eq=False)
class Code:
    """An authorization code. `jkt`: the key that must redeem it, where one was announced (RFC 9449 section 10)."""

    grant: Grant
    redirect_uri: str
    challenge: str
    jkt: str | None
    expires: float
    spent: bool = False


@dataclass(eq=False)
class RefreshToken:
    """A refresh token. `binding` holds for public clients (RFC 9449 section 5, RFC 8705 section 4)."""

    grant: Grant
    binding: Binding
    expires: float
    spent: bool = False


@dataclass(eq=False)
class AccessToken:
    """An access token that was issued, by its claims."""

    grant: Grant
    claims: Mapping[str, Any]
    expires: float
    revoked: bool = False


@dataclass(eq=False)
class PushedRequest:
    """A pushed authorization request (RFC 9126) and the key that its proof showed."""

    client_id: str
    parameters: Mapping[str, str]
    jkt: str | None
    expires: float
    spent: bool = False


@dataclass
class _Table:
    """Values by the hash of their secret name; what has expired is swept now and then."""

    values: dict[bytes, Any] = field(default_factory=dict)
    added: int = 0

    @staticmethod
    def _key(name: str) -> bytes:
        return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()

    def add(self, name: str, value: Any, now: float) -> str:
        self.added += 1
        if self.added % _SWEEP_EVERY == 0:
            self.values = {key: kept for key, kept in self.values.items() if kept.expires > now}
        self.values[self._key(name)] = value
        return name

    def get(self, name: str, now: float) -> Any:
        value = self.values.get(self._key(name))
        return value if value is not None and value.expires > now else None


@guard("issue.name")
def unguessable_name(_kind: str) -> str:
    """Make up a name that nobody guesses, for a code, a token or a pushed request (RFC 6749 section 10.10)."""
    return secrets.token_urlsafe(32)


@guard("issue.confirmation")
def confirmation_of(binding: Binding) -> Mapping[str, str]:
    """Put every proven binding into the token."""
    return binding.confirmation


@guard("issue.token_type")
def token_type_of(binding: Binding) -> str:
    """Name the type by the binding (RFC 9449 section 5)."""
    return binding.token_type


@guard("issue.refresh_binding")
def refresh_binding_of(client: Client, binding: Binding, unbound: Binding) -> Binding:
    """Bind refresh tokens of public clients; those of confidential ones are bound by client authentication."""
    return binding if client.is_public else unbound


@guard("revoke.heeded")
def is_not_revoked(found: AccessToken) -> bool:
    """Tell whether neither an access token nor its grant was revoked (RFC 7662 section 4)."""
    return not (found.revoked or found.grant.revoked)


class Store:
    """State of one authorization server, in memory, and its signing key."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.codes = _Table()
        self.refresh_tokens = _Table()
        self.access_tokens = _Table()
        self.pushed = _Table()
        self._private_key = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self._private_key.public_key(), as_dict=True)
        members = {name: public[name] for name in ("kty", "crv", "x", "y")}
        self.public_jwk = {**members, "kid": jose.thumbprint(members), "use": "sig", "alg": "ES256"}

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """Give a JWT of the claims, ES256 with kid and typ."""
        headers = {"typ": typ, "kid": self.public_jwk["kid"]}
        return jwt.encode(dict(claims), self._private_key, algorithm="ES256", headers=headers)

    def add_code(self, code: Code) -> str:
        """Keep a code and give its name."""
        return self.codes.add(self.settings.guards("issue.name", "code"), code, self.settings.clock())

    def add_pushed(self, pushed: PushedRequest) -> str:
        """Keep a pushed request and give its request_uri."""
        name = REQUEST_URI_PREFIX + self.settings.guards("issue.name", "pushed request")
        return self.pushed.add(name, pushed, self.settings.clock())

    def add_refresh_token(self, grant: Grant, binding: Binding) -> str:
        """Issue a refresh token."""
        now = self.settings.clock()
        token = RefreshToken(grant, binding, now + self.settings.refresh_lifetime)
        return self.refresh_tokens.add(self.settings.guards("issue.name", "refresh token"), token, now)

    def add_access_token(self, grant: Grant, scope: frozenset[str], binding: Binding) -> str:
        """Issue an access token: a JWT of RFC 9068, or an opaque name of the same claims."""
        settings = self.settings
        now = int(settings.clock())
        claims: dict[str, Any] = {
            "iss": settings.as_url,
            "aud": grant.audience,
            "sub": grant.subject,
            "client_id": grant.client_id,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + int(settings.token_lifetime),
            "scope": " ".join(sorted(scope)),
        }
        confirmation = settings.guards("issue.confirmation", binding)
        if confirmation:
            claims["cnf"] = dict(confirmation)
        if grant.authenticated is not None:
            claims["auth_time"] = grant.authenticated
        is_jwt = settings.access_tokens == "jwt"
        token = self.sign(claims, "at+jwt") if is_jwt else settings.guards("issue.name", "access token")
        return self.access_tokens.add(token, AccessToken(grant, claims, claims["exp"]), now)

    def active(self, token: str) -> AccessToken | None:
        """Give a known access token that is neither expired nor revoked."""
        found: AccessToken | None = self.access_tokens.get(token, self.settings.clock())
        return found if found is not None and self.settings.guards("revoke.heeded", found) else None

    def id_token(self, grant: Grant) -> str:
        """Give an ID token (OpenID Connect Core section 2); its typ keeps it from being taken for an access token."""
        now = int(self.settings.clock())
        claims = {
            "iss": self.settings.as_url,
            "sub": grant.subject,
            "aud": grant.client_id,
            "iat": now,
            "exp": now + 300,
        }
        return self.sign(claims | ({"nonce": grant.oidc_nonce} if grant.oidc_nonce else {}), "JWT")
