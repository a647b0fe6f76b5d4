"""Making requests: how a client presents a token with its proof, and how it asks an authorization server.

Everything is honest but for the change that the case names: a fresh proof by the client's key, for the method and URL
of this very request, with the hash of this very token and the nonce that is current (RFC 9449 sections 4.2 and 7.1).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode, urlsplit

from holdfast import proof_defects, proofs
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token, authenticated
from holdfast.pki import Credential
from holdfast.proofs import ProofRequest
from holdfast.wire import Request

if TYPE_CHECKING:
    from holdfast.handshakes import Handshake

Headers = list[tuple[str, str]]

ACCEPT = ("Accept", "*/*")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


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
    url = _with_query(_with_path(spot.url, change), change)
    placed, claim = _placed(client, token, change), _claimed(change)
    method = str(change.get("method", "POST" if placed.form else spot.method))
    proof_for = ProofRequest(method=claim.method or method, url=url, now=now, token=token, nonce=nonce)
    carried, body = _carried(spot, placed.form, claim.form)
    headers: Headers = [ACCEPT, *carried, *placed.headers]
    headers += proof_headers(client, proof_for, change)
    headers += [*claim.headers, *cast("Mapping[str, str]", change.get("headers", {})).items()]
    return Request(
        method=method,
        url=_joined(url, placed.query, claim.query),
        headers=tuple(headers),
        body=str(change.request["body"]).encode() if "body" in change.request else body,
        certificate=_certificate(client, change),
        certificate_is_the_difference="certificate" in change.request,
        handshake=cast("Handshake | None", change.get("handshake", None)),
    )


def server_request(
    url: str, client: Client, form: Mapping[str, str], change: Change, *, nonce: str | None, now: float, audience: str
) -> Request:
    """Make a form sent to an endpoint of the authorization server, with client authentication, with one change."""
    sender = _impostor(client, change)
    changed = cast("Mapping[str, object]", change.get("assertion", {}))
    named = str(change.get("audience", audience))
    parameters, headers = authenticated(sender, named, form, now=now, changed=changed)
    if "authorization" in change.request:
        parameters, headers = _uncredited(parameters, change)
    parameters = _changed(parameters, change)
    if "acting_as" in change.request:
        parameters["client_id"] = str(change.request["acting_as"])
    if "code_verifier" in change.request:
        parameters["code_verifier"] = str(change.request["code_verifier"])
    method, claim = str(change.get("method", "POST")), _claimed(change)
    target = _with_query(url, change)
    headers = [("Accept", "application/json"), FORM, *headers]
    proof_for = ProofRequest(method=claim.method or method, url=target, now=now, nonce=nonce)
    headers += proof_headers(client, proof_for, change)
    headers += [*claim.headers, *cast("Mapping[str, str]", change.get("headers", {})).items()]
    written = urlencode(parameters, doseq=True)
    in_query, in_body = (written, b"") if method == "GET" else ("", written.encode())
    return Request(
        method=method,
        url=_joined(target, claim.query, in_query),
        headers=tuple(headers),
        body=b"&".join(filter(None, (in_body, claim.form))),
        certificate=_certificate(client, change),
        certificate_is_the_difference="certificate" in change.request,
        handshake=cast("Handshake | None", change.get("handshake", None)),
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
        "form": _Placed([], form=parameter.encode()),
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


@dataclass(frozen=True)
class _Claim:
    """Another method that a request claims, and where it says so."""

    method: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""
    form: bytes = b""


def _claimed(change: Change) -> _Claim:
    written = str(change.request.get("override", ""))
    if not written:
        return _Claim()
    place, _, rest = written.partition(" ")
    name, _, method = rest.partition("=")
    match place:
        case "header":
            return _Claim(method, headers=((name, method),))
        case "query":
            return _Claim(method, query=rest)
        case "form":
            return _Claim(method, form=rest.encode())
    raise TypeError(f"override={written!r}: write header, query or form, and NAME=METHOD")


def _carried(spot: Spot, *parameters: bytes) -> tuple[Headers, bytes]:
    """Give headers and body of the template, with form parameters added; what is no form gives way to them."""
    added = [parameter for parameter in parameters if parameter]
    if not added:
        return list(spot.headers), spot.body
    kinds = [value for name, value in spot.headers if name.lower() == FORM[0].lower()]
    if spot.body and any(value.lower().startswith(FORM[1]) for value in kinds):
        return list(spot.headers), b"&".join([spot.body, *added])
    return [*(line for line in spot.headers if line[0].lower() != FORM[0].lower()), FORM], b"&".join(added)


def _certificate(client: Client, change: Change) -> Credential | None:
    return cast("Credential | None", change.get("certificate", client.shows))


def _with_query(url: str, change: Change) -> str:
    query = change.request.get("query")
    return url if query is None else f"{url}{'&' if '?' in url else '?'}{query}"


def _joined(url: str, *queries: str) -> str:
    """Give the URL with what there is of these added to its query."""
    for query in filter(None, queries):
        url += f"{'&' if '?' in url else '?'}{query}"
    return url


def _with_path(url: str, change: Change) -> str:
    path = change.request.get("path")
    return url if path is None else urlsplit(url)._replace(path=str(path)).geturl()


def _uncredited(form: Mapping[str, str], change: Change) -> tuple[dict[str, str], Headers]:
    """Take all credentials of the client out of a form and its headers, and put in the Authorization that is said."""
    given = change.request["authorization"]
    kept = {name: value for name, value in form.items() if name not in _CREDENTIALS}
    if given is None:
        return kept, []
    return kept, [("Authorization", f"Bearer {given.value}" if isinstance(given, Token) else str(given))]


def _changed(form: Mapping[str, str], change: Change) -> dict[str, str]:
    changes = cast("Mapping[str, str | None]", change.get("parameters", {}))
    kept = {name: value for name, value in form.items() if changes.get(name, "") is not None}
    return kept | {name: value for name, value in changes.items() if value is not None}


def _impostor(client: Client, change: Change) -> Client:
    if "secret" not in change.request:
        return client
    secret = change.request["secret"]
    registered = client.registered
    if secret is None:
        return replace(client, registration=replace(registered, auth="none"))
    key = registered.assertion_key and proof_defects.stranger(registered.assertion_key.alg)
    return replace(client, registration=replace(registered, secret=str(secret), assertion_key=key))
