"""Two virtual hosts at one listener, and to each the authority that certifies its clients; honest, or with one leak.

The name in the handshake (RFC 6066, section 3) decides whose rules a connection has: which requests come in by it (RFC
9110, section 7.4), and which certificates are welcome (RFC 9440, section 2.4).
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from headers import Headers, Peer
from leaks import REQUEST_LEAKS
from OpenSSL import crypto
from relay import Refusal, Route

#: Who is let in by the other host's rules: each is wrong in one thing.
LEAKS = ("pooled-authorities", "by-host-alone", "one-memory", "careless-of-guests")


def unwelcome(_sent: Headers, _honest: Headers, _peer: Peer) -> Headers:
    """Refuse whoever shows a certificate that no authority of this host has issued."""
    raise Refusal(403, "a certificate that is not for this host")


@dataclasses.dataclass(frozen=True)
class Host:
    """One of the two: its name and port as in Host, and who certifies its clients."""

    authority: bytes
    trusted: crypto.X509Store


class TwoHosts:
    """Which rules a connection has. The first host's are those of every name that is not the other's."""

    def __init__(self, options: argparse.Namespace) -> None:
        first, port = options.public_url.netloc.lower(), options.public_url.port
        pooled = options.leak == "pooled-authorities"
        files = [options.client_ca, options.guest_ca]
        self.name: bytes = options.other_host.encode()
        self.leak: str = options.leak
        self.first = Host(first.encode(), _trusting(*(files if pooled else files[:1])))
        self.other = Host(f"{options.other_host}:{port}".encode(), _trusting(*(files if pooled else files[1:])))

    def route(self, route: Route, connection: Any) -> Route:
        """Give where requests of a connection go, and for which host. connection: that of any_certificate.py."""
        host = self._host(connection)
        certificate = connection.getpeercert(binary_form=True)
        both = (self.first.authority, self.other.authority)
        if self.leak == "careless-of-guests" and certificate is None and host is self.other:
            return dataclasses.replace(route, public=both, on_request=REQUEST_LEAKS["no-strip"])
        if self.leak == "one-memory" and connection.resumed:
            return dataclasses.replace(route, public=both)
        public = both if self.leak == "by-host-alone" else (host.authority,)
        if certificate is not None and not _issued(certificate, connection.peer_issuers(), host.trusted):
            return dataclasses.replace(route, public=public, on_request=unwelcome)
        return dataclasses.replace(route, public=public)

    def _host(self, connection: Any) -> Host:
        return self.other if connection.server_name.lower().rstrip(b".") == self.name else self.first


def _trusting(*files: Path) -> crypto.X509Store:
    store = crypto.X509Store()
    for file in files:
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_PEM, file.read_bytes()))
    return store


def _issued(certificate: bytes, above: list[bytes], trusted: crypto.X509Store) -> bool:
    """Whether a certificate (DER) leads to who is trusted."""
    leaf, *others = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in (certificate, *above))
    try:
        crypto.X509StoreContext(trusted, leaf, others).verify_certificate()
    except crypto.X509StoreContextError:
        return False
    return True
