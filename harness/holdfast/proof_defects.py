"""Defects in what a DPoP proof says: each word is one edit of an honest draft, before it is signed.

The rules broken are those of RFC 9449, sections 4.2 and 4.3, and of the JWS beneath it (RFC 7515, RFC 8725).
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast import jose
from holdfast.jose import Key, Signer, b64u


class Absent(Enum):
    """The type of ABSENT."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True)
class Literal:
    """A value that goes into the proof as it is: of an odd type, or a text that would mean something to `make`."""

    value: object


@dataclass(frozen=True)
class Duplicate:
    """A member that stands twice: once right, and once with `value`, which stands first or last (RFC 7519, section 4).

    `name` is a header parameter (typ, alg, jwk) or a claim.
    """

    name: str
    value: object
    first: bool = True


@dataclass
class Draft:
    """A proof before it is signed. The edits of the table change its parts; `text` signs what has become of them."""

    key: Key
    now: int
    token: str | None
    header: dict[str, object]
    claims: dict[str, object]
    sign: Signer | None = None
    write_header: Callable[[Mapping[str, object]], bytes] = jose.to_json
    write_claims: Callable[[Mapping[str, object]], bytes] = jose.to_json
    segment: Callable[[bytes], str] = b64u
    signed_payload: Callable[[str], str] = str
    sent_payload: Callable[[str], str] = str
    spoil: Callable[[bytes], bytes] = bytes
    join: Callable[[list[str]], str] = ".".join

    def text(self) -> str:
        """Write the proof in compact form."""
        head = self.segment(self.write_header(self.header))
        payload = self.signed_payload(self.segment(self.write_claims(self.claims)))
        signature = (self.sign or self.key.sign)(f"{head}.{payload}".encode())
        return self.join([head, self.sent_payload(payload), self.segment(self.spoil(signature))])


Edit = Callable[[Draft, object], None]


@dataclass(frozen=True)
class Word:
    """One keyword of `make`: what it does, in a sentence, and the edit."""

    sentence: str
    edit: Edit = field(repr=False)


@cache
def stranger(alg: str) -> Key:
    """Give a key that nobody has bound anything to; one for each algorithm and process."""
    return jose.generate(alg)


def _put(members: dict[str, object], name: str, value: object) -> None:
    if value is ABSENT:
        members.pop(name, None)
    else:
        members[name] = value.value if isinstance(value, Literal) else value


def _header(name: str) -> Edit:
    return lambda draft, value: _put(draft.header, name, value)


def _claim(name: str) -> Edit:
    return lambda draft, value: _put(draft.claims, name, value)


