"""What one server object is told: its names, its windows, its guards and its clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .clients import AUTHENTICATION_METHODS, Registry
from .guards import Guards
from .jose import ALGORITHMS

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from cryptography import x509

Nonce = Literal["off", "optional", "required"]


@dataclass(frozen=True)
class Settings:
    """All times are seconds. URLs have no trailing slash; they are the names by which clients call the servers."""

    as_url: str
    rs_url: str
    mtls_url: str = ""  # the authorization server where it asks for client certificates; empty: it does at `as_url`
    issuer: str = ""  # whom the resource server trusts; empty: `as_url`
    public_url: str = ""  # the resource server's name where it is not `rs_url`, behind a proxy for example
    nonces: Nonce = "off"
    nonce_lifetime: float = 300
    access_tokens: Literal["jwt", "opaque"] = "jwt"
    lookup: Literal["jwks", "introspection"] = "jwks"
    bindings: Literal["any", "dpop", "none"] = "any"  # what the resource server asks of a token; none: nothing
    token_lifetime: float = 300
    code_lifetime: float = 60
    refresh_lifetime: float = 86400
    registration: Literal["off", "open"] = "off"
    algorithms: tuple[str, ...] = ALGORITHMS  # of proofs and client assertions
    client_auth: tuple[str, ...] = AUTHENTICATION_METHODS
    assertion_audience: Literal["any", "issuer"] = "any"  # any: also the URL of the endpoint
    par: Literal["optional", "required"] = "optional"
    tokens: Literal["any", "bound"] = "any"  # bound: none is issued without a proof or a certificate
    pushed_lifetime: float = 60
    proof_past: float = 60
    proof_future: float = 10
    jti_lifetime: float = 71
    replicas: Literal["none", "shared", "separate"] = "none"  # a second node of the RS, and its memory of spent proofs
    forwarded_header: str = "Client-Cert"
    forwarded_encoding: Literal["rfc9440", "pem-escaped", "base64-der", "xfcc", "none"] = "rfc9440"
    trusted_proxy: bytes | None = None  # the certificate (DER) that it shows, besides whoever is at internal listeners
    introspection_client: tuple[str, str] = ("", "")
    authorities: tuple[x509.Certificate, ...] = ()
    outgoing_tls: ssl.SSLContext | None = None  # trust for the calls to the issuer
    registry: Registry = field(default_factory=Registry)
    guards: Guards = field(default_factory=Guards)
    clock: Callable[[], float] = time.time

    @property
    def trusted_issuer(self) -> str:
        """Give the issuer of the tokens that the resource server takes."""
        return self.issuer or self.as_url
