"""Flaws in which nonces a server takes (RFC 9449 sections 4.3, 8, 9 and 11.3)."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from strict_server import jose
from strict_server.memory import Nonces
from strict_server.refusals import Refused, invalid_proof

from flawed_server.registry import inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strict_server.main import Servers
    from strict_server.proof import ProofCheck, Proofs

Honest = Callable[..., Any]
Same = Callable[[str, str], bool]


def both(servers: Servers) -> list[Proofs]:
    """Give the proofs of the authorization server and of the resource server, whose nodes share their nonces."""
    return [server.proofs for server in (servers.authorization, servers.resource) if server is not None]


def nonce_in(proof: str) -> object:
    """Give the nonce that a proof names, whatever it is; None where it names none."""
    try:
        return jose.read(proof).claims.get("nonce")
    except Refused:
        return None


# What the proof says


@instead_of("proof.nonce", "or none")
def absent_is_taken(honest: Honest, check: ProofCheck) -> None:
    """Look at the nonce where there is one."""
    if "nonce" in check.claims:
        honest(check)


@instead_of("proof.nonce", "or nothing")
def nothing_is_taken(honest: Honest, check: ProofCheck) -> None:
    """Look at the nonce where it is neither empty, nor null, nor zero."""
    if "nonce" not in check.claims or check.claims["nonce"]:
        honest(check)


@instead_of("proof.nonce", "or no text")
def other_types_are_taken(honest: Honest, check: ProofCheck) -> None:
    """Look at the nonce where it is a text."""
    if "nonce" not in check.claims or isinstance(check.claims["nonce"], str):
        honest(check)


def _read_otherwise(name: str, find: Callable[[ProofCheck], object]) -> None:
    def read(honest: Honest, check: ProofCheck) -> None:
        if (found := find(check)) is not None:
            check.claims["nonce"] = found
        honest(check)

    instead_of("proof.nonce", name)(read)


def _first_within(check: ProofCheck) -> object:
    match check.claims.get("nonce"):
        case [first, *_]:
            return first
        case {"nonce": member}:
            return member
    return None


def _beside_the_proof(check: ProofCheck) -> object:
    return None if "nonce" in check.claims else next(iter(check.incoming.values("dpop-nonce")), None)


def _under_any_case(check: ProofCheck) -> object:
    return next((value for name, value in check.claims.items() if name.lower() == "nonce"), None)


_read_otherwise("unwrapped", _first_within)
_read_otherwise("or in the header", _beside_the_proof)
_read_otherwise("under any case", _under_any_case)


@instead_of("proof.nonce", "a wrong one is an invalid proof")
def wrong_is_invalid(honest: Honest, check: ProofCheck) -> None:
    """Tell a client with a wrong nonce that its proof is invalid, not that it needs another nonce."""
    try:
        honest(check)
    except Refused:
        if "nonce" in check.claims:
            raise invalid_proof("the nonce is wrong") from None
        raise


# What it is compared with


class Kept(Nonces):
    """Nonces that are kept where they were issued; `same` compares what comes with one of them."""

    def __init__(self, proofs: Proofs, same: Same = str.__eq__) -> None:
        super().__init__(proofs.settings.nonce_lifetime, proofs.settings.clock)
        self.now = proofs.settings.clock
        self.issued: dict[str, float] = {}
        self._same = same

    def made(self) -> str:
        """Make the text of a new one."""
        return secrets.token_urlsafe(32)

    def issue(self) -> str:
        """Give a new one."""
        new = self.made()
        self.issued[new] = self.now()
        return new

    def forget(self, nonce: object) -> None:
        """Take it for good no longer."""
        if isinstance(nonce, str):
            self.issued.pop(nonce, None)

    def is_good(self, nonce: str) -> bool:
        """Tell whether it is the same as one of the latest."""
        return any(self._same(nonce, one) for one, at in self.issued.items() if self.now() - at <= self.lifetime)


def _decoded(text: str) -> bytes:
    bare = "".join(re.findall(r"[\w-]", text, re.ASCII))
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error:
        return b""


#: How a nonce that comes is compared with one that was issued.
_COMPARED: Mapping[str, Same] = {
    "a part is enough": lambda came, issued: came != "" and came in issued,
    "more may follow": lambda came, issued: came.startswith(issued),
    "in any case": lambda came, issued: came.lower() == issued.lower(),
    "unescaped": lambda came, issued: unquote(came) == issued,
    "decoded": lambda came, issued: _decoded(came) == _decoded(issued),
    "by its shape": lambda came, issued: re.fullmatch(r"[\w-]{43}", came, re.ASCII) is not None or came == issued,
}


def _compared_so(same: Same) -> Callable[[Servers], None]:
    def change(servers: Servers) -> None:
        for proofs in both(servers):
            proofs.nonces = Kept(proofs, same)

    return change


for name, same in _COMPARED.items():
    inside(f"nonces: {name}")(_compared_so(same))


@inside("nonces of both servers are the same")
def shared_by_the_servers(servers: Servers) -> None:
    """Have the resource server take the nonces of the authorization server, and the other way round."""
    first, *others = both(servers)
    for proofs in others:
        proofs.nonces = first.nonces
