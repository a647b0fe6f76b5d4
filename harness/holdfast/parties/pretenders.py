"""Certificates of those who are not the server that a proxy looks for, each for one reason (RFC 9110 section 4.3.4)."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cryptography import x509
from cryptography.x509.oid import NameOID

from holdfast import pki

Makes = Callable[[pki.Authority, pki.Leaf], pki.Credential]

_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere.test")])
_ELSEWHERE = [x509.DNSName("elsewhere.test")]

#: By what is wrong with it: what makes it of the authority that the proxy trusts, and of the honest server's leaf.
PRETENDERS: Mapping[str, Makes] = {
    "unknown authority": lambda _known, leaf: pki.new_authority("Holdfast elsewhere").certify(leaf),
    "authority of the same name": lambda known, leaf: pki.lookalike(known).certify(leaf),
    "self-signed": lambda _known, leaf: pki.self_issued(leaf),
    "another name": lambda known, leaf: known.certify(replace(leaf, subject=_NAME, san=_ELSEWHERE)),
    "expired": lambda known, leaf: known.certify(replace(leaf, period="past")),
    "not for servers": lambda known, leaf: known.certify(replace(leaf, usage="client")),
}


def pretender(why: str, known: pki.Authority, host: str) -> pki.Credential:
    """Make the certificate of one. why: what is wrong with it. known: who is trusted. host: who is looked for."""
    return PRETENDERS[why](known, pki.leaf_of(known.issue_server([host]), "server"))
