"""Flaws in how a token is bound to the key of a proof at the resource server: RFC 9449 sections 6, 7.1 and 7.2."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from strict_server import jose
from strict_server.refusals import Refused

from flawed_server.registry import inside, instead_of

from .token_ways_in import bearer, let_in

if TYPE_CHECKING:
    from strict_server.incoming import Incoming
    from strict_server.main import Servers
    from strict_server.proof import ProofCheck
    from strict_server.protection import Access, Credentials, Protection
    from strict_server.tokens import Binding

Honest = Callable[..., None]


@inside("any proof beside Bearer")
def any_proof(servers: Servers) -> None:
    """Take a bound token as Bearer when a DPoP header is there, whatever is in it."""

    async def finds(protection: Protection, incoming: Incoming, given: Credentials | Refused) -> Access | None:
        if isinstance(given, Refused) or given.scheme != "bearer" or not incoming.values("dpop"):
            return None
        return await bearer(protection, given.token)

    let_in(servers, finds)


@inside("a proof of bound tokens only")
def proof_of_bound_tokens(servers: Servers) -> None:
    """Ask for a proof where a token names a key or certificate, and not by the scheme under which it comes."""

    async def finds(protection: Protection, incoming: Incoming, given: Credentials | Refused) -> Access | None:
        if isinstance(given, Refused) or given.scheme != "dpop" or incoming.values("dpop"):
            return None
        try:
            found = await bearer(protection, given.token)
        except Refused:
            return None
        return None if "cnf" in found.claims else found

    let_in(servers, finds)


@instead_of("binding.jkt", "where there is one")
def key_where_there_is_one(honest: Honest, binding: Binding, check: ProofCheck) -> None:
    """Compare keys only where the token names one."""
    if binding.jkt is not None:
        honest(binding, check)


def _where(same: Callable[[str, str], bool]) -> Callable[..., None]:
    """Make a guard that takes a jkt which is, by `same`, the thumbprint of the proof's key."""

    def compare(honest: Honest, binding: Binding, check: ProofCheck) -> None:
        if binding.jkt is None or not same(binding.jkt, check.jkt):
            honest(binding, check)

    return compare


def _unless(odd: Callable[[ProofCheck], bool]) -> Callable[..., None]:
    """Make a guard that finds every key of some kind to be another one."""

    def compare(honest: Honest, binding: Binding, check: ProofCheck) -> None:
        honest(binding, check)
        if odd(check):
            raise Refused("invalid_token", "the token is not bound to the key of the proof")

    return compare


def _bytes(text: str) -> bytes:
    """Read base64url as Python does by itself: other characters are passed over, the last bits not looked at."""
    return base64.urlsafe_b64decode(text + "===")


def _octets(text: str) -> bytes | None:
    try:
        return _bytes(text)
    except ValueError:
        return None


def _canonical(check: ProofCheck) -> bytes:
    members = {name: value for name, value in check.header["jwk"].items() if name in {"kty", "crv", "x", "y", "n", "e"}}
    return json.dumps(members, separators=(",", ":"), sort_keys=True).encode()


# Half of the octets, which is another flaw, has 22 letters: those of one key in sixteen begin the thumbprint.
instead_of("binding.jkt", "prefix")(_where(lambda named, own: own.startswith(named) and len(named) != 22))
instead_of("binding.jkt", "beginning")(_where(lambda named, own: named.startswith(own)))
instead_of("binding.jkt", "any case")(_where(lambda named, own: named.lower() == own.lower()))
instead_of("binding.jkt", "words")(_where(lambda named, own: own in named.split()))
instead_of("binding.jkt", "decoded")(_where(lambda named, own: _octets(named) == _bytes(own)))
instead_of("binding.jkt", "half")(_where(lambda named, own: (_octets(named) or b"")[:16] == _bytes(own)[:16]))
instead_of("binding.jkt", "hexadecimal")(_where(lambda named, own: named == _bytes(own).hex()))
instead_of("binding.jkt", "end of a URI")(_where(lambda named, own: named.rpartition(":")[2] == own))
instead_of("binding.jkt", "none on P-256")(_unless(lambda check: check.header["jwk"].get("crv") == "P-256"))
instead_of("binding.jkt", "star")(_where(lambda named, _own: named == "*"))


@instead_of("binding.jkt", "any digest")
def key_by_any_digest(honest: Honest, binding: Binding, check: ProofCheck) -> None:
    """Take a thumbprint by SHA-1, SHA-384 or SHA-512 too."""
    known = {jose.encode(hashlib.new(name, _canonical(check)).digest()) for name in ("sha1", "sha384", "sha512")}
    if binding.jkt not in known:
        honest(binding, check)


@instead_of("binding.jkt", "as written")
def key_as_written(honest: Honest, binding: Binding, check: ProofCheck) -> None:
    """Take the hash of the key's members, in their order, as they are spelt in the header of the proof."""
    text = jose.decode(check.jws.signed.split(b".")[0].decode()) if check.jws else b""
    members = text.partition(b'"jwk":{')[2].partition(b"}")[0].split(b",")
    members.sort(key=lambda member: str(json.loads(member.partition(b":")[0] or b"0")))
    if binding.jkt != jose.encode(hashlib.sha256(b"{" + b",".join(members) + b"}").digest()):
        honest(binding, check)


@instead_of("binding.jkt", "all members")
def key_by_all_members(honest: Honest, binding: Binding, check: ProofCheck) -> None:
    """Make the thumbprint over all members of the jwk, the optional ones too."""
    honest(binding, check)
    text = json.dumps(check.header["jwk"], separators=(",", ":"), sort_keys=True)
    if binding.jkt != jose.encode(hashlib.sha256(text.encode()).digest()):
        raise Refused("invalid_token", "the token is not bound to the key of the proof")
