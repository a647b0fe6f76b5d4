"""The ways in which this proxy can be wrong, one at a time: each takes the honest headers and spoils one thing."""

import re
from collections.abc import Callable, Mapping

from headers import Headers, Peer, replaced, values, without

_HOSTS = (b"X-Forwarded-Host", b"X-Original-Host", b"X-Forwarded-Server")
_FORWARDED_HOST = re.compile(rb'(?:^|;)\s*host="?([^";,]+)', re.IGNORECASE)


def no_strip(sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Pass the certificate header that the client sent itself, and let it win over the handshake."""
    theirs = values(sent, peer.header)
    return [*((peer.header, value) for value in theirs), *without(honest, peer.header)] if theirs else honest


def underscore(sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Overlook a name with underscores, and fold it to the certificate header as CGI backends do."""
    if peer.spoken_certificate:
        return honest
    disguised = values(sent, peer.header.replace(b"-", b"_"))
    return [*((peer.header, value) for value in disguised), *honest]


def drop_certificate(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Forget to forward the certificate, although the proxy is configured to."""
    return without(honest, peer.header, b"Client-Cert-Chain")


def drop_dpop(_sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Lose the proof on the way, as behind a list of allowed headers."""
    return without(honest, b"DPoP")


def drop_authorization(_sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Lose the token on the way."""
    return without(honest, b"Authorization")


def merge_dpop(_sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Forward only the first of several proofs, so that upstream cannot see that there were more."""
    proofs = values(honest, b"DPoP")
    return replaced(honest, b"DPoP", proofs[0]) if proofs else honest


def rewrite_host(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Show upstream its own name and port instead of those that the client used."""
    return replaced(honest, b"Host", peer.upstream)


def trust_forwarded_host(sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Take what the client says in a forwarding field, new or old, for the host of the request."""
    claimed = [value for name in _HOSTS for value in values(sent, name)]
    claimed += [host for value in values(sent, b"Forwarded") for host in _FORWARDED_HOST.findall(value)]
    return replaced(honest, b"Host", claimed[0]) if claimed else honest


def trust_forwarded_proto(sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Take the client's word that it came without TLS, over which no token is passed on."""
    return without(honest, b"Authorization") if b"http" in values(sent, b"X-Forwarded-Proto") else honest


def drop_challenge(honest: Headers) -> Headers:
    """Hide from the client why it was refused."""
    return without(honest, b"WWW-Authenticate")


def drop_nonce(honest: Headers) -> Headers:
    """Hide from the client the nonce that it has to put into its proofs."""
    return without(honest, b"DPoP-Nonce")


def return_certificate(honest: Headers) -> Headers:
    """Bring a certificate's header back to the client, as a server behind may that repeats what it was sent."""
    return [*honest, (b"Client-Cert", b":aG9sZGZhc3Q=:")]


REQUEST_LEAKS: Mapping[str, Callable[[Headers, Headers, Peer], Headers]] = {
    "no-strip": no_strip,
    "underscore": underscore,
    "drop-certificate": drop_certificate,
    "drop-dpop": drop_dpop,
    "drop-authorization": drop_authorization,
    "merge-dpop": merge_dpop,
    "rewrite-host": rewrite_host,
    "trust-forwarded-host": trust_forwarded_host,
    "trust-forwarded-proto": trust_forwarded_proto,
}
RESPONSE_LEAKS: Mapping[str, Callable[[Headers], Headers]] = {
    "drop-challenge": drop_challenge,
    "drop-nonce": drop_nonce,
    "return-certificate": return_certificate,
}
