"""What the authorization server says of itself (RFC 8414, RFC 8705 sections 3.3 and 5, RFC 9449 section 5.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .clients import AUTHENTICATION_METHODS
from .resource_metadata import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .settings import Settings

#: Members of mtls_endpoint_aliases.
_BY_CERTIFICATE = (
    "token_endpoint",
    "pushed_authorization_request_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
)


def _aliases(document: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """Give the URLs at which certificates are asked for, by the member that each stands for (RFC 8705 section 5)."""
    own = settings.as_url
    return {name: settings.mtls_url + document[name].removeprefix(own) for name in _BY_CERTIFICATE}


def document(settings: Settings) -> dict[str, Any]:
    """Give the metadata, which nobody has signed yet."""
    url, methods, algorithms = settings.as_url, list(settings.client_auth), list(settings.algorithms)
    known = [method for method in AUTHENTICATION_METHODS if method != "none"]
    said: dict[str, Any] = {
        "issuer": url,
        "authorization_endpoint": url + "/authorize",
        "token_endpoint": url + "/token",
        "jwks_uri": url + "/jwks",
        "pushed_authorization_request_endpoint": url + "/par",
        "introspection_endpoint": url + "/introspect",
        "revocation_endpoint": url + "/revoke",
        "userinfo_endpoint": url + "/userinfo",
        "scopes_supported": ["openid", "read", "admin"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": known,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": algorithms,
        "tls_client_certificate_bound_access_tokens": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_pushed_authorization_requests": settings.par == "required",
        "protected_resources": [settings.rs_url + path for path in ("", *RESOURCES)],
    }
    if settings.mtls_url:
        said["mtls_endpoint_aliases"] = _aliases(said, settings)
    if settings.registration == "open":
        said["registration_endpoint"] = url + "/register"
    return said
