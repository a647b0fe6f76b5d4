"""The ways in which this proxy can be wrong, one at a time: each takes the honest headers and spoils one thing."""

from collections.abc import Callable, Mapping

from headers import Headers, Peer, replaced, values, without


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
    """Take what the client says in X-Forwarded-Host for the host of the request."""
    claimed = values(sent, b"X-Forwarded-Host")
    return replaced(honest, b"Host", claimed[0]) if claimed else honest


def drop_challenge(honest: Headers) -> Headers:
    """Hide from the client why it was refused."""
    return without(honest, b"WWW-Authenticate")


def drop_nonce(honest: Headers) -> Headers:
    """Hide from the client the nonce that it has to put into its proofs."""
    return without(honest, b"DPoP-Nonce")


REQUEST_LEAKS: Mapping[str, Callable[[Headers, Headers, Peer], Headers]] = {
    "no-strip": no_strip,
    "underscore": underscore,
    "drop-certificate": drop_certificate,
    "drop-dpop": drop_dpop,
    "drop-authorization": drop_authorization,
    "merge-dpop": merge_dpop,
    "rewrite-host": rewrite_host,
    "trust-forwarded-host": trust_forwarded_host,
}
RESPONSE_LEAKS: Mapping[str, Callable[[Headers], Headers]] = {
    "drop-challenge": drop_challenge,
    "drop-nonce": drop_nonce,
}
