"""Flaws in what a server takes for its own address (RFC 9449 section 4.3 item 9, RFC 9700 section 4.13)."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from strict_server.proof import ProofCheck

_FORWARDED = re.compile(r'(host|proto)="?([^";,]+)')
_HOST_HEADERS = ("x-forwarded-host", "x-forwarded-server", "x-original-host", "x-host")
_URL_HEADERS = ("x-original-url", "x-rewrite-url")


@instead_of("request.origin", "Host")
def origin_by_host(honest: Callable[..., str], request: Request, *configured: Any) -> str:
    """Believe the Host header."""
    scheme, _, host = honest(request, *configured).partition("://")
    return f"{scheme}://{request.headers.get('host', host)}"


@instead_of("request.origin", "X-Forwarded-Host")
def origin_by_forwarded_host(honest: Callable[..., str], request: Request, *configured: Any) -> str:
    """Believe a header of a proxy's about the host, and whatever other header is called like that."""
    scheme, _, host = honest(request, *configured).partition("://")
    named = next((request.headers[name] for name in _HOST_HEADERS if name in request.headers), host)
    return f"{scheme}://{named}"


@instead_of("request.origin", "X-Forwarded-Proto")
def origin_by_forwarded_proto(honest: Callable[..., str], request: Request, *configured: Any) -> str:
    """Believe headers of a proxy's about scheme and port."""
    scheme, _, host = honest(request, *configured).partition("://")
    port = request.headers.get("x-forwarded-port")
    if port is not None:
        host = f"{host.partition(':')[0]}:{port}"
    return f"{request.headers.get('x-forwarded-proto', scheme)}://{host}"


@instead_of("request.origin", "Forwarded")
def origin_by_forwarded(honest: Callable[..., str], request: Request, *configured: Any) -> str:
    """Believe the Forwarded header (RFC 7239)."""
    scheme, _, host = honest(request, *configured).partition("://")
    said = dict(_FORWARDED.findall(request.headers.get("forwarded", "")))
    return f"{said.get('proto', scheme)}://{said.get('host', host)}"


@instead_of("proof.htu", "X-Original-URL")
def htu_by_original_url(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Believe headers about what was asked for before somebody rewrote it, or took a prefix off."""
    incoming = check.incoming
    origin, path = incoming.origin, incoming.path
    for value in (value for name in _URL_HEADERS for value in incoming.values(name)):
        parts = urlsplit(value)
        origin, path = f"{parts.scheme}://{parts.netloc}" if parts.netloc else origin, parts.path
    path = "".join(incoming.values("x-forwarded-prefix")) + path
    check.incoming = dataclasses.replace(incoming, origin=origin, path=path)
    honest(check)
    check.incoming = incoming
