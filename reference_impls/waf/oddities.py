"""What a firewall takes offence at: the form of a request and of its proof. It knows no key, no token and no clock."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Lines = Sequence[tuple[str, str]]

METHODS = {"GET", "HEAD", "OPTIONS", "POST"}
TARGET = re.compile(r"(?:/[A-Za-z0-9_.-]+)+(?:\?[A-Za-z0-9_.=&-]*)?")
NAME = re.compile(r"[A-Za-z0-9-]+")
VALUE = re.compile(r"[\t -~]*")
CREDENTIALS = re.compile(r"(?:DPoP|Bearer) [A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
PROOF = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
FORM = re.compile(r"[A-Za-z0-9_.~%+=&*-]*")

HEADER = {"typ", "alg", "jwk"}
CLAIMS = {"jti", "htm", "htu", "iat", "ath", "nonce"}
ALGORITHMS = {"ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "RS256"}
KEYS = {"EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}, "RSA": {"kty", "n", "e"}}
#: The form that a member has.
FORMS: Mapping[str, Callable[[Any], object]] = {
    "typ": lambda value: value == "dpop+jwt",
    "alg": lambda value: value in ALGORITHMS,
    "jwk": lambda value: isinstance(value, dict) and KEYS.get(value.get("kty")) == set(value),
    "jti": lambda value: re.fullmatch(r"[A-Za-z0-9_-]{1,128}", value),
    "htm": lambda value: value in METHODS,
    "htu": lambda value: re.fullmatch(r"https://[a-z0-9.:-]+[A-Za-z0-9/_.-]*", value),
    "iat": lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 40,
    "ath": lambda value: re.fullmatch(r"[A-Za-z0-9_-]{43}", value),
    "nonce": lambda value: re.fullmatch(r"[!#-\[\]-~]{1,512}", value),
}


def oddity(method: str, target: str, lines: Lines, body: str) -> str:
    """Say what is odd about a request; an empty text where nothing is."""
    names = [name.lower() for name, _ in lines]
    checks = {
        "method": method in METHODS,
        "target": TARGET.fullmatch(target),
        "header name": all(NAME.fullmatch(name) for name in names),
        "header value": all(VALUE.fullmatch(value) for _, value in lines),
        "header that stands twice": len(names) == len(set(names)),
        "body": FORM.fullmatch(body),
        "credentials": all(CREDENTIALS.fullmatch(value) for value in _values(lines, "authorization")),
    }
    return next((what for what, good in checks.items() if not good), "") or _of_proofs(_values(lines, "dpop"))


def _values(lines: Lines, name: str) -> list[str]:
    return [value for known, value in lines if known.lower() == name]


def _of_proofs(proofs: Sequence[str]) -> str:
    for proof in proofs:
        if not PROOF.fullmatch(proof) or len(proof) > 4096:
            return "proof"
        header, claims, _ = (_read(part) for part in proof.split("."))
        if not isinstance(header, dict) or set(header) != HEADER or not _formed(header):
            return "header of the proof"
        if not isinstance(claims, dict) or set(claims) - CLAIMS or not _formed(claims):
            return "claims of the proof"
    return ""


def _read(part: str) -> Any:
    """Give the JSON in a part of a JWT, None for other JSON than a machine writes without blanks, or for none."""
    try:
        data = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = json.loads(data)
        written = json.dumps(value, separators=(",", ":")).encode()
    except (binascii.Error, ValueError, RecursionError):
        return None
    return value if written == data else None


def _formed(members: Mapping[str, Any]) -> bool:
    texts = all(isinstance(members[name], str) for name in members if name not in {"jwk", "iat"})
    return texts and all(FORMS[name](value) for name, value in members.items())
