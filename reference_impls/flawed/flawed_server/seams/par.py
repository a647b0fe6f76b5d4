"""Flaws in pushed authorization requests (RFC 9126, RFC 9449 section 10.1)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from strict_server.refusals import Refused

from flawed_server.registry import Answer, answer, inside, instead_of, request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope
    from strict_server.authorization_server import AuthorizationServer
    from strict_server.clients import Client
    from strict_server.grants import PushedRequest
    from strict_server.incoming import Incoming
    from strict_server.main import Servers


@instead_of("par.jkt", "the named one only")
def proven_key_is_lost(_honest: Callable[..., Any], announced: str | None, _shown: str | None) -> str | None:
    """Bind a code to the key that is named, and to none where only a proof shows one."""
    return announced


@instead_of("par.jkt", "the proven one in lower case")
def proven_key_in_lower_case(honest: Callable[..., Any], announced: str | None, shown: str | None) -> str | None:
    """Keep the thumbprint of a proof's key in lower case, so that no key has it."""
    return honest(announced, shown and shown.lower())  # type: ignore[no-any-return]


@instead_of("par.one_key", "never proven")
def no_proofs_at_par(honest: Callable[..., Any], announced: str | None, shown: str | None) -> None:
    """Refuse a push that comes with a proof."""
    if shown is not None:
        raise Refused("invalid_request", "a push names its key in dpop_jkt")
    honest(announced, shown)


@instead_of("par.one_key", "only with a proof")
def key_only_with_a_proof(honest: Callable[..., Any], announced: str | None, shown: str | None) -> None:
    """Refuse a push that names a key and does not prove it."""
    if announced is not None and shown is None:
        raise Refused("invalid_request", "a push that names a key needs a proof")
    honest(announced, shown)


@instead_of("par.one_key", "never both")
def key_named_or_proven(honest: Callable[..., Any], announced: str | None, shown: str | None) -> None:
    """Refuse a push that both names its key and proves it."""
    if None not in {announced, shown}:
        raise Refused("invalid_request", "a push names its key or proves it")
    honest(announced, shown)


@instead_of("par.parameters", "what stands beside counts")
def beside_counts(
    _honest: Callable[..., Any], pushed: PushedRequest, beside: Mapping[str, str]
) -> tuple[Mapping[str, str], str | None]:
    """Let what stands in the URL beside request_uri count more than what was pushed."""
    return {**pushed.parameters, **beside}, beside.get("dpop_jkt") or pushed.jkt


def _server(servers: Servers) -> AuthorizationServer | None:
    return servers.authorization


@inside("led where the URL says")
def led_where_the_url_says(servers: Servers) -> None:
    """Send the browser to a redirect_uri in the URL, which nobody checks once the pushed one was."""
    if (server := _server(servers)) is None:
        return
    honest = server._authorization_request  # noqa: SLF001 - a flaw goes in wherever it has to

    def asked(incoming: Incoming) -> tuple[Client, Mapping[str, str], str, str | None]:
        client, parameters, uri, jkt = honest(incoming)
        return client, parameters, dict(incoming.query).get("redirect_uri", uri), jkt

    server._authorization_request = asked  # type: ignore[method-assign]  # noqa: SLF001


@inside("names that are cut short")
def names_cut_short(servers: Servers) -> None:
    """Keep pushed requests by the first half of their names."""
    if (server := _server(servers)) is not None:
        table = server.store.pushed
        honest = table._key  # noqa: SLF001 - a flaw goes in wherever it has to
        table._key = lambda name: honest(name[: (len(name) + 33) // 2])  # type: ignore[method-assign]  # noqa: SLF001


def _said(answer: Answer, **changed: object) -> None:
    """Change members of an answer in JSON to a pushed request that was taken; None takes one out."""
    if answer.status == 201:
        said = {**json.loads(answer.body), **changed}
        answer.body = json.dumps({name: value for name, value in said.items() if value is not None}).encode()


@answer("answered with 200")
def answered_with_200(answer: Answer, _scope: Scope) -> None:
    """Answer a pushed request with 200."""
    answer.status = 200 if answer.status == 201 else answer.status


@answer("no lifetime of the request_uri")
def no_lifetime(answer: Answer, _scope: Scope) -> None:
    """Do not say how long a request_uri is good."""
    _said(answer, expires_in=None)


def _announced(answer: Answer, member: str, value: object) -> None:
    """Change a member of the authorization server's metadata."""
    said = json.loads(answer.body) if "json" in "".join(answer.values("content-type")) else {}
    if "token_endpoint" in said:
        answer.body = json.dumps(said | {member: value}).encode()


@answer("announced elsewhere")
def announced_elsewhere(answer: Answer, _scope: Scope) -> None:
    """Announce another address than the one where requests are pushed."""
    _announced(answer, "pushed_authorization_request_endpoint", "https://localhost/pushed")


@answer("said to be required, in words")
def said_to_be_required_in_words(answer: Answer, _scope: Scope) -> None:
    """Say as a text whether requests have to be pushed."""
    _announced(answer, "require_pushed_authorization_requests", "false")


@request("broken by a large body")
def broken_by_a_large_body(scope: Scope) -> None:
    """Break on a body of more than a few pages."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if int(length) > 65536:
        raise MemoryError("the body does not fit")
