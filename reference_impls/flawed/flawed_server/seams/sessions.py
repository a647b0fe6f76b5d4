"""Flaws in what a TLS session stands for that began at another listener (RFC 8705 sections 2 and 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from OpenSSL import SSL

from flawed_server.registry import doors, inside, instead_of
from flawed_server.seams.issue_several import HONEST, several
from flawed_server.seams.tls import contexts

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.clients import Client
    from strict_server.incoming import Connection, Incoming
    from strict_server.listener import AnyCertificateContext
    from strict_server.main import Bound, Servers
    from strict_server.settings import Settings
    from strict_server.tokens import Binding


@instead_of("certificate.chain", "where no session is taken up")
def chain_of_a_new_session(honest: Callable[..., Any], connection: Connection, settings: Settings) -> None:
    """Validate a chain when a session begins, and not again."""
    if not connection.resumed:
        honest(connection, settings)


@instead_of("client.self_signed", "where no session is taken up")
def registered_in_a_new_session(
    honest: Callable[..., Any], connection: Connection, client: Client, settings: Settings
) -> None:
    """Look for a registered certificate when a session begins, and not again."""
    if not connection.resumed:
        honest(connection, client, settings)


@instead_of("client.tls", "a session in place of a certificate")
def session_of_a_client(honest: Callable[..., Any], connection: Connection, client: Client, settings: Settings) -> None:
    """Believe of whoever takes up a session that a certificate was shown when it began."""
    if connection.certificate is not None or not connection.resumed:
        honest(connection, client, settings)


def _comparing_where_not(
    trusted: Callable[[Connection], bool], more: dict[str, Callable[..., Any]], servers: Servers
) -> None:
    """Compare the certificate with the token's but on a connection that is trusted."""
    seen: list[Connection] = []

    def presented(incoming: Incoming, settings: Settings) -> bytes | None:
        seen[:] = [incoming.connection]
        der: bytes | None = HONEST("certificate.presented", incoming, settings)
        return der

    def compare(binding: Binding, certificate: bytes | None) -> None:
        # It was presented just before, for this very request.
        if not trusted(seen[0]):
            HONEST("binding.certificate", binding, certificate)

    several(servers, {"certificate.presented": presented, "binding.certificate": compare, **more})


@inside("a session in place of the token's certificate")
def session_of_a_holder(servers: Servers) -> None:
    """Believe of whoever takes up a session that the token's certificate was shown when it began."""
    _comparing_where_not(lambda connection: connection.certificate is None and connection.resumed, {}, servers)


@inside("any token in the session of a client that was authenticated")
def session_of_an_authenticated_client(servers: Servers) -> None:
    """Trust a session with every token where a client has authenticated with its certificate."""
    known = set[bytes | None]()

    def authenticate(connection: Connection, client: Client, settings: Settings) -> None:
        HONEST("client.tls", connection, client, settings)
        known.add(connection.certificate)

    def trusted(connection: Connection) -> bool:
        return connection.resumed and connection.certificate in known

    _comparing_where_not(trusted, {"client.tls": authenticate}, servers)


@doors("one memory of sessions for every listener")
def one_memory(taken: Bound) -> Bound:
    """Take up sessions that began where no certificate is asked for where one is."""
    asking = next(tls.pyopenssl for tls in contexts(taken) if tls.pyopenssl.get_verify_mode() != SSL.VERIFY_NONE)
    for tls in contexts(taken):
        if tls.pyopenssl.get_verify_mode() == SSL.VERIFY_NONE:
            _ask_for_none(tls)
        tls.pyopenssl = asking
    return taken


def _ask_for_none(tls: AnyCertificateContext) -> None:
    honest = tls.wrap_bio

    def wrap(*arguments: Any, **more: Any) -> Any:
        made = honest(*arguments, **more)
        made._tls.set_verify(SSL.VERIFY_NONE)  # noqa: SLF001 - of this connection alone
        return made

    tls.wrap_bio = wrap  # type: ignore[method-assign]
