"""What the resource server says of itself (RFC 9728): plain, and signed with a key of its own (section 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from . import jose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .settings import Settings

WELL_KNOWN = "/.well-known/oauth-protected-resource"
RESOURCES = ("/resource", "/admin", "/notes", "/greeting")


class ResourceMetadata:
    """Documents for the resources of one server, and the key that signs them; made anew with each start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        members = {name: public[name] for name in ("kty", "crv", "x", "y")}
        self._jwk = {**members, "kid": jose.thumbprint(members), "use": "sig", "alg": "ES256"}

    @property
    def key_set(self) -> dict[str, Any]:
        """Give the key set behind jwks_uri."""
        return {"keys": [self._jwk]}

    def document(self, origin: str, path: str) -> dict[str, Any]:
        """Give the document of the resource at that path; members without a value are left out (section 3.2)."""
        plain: dict[str, Any] = {
            "resource": origin + path,
            "authorization_servers": [self._settings.trusted_issuer],
            "jwks_uri": origin + "/jwks",
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["read", "admin"],
            "resource_name": "strict",
            "dpop_signing_alg_values_supported": list(self._settings.algorithms),
        }
        if self._settings.bindings == "dpop":
            plain["dpop_bound_access_tokens_required"] = True
        else:
            plain["tls_client_certificate_bound_access_tokens"] = True
        claims = {**plain, "iss": origin, "iat": int(self._settings.clock())}
        return {**plain, "signed_metadata": self.sign(claims)}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Give a JWT of the claims."""
        return jwt.encode(dict(claims), self._key, "ES256", {"kid": self._jwk["kid"]})