def _instant(name: str) -> Edit:
    """Edit a NumericDate: a number is an offset from now in seconds."""

    def edit(draft: Draft, value: object) -> None:
        if value == "milliseconds":
            draft.claims[name] = draft.now * 1000
        elif value == "text":
            draft.claims[name] = str(draft.now)
        elif isinstance(value, Literal) or value is ABSENT:
            _put(draft.claims, name, value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            draft.claims[name] = draft.now + value
        else:
            raise TypeError(f"{name}={value!r}: seconds from now, ABSENT, 'milliseconds', 'text' or Literal(value)")

    return edit


def _key(draft: Draft, value: object) -> None:
    draft.key = a_key("key", value)
    draft.header |= {"alg": draft.key.alg, "jwk": draft.key.public_jwk}


def _signed_by(draft: Draft, value: object) -> None:
    draft.sign = replace(a_key("signed_by", value), alg=draft.key.alg).sign


def _alg(draft: Draft, value: object) -> None:
    _put(draft.header, "alg", value)
    if not isinstance(value, str):
        return
    if value.lower() == "none":
        draft.sign = jose.unsigned
    elif value in jose.SYMMETRIC:
        draft.sign = jose.hmac_signer(_public_bytes(draft.key, "pem"), value)
    elif value in jose.ASYMMETRIC and _fits(draft.key, value):
        draft.sign = replace(draft.key, alg=value).sign


def _fits(key: Key, alg: str) -> bool:
    kind = jose.public_from(key.public_jwk)
    if isinstance(kind, ec.EllipticCurvePublicKey):
        return alg.startswith("ES")
    return alg.startswith(("RS", "PS") if isinstance(kind, rsa.RSAPublicKey) else "Ed")


def _hmac_key(draft: Draft, value: object) -> None:
    draft.header["alg"] = "HS256"
    draft.sign = jose.hmac_signer(_public_bytes(draft.key, value))


def _public_bytes(key: Key, spelling: object) -> bytes:
    public = jose.public_from(key.public_jwk)
    match spelling:
        case "pem":
            return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        case "pem-trimmed":
            return _public_bytes(key, "pem").rstrip(b"\n")
        case "der":
            return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        case "jwk":
            return jose.to_json(key.public_jwk)
        case "point" if isinstance(public, ec.EllipticCurvePublicKey):
            return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    raise ValueError(f"hmac_key={spelling!r}: pem, pem-trimmed, der, jwk, or for an EC key point")


def _symmetric_oct(draft: Draft, value: object) -> None:
    a_flag("alg_symmetric_oct", value)
    secret = hashlib.sha256(draft.key.thumbprint.encode()).digest()
    draft.header |= {"alg": "HS256", "jwk": {"kty": "oct", "k": b64u(secret)}}
    draft.sign = jose.hmac_signer(secret)


def _jwk(draft: Draft, value: object) -> None:
    if value == "private":
        draft.header["jwk"] = draft.key.private_jwk
    elif value == "foreign":
        draft.header["jwk"] = stranger(draft.key.alg).public_jwk
    elif isinstance(value, Key):
        draft.header["jwk"] = value.public_jwk
    elif value is ABSENT or isinstance(value, Mapping | Literal):
        _put(draft.header, "jwk", value)
    else:
        raise TypeError(f"jwk={value!r}: ABSENT, 'private', 'foreign', a Key, a mapping or Literal(value)")


def _jwk_members(draft: Draft, value: object) -> None:
    draft.header["jwk"] = _with_extras(draft.key.public_jwk, "jwk_members", value)


def _kid_only(draft: Draft, value: object) -> None:
    a_flag("kid_only", value)
    del draft.header["jwk"]
    draft.header["kid"] = draft.key.thumbprint


def _ath(draft: Draft, value: object) -> None:
    if value is ABSENT and draft.token is None:
        raise ValueError("ath=ABSENT: an honest proof without a token has no ath either")
    if value == "foreign":
        value = jose.token_hash(f"not-{draft.token}")
    elif isinstance(value, str) and value in _OTHER_HASHES:
        if draft.token is None:
            raise ValueError(f"ath={value!r}: the request has no token to hash")
        value = _OTHER_HASHES[value](draft.token)
    _put(draft.claims, "ath", value)


_OTHER_HASHES: Mapping[str, Callable[[str], str]] = {
    "padded": lambda token: jose.token_hash(token) + "=",
    "hex": lambda token: hashlib.sha256(token.encode()).hexdigest(),
    "upper": lambda token: jose.token_hash(token).upper(),
    "truncated": lambda token: jose.token_hash(token)[:-1],
    "sha512": lambda token: b64u(hashlib.sha512(token.encode()).digest()),
    "of-scheme": lambda token: jose.token_hash(f"DPoP {token}"),
}


def _critical(draft: Draft, value: object) -> None:
    if isinstance(value, Literal):
        draft.header["crit"] = value.value
        return
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"critical={value!r}: a name, a list of names or Literal(value)")
    # RFC 7515, section 4.1.11: what crit names must stand in the header, or the list itself is malformed.
    draft.header |= {"crit": list(names), **{name: True for name in names if name not in draft.header}}


def _claims(draft: Draft, value: object) -> None:
    draft.claims = _with_extras(draft.claims, "claims", value)


def _headers(draft: Draft, value: object) -> None:
    draft.header = _with_extras(draft.header, "header", value)


def _with_extras(members: Mapping[str, object], word: str, extra: object) -> dict[str, object]:
    if not isinstance(extra, Mapping):
        raise TypeError(f"{word}={extra!r}: a mapping of extra members")
    if taken := sorted(set(members) & set(extra)):
        raise ValueError(f"{word}: {', '.join(taken)} stands there already; use its own keyword")
    return {**members, **extra}


def _renamed(draft: Draft, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"renamed={value!r}: a mapping from a member's name to its new one")
    draft.header = {value.get(name, name): member for name, member in draft.header.items()}
    draft.claims = {value.get(name, name): member for name, member in draft.claims.items()}


def _duplicate(draft: Draft, value: object) -> None:
    if not isinstance(value, Duplicate):
        raise TypeError(f"duplicate={value!r}: Duplicate(name, value)")
    if value.name not in {**draft.header, **draft.claims}:
        raise ValueError(f"duplicate: no member {value.name} to double")

    def write(members: Mapping[str, object]) -> bytes:
        pairs = [(name, member) for name, member in members.items() if name != value.name]
        twice = [(value.name, value.value), (value.name, members[value.name])]
        pairs += twice if value.first else reversed(twice)
        return b"{" + b",".join(jose.to_json(name) + b":" + jose.to_json(member) for name, member in pairs) + b"}"

    if value.name in draft.header:
        draft.write_header = write
    else:
        draft.write_claims = write


