"""Defects in the bytes of a DPoP proof: what it says stays honest, its signature or its compact form does not.

RFC 7515, sections 2, 3.1 and 5.2; RFC 7518, section 3.4; RFC 9449, section 4.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from holdfast import jose
from holdfast.jose import b64u
from holdfast.proof_defects import Draft, Word, a_flag, stranger

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# FIPS 186-5 by way of SEC 2: the number of points on each curve.
_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "secp521r1": (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}

# RFC 8032, section 5.1: the order of the group.
_ED25519_ORDER = (1 << 252) + 27742317777372353535851937790883648493

Spoil = Callable[[bytes], bytes]


def _signature(draft: Draft, value: object) -> None:
    private, alg = draft.key.private, draft.key.alg
    if value == "edited":
        draft.sent_payload = lambda _payload: draft.segment(
            draft.write_claims({**draft.claims, "jti": str(draft.claims.get("jti"))[::-1]})
        )
    elif value == "other-key":
        draft.sign = stranger(alg).sign
    elif value == "other-padding" and alg[:2] in {"RS", "PS"}:
        draft.sign = replace(draft.key, alg={"RS": "PS", "PS": "RS"}[alg[:2]] + alg[2:]).sign
    elif value == "s-plus-order" and isinstance(private, ed25519.Ed25519PrivateKey):
        draft.spoil = _beyond_the_order
    elif isinstance(value, str) and value in _SPOILED:
        draft.spoil = _SPOILED[value]
    elif isinstance(value, str) and value in _SPOILED_EC and isinstance(private, ec.EllipticCurvePrivateKey):
        draft.spoil = _SPOILED_EC[value](private.curve)
    else:
        raise ValueError(f"signature={value!r}: no such defect of a signature with {alg}")


def _beyond_the_order(was: bytes) -> bytes:
    """Spell an Ed25519 signature with an S that is one order too large (RFC 8032, section 5.1.7)."""
    s = int.from_bytes(was[32:], "little") + _ED25519_ORDER
    return was[:32] + s.to_bytes(32, "little")


_SPOILED: Mapping[str, Spoil] = {
    "empty": lambda _signature: b"",
    "truncated": lambda signature: signature[:-1],
    "trailing": lambda signature: signature + b"\x00",
    "zero": lambda signature: bytes(len(signature)),
    "ones": lambda signature: b"\xff" * len(signature),
    "flipped": lambda signature: signature[:-1] + bytes([signature[-1] ^ 1]),
}


def _with_r(r: Callable[[int], int]) -> Callable[[ec.EllipticCurve], Spoil]:
    return lambda curve: lambda was: jose.join_rs(r(_ORDERS[curve.name]), jose.split_rs(was)[1], curve)


def _with_s(s: Callable[[int], int]) -> Callable[[ec.EllipticCurve], Spoil]:
    return lambda curve: lambda was: jose.join_rs(jose.split_rs(was)[0], s(_ORDERS[curve.name]), curve)


_SPOILED_EC: Mapping[str, Callable[[ec.EllipticCurve], Spoil]] = {
    "der": lambda _curve: lambda was: encode_dss_signature(*jose.split_rs(was)),
    "r-zero": _with_r(lambda _order: 0),
    "s-zero": _with_s(lambda _order: 0),
    "r-order": _with_r(lambda order: order),
    "s-order": _with_s(lambda order: order),
}


def _parts(draft: Draft, value: object) -> None:
    if not isinstance(value, str) or value not in _ARRANGED:
        raise ValueError(f"parts={value!r}: one of {', '.join(_ARRANGED)}")
    draft.join = _ARRANGED[value]


_ARRANGED: Mapping[str, Callable[[list[str]], str]] = {
    "two": lambda parts: ".".join(parts[:2]),
    "four": lambda parts: ".".join([*parts, parts[2]]),
    "five": lambda parts: ".".join([*parts, parts[2], parts[2]]),
    "no-header": lambda parts: ".".join(["", *parts[1:]]),
    "no-payload": lambda parts: ".".join([parts[0], "", parts[2]]),
}


def _padding(draft: Draft, value: object) -> None:
    a_flag("padding", value)
    draft.segment = lambda data: b64u(data) + "=" * (-len(b64u(data)) % 4)
    # White space after the object is JSON still; without it every segment might happen to need no padding.
    draft.write_claims = lambda claims: (text := jose.to_json(claims)) + b" " * (len(text) % 3 == 0)


def _alphabet(draft: Draft, value: object) -> None:
    if value == "standard":
        draft.segment = lambda data: b64u(data).replace("-", "+").replace("_", "/")
        # Any three of these in a row hold a sextet that the two alphabets spell differently.
        draft.claims["jti"] = f"{draft.claims.get('jti')}~~~~~"
    elif value == "stray-bits":
        draft.join = lambda parts: ".".join([*parts[:2], with_stray_bits(parts[2])])
    else:
        raise ValueError(f"alphabet={value!r}: standard or stray-bits")


def with_stray_bits(segment: str) -> str:
    """Spell base64url so that lenient readers find the same bytes; ValueError where no bits are left over."""
    if len(segment) % 4 == 0:
        raise ValueError("the last character of this segment has no bits to spare")
    return segment[:-1] + _ALPHABET[_ALPHABET.index(segment[-1]) | 1]


def _whitespace(draft: Draft, value: object) -> None:
    if value not in {True, "space", "tab", "signed"}:
        raise ValueError(f"whitespace={value!r}: True or space, tab, signed")
    split = "\t" if value == "tab" else " "

    def broken(payload: str) -> str:
        middle = len(payload) // 2
        return payload[:middle] + split + payload[middle:]

    if value == "signed":
        draft.signed_payload = broken
    else:
        draft.sent_payload = broken


def _serialisation(draft: Draft, value: object) -> None:
    if value not in {"flattened", "general"}:
        raise ValueError(f"serialisation={value!r}: flattened or general")

    def join(parts: list[str]) -> str:
        signature: dict[str, object] = {"protected": parts[0], "signature": parts[2]}
        whole = signature if value == "flattened" else {"signatures": [signature]}
        return jose.to_json({"payload": parts[1], **whole}).decode()

    draft.join = join


def disguised(proof: str, how: str) -> str:
    """Spell a recorded ES256 proof in other bytes that say the same and still verify: a replay that looks new.

    `how`: "malleated" (s becomes the group's order less s) or "stray-bits" (for lenient readers of base64url only).
    """
    head, payload, signature = proof.split(".")
    if how == "stray-bits":
        return f"{head}.{payload}.{with_stray_bits(signature)}"
    if how != "malleated":
        raise ValueError(f"how={how!r}: malleated or stray-bits")
    r, s = jose.split_rs(jose.unb64u(signature))
    curve = ec.SECP256R1()
    return f"{head}.{payload}.{b64u(jose.join_rs(r, _ORDERS[curve.name] - s, curve))}"


WORDS: Mapping[str, Word] = {
    "signature": Word("the signature is damaged, by another key, or made before the payload was edited", _signature),
    "parts": Word("the compact form has too few or too many parts, or an empty one", _parts),
    "padding": Word("the parts are base64url with padding", _padding),
    "alphabet": Word("base64 is spelt with + and /, or with stray bits in its last character", _alphabet),
    "whitespace": Word("there is white space inside the payload's base64url", _whitespace),
    "serialisation": Word("the JWS is in JSON form instead of the compact one", _serialisation),
}
