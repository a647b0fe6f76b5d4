"""A proof used up, told in other words by whoever has its key: the `jti` stays, what stands around it changes.

RFC 9449, sections 4.2 and 11.1: a proof is known by its `jti`, in the context of the target URI. RFC 3986, sections
6.2.2 and 6.2.3, says which spellings are of one URI; query and fragment of `htu` do not count (RFC 9449, section 4.3).
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from holdfast import jose
from holdfast.jose import Key
from holdfast.parties.pieces import escaped

_Claims = Mapping[str, object]


def reused(proof: str, key: Key, how: str) -> str:
    """Sign a recorded proof anew, changed in the way of that name (REUSES); `jti` and nonce stay.

    Raises ValueError for a way that is not known and for a text that is no proof.
    """
    if how not in REUSES:
        raise ValueError(f"{how!r}: no such way; there are {', '.join(REUSES)}")
    found = jose.decode(proof)
    if not isinstance(found.header, dict) or not isinstance(found.claims, dict):
        raise ValueError("what was recorded is no proof")  # noqa: TRY004 - a text that is no JWT is a wrong value
    return jose.compact(found.header, {**found.claims, **REUSES[how](found.claims)}, key.sign)


def _htu(spell: Callable[[str], str]) -> Callable[[_Claims], _Claims]:
    return lambda claims: {"htu": spell(str(claims["htu"]))}


def _older(claims: _Claims) -> _Claims:
    iat = claims["iat"]
    assert isinstance(iat, int)
    return {"iat": iat - 1}


def _in_capitals(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.upper()).geturl()


def _letter_escaped(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=escaped(parts.path)).geturl()


#: How a proof is told anew -> the claims that change.
REUSES: Mapping[str, Callable[[_Claims], _Claims]] = {
    "signed again": lambda _: {},
    "a second older": _older,
    "one more claim": lambda _: {"holdfast": "again"},
    "query in htu": _htu(lambda url: f"{url}?again=1"),
    "fragment in htu": _htu(lambda url: f"{url}#again"),
    "host of htu in capitals": _htu(_in_capitals),
    "letter of htu escaped": _htu(_letter_escaped),
}
