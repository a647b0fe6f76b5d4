"""Requests that use something up before all of them was found good (RFC 9449 sections 8 and 11.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from strict_server.proof import known_by
from strict_server.refusals import Refused

from flawed_server.registry import inside, instead_of
from flawed_server.seams.state_replay import Itself

if TYPE_CHECKING:
    from strict_server.client_authentication import Authenticated
    from strict_server.clients import Client
    from strict_server.incoming import Incoming
    from strict_server.main import Servers
    from strict_server.proof import ProofCheck
    from strict_server.tokens import Binding

Honest = Callable[..., Any]

# What is used up first and then found wrong is used up where it was wrong: that is all that anybody sees of the order.


@instead_of("proof.signature", "after the jti is spent")
def jti_before_the_signature(honest: Honest, check: ProofCheck) -> None:
    """Spend the jti of a proof before its signature is verified."""
    try:
        honest(check)
    except Refused:
        with suppress(KeyError, TypeError, ValueError):  # the claims are not checked yet
            check.server.spent.spend(known_by(check))
        raise


@instead_of("binding.jkt", "after the jti is spent")
def jti_before_the_binding(honest: Honest, binding: Binding, check: ProofCheck) -> None:
    """Spend the jti for the key that the token is bound to, before the proof's key is compared with that one."""
    try:
        honest(binding, check)
    except Refused:
        jti, _, uri = known_by(check)
        check.server.spent.spend((jti, binding.jkt, uri))
        raise


@inside("the proof is spent before the client is authenticated")
def proof_before_the_client(servers: Servers) -> None:
    """Check and spend a proof before the client's credentials are looked at."""
    server = servers.authorization
    if server is None:
        return
    honest = server.clients.authenticate

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        try:
            return honest(incoming, parameters)
        except Refused:
            with suppress(Refused):
                if (check := server.proofs.check(incoming)) is not None:
                    server.proofs.spend(check)
            raise

    server.clients.authenticate = authenticate


@inside("the assertion is spent before the proof")
def assertion_before_the_proof(servers: Servers) -> None:
    """Spend a client's assertion before its proof is looked at."""
    if servers.authorization is None:
        return
    clients = servers.authorization.clients
    authenticated, spent = clients.authenticate, clients.spend

    def authenticate(incoming: Incoming, parameters: Mapping[str, str]) -> Authenticated:
        found = authenticated(incoming, parameters)
        spent(found)
        return found

    clients.authenticate = authenticate
    clients.spend = lambda _found: None


_FORM: ContextVar[Mapping[str, str]] = ContextVar("_FORM")


def _burning(servers: Servers, name: str) -> Callable[[], None]:
    """Make what marks the grant as used that the form of this request names under that name."""
    server = servers.authorization
    if server is None:
        return lambda: None
    table = {"code": server.store.codes, "refresh_token": server.store.refresh_tokens}[name]

    def burn() -> None:
        grant = table.get(_FORM.get().get(name, ""), server.settings.clock())
        if grant is not None:
            grant.spent = True

    return burn


def _grant_before_the_proof(servers: Servers, name: str) -> None:
    server, burn = servers.authorization, _burning(servers, name)
    if server is None:
        return
    check, bind = server.proofs.check, server.tokens.bind

    def check_and_burn(incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        _FORM.set(dict(incoming.form))
        try:
            return check(incoming, token)
        except Refused:
            burn()
            raise

    def bind_and_burn(client: Client, jkt: str | None, x5t: str | None) -> tuple[Binding, Binding]:
        try:
            return bind(client, jkt, x5t)
        except Refused:
            burn()
            raise

    server.proofs.check = check_and_burn
    server.tokens.bind = bind_and_burn


def _grant_with_a_challenge(servers: Servers, name: str) -> None:
    server, burn = servers.authorization, _burning(servers, name)
    if server is None:
        return
    honest, served = server.proofs.check, set[Itself]()

    def check(incoming: Incoming, token: str | None = None) -> ProofCheck | None:
        _FORM.set(dict(incoming.form))
        try:
            found = honest(incoming, token)
        except Refused as refused:
            if refused.error == "use_dpop_nonce" and Itself(incoming.connection) in served:
                burn()
            raise
        served.add(Itself(incoming.connection))
        return found

    server.proofs.check = check


@inside("the code is spent before the proof")
def code_before_the_proof(servers: Servers) -> None:
    """Spend an authorization code before the proof is looked at."""
    _grant_before_the_proof(servers, "code")


@inside("the refresh token is spent before the proof")
def refresh_token_before_the_proof(servers: Servers) -> None:
    """Spend a refresh token before the proof is looked at."""
    _grant_before_the_proof(servers, "refresh_token")


@inside("the code is spent with a challenge")
def code_with_a_challenge(servers: Servers) -> None:
    """Spend the code of who had a nonce, on this connection, and comes without a good one."""
    _grant_with_a_challenge(servers, "code")


@inside("the refresh token is spent with a challenge")
def refresh_token_with_a_challenge(servers: Servers) -> None:
    """Spend the refresh token of who had a nonce, on this connection, and comes without a good one."""
    _grant_with_a_challenge(servers, "refresh_token")
