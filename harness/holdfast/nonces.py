"""Nonces that a server supplies (RFC 9449 sections 8 and 9): their syntax, changed copies, what is seen of many."""

import itertools
import math
import re
import secrets
import string
from collections.abc import Callable, Mapping, Sequence

from holdfast.errors import Inconclusive
from holdfast.proof_defects import Literal

_NQCHARS = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_BASE64URL = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_CLASSES = (string.digits, string.ascii_lowercase, string.ascii_uppercase)

#: What an unpredictable value has at least, in bits. The RFC names no figure; half of a random UUID's is lenient.
LEAST_BITS = 64
#: So many different values show which of their bits follow no rule; of fewer it is only seen how far apart they lie.
ENOUGH_VALUES = 16
#: Two unpredictable values differ in at least so many bits of their text; the fewest seen of 64 random bits are 15.
LEAST_DISTANCE = 8


def is_well_formed(nonce: str) -> bool:
    """Tell whether a nonce has one or more NQCHARs and nothing else (RFC 9449 section 8.1)."""
    return _NQCHARS.fullmatch(nonce) is not None


def changed(nonce: str, how: str) -> object:
    """Give what a proof says instead of a nonce that is good: a text close to it, or a value of another type.

    Raises ValueError for a change that is not in CHANGES, Inconclusive where it makes nothing else of this nonce.
    """
    if how not in CHANGES:
        raise ValueError(f"{how!r}: no such change of a nonce; there are {', '.join(CHANGES)}")
    odd = CHANGES[how](nonce)
    if odd == nonce:
        raise Inconclusive(f"the nonce is the same when it is {how}")
    return odd


def _last_bit(nonce: str) -> str:
    """Flip the lowest bit of the last base64url digit, which a lenient decoder drops where it is a spare one."""
    if nonce[-1] not in _BASE64URL:
        raise Inconclusive("the nonce does not end in a base64url digit")
    return nonce[:-1] + _BASE64URL[_BASE64URL.index(nonce[-1]) ^ 1]


def _drawn(nonce: str) -> str:
    """Draw every letter and digit anew from its own kind; what is neither stays."""
    kinds = {character: kind for kind in _CLASSES for character in kind}
    return "".join(secrets.choice(kinds[c]) if c in kinds else c for c in nonce)


#: How a good nonce is changed -> what stands in the proof instead.
CHANGES: Mapping[str, Callable[[str], object]] = {
    "cut by one character": lambda nonce: nonce[:-1],
    "cut in half": lambda nonce: nonce[: len(nonce) // 2],
    "without its first character": lambda nonce: nonce[1:],
    "one character longer": lambda nonce: f"{nonce}A",
    "padded": lambda nonce: f"{nonce}=",
    "after a space": lambda nonce: f" {nonce}",
    "written twice": lambda nonce: nonce * 2,
    "in the other case": str.swapcase,
    "percent-encoded": lambda nonce: f"%{ord(nonce[0]):02X}{nonce[1:]}",
    "other in its last bit": _last_bit,
    "drawn anew": _drawn,
    "empty": lambda _: "",
    "null": lambda _: Literal(None),
    "true": lambda _: Literal(True),
    "a number": lambda _: Literal(0),
    "an empty array": lambda _: Literal([]),
    "in an array": lambda nonce: Literal([nonce]),
    "in an object": lambda nonce: Literal({"nonce": nonce}),
}


def weakness(nonces: Sequence[str]) -> str:
    """Say what makes nonces, in the order in which they were supplied, easy to guess; an empty text where nothing does.

    A server may supply one value for a while, also again (RFC 9449 section 8). What is derived from a counter by a
    hash looks random here, as it does to an attacker. Raises Inconclusive where none was supplied.
    """
    if not nonces:
        raise Inconclusive("no nonce was supplied")
    if (most := max(_room(nonce) for nonce in nonces)) < LEAST_BITS:
        return f"no nonce has room for more than {most:.0f} bits"
    in_a_row = [nonces[0], *(after for before, after in itertools.pairwise(nonces) if after != before)]
    flips = [_differing(before, after) for before, after in itertools.pairwise(in_a_row)]
    if (nearest := min((flip.bit_count() for flip in flips), default=LEAST_DISTANCE)) < LEAST_DISTANCE:
        return f"a nonce differs from the one before it in {nearest} bits of its text"
    if len(flips) >= ENOUGH_VALUES and (random := _unruly(flips)) < LEAST_BITS:
        return f"only {random} bits of the nonces' text follow no rule"
    return ""


def _room(nonce: str) -> float:
    """Bits that a text of this length in this alphabet holds at most."""
    for alphabet in (string.digits, string.hexdigits.lower(), string.hexdigits.upper()):
        if set(nonce) <= set(alphabet) | {"-"}:
            return len(nonce.replace("-", "")) * math.log2(len(set(alphabet)))
    return len(nonce) * math.log2(len(_BASE64URL))


def _differing(one: str, other: str) -> int:
    """The bits in which two texts differ, as a number; the shorter one is filled up at its end."""
    length = max(len(one), len(other))
    left, right = (text.encode("utf-8", "replace").ljust(length * 4, b"\0") for text in (one, other))
    return int.from_bytes(left) ^ int.from_bytes(right)


def _unruly(flips: Sequence[int]) -> int:
    """Count the bits that flip from one value to the next neither nearly always nor nearly never."""
    longest = max(flip.bit_length() for flip in flips)
    rates = (sum(flip >> bit & 1 for flip in flips) / len(flips) for bit in range(longest))
    return sum(0.15 <= rate <= 0.85 for rate in rates)
