"""What of a message's headers crosses an honest TLS-terminating proxy, and what the proxy says itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from certificates import rfc9440_chain

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    [b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"],
)
# Fields for every recipient: naming them in Connection does not take them away (RFC 9110, section 7.6.1).
END_TO_END = frozenset([b"authorization", b"dpop", b"host", b"content-length", b"content-type", b"cookie", b"expect"])
CERTIFICATE = frozenset([b"client-cert", b"client-cert-chain"])
# What proxies and platforms say of certificates, hosts and people: beginnings of names.
SPOKEN_BY_PROXIES = (
    *(b"x-forwarded-", b"x-original-", b"x-rewrite-", b"x-envoy-", b"x-host", b"x-scheme", b"x-url-scheme"),
    *(b"front-end-https", b"x-script-name", b"ssl-client-", b"x-ssl-", b"x-client-cert", b"x-amzn-mtls-"),
    *(b"cf-client-cert", b"cf-cert-", b"x-arr-clientcert", b"ms-aspnetcore-clientcert", b"istio-mtls-"),
    *(b"wl-proxy-", b"proxy-client-cert", b"x-user", b"x-remote-user", b"x-auth", b"x-consumer-", b"dpop-thumbprint"),
)


@dataclass(frozen=True)
class Peer:
    """Who sent a request: address, certificate of the handshake, and how the proxy words that certificate."""

    address: str
    certificate: bytes | None
    issuers: Sequence[bytes]
    header: bytes
    encode: Callable[[bytes], bytes] | None
    upstream: bytes

    @property
    def spoken_certificate(self) -> Headers:
        """The header that tells upstream the certificate; empty without one."""
        if self.certificate is None or self.encode is None:
            return []
        chain = [(b"Client-Cert-Chain", rfc9440_chain(self.issuers))] if self.issuers else []
        return [(self.header, self.encode(self.certificate)), *chain]


def values(headers: Headers, name: bytes) -> list[bytes]:
    """Every value of a field, in order; the name is compared without case."""
    return [value for given, value in headers if given.lower() == name.lower()]


def without(headers: Headers, *names: bytes) -> Headers:
    """Return the headers less some fields; names are compared without case."""
    dropped = {name.lower() for name in names}
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def replaced(headers: Headers, name: bytes, value: bytes) -> Headers:
    """Return the headers with exactly one field line of that name, in front."""
    return [(name, value), *without(headers, name)]


def folded(name: bytes) -> bytes:
    """Read a name as a CGI-style backend does: no case, and underscore and dot are hyphens."""
    return name.lower().replace(b"_", b"-").replace(b".", b"-")


def nominated(headers: Headers) -> set[bytes]:
    """List the fields that Connection names, which go no further than this hop."""
    options = (option.strip().lower() for value in values(headers, b"connection") for option in value.split(b","))
    return {option for option in options if option} - END_TO_END


def _speaks_of_a_certificate(name: bytes, own: bytes) -> bool:
    return folded(name) in CERTIFICATE | {folded(own)}


def claims(sent: Headers, own: bytes) -> Headers:
    """Give what only a proxy may say of a request, but for its certificate. own: the certificate's header here."""
    found = [(name, value) for name, value in sent if not _speaks_of_a_certificate(name, own)]
    return [
        (name, value)
        for name, value in found
        if folded(name) in {b"forwarded", b"x-real-ip"} or folded(name).startswith(SPOKEN_BY_PROXIES)
    ]


def _forwarded(peer: Peer, host: bytes) -> Headers:
    address = peer.address.encode()
    node = b'"[%s]"' % address if b":" in address else address
    return [
        (b"Forwarded", b'for=%s;host="%s";proto=https' % (node, host.replace(b"\\", b"").replace(b'"', b""))),
        (b"X-Forwarded-For", address),
        (b"X-Forwarded-Host", host),
        (b"X-Forwarded-Proto", b"https"),
    ]


def to_upstream(sent: Headers, peer: Peer) -> Headers:
    """Make the request headers for upstream: case, order and repetition as sent, claims about the hop our own.

    RFC 9440, section 2.4: whatever the client sent under the certificate's names is removed, in any spelling that a
    backend might fold to them. RFC 9110, section 7.6.1: hop-by-hop fields end here.
    """
    dropped = HOP_BY_HOP | nominated(sent)
    claimed = claims(sent, peer.header)
    kept = [
        (name, value)
        for name, value in sent
        if name.lower() not in dropped
        and not _speaks_of_a_certificate(name, peer.header)
        and (name, value) not in claimed
    ]
    host = b"".join(values(sent, b"host")[:1])
    return [*kept, *_forwarded(peer, host), *peer.spoken_certificate, *_framing(sent)]


def _framing(sent: Headers) -> Headers:
    chunked = bool(values(sent, b"transfer-encoding"))
    return [*([(b"Transfer-Encoding", b"chunked")] if chunked else []), (b"Connection", b"close")]


def to_client(received: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Make the response headers for the client.

    RFC 9440: the certificate's fields are not for responses (section 2.2), and a Vary that names them says nothing to a
    client, so it becomes ``*`` (section 2.4).
    """
    headers = list(received)
    dropped = HOP_BY_HOP | nominated(headers) | CERTIFICATE
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    varies = {option.strip().lower() for value in values(kept, b"vary") for option in value.split(b",")}
    return replaced(kept, b"Vary", b"*") if varies & CERTIFICATE else kept
