"""Defects in what stands for the key or the payload of a DPoP proof: something else takes its place.

RFC 7515, sections 4.1.2, 4.1.5 and 4.1.6; RFC 7519, section 5.2; RFC 7797; RFC 8032, section 5.1.7.
"""

import base64
from collections.abc import Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ed25519

from holdfast import jose
from holdfast.jose import b64u
from holdfast.pki import Credential
from holdfast.proof_defects import Draft, Word, a_flag

#: The neutral element of edwards25519: as a key it makes one signature good for every message.
_NEUTRAL = b"\x01" + bytes(31)


def _key_elsewhere(draft: Draft, value: object) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"key_elsewhere={value!r}: a mapping of header parameters")
    del draft.header["jwk"]
    draft.header |= value


def _certified_by(draft: Draft, value: object) -> None:
    if not isinstance(value, Credential):
        raise TypeError(f"certified_by={value!r}: a Credential")
    draft.header["x5c"] = [base64.b64encode(value.der).decode()]
    draft.sign = replace(value.key, alg=draft.key.alg).sign


def _nested(draft: Draft, value: object) -> None:
    a_flag("nested", value)
    honest = jose.compact(dict(draft.header), draft.claims, draft.key.sign)
    draft.header["cty"] = "JWT"
    draft.write_claims = lambda _claims: honest.encode()


def _unencoded(draft: Draft, value: object) -> None:
    draft.header |= {"b64": False, "crit": ["b64"]}
    raw = draft.write_claims(draft.claims).decode()
    if value == "signed-raw":
        draft.signed_payload = lambda _payload: raw
        draft.sent_payload = lambda _payload: b64u(raw.encode())
    elif value == "detached":
        draft.signed_payload = lambda _payload: raw
        draft.sent_payload = lambda _payload: ""
    elif value != "said":
        raise ValueError(f"unencoded={value!r}: said, signed-raw or detached")


def _neutral_key(draft: Draft, value: object) -> None:
    a_flag("neutral_key", value)
    if not isinstance(draft.key.private, ed25519.Ed25519PrivateKey):
        raise ValueError("neutral_key: only of a proof by an Ed25519 key")  # noqa: TRY004 - the keyword does not fit
    draft.header["jwk"] = {**draft.key.public_jwk, "x": b64u(_NEUTRAL)}
    draft.spoil = lambda _signature: _NEUTRAL + bytes(32)


WORDS: Mapping[str, Word] = {
    "key_elsewhere": Word("the key is named by a URL and not given as jwk", _key_elsewhere),
    "certified_by": Word("x5c holds another certificate, whose key signs; the jwk stays", _certified_by),
    "nested": Word("the payload is a whole proof, and the header says that it is a JWT", _nested),
    "unencoded": Word("b64 says that the payload is not base64url (RFC 7797)", _unencoded),
    "neutral_key": Word("the Ed25519 key is the neutral element, for which one signature fits all", _neutral_key),
}
