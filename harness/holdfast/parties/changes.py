"""The words in which a case says how its request differs from the honest one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast import proofs
from holdfast.handshakes import Handshake
from holdfast.proofs import ABSENT, Absent

#: Keywords of `send` that change the request around the proof. The proof's own keywords are proofs.DEFECTS.
REQUEST_CHANGES: Mapping[str, str] = {
    "proof": "the DPoP header: None for none, or a text sent as it is",
    "proofs": "several DPoP headers: two different ones, the same twice, or both in one line",
    "proof_header": "the spelling of the DPoP header's name",
    "scheme": "the scheme of the Authorization header",
    "downgraded": "the scheme under which the token is presented like a bearer token, without a proof",
    "authorization": "the Authorization header: None for none, text, or a token as Bearer, in place of all credentials",
    "written": "the Authorization header as a text in which {token} and {basic} stand for the client's token",
    "token": "another token in place of the client's: a Token, or a text",
    "token_in": "where the token is presented: query, form, cookie, header NAME, header and query, two headers",
    "certificate": "the certificate of the TLS connection; None for none",
    "handshake": "what its TLS handshake is like: wire.Handshake",
    "headers": "further header lines",
    "method": "the method of the request",
    "override": "where the request claims another method, which its proof is for: header, query or form NAME=METHOD",
    "path": "the path of the URL of the request",
    "query": "a query added to the URL of the request",
    "body": "another body of a request to a resource",
    "parameters": "form parameters added, changed, given twice (a tuple), or with None left out",
    "secret": "another client secret, or an assertion by a foreign key; None for no credentials at all",
    "audience": "the audience of the client's assertion",
    "assertion": "claims of the client's assertion changed, iat, nbf and exp in seconds from now, or its alg",
    "aliased": "whether the request goes to the alias of its endpoint for mutual TLS (RFC 8705 section 5)",
    "acting_as": "the client_id of another client, with the sender's own credentials",
    "code_verifier": "another PKCE verifier",
}


@dataclass(frozen=True)
class Change:
    """The keywords of one `send`, sorted into what concerns the proof and what the request."""

    proof: Mapping[str, object] = field(default_factory=dict)
    request: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, words: Mapping[str, object]) -> "Change":
        """Sort the keywords. Raises TypeError for an unknown one: a case never hides a change behind a typing error."""
        about_proof = {k: v for k, v in words.items() if k in proofs.DEFECTS}
        about_request = {k: v for k, v in words.items() if k in REQUEST_CHANGES}
        if unknown := sorted(set(words) - set(about_proof) - set(about_request)):
            known = sorted({*proofs.DEFECTS, *REQUEST_CHANGES})
            raise TypeError(f"unknown change {', '.join(unknown)}; known are {', '.join(known)}")
        return cls(about_proof, about_request)

    def get(self, word: str, honest: object) -> object:
        """Say what the request changes a thing to, or the honest value."""
        return self.request.get(word, honest)

    @property
    def absorbs(self) -> bool:
        """Whether a nonce challenge is answered by making the message anew.

        Not when the nonce or the lack of a proof is the change itself, nor for proofs given as text.
        """
        return "nonce" not in self.proof and not {"proof", "downgraded"} & set(self.request)

    @property
    def difference(self) -> str:
        """The change in words for the report; empty when there is none."""
        parts = [f"{word}: {shown(value)}" for word, value in {**self.proof, **self.request}.items()]
        return "; ".join(parts)


def shown(value: object) -> str:
    """Give the value of a changed thing in words, short enough for one line."""
    if value is None or isinstance(value, Absent) or value is ABSENT:
        return "absent"
    if isinstance(value, proofs.Literal):
        return repr(value.value)
    minted = getattr(value, "minted", None)
    if minted is not None:
        return f"minted with {minted}" if minted else "another"
    thumbprint = getattr(value, "thumbprint", None)
    if thumbprint is not None:
        return f"another ({thumbprint[:12]}…)"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={_member(v)}" for k, v in value.items())
    return _cut(str(value) if isinstance(value, str | Handshake) else repr(value), 120)


def _member(value: object) -> str:
    if value is None:
        return "absent"
    return " and ".join(_cut(str(one), 40) for one in (value if isinstance(value, tuple) else (value,)))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
