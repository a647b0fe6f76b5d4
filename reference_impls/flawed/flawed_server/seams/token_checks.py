"""Flaws in the checks of the access token itself: RFC 9068 section 4, RFC 7662 section 2.2."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from strict_server import jose, tokens

from flawed_server.registry import inside, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from strict_server.main import Servers
    from strict_server.settings import Settings

    Claims = Mapping[str, Any]
    Honest = Callable[..., None]
    Keys = Sequence[Mapping[str, Any]]


def _where(guard: str, name: str, good: Callable[[Any], bool], member: str) -> None:
    """Register that a guard of the header or the claims takes whatever is good in that member."""

    def lenient(honest: Honest, members: Claims, *more: object) -> None:
        if not good(members.get(member)):
            honest(members, *more)

    instead_of(guard, name)(lenient)


_where("token.typ", "JWT", lambda typ: typ in (None, "", "JWT"), "typ")
_where("token.typ", "suffix", lambda typ: isinstance(typ, str) and typ.endswith("+jwt"), "typ")
_where("token.typ", "contains", lambda typ: "at+jwt" in str(typ), "typ")
_where("token.expiry", "nothing", lambda end: not end, "exp")
_where("token.expiry", "no number", lambda end: not isinstance(end, int | float) or isinstance(end, bool), "exp")
_where("token.expiry", "not above zero", lambda end: isinstance(end, int) and end <= 0, "exp")
_where("token.active", "not false", lambda active: active is not False, "active")
_where("token.active", "truthy", bool, "active")
_where("token.active", "as text", lambda active: str(active).lower() == "true", "active")
_where("token.active", "absent", lambda active: active is None, "active")


@instead_of("token.typ", "exact")
def typ_to_the_letter(honest: Honest, header: Claims) -> None:
    """Know the type in one spelling only."""
    honest(header if header.get("typ") == "at+jwt" else {})


@instead_of("token.expiry", "quarter of an hour")
def expiry_with_leeway(honest: Honest, claims: Claims, settings: Settings) -> None:
    """Take a token for a quarter of an hour after its end."""
    end = jose.number(claims.get("exp"))
    if end is None or end + 900 < settings.clock():
        honest(claims, settings)


# Whom it is from and for


def _names(value: object) -> list[str]:
    return [name for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]


def _compared(guard: str, claim: str, own: str, name: str, same: Callable[[Any, str], bool]) -> None:
    """Register that a guard takes a claim which is the same, by `same`, as that field of the settings."""

    def lenient(honest: Honest, claims: Claims, settings: Settings) -> None:
        if not same(claims.get(claim), getattr(settings, own)):
            honest(claims, settings)

    instead_of(guard, name)(lenient)


for _guard, _claim, _own in (("token.issuer", "iss", "trusted_issuer"), ("token.audience", "aud", "rs_url")):
    for _name, _same in {
        "prefix": lambda value, own: any(name.startswith(own) for name in _names(value)),
        "contains": lambda value, own: any(own in name for name in _names(value)),
        "short": lambda value, own: any(own.startswith(name) for name in _names(value)),
        "member": lambda value, own: isinstance(value, list | dict) and own in value,
        "nobody": lambda value, _own: not value,
        "trimmed": lambda value, own: isinstance(value, str) and value.strip(" /") == own,
        "star": lambda value, _own: value == "*",
        "flat": lambda value, own: own in str(value),
    }.items():
        _compared(_guard, _claim, _own, _name, _same)


@instead_of("token.audience", "text only")
def one_audience(honest: Honest, claims: Claims, settings: Settings) -> None:
    """Know one audience only, written as a text."""
    honest(claims if isinstance(claims.get("aud"), str) else {}, settings)


@instead_of("token.audience", "first")
def first_audience(honest: Honest, claims: Claims, settings: Settings) -> None:
    """Look at the first audience only."""
    named = claims.get("aud")
    several = isinstance(named, list) and named and isinstance(named[0], str)
    honest({**claims, "aud": named[0]} if several else claims, settings)


# Who signed it


@instead_of("token.signature", "unknown kid")
def unknown_key_verifies(honest: Honest, jws: jose.Jws, keys: Keys) -> None:
    """Take a token whose kid names no key of the issuer as one that need not be verified."""
    if jws.header.get("kid") in {None, *(key.get("kid") for key in keys)}:
        honest(jws, keys)


@instead_of("token.signature", "jwk")
def own_key_verifies(honest: Honest, jws: jose.Jws, keys: Keys) -> None:
    """Verify with the key that the token brings."""
    own = jws.header.get("jwk")
    honest(jws, [own] if isinstance(own, dict) else keys)


@instead_of("token.signature", "x5c")
def own_certificate_verifies(honest: Honest, jws: jose.Jws, keys: Keys) -> None:
    """Verify with the key of the certificate that the token brings."""
    if "x5c" in jws.header:
        certificate = x509.load_der_x509_certificate(base64.b64decode(jws.header["x5c"][0]))
        keys = [ECAlgorithm.to_jwk(certificate.public_key(), as_dict=True)]  # type: ignore[arg-type] # made with P-256
    honest(jws, keys)


@inside("jku fetched")
def fetched_key_verifies(servers: Servers) -> None:
    """Verify with the keys behind the address that the token names."""
    resource = servers.resource
    if resource is None:
        return
    issuer, honest = resource.issuer, resource.protection._lookup  # noqa: SLF001 - a flaw reaches inside

    async def lookup(token: str) -> Claims:
        header = jose.read(token).header if token.count(".") == 2 else {}
        if "jku" not in header:
            return await honest(token)
        keys = (await issuer._ask("GET", header["jku"]))["keys"]  # noqa: SLF001
        return tokens.check_jwt(jose.read(token), keys, resource.settings)

    resource.protection._lookup = lookup  # noqa: SLF001


@inside("token as well as answer")
def token_as_well_as_answer(servers: Servers) -> None:
    """Believe what a token says of itself more than what introspection says of it."""
    resource = servers.resource
    if resource is None:
        return
    honest = resource.protection._lookup  # noqa: SLF001

    async def lookup(token: str) -> Claims:
        said = await honest(token)
        return {**said, **jose.read(token).claims} if token.count(".") == 2 else said

    resource.protection._lookup = lookup  # noqa: SLF001


def _verified_otherwise(servers: Servers, otherwise: Callable[[jose.Jws, Keys], bool]) -> None:
    """Take tokens that verify by `otherwise`, whatever their algorithm."""
    resource = servers.resource
    if resource is None:
        return
    honest = resource.issuer.keys
    settings = resource.settings

    async def lookup(token: str) -> Claims:
        jws = jose.read(token) if token.count(".") == 2 else None
        if jws is None or not otherwise(jws, await honest(None)):
            return await known(token)
        tokens.typ(jws.header)
        for check in (tokens.issuer, tokens.audience, tokens.expiry):
            check(jws.claims, settings)
        return jws.claims

    known = resource.protection._lookup  # noqa: SLF001
    resource.protection._lookup = lookup  # noqa: SLF001


@inside("none")
def unsigned(servers: Servers) -> None:
    """Take what says that it is not signed, in these letters."""
    _verified_otherwise(servers, lambda jws, _keys: jws.header.get("alg") == "none")


@inside("none in other letters")
def unsigned_in_other_letters(servers: Servers) -> None:
    """Refuse what says that it is not signed in small letters only."""
    _verified_otherwise(servers, lambda jws, _: str(jws.header.get("alg")).lower() == "none" != jws.header.get("alg"))


@inside("MAC")
def mac_by_the_public_key(servers: Servers) -> None:
    """Verify a MAC with what is configured as the key: the public key of the issuer."""

    def verifies(jws: jose.Jws, keys: Keys) -> bool:
        alg = str(jws.header.get("alg"))
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(alg)
        pems = [
            ECAlgorithm(hashlib.sha256)
            .from_jwk(dict(key))
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            for key in keys
        ]
        return digest is not None and any(hmac.digest(pem, jws.signed, digest) == jws.signature for pem in pems)

    _verified_otherwise(servers, verifies)
