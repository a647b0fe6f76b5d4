"""What stands before a protected resource: RFC 9449 section 7, RFC 8705 section 3, RFC 6750 sections 2 and 3."""

from __future__ import annotations

import hmac
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from . import certificates
from .guards import guard
from .refusals import Refused, Unavailable, invalid_proof

if TYPE_CHECKING:
    from starlette.responses import Response

    from .incoming import Incoming
    from .proof import ProofCheck, Proofs
    from .settings import Settings
    from .tokens import Binding

_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*\Z")
_STATUS = {"invalid_request": 400, "insufficient_scope": 403}
Lookup = Callable[[str], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Credentials:
    """The scheme in lower case, and what is written behind it."""

    scheme: str
    token: str


@dataclass(frozen=True)
class Access:
    """Who may come in: the claims of a token that was checked together with its binding."""

    claims: Mapping[str, Any]
    scheme: str

    @property
    def scope(self) -> frozenset[str]:
        """Give the scopes of the token."""
        value = self.claims.get("scope", "")
        return frozenset(value.split()) if isinstance(value, str) else frozenset()


@guard("token.place")
def only_in_the_header(incoming: Incoming) -> None:
    """Refuse a token in the query or in a form, also beside the header (RFC 6750 section 2, RFC 9700 section 4.3.2)."""
    if any(name == "access_token" for name, _ in (*incoming.query, *incoming.form)):
        raise Refused("invalid_request", "the token belongs into the Authorization header", both_schemes=True)


@guard("token.single")
def one_authorization(values: list[str]) -> str:
    """Take one Authorization field line only (RFC 9449 section 7.2)."""
    if len(values) > 1:
        raise Refused("invalid_request", "more than one Authorization header", both_schemes=True)
    return values[0] if values else ""


@guard("token.scheme")
def credentials_of(value: str) -> Credentials:
    """Read the scheme, in any case (RFC 9110 section 11.1); refused where it is none of ours."""
    scheme, _, token = value.partition(" ")
    scheme = scheme.lower()
    if scheme not in {"dpop", "bearer"}:
        raise Refused("", "no credentials", status=401)
    return Credentials(scheme, token.strip(" "))


@guard("token.syntax")
def one_token(credentials: Credentials) -> str:
    """Take one token behind the scheme and nothing else (RFC 9449 section 7.1, RFC 6750 section 2.1)."""
    if not _TOKEN68.match(credentials.token):
        raise Refused("invalid_token", "the token is malformed")
    return credentials.token


@guard("binding.proof")
def proof_is_there(check: ProofCheck | None) -> None:
    """Ask for a proof beside a token under the scheme DPoP (RFC 9449 section 7.1)."""
    if check is None:
        raise invalid_proof("the DPoP header is missing")


@guard("binding.downgrade")
def not_downgraded(credentials: Credentials, binding: Binding) -> None:
    """Refuse a key-bound token as Bearer (RFC 9449 section 7.2)."""
    if credentials.scheme == "bearer" and binding.jkt is not None:
        raise Refused("invalid_token", "the token is bound to a key and needs the scheme DPoP")


@guard("binding.required")
def bound_at_all(binding: Binding, settings: Settings) -> None:
    """Refuse a token that is bound to nothing, or to no key where policy asks for one: any finder could use it."""
    missing = {"any": not binding.confirmation, "dpop": binding.jkt is None, "none": False}
    if missing[settings.bindings]:
        raise Refused("invalid_token", "the token is not bound to its sender")


@guard("binding.jkt")
def key_is_the_bound_one(binding: Binding, check: ProofCheck) -> None:
    """Compare the proof's key with the token's, which has to have one (RFC 9449 section 4.3 item 12, section 7.1)."""
    if binding.jkt is None or not hmac.compare_digest(binding.jkt.encode(), check.jkt.encode()):
        raise Refused("invalid_token", "the token is not bound to the key of the proof")


@guard("binding.certificate")
def certificate_is_the_bound_one(binding: Binding, certificate: bytes | None) -> None:
    """Compare the certificate of the connection with the token's, where it has one (RFC 8705 section 3)."""
    if binding.x5t is None:
        return
    seen = "" if certificate is None else certificates.thumbprint(certificate)
    if not hmac.compare_digest(binding.x5t.encode(), seen.encode()):
        raise Refused("invalid_token", "the token is bound to another certificate")


@guard("scope.required")
def has_scope(access: Access, scope: str) -> None:
    """Ask for a scope (RFC 6750 section 3.1)."""
    if scope not in access.scope:
        raise Refused("insufficient_scope", "the token does not reach that far", scope=scope)


class Protection:
    """Lets requests in by token and binding, and says in challenges why it does not.

    `lookup` gives the claims of a token or raises `Refused`.
    """

    def __init__(self, settings: Settings, proofs: Proofs, lookup: Lookup) -> None:
        self.settings = settings
        self.proofs = proofs
        self._lookup = lookup

    def _credentials(self, incoming: Incoming) -> Credentials:
        guards = self.settings.guards
        value = guards("token.single", incoming.values("authorization"))
        guards("token.place", incoming)
        credentials: Credentials = guards("token.scheme", value)
        return credentials

    def _proof(self, incoming: Incoming, scheme: str, token: str) -> ProofCheck | None:
        if scheme != "dpop":
            return None
        check = self.proofs.check(incoming, token)
        self.settings.guards("binding.proof", check)
        return check

    async def admit(self, incoming: Incoming, credentials: Credentials) -> Access:
        """Check token, proof and certificate; the proof is spent last of all. `Refused` otherwise."""
        guards = self.settings.guards
        token = guards("token.syntax", credentials)
        check = self._proof(incoming, credentials.scheme, token)
        claims = await self._lookup(token)
        binding: Binding = guards("token.confirmation", claims)
        guards("binding.required", binding, self.settings)
        guards("binding.downgrade", credentials, binding)
        if check is not None:
            guards("binding.jkt", binding, check)
        guards("binding.certificate", binding, guards("certificate.presented", incoming, self.settings))
        if check is not None:
            self.proofs.spend(check)
        return Access(claims, credentials.scheme)

    async def answer(
        self, incoming: Incoming, scope: str, use: Callable[[Access], Response], metadata_url: str = ""
    ) -> Response:
        """Give the answer of `use` to a request that may come in and has the scope ("" for any), else the refusal."""
        scheme = "dpop"
        try:
            credentials = self._credentials(incoming)
            scheme = credentials.scheme
            access = await self.admit(incoming, credentials)
            if scope:
                self.settings.guards("scope.required", access, scope)
            response = use(access)
        except Refused as refused:
            response = self._refusal(refused, scheme, metadata_url)
        except Unavailable as reason:
            print(f"rs cannot check tokens: {reason}", file=sys.stderr, flush=True)
            response = JSONResponse({"error": "temporarily_unavailable"}, 503, {"Retry-After": "1"})
        for name, value in self.proofs.nonce_headers().items():
            response.headers[name] = value
        response.headers["Cache-Control"] = "no-store"
        return response

    def _refusal(self, refused: Refused, scheme: str, metadata_url: str) -> Response:
        status = refused.status or _STATUS.get(refused.error, 401)
        body = {"error": refused.error, "error_description": refused.description} if refused.error else {}
        response = JSONResponse(body, status)
        for name in ("DPoP", "Bearer"):
            response.headers.append("WWW-Authenticate", self._challenge(name, refused, scheme, metadata_url))
        return response

    def _challenge(self, name: str, refused: Refused, scheme: str, metadata_url: str) -> str:
        """Give one challenge; the error stands in that of the scheme that was used (RFC 6750 section 3)."""
        parameters = {"algs": " ".join(self.settings.algorithms)} if name == "DPoP" else {"realm": "strict"}
        if refused.error and (refused.both_schemes or name.lower() == scheme):
            parameters |= {"error": refused.error, "error_description": refused.description}
            if refused.scope:
                parameters["scope"] = refused.scope
        if metadata_url:
            parameters["resource_metadata"] = metadata_url
        return f"{name} " + ", ".join(f'{key}="{value}"' for key, value in parameters.items())
