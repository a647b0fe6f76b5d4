"""Flaws in what is asked of an authorization code (RFC 6749 section 4.1.3, RFC 7636, RFC 9449 section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server.refusals import Refused

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.clients import Client
    from strict_server.grants import Code, Grant
    from strict_server.tokens import Binding


@instead_of("code.client", "not asked of public clients")
def code_of_anybody_to_public_clients(honest: Callable[..., Any], code: Code, client: Client) -> None:
    """Compare the client only where one has authenticated."""
    if not client.is_public:
        honest(code, client)


@instead_of("code.client", "of none")
def code_for_nobody(_honest: Callable[..., Any], _code: Code, _client: Client) -> None:
    """Find no client for any code."""
    raise Refused("invalid_grant", "the code is of another client")


@instead_of("code.redirect_uri", "prefix")
def redirect_uri_by_its_beginning(honest: Callable[..., Any], code: Code, parameters: Mapping[str, str]) -> None:
    """Take a redirect_uri that begins like that of the authorization request."""
    if not parameters.get("redirect_uri", "").startswith(code.redirect_uri):
        honest(code, parameters)


@instead_of("code.redirect_uri", "where it is sent")
def redirect_uri_if_sent(honest: Callable[..., Any], code: Code, parameters: Mapping[str, str]) -> None:
    """Compare redirect_uri only where the token request has one."""
    if "redirect_uri" in parameters:
        honest(code, parameters)


@instead_of("code.verifier", "also the challenge")
def challenge_as_verifier(honest: Callable[..., Any], code: Code, parameters: Mapping[str, str]) -> None:
    """Take the challenge as its own verifier, as `plain` has it."""
    if parameters.get("code_verifier") != code.challenge:
        honest(code, parameters)


@instead_of("code.verifier", "where it is sent")
def verifier_if_sent(honest: Callable[..., Any], code: Code, parameters: Mapping[str, str]) -> None:
    """Check a verifier only where the token request has one."""
    if "code_verifier" in parameters:
        honest(code, parameters)


@instead_of("code.jkt", "where there is a proof")
def key_if_proven(honest: Callable[..., Any], code: Code, binding: Binding) -> None:
    """Compare the key only where a proof shows one."""
    if binding.jkt is not None:
        honest(code, binding)


@instead_of("code.jkt", "ends the code")
def another_key_ends_the_code(honest: Callable[..., Any], code: Code, binding: Binding) -> None:
    """Spend a code that comes with another key."""
    try:
        honest(code, binding)
    except Refused:
        code.spent = True
        raise


@instead_of("grant.reuse", "nothing happens")
def reuse_goes_unnoticed(_honest: Callable[..., Any], _grant: Grant) -> None:
    """Refuse what comes back, and leave alone what was issued from it."""


@instead_of("grant.audience", "adopted")
def audience_is_adopted(_honest: Callable[..., Any], grant: Grant, audience: str, _asked: Mapping[str, str]) -> None:
    """Issue a token for whatever resource is asked for."""
    grant.audience = audience
