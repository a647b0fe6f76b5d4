"""Limits that a profile sets where the specifications leave room; each holds only where the settings ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import jose
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .clients import Client
    from .settings import Settings
    from .tokens import Binding

CLOCK_SKEW = 10  # seconds


def _failed(description: str) -> Refused:
    return Refused("invalid_client", description, status=401)


@guard("limit.pushed")
def pushed_where_required(parameters: Mapping[str, str], settings: Settings) -> None:
    """Take pushed authorization requests only (RFC 9126 section 5)."""
    if settings.par == "required" and "request_uri" not in parameters:
        raise Refused("invalid_request", "authorization requests have to be pushed")


@guard("limit.bound")
def bound_where_required(binding: Binding, settings: Settings) -> None:
    """Issue no token that is bound to nothing."""
    if settings.tokens == "bound" and not binding.confirmation:
        raise Refused("invalid_request", "tokens are issued for a proof or a certificate only")


def allowed_method(client: Client, settings: Settings) -> None:
    """Take clients that authenticate in an allowed way."""
    if client.method not in settings.client_auth:
        raise _failed("this way of client authentication is not allowed")


@guard("limit.assertion_audience")
def only_the_issuer(claims: Mapping[str, Any], settings: Settings) -> None:
    """Take assertions whose one audience is the issuer, as a string."""
    if claims.get("aud") != settings.as_url:
        raise _failed("the audience of the client assertion is not the issuer, as a string")


@guard("limit.assertion_time")
def made_by_now(claims: Mapping[str, Any], now: float) -> None:
    """Refuse assertions that were made in the future, a little skew allowed."""
    made = jose.number(claims.get("iat", now))
    if made is None or made > now + CLOCK_SKEW:
        raise _failed("the client assertion was made in the future")
