"""Flaws in how a trusted proxy is known, and kept apart from its clients (RFC 9440 section 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography import x509
from strict_server.certificates import thumbprint

from flawed_server.registry import inside, instead_of
from flawed_server.seams.certificate_facts import FACTS
from flawed_server.seams.issue_several import HONEST, several

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.incoming import Connection, Incoming
    from strict_server.main import Servers
    from strict_server.settings import Settings
    from strict_server.tokens import Binding

    Presents = Callable[[Incoming, Settings], bytes | None]


def _known_by(name: str) -> None:
    """Register that who tells of a certificate is the proxy where one fact of his own is that of the proxy's."""
    fact = FACTS[name]

    def presented(honest: Presents, incoming: Incoming, settings: Settings) -> bytes | None:
        own = incoming.connection.certificate
        if own is not None and settings.trusted_proxy is not None and incoming.values("client-cert"):
            known = fact(x509.load_der_x509_certificate(settings.trusted_proxy))
            if fact(x509.load_der_x509_certificate(own)) == known:
                connection = replace(incoming.connection, from_trusted_proxy=True)
                return honest(replace(incoming, connection=connection), settings)
        return honest(incoming, settings)

    instead_of("certificate.presented", f"from a proxy known by its {name}")(presented)


_known_by("subject")
_known_by("authority")


@instead_of("connection.proxy", "never")
def never(_honest: Callable[..., Connection], connection: Connection, _settings: Settings) -> Connection:
    """Know no proxy by its certificate."""
    return connection


@inside("the proxy's own certificate where it tells of none")
def own_certificate_of_the_proxy(servers: Servers) -> None:
    """Take the certificate of the connection where no other is told, also when that is the proxy's."""

    def keep(connection: Connection, settings: Settings) -> Connection:
        return replace(HONEST("connection.proxy", connection, settings), certificate=connection.certificate)

    def presented(incoming: Incoming, settings: Settings) -> bytes | None:
        told: bytes | None = HONEST("certificate.presented", incoming, settings)
        return told or incoming.connection.certificate

    several(servers, {"connection.proxy": keep, "certificate.presented": presented})


@inside("the proxy's own certificate beside the one that it tells of")
def certificate_of_the_proxy_too(servers: Servers) -> None:
    """Have a token opened by the certificate of the proxy, too, which every client comes with."""
    one = servers.authorization or servers.resource
    proxy = one.settings.trusted_proxy if one is not None else None

    def compare(binding: Binding, certificate: bytes | None) -> None:
        if proxy is None or certificate is None or binding.x5t != thumbprint(proxy):
            HONEST("binding.certificate", binding, certificate)

    several(servers, {"binding.certificate": compare})
