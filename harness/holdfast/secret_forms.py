"""The forms in which a secret may stand in a text: in clear, percent-encoded, in JSON, in base64 at any offset."""

import base64
import json
import re
from urllib.parse import quote, quote_plus

#: JSON can hold half of a surrogate pair, and so can a secret that came in it.
HALVES = "surrogatepass"


def in_clear(secret: str) -> set[str]:
    """Return the secret as it is, percent-encoded (RFC 3986, 2.1, and as a form), and as part of a JSON text."""
    percent = {quote(secret, errors=HALVES), quote(secret, safe="", errors=HALVES), quote_plus(secret, errors=HALVES)}
    lower = {re.sub("%[0-9A-F]{2}", lambda octet: octet[0].lower(), form) for form in percent}
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, *percent, *lower, *quoted, *(form.replace("/", "\\/") for form in quoted)}


def encoded(secret: str) -> set[str]:
    """Return what base64 and base64url make of the secret, and of its percent-encoding, wherever in a text it stands.

    A character of base64 holds six bits, so that the secret looks different after 0, 1 and 2 other octets; characters
    that also hold bits of a neighbour are left out.
    """
    forms: set[str] = set()
    for text in {secret, quote_plus(secret, errors=HALVES)}:
        octets = text.encode("utf-8", HALVES)
        for before in range(3):
            standard = base64.b64encode(bytes(before) + octets).decode()
            whole = standard[(0, 2, 3)[before] : (before + len(octets)) * 8 // 6]
            forms |= {whole, whole.translate(str.maketrans("+/", "-_")), quote(whole, safe="")}
    return forms