def _spelling(draft: Draft, value: object) -> None:
    if value not in _SPELLINGS:
        raise ValueError(f"spelling={value!r}: one of {', '.join(_SPELLINGS)}")
    draft.write_header = draft.write_claims = _SPELLINGS[str(value)]


def escaped_key(text: bytes) -> bytes:
    """Spell the JSON of a public key with escapes in names and values, which mean the same (RFC 8259 section 7)."""
    for name in (b"kty", b"crv", b"n"):
        text = text.replace(b'"' + name + b'":', b'"' + b"\\u%04x" % name[0] + name[1:] + b'":')
    return text.replace(b'"EC"', b'"\\u0045C"').replace(b'"RSA"', b'"\\u0052SA"').replace(b'"OKP"', b'"\\u004fKP"')


_SPELLINGS: Mapping[str, Callable[[Mapping[str, object]], bytes]] = {
    "pretty": lambda members: json.dumps(members, indent=2).encode(),
    "reordered": lambda members: json.dumps(dict(list(members.items())[::-1])).encode(),
    "escaped": lambda members: (
        jose.to_json(members).replace(b'"htm":', b'"h\\u0074m":').replace(b'"typ":', b'"\\u0074yp":')
    ),
    "escaped-key": lambda members: escaped_key(jose.to_json(members)),
}


def _syntax(draft: Draft, value: object) -> None:
    if value not in _SYNTAXES:
        raise ValueError(f"syntax={value!r}: one of {', '.join(_SYNTAXES)}")
    draft.write_claims = lambda members: _SYNTAXES[str(value)](jose.to_json(members))


_SYNTAXES: Mapping[str, Callable[[bytes], bytes]] = {
    "bom": lambda text: b"\xef\xbb\xbf" + text,
    "comment": lambda text: b"/* */" + text,
    "trailing-comma": lambda text: text[:-1] + b",}",
    "trailing-bytes": lambda text: text + b"{}",
    "single-quotes": lambda text: text.replace(b'"', b"'"),
    "nan": lambda text: text[:-1] + b',"holdfast":NaN}',
    "array": lambda text: b"[" + text + b"]",
}


def a_key(word: str, value: object) -> Key:
    """Narrow the value of a keyword to a Key; TypeError for anything else."""
    if not isinstance(value, Key):
        raise TypeError(f"{word}={value!r}: a Key")
    return value


def a_flag(word: str, value: object) -> None:
    """Check that a keyword which is only switched on has the value True; ValueError for anything else."""
    if value is not True:
        raise ValueError(f"{word}={value!r}: True is its only value")


WORDS: Mapping[str, Word] = {
    "key": Word("the whole proof is made with another key: its jwk, its alg, its signature", _key),
    "signed_by": Word("the jwk stays, and another key signs", _signed_by),
    "typ": Word("typ is absent or another", _header("typ")),
    "alg": Word("alg is absent, another, none or symmetric, and the signature is made the way alg says", _alg),
    "alg_symmetric_oct": Word("jwk holds a symmetric key, and the signature is a MAC with it", _symmetric_oct),
    "hmac_key": Word("alg is HS256, and the secret of the MAC is the public key in the spelling named", _hmac_key),
    "jwk": Word("jwk is absent, private, that of another key, or of another shape", _jwk),
    "jwk_members": Word("jwk has members beside the required ones", _jwk_members),
    "kid_only": Word("the key is named by kid and not given as jwk", _kid_only),
    "critical": Word("crit demands that an unknown header parameter is understood", _critical),
    "header": Word("the header has parameters that nobody has to know", _headers),
    "htm": Word("htm is absent or another method", _claim("htm")),
    "htu": Word("htu is absent or another URI", _claim("htu")),
    "iat": Word("iat is absent, of another type, or lies the given seconds from now", _instant("iat")),
    "exp": Word("exp is there, the given seconds from now", _instant("exp")),
    "nbf": Word("nbf is there, the given seconds from now", _instant("nbf")),
    "jti": Word("jti is absent, empty or the value given", _claim("jti")),
    "ath": Word("ath is absent, of another token, or another hash of this one", _ath),
    "nonce": Word("nonce is absent or the value given", _claim("nonce")),
    "claims": Word("the payload has claims that nobody has to know", _claims),
    "renamed": Word("a member's name is spelt in another way", _renamed),
    "duplicate": Word("a member stands twice, once with another value", _duplicate),
    "spelling": Word("the same JSON is spelt in another way: pretty, reordered, escaped, escaped-key", _spelling),
    "syntax": Word("the payload is not quite a JSON object", _syntax),
}
