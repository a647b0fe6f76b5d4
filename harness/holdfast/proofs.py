"""An honest DPoP proof (RFC 9449, section 4.2), and proofs that are honest but for exactly one defect."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast import proof_bytes, proof_defects, proof_wraps
from holdfast.jose import Key, token_hash
from holdfast.proof_bytes import disguised
from holdfast.proof_defects import ABSENT, Absent, Draft, Duplicate, Literal, Word

__all__ = ["ABSENT", "DEFECTS", "Absent", "Duplicate", "Literal", "ProofRequest", "disguised", "make"]

_WORDS: Mapping[str, Word] = {**proof_defects.WORDS, **proof_wraps.WORDS, **proof_bytes.WORDS}

#: Each keyword of `make`, and in a sentence what it makes of an honest proof.
DEFECTS: Mapping[str, str] = {name: word.sentence for name, word in _WORDS.items()}


@dataclass(frozen=True)
class ProofRequest:
    """The request that a proof is for; `now` is the target's time in seconds since 1970."""

    method: str
    url: str
    now: float
    token: str | None = None
    nonce: str | None = None


def new_jti() -> str:
    """Draw 128 random bits; 96 are asked for (RFC 9449, section 4.2)."""
    return secrets.token_urlsafe(16)


def make(
    key: Key,
    request: ProofRequest,
    /,
    *,
    new_id: Callable[[], str] = new_jti,
    allow_several: bool = False,
    **defect: object,
) -> str:
    """Make a proof for `request`, signed with `key` over whatever the one defect makes of it.

    TypeError for a keyword that DEFECTS does not have or a value of a wrong type; ValueError for two keywords without
    `allow_several`, for a value that a keyword does not know, and for a defect that this proof cannot have.
    A value that the honest proof has already makes an honest proof.
    """
    if unknown := sorted(set(defect) - set(_WORDS)):
        raise TypeError(f"{', '.join(unknown)}: no such defect; there are {', '.join(_WORDS)}")
    if len(defect) > 1 and not allow_several:
        raise ValueError(f"{', '.join(sorted(defect))}: more than one defect in a proof")
    draft = _honest(key, request, new_id())
    for name, word in _WORDS.items():
        if name in defect:
            word.edit(draft, defect[name])
    return draft.text()


def _honest(key: Key, request: ProofRequest, jti: str) -> Draft:
    now = int(request.now)
    claims: dict[str, object] = {
        "jti": jti,
        "htm": request.method,
        "htu": request.url.partition("#")[0].partition("?")[0],
        "iat": now,
    }
    if request.token is not None:
        claims["ath"] = token_hash(request.token)
    if request.nonce is not None:
        claims["nonce"] = request.nonce
    header: dict[str, object] = {"typ": "dpop+jwt", "alg": key.alg, "jwk": key.public_jwk}
    return Draft(key=key, now=now, token=request.token, header=header, claims=claims)
