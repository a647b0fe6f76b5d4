"""Making requests: how a client presents a token with its proof, and how it asks an authorization server.

Everything is honest but for the change that the case names: a fresh proof by the client's key, for the method and URL
of this very request, with the hash of this very token and the nonce that is current (RFC 9449 sections 4.2 and 7.1).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import quote, urlencode

from holdfast import proofs
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token, authenticated
from holdfast.pki import Credential
from holdfast.proofs import ProofRequest
from holdfast.wire import Request

Headers = list[tuple[str, str]]

FORM = ("Content-Type", "application/x-www-form-urlencoded")


@dataclass(frozen=True)
class Spot:
    """Where a request goes: method, URL, and what it carries besides the token."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def resource_request(
    spot: Spot, client: Client, token: str, change: Change, *, nonce: str | None, now: float
) -> Request:
    """Make a request to a protected resource, presenting a token as its binding asks, with one change."""
    given = change.get("token", token)
    token = given.value if isinstance(given, Token) else str(given)
    url = _with_query(spot.url, change)
    placed = _placed(client, token, change)
    method = str(change.get("method", "POST" if placed.form else spot.method))
    proof_for = ProofRequest(method=method, url=url, now=now, token=token, nonce=nonce)
    headers: Headers = [("Accept", "*/*"), *spot.headers]
    headers += placed.headers
    headers += proof_headers(client, proof_for, change)
    headers += list(cast("Mapping[str, str]", change.get("headers", {})).items())
    if placed.query:
        url += ("&" if "?" in url else "?") + placed.query
    return Request(
        method=method,
        url=url,
        headers=tuple(headers),
        body=placed.form or spot.body,
        certificate=_certificate(client, change),
        certificate_is_the_difference="certificate" in change.request,
    )


def server_request(
    url: str, client: Client, form: Mapping[str, str], change: Change, *, nonce: str | None, now: float, audience: str
) -> Request:
    """Make a form sent to an endpoint of the authorization server, with client authentication, with one change."""
    sender = _impostor(client, change)
    parameters, headers = authenticated(sender, audience, form, now=now)
    parameters = _changed(parameters, change)
    if "acting_as" in change.request:
        parameters["client_id"] = str(change.request["acting_as"])
    if "code_verifier" in change.request:
        parameters["code_verifier"] = str(change.request["code_verifier"])
    method = str(change.get("method", "POST"))
    target = _with_query(url, change)
    headers = [("Accept", "application/json"), FORM, *headers]
    headers += proof_headers(client, ProofRequest(method=method, url=target, now=now, nonce=nonce), change)
    headers += list(cast("Mapping[str, str]", change.get("headers", {})).items())
    return Request(
        method=method,
        url=target,
        headers=tuple(headers),
        body=urlencode(parameters).encode(),
        certificate=_certificate(client, change),
        certificate_is_the_difference="certificate" in change.request,
    )


def proof_headers(client: Client, honest: ProofRequest, change: Change) -> Headers:
    """Give the DPoP header lines of a request: one honest proof, or what the change says."""
    name = str(change.get("proof_header", "DPoP"))
    if "downgraded" in change.request:
        return []
    if "proof" in change.request:
        given = change.request["proof"]
        return [] if given is None else [(name, str(given))]
    if not client.proves and not change.proof:
        return []
    proof = proofs.make(client.key, honest, **cast("Mapping[str, Any]", change.proof))
    return [(name, line) for line in _arranged(client, honest, proof, change.request.get("proofs"))]


def _arranged(client: Client, honest: ProofRequest, proof: str, arrangement: object) -> list[str]:
    """Give the values of the DPoP header lines: the one proof, or several as a change arranges them."""
    match arrangement:
        case None:
            lines = [proof]
        case "two different":
            lines = [proof, proofs.make(client.key, honest)]
        case "the same twice":
            lines = [proof, proof]
        case "two in one line":
            lines = [f"{proof}, {proofs.make(client.key, honest)}"]
        case "valid then invalid":
            lines = [proof, proofs.make(client.key, honest, htm="DELETE")]
        case "invalid then valid":
            lines = [proofs.make(client.key, honest, htm="DELETE"), proof]
        case other:
            raise TypeError(f"proofs={other!r}: no such arrangement")
    return lines


@dataclass(frozen=True)
class _Placed:
    headers: Headers
    query: str = ""
    form: bytes = b""


def _placed(client: Client, token: str, change: Change) -> _Placed:
    scheme = str(change.get("downgraded", change.get("scheme", "DPoP" if client.proves else "Bearer")))
    header = ("Authorization", f"{scheme} {token}")
    if "authorization" in change.request:
        given = change.request["authorization"]
        return _Placed([] if given is None else [("Authorization", str(given))])
    if "written" in change.request:
        basic = base64.b64encode(f"token:{token}".encode()).decode()
        written = str(change.request["written"]).format(token=token, basic=basic)
        return _Placed([("Authorization", written)])
    return _moved(header, token, str(change.request.get("token_in", "")))


def _moved(header: tuple[str, str], token: str, place: str) -> _Placed:
    """Put the token elsewhere; `header` is the honest line."""
    parameter = "access_token=" + quote(token, safe="")
    bearer = f"Bearer {token}"
    places = {
        "": _Placed([header]),
        "query": _Placed([], query=parameter),
        "form": _Placed([FORM], form=parameter.encode()),
        "cookie": _Placed([("Cookie", parameter)]),
        "header and query": _Placed([header], query=parameter),
        "two headers": _Placed([header, ("Authorization", bearer)]),
        "two headers, Bearer first": _Placed([("Authorization", bearer), header]),
    }
    if place in places:
        return places[place]
    name = place.removeprefix("header ")
    if name == place:
        raise TypeError(f"token_in={place!r}: no such place")
    return _Placed([(name, bearer if name.endswith("Authorization") else token)])


def _certificate(client: Client, change: Change) -> Credential | None:
    return cast("Credential | None", change.get("certificate", client.shows))


def _with_query(url: str, change: Change) -> str:
    query = change.request.get("query")
    return url if query is None else f"{url}{'&' if '?' in url else '?'}{query}"


def _changed(form: Mapping[str, str], change: Change) -> dict[str, str]:
    changes = cast("Mapping[str, str | None]", change.get("parameters", {}))
    kept = {name: value for name, value in form.items() if changes.get(name, "") is not None}
    return kept | {name: value for name, value in changes.items() if value is not None}


def _impostor(client: Client, change: Change) -> Client:
    if "secret" not in change.request:
        return client
    registration = replace(client.registered, secret=str(change.request["secret"]))
    return replace(client, registration=registration)
