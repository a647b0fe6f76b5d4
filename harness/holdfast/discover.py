"""What a target says of itself: endpoints and capabilities, read off its metadata before the first case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from holdfast.targets import Target

#: Member of the metadata (RFC 8414, 9126, 7662, 7009, OpenID Connect Discovery) -> our name of the endpoint.
ENDPOINT_MEMBERS: Mapping[str, str] = {
    "token_endpoint": "token",
    "authorization_endpoint": "authorization",
    "pushed_authorization_request_endpoint": "par",
    "introspection_endpoint": "introspection",
    "revocation_endpoint": "revocation",
    "userinfo_endpoint": "userinfo",
    "registration_endpoint": "registration",
    "jwks_uri": "jwks",
}

#: Endpoint -> the capability that it shows.
_BY_ENDPOINT = {
    "par": "par",
    "introspection": "introspection",
    "revocation": "revocation",
    "userinfo": "userinfo",
    "registration": "dynamic-registration",
}


@dataclass(frozen=True)
class Discovered:
    """Endpoints by name, capabilities declared and shown, and what does not fit together.

    aliases: endpoints by name for who shows a client certificate (RFC 8705 section 5).
    """

    endpoints: Mapping[str, str]
    capabilities: frozenset[str]
    findings: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


def metadata_urls(issuer: str) -> list[str]:
    """Where the metadata of an issuer may lie: RFC 8414 section 3, then OpenID Connect Discovery section 4."""
    parts = urlsplit(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return [
        f"{base}/.well-known/oauth-authorization-server{path}",
        f"{base}{path}/.well-known/openid-configuration",
    ]


def discovered(target: Target, metadata: Mapping[str, object], allowed: Callable[[str, int], bool]) -> Discovered:
    """Endpoints of the metadata with the file's own on top; URLs on hosts that the file does not name are left out."""
    endpoints, findings = _endpoints(metadata, allowed, "metadata")
    said = metadata.get("mtls_endpoint_aliases")
    aliases, odd = _endpoints(said if isinstance(said, dict) else {}, allowed, "mtls_endpoint_aliases")
    findings += odd
    own = target.endpoints.model_dump(exclude_none=True)
    endpoints |= {name: str(url) for name, url in own.items()}
    shown = _shown(metadata, endpoints)
    declared = frozenset(target.capabilities)
    findings += [
        f"capability {name} is declared and the metadata does not show it"
        for name in sorted(declared & set(_MEMBER_OF))
        if metadata and name not in shown
    ]
    return Discovered(endpoints, declared | shown, tuple(findings), aliases, metadata)


def _endpoints(
    document: Mapping[str, object], allowed: Callable[[str, int], bool], where: str
) -> tuple[dict[str, str], list[str]]:
    """Give the endpoints in a document by our names, and in words those that are not contacted."""
    endpoints, findings = dict[str, str](), list[str]()
    for member, name in ENDPOINT_MEMBERS.items():
        url = document.get(member)
        if not isinstance(url, str):
            continue
        if (place := _place(url)) is None:
            findings.append(f"{where}: {member} is {url!r}, which is no URL: not contacted")
        elif allowed(*place):
            endpoints[name] = url
        else:
            there = urlsplit(url).netloc
            findings.append(f"{where}: {member} lies on {there}, which the target file does not name: not contacted")
    return endpoints, findings


def _place(url: str) -> tuple[str, int] | None:
    """Host and port of a URL; None for what is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return None
    return parts.hostname, port or {"http": 80}.get(parts.scheme, 443)


_MEMBER_OF = {
    "par": "pushed_authorization_request_endpoint",
    "introspection": "introspection_endpoint",
    "revocation": "revocation_endpoint",
    "userinfo": "userinfo_endpoint",
    "dynamic-registration": "registration_endpoint",
    "signed-metadata": "signed_metadata",
    "protected-resources": "protected_resources",
}


def _shown(metadata: Mapping[str, object], endpoints: Mapping[str, str]) -> frozenset[str]:
    found = {_BY_ENDPOINT[name] for name in endpoints if name in _BY_ENDPOINT}
    if metadata:
        found.add("as-metadata")
    if metadata.get("dpop_signing_alg_values_supported"):
        found.add("dpop")
    if metadata.get("tls_client_certificate_bound_access_tokens") is True:
        found.add("mtls")
    if "mtls_endpoint_aliases" in metadata:
        found.add("mtls-aliases")
    members = ("signed_metadata", "protected_resources")
    found |= {member.replace("_", "-") for member in members if metadata.get(member)}
    if metadata.get("require_pushed_authorization_requests") is True:
        found.add("par-required")
    grants = metadata.get("grant_types_supported")
    known = {"client_credentials", "authorization_code", "refresh_token"}
    if isinstance(grants, list):
        found |= known & {g for g in grants if isinstance(g, str)}
    methods = metadata.get("token_endpoint_auth_methods_supported")
    if isinstance(methods, list):
        found |= {m for m in methods if m in {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}}
    return frozenset(found)
