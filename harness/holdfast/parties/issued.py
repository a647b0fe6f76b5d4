"""What can be told from what an authorization server issues: how a key is named, how well values can be guessed."""

import math
from collections.abc import Mapping, Sequence

from holdfast.parties.client import Token

#: Members that every public key of a type has (RFC 7518 section 6, RFC 8037 section 2).
_MEMBERS: Mapping[object, frozenset[str]] = {
    "EC": frozenset({"crv", "x", "y"}),
    "RSA": frozenset({"n", "e"}),
    "OKP": frozenset({"crv", "x"}),
    "oct": frozenset({"k"}),
}
#: Letters of the alphabets in which random values are written, the smallest first: decimal, hexadecimal, base64url.
_ALPHABETS = ("0123456789", "0123456789abcdef", "0123456789ABCDEF")


def broken_rules(token: Token) -> frozenset[str]:
    """Say which rules of RFC 7800 the `cnf` of a JWT breaks.

    one-key: more than one of jwk, jwe, jku (section 3.1). whole-key: a jwk without all that its type needs (3.2).
    no-open-secret: a symmetric jwk that everybody can read (3.2, 3.3). an-object: it is no object (3.1).
    """
    found = token.claims.get("cnf")
    if not isinstance(found, dict):
        return frozenset({"an-object"})
    broken = set[str]()
    if len({"jwk", "jwe", "jku"} & found.keys()) > 1:
        broken.add("one-key")
    if "jwk" in found:
        jwk = found["jwk"] if isinstance(found["jwk"], dict) else {}
        needed = _MEMBERS.get(jwk.get("kty"))
        if needed is None or not needed <= jwk.keys():
            broken.add("whole-key")
        if jwk.get("kty") == "oct" or "k" in jwk:
            broken.add("no-open-secret")
    return frozenset(broken)


def variation(values: Sequence[str]) -> float:
    """Estimate how many bits of a value cannot be told from the others, from at least 16 of them.

    A place counts in full, by the alphabet that is seen there, when it shows half as many letters as chance would;
    otherwise only by the letters that it shows. So counters, dates and common parts weigh next to nothing. 0 where a
    value is there twice.
    """
    if len(set(values)) < max(len(values), 16):
        return 0.0
    shortest = min(len(value) for value in values)
    return sum(_bits([value[at] for value in values]) for at in range(shortest))


def _bits(letters: Sequence[str]) -> float:
    seen = set(letters)
    size = next((len(alphabet) for alphabet in _ALPHABETS if seen <= set(alphabet)), 64)
    by_chance = size * (1 - (1 - 1 / size) ** len(letters))
    return math.log2(size) if len(seen) * 2 >= by_chance else math.log2(len(seen))
