"""Flaws of servers that let nothing honest through somewhere, or ask anybody."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from strict_server.refusals import Refused

from flawed_server.registry import Answer, answer, inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from strict_server.main import Servers


@answer("closed")
def closed(found: Answer, scope: Scope) -> None:
    """Refuse who would have got in."""
    if found.status < 400 and scope["method"] != "OPTIONS":
        found.status, found.body = 403, b"{}"


@instead_of("binding.certificate", "never the bound one")
def never_the_bound_one(honest: Callable[..., Any], binding: Any, certificate: bytes | None) -> None:
    """Take every certificate for another one than that of the token."""
    honest(binding, certificate)
    if binding.x5t is not None:
        raise Refused("invalid_token", "the token is bound to another certificate")


@inside("any certificate of the issuer")
def any_certificate(servers: Servers) -> None:
    """Ask the issuer over TLS without looking at who answers."""
    if servers.resource is None:
        return
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    issuer = servers.resource.issuer
    issuer._settings = replace(issuer._settings, outgoing_tls=careless)  # noqa: SLF001 - the flaw is in there
