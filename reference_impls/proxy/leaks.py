"""The ways in which this proxy can be wrong, one at a time: each takes the honest headers and spoils one thing."""

import re
from collections.abc import Callable, Mapping, Sequence

from certificates import pem_escaped, rfc9440
from headers import Headers, Peer, claims, folded, replaced, values, without

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


def no_strip_folded(sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Overlook every name that is only read as the certificate header: with underscores or dots in it."""
    own = peer.header.lower()
    return [*((n, v) for n, v in sent if folded(n) == folded(own) and n.lower() != own), *honest]


def chain_of_the_client(sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Pass the chain that the client says is its own."""
    chain = values(sent, b"Client-Cert-Chain")
    return [*((b"Client-Cert-Chain", value) for value in chain), *without(honest, b"Client-Cert-Chain")]


def chain_alone(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Tell a chain where there is no certificate."""
    return honest if peer.spoken_certificate else [*honest, (b"Client-Cert-Chain", b":aG9sZGZhc3Q=:")]


def _chain_as(honest: Headers, issuers: Sequence[bytes], encode: Callable[[bytes], bytes]) -> Headers:
    if not values(honest, b"Client-Cert-Chain"):
        return honest
    return [*without(honest, b"Client-Cert-Chain"), (b"Client-Cert-Chain", b", ".join(map(encode, issuers)))]


def chain_reversed(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Tell of the chain from its end."""
    return _chain_as(honest, [*reversed(peer.issuers)], rfc9440)


def chain_with_leaf(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Tell of the client's own certificate in the chain, too."""
    return _chain_as(honest, [peer.certificate or b"", *peer.issuers], rfc9440)


def chain_as_pem(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Tell of the chain as percent-encoded PEM."""
    return _chain_as(honest, peer.issuers, pem_escaped)


_told: Headers = []


def sticky(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Tell of every certificate what was told of the first."""
    _told.extend(peer.spoken_certificate[: 1 - len(_told)])
    return [*without(honest, peer.header), *_told] if peer.spoken_certificate else honest


def pass_claims(sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Pass what the client says in the place of a proxy: of its host, of its scheme, of people."""
    return [*claims(sent, peer.header), *honest]


def forget_host(_sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Show upstream its own name, and say nowhere by which the client called."""
    return replaced(without(honest, b"Forwarded", b"X-Forwarded-Host"), b"Host", peer.upstream)


def first_authorization(_sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Forward only the first of several tokens."""
    found = values(honest, b"Authorization")
    return replaced(honest, b"Authorization", found[0]) if found else honest


def obey_connection(sent: Headers, honest: Headers, peer: Peer) -> Headers:
    """Take away the certificate that it tells itself where Connection names that header."""
    named = [option.strip() for value in values(sent, b"Connection") for option in value.split(b",")]
    return without(honest, *({name.lower() for name in named} & {peer.header.lower()}))


def cut_headers(_sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Cut what is longer than it expects."""
    return [(name, value[:2000]) for name, value in honest]


def drop_challenge(_received: Headers, honest: Headers) -> Headers:
    """Hide from the client why it was refused."""
    return without(honest, b"WWW-Authenticate")


def drop_nonce(_received: Headers, honest: Headers) -> Headers:
    """Hide from the client the nonce that it has to put into its proofs."""
    return without(honest, b"DPoP-Nonce")


def drop_caching(_received: Headers, honest: Headers) -> Headers:
    """Hide from the client, and from caches before it, what may be kept."""
    return without(honest, b"Cache-Control")


def first_of_several(_received: Headers, honest: Headers) -> Headers:
    """Bring back only the first of several lines of a name."""
    return list({name.lower(): (name, value) for name, value in reversed(honest)}.values())


def keep_vary(received: Headers, honest: Headers) -> Headers:
    """Tell the client that answers differ by a header which it never sends."""
    return [*without(honest, b"Vary"), *((b"Vary", value) for value in values(received, b"Vary"))]


def return_certificate(_received: Headers, honest: Headers) -> Headers:
    """Bring the certificate's headers back to the client, as a server behind may that repeats what it was sent."""
    return [*honest, (b"Client-Cert", b":aG9sZGZhc3Q=:"), (b"Client-Cert-Chain", b":aG9sZGZhc3Q=:")]


def pass_upgrade(sent: Headers, honest: Headers, _peer: Peer) -> Headers:
    """Pass on that a client would rather speak another protocol, and what it says of that."""
    wanted = [(n, v) for n, v in sent if n.lower() in {b"upgrade", b"http2-settings"}]
    return [*without(honest, b"HTTP2-Settings", b"Connection"), (b"Connection", b"Upgrade, HTTP2-Settings"), *wanted]


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
    "no-strip-folded": no_strip_folded,
    "chain-of-the-client": chain_of_the_client,
    "chain-alone": chain_alone,
    "chain-reversed": chain_reversed,
    "chain-with-leaf": chain_with_leaf,
    "chain-as-pem": chain_as_pem,
    "sticky": sticky,
    "pass-claims": pass_claims,
    "forget-host": forget_host,
    "first-authorization": first_authorization,
    "obey-connection": obey_connection,
    "cut-headers": cut_headers,
    "pass-upgrade": pass_upgrade,
}
RESPONSE_LEAKS: Mapping[str, Callable[[Headers, Headers], Headers]] = {
    "drop-challenge": drop_challenge,
    "drop-nonce": drop_nonce,
    "drop-caching": drop_caching,
    "first-of-several": first_of_several,
    "keep-vary": keep_vary,
    "return-certificate": return_certificate,
}
#: Wrong in what it does with whole requests: see relay.py.
WAYS = (
    *("any-host", "blind", "cache", "careless-by-other-names", "careless-of-pieces"),
    *("first-handshake", "forgetful-sessions", "retry"),
)
