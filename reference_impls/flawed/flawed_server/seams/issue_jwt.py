"""Flaws in what a JWT access token says (RFC 9068 section 2, RFC 9449 section 6.1, RFC 7800).

Only the text of the token is other than it should be: the server itself remembers what it meant, and says so to
resource servers that ask.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from strict_server import jose

from flawed_server.places import HERE
from flawed_server.registry import inside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from strict_server.main import Servers

    Claims = dict[str, Any]
    Sign = Callable[[Mapping[str, Any], str], str]

_FOREIGN = ec.generate_private_key(ec.SECP256R1())


def _signing(name: str) -> Callable[[Callable[[Sign, Claims], str]], Callable[[Sign, Claims], str]]:
    """Register what signs access tokens, called with the honest way of signing first."""

    def register(function: Callable[[Sign, Claims], str]) -> Callable[[Sign, Claims], str]:
        @inside(name)
        def change(servers: Servers) -> None:
            if servers.authorization is None:
                return
            store = servers.authorization.store
            honest = store.sign

            def sign(claims: Mapping[str, Any], typ: str) -> str:
                return function(honest, dict(claims)) if typ == "at+jwt" else honest(claims, typ)

            store.sign = sign  # type: ignore[method-assign]

        return function

    return register


def _claiming(name: str) -> Callable[[Callable[[Claims], Claims]], Callable[[Claims], Claims]]:
    """Register what makes other claims of the honest ones."""

    def register(function: Callable[[Claims], Claims]) -> Callable[[Claims], Claims]:
        _signing(name)(lambda honest, claims: honest(function(claims), "at+jwt"))
        return function

    return register


# What the token is bound to


def _confirming(name: str) -> Callable[[Callable[[Claims, Claims], Claims]], Callable[[Claims, Claims], Claims]]:
    """Register what makes another cnf of the honest one; it is given the other claims, too."""

    def register(function: Callable[[Claims, Claims], Claims]) -> Callable[[Claims, Claims], Claims]:
        @_claiming(name)
        def change(claims: Claims) -> Claims:
            return claims | ({"cnf": function(claims["cnf"], claims)} if "cnf" in claims else {})

        return function

    return register


@_claiming("no cnf")
def without_confirmation(claims: Claims) -> Claims:
    """Name no key and no certificate."""
    return {name: value for name, value in claims.items() if name != "cnf"}


@_confirming("padded thumbprints")
def padded(confirmation: Claims, _claims: Claims) -> Claims:
    """Write thumbprints with their padding."""
    return {name: value + "=" for name, value in confirmation.items()}


@_confirming("one key for each client")
def one_key_for_each_client(confirmation: Claims, claims: Claims) -> Claims:
    """Name a key of the client's, whichever one it proves with."""
    return confirmation | ({"jkt": jose.encode(claims["client_id"].encode())} if "jkt" in confirmation else {})


@_claiming("issuer of another name")
def issuer_of_another_name(claims: Claims) -> Claims:
    """Call the issuer by the host at which the token was asked for."""
    return claims | {"iss": "https://alias.test"}


@_claiming("cnf as text")
def confirmation_as_text(claims: Claims) -> Claims:
    """Write cnf as a text that holds an object."""
    return claims | ({"cnf": json.dumps(claims["cnf"])} if "cnf" in claims else {})


_CURVE = {"kty": "EC", "crv": "P-256"}


@_confirming("two keys in cnf")
def two_keys(confirmation: Claims, claims: Claims) -> Claims:
    """Name a second key beside the thumbprint, and where a third one is found."""
    jwk = {**_CURVE, "x": jose.encode(bytes(32)), "y": jose.encode(bytes(32))}
    return {**confirmation, "jwk": jwk, "jku": claims["iss"] + "/jwks"}


@_confirming("half a key in cnf")
def half_a_key(confirmation: Claims, _claims: Claims) -> Claims:
    """Name a second key without its coordinates beside the thumbprint."""
    return {**confirmation, "jwk": _CURVE}


@_confirming("a secret in cnf")
def open_secret(confirmation: Claims, _claims: Claims) -> Claims:
    """Show a symmetric key beside the thumbprint."""
    return {**confirmation, "jwk": {"kty": "oct", "k": jose.encode(bytes(32))}}


# Who says it, about whom, to whom


def _without(*names: str) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


for claim in ("iss", "exp", "aud", "sub", "client_id", "iat", "jti"):
    _claiming(f"no {claim}")(_without(claim))
_claiming("no iss and no sub")(_without("iss", "sub"))


@_claiming("iat as text")
def time_as_text(claims: Claims) -> Claims:
    """Write the time of the issue as a text."""
    return claims | {"iat": str(claims["iat"])}


@_claiming("another issuer")
def another_issuer(claims: Claims) -> Claims:
    """Spell the issuer with a slash at its end."""
    return claims | {"iss": claims["iss"] + "/"}


@_claiming("a second audience")
def second_audience(claims: Claims) -> Claims:
    """Name another resource server beside the one that is meant."""
    return claims | {"aud": [claims["aud"], "https://third.test"]}


@_claiming("the key as client")
def the_key_as_client(claims: Claims) -> Claims:
    """Call the client by its key: who has that is the client."""
    return claims | ({"client_id": claims["cnf"]["jkt"]} if "jkt" in claims.get("cnf", {}) else {})


@_claiming("the user as subject")
def the_user_as_subject(claims: Claims) -> Claims:
    """Give a client's own token the name of a user."""
    return claims | {"sub": "alice"}


@_claiming("another subject for each client")
def pairwise_subject(claims: Claims) -> Claims:
    """Give the user another name than the ID token has."""
    return claims | ({"sub": f"{claims['sub']} of {claims['client_id']}"} if "auth_time" in claims else {})


@_claiming("a fresh login with each refresh")
def fresh_login(claims: Claims) -> Claims:
    """Say after a refresh that the user logged in just now, and how."""
    login = {"auth_time": int(time.time()) + 1, "acr": "refreshed", "amr": ["refreshed"]}
    return claims | (login if HERE.get() == "token-refresh" else {})


@_claiming("no scope")
def without_scope(claims: Claims) -> Claims:
    """Leave the scope to the answer."""
    return claims | {"scope": ""}


# How it is signed


@_signing("unsigned")
def unsigned(_honest: Sign, claims: Claims) -> str:
    """Sign with the algorithm none."""
    return jwt.encode(claims, None, algorithm="none", headers={"typ": "at+jwt"})


@_signing("signed with a secret")
def signed_with_a_secret(_honest: Sign, claims: Claims) -> str:
    """Sign with a secret that the resource server shares."""
    return jwt.encode(claims, "shared secret of the two servers", algorithm="HS256", headers={"typ": "at+jwt"})


@_signing("signed with an unpublished key")
def signed_with_an_unpublished_key(_honest: Sign, claims: Claims) -> str:
    """Sign with a key that the key set does not have."""
    return jwt.encode(claims, _FOREIGN, algorithm="ES256", headers={"typ": "at+jwt", "kid": "old"})


@_signing("typed as any JWT")
def typed_as_any_jwt(honest: Sign, claims: Claims) -> str:
    """Type access tokens as any JWT."""
    return honest(claims, "JWT")


@_signing("typed at length")
def typed_at_length(honest: Sign, claims: Claims) -> str:
    """Write the whole media type."""
    return honest(claims, "application/at+jwt")
