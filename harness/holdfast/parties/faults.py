"""Ways of failing at a protected resource, by name: a row says "no-proof", and the words of the change stand here once.

Each is one mistake of a client or one try of a thief (RFC 9449 section 7, RFC 6750 section 3.1); the rest of the
request is honest.
"""

from collections.abc import Mapping

from holdfast.parties.client import Client

#: A token that nobody issued; its characters are those of one (RFC 9110 section 11.2, token68).
GARBAGE = "holdfast-made-up-" + "0123456789abcdef" * 2

#: Name -> what changes; None: neither a token nor a proof. `thief` stands for the thief's own.
FAULTS: Mapping[str, Mapping[str, object] | None] = {
    # Nobody's credentials: nothing was presented that could be wrong.
    "no-credentials": None,
    "proof-alone": {"authorization": None},
    "foreign-scheme": {"authorization": "Basic aG9sZGZhc3Q6aG9sZGZhc3Q=", "proof": None},
    # A token came along, and something is wrong.
    "bad-token": {"token": GARBAGE},
    "bad-proof": {"signature": "flipped"},
    "no-proof": {"proof": None},
    "other-key": {"key": "thief"},
    "bound-as-bearer": {"downgraded": "Bearer"},
    "bad-bearer": {"downgraded": "Bearer", "token": GARBAGE},
    "two-schemes": {"token_in": "two headers"},
    "header-and-query": {"token_in": "header and query"},
    "malformed": {"written": "DPoP {token} {token}"},
}


def change(fault: str, thief: Client) -> dict[str, object] | None:
    """Give the words of a fault for `send`; None where the request carries no credentials at all.

    Raises KeyError for a name that is none of them.
    """
    words = FAULTS[fault]
    if words is None:
        return None
    return {word: thief.key if (word, value) == ("key", "thief") else value for word, value in words.items()}
