"""What a request says, aspect by aspect, so that two of them can be laid side by side.

An aspect's value says what it is to the message: the `htm` of an honest proof is "the request's method", whichever that
is, and a fresh `jti` is "fresh". So two honest messages have the same aspects, and what differs between an honest and
a hostile one is the defect. RFC 9449, sections 4.2 and 7.1; RFC 6749, section 2.3; RFC 6750, section 2.
"""

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import SplitResult, parse_qsl, urlsplit

from holdfast import jose, reading
from holdfast.reading import Part, Reading
from holdfast.wire import Request

#: Two messages that are honest may be made this many seconds apart from the moments they are sent.
NEAR = 2.5

FRESH = "fresh"

#: Form parameters that are new each time, and are compared by being there.
_FRESH_PARAMETERS = frozenset(
    {"code", "code_verifier", "code_challenge", "refresh_token", "request_uri", "state", "nonce", "token"}
)
#: Characters of a fresh value, at least.
_SHORTEST = 16
_GOOD_ONCE = _FRESH_PARAMETERS - {"token", "state", "code_verifier", "code_challenge"}
_JTI = re.compile(r"[A-Za-z0-9_-]{22}|[0-9a-f]{32}")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_FORM = "application/x-www-form-urlencoded"

Aspects = dict[str, str]


@dataclass(frozen=True)
class Token:
    """A token as a request presents it. scheme: the Authorization header around it; empty in another place."""

    place: str
    scheme: str
    value: str


@dataclass(frozen=True)
class Sent:
    """A request, when it was sent in seconds since the epoch, and the nonce that was current then."""

    request: Request
    at: float
    nonce: str = ""

    @cached_property
    def tokens(self) -> list[Token]:
        """The tokens that it presents."""
        return _tokens(self.request)


@dataclass(frozen=True)
class _Pair:
    """A message, its tokens, and the honest one it is compared with."""

    sent: Sent
    beside: Sent
    tokens: list[Token]


def aspects(sent: Sent, beside: Sent) -> Aspects:
    """Give the aspects of a message; `beside` is the honest one it is compared with, and may be itself."""
    request = sent.request
    known = [token.value for token in beside.tokens]
    pair = _Pair(sent, beside, _tokens(request, known))
    carried = {token.value for token in [*pair.tokens, *beside.tokens]}
    found = _request(request, carried) | _body(request, carried, at_resource=bool(known)) | _tokens_said(pair)
    lines = _proofs(request)
    found["DPoP lines"] = str(len(lines))
    if lines:
        found["name of the DPoP header"] = ", ".join(sorted({name for name, _ in lines}))
    honest = _proofs(beside.request)
    if len(lines) == 1 and len(honest) == 1:
        found |= _proof(reading.read(lines[0][1]), reading.read(honest[0][1]), pair)
    return found


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", url, "", "")


def _request(request: Request, carried: Collection[str]) -> Aspects:
    """Everything but token and proof; carried: the tokens that may stand in it."""
    parts = _split(request.url)
    found = {
        "method": request.method,
        "scheme of the URL": parts.scheme,
        "host of the URL": parts.netloc,
        "path of the URL": parts.path,
        "certificate": request.certificate.thumbprint if request.certificate else "none",
    }
    if request.certificate and request.certificate.intermediates:
        behind = map(jose.certificate_thumbprint, request.certificate.intermediates)
        found["certificates behind it"] = ", ".join(behind)
    found |= {"TLS handshake": str(request.handshake)} if request.handshake is not None else {}
    if request.http2 is not None:
        found["protocol"] = "HTTP/2"
        found |= {"pseudo-header fields": repr(request.http2.pseudo)} if request.http2.pseudo is not None else {}
        found |= {"trailers": repr(request.http2.trailers)} if request.http2.trailers else {}
    found |= {"request target": request.target} if request.target is not None else {}
    found |= {"raw bytes": repr(request.raw)} if request.raw is not None else {}
    found |= _parameters("query", parse_qsl(parts.query, keep_blank_values=True), carried)
    for name, value in request.headers:
        there = next((token for token in carried if token in value), None)
        if name.lower() == "dpop" or (there and name.lower() == "authorization"):
            continue
        if name.lower() == "authorization":
            found |= _credentials(value)
            continue
        key, said = f"header {name}", value.replace(there, "{token}") if there else value
        said = "a proof" if (reading.read(value).header.members or {}).get("typ") == "dpop+jwt" else said
        found[key] = f"{found[key]}, {said}" if key in found else said
    return found


def _body(request: Request, carried: Collection[str], *, at_resource: bool) -> Aspects:
    """A form's parameters, or the body as it is; at a resource they are parts of one body."""
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    text = request.body.decode("latin-1")
    if kinds and kinds[0].lower().startswith(_FORM):
        return _parameters("body" if at_resource else "form", parse_qsl(text, keep_blank_values=True), carried)
    return {"body": text} if text else {}


def _parameters(where: str, pairs: Iterable[tuple[str, str]], carried: Collection[str]) -> Aspects:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if value in carried and name == "access_token":
            continue
        found.setdefault(name, []).append(value)
    said: Aspects = {}
    for name, values in found.items():
        key = f"{where} parameter {name}"
        if name == "client_assertion" and len(values) == 1:
            said |= {"client assertion": "one"}
        elif name in _FRESH_PARAMETERS and len(values) == 1 and len(values[0]) >= _SHORTEST:
            said[key] = FRESH
        else:
            said[key] = ", ".join(values)
    return said


def _credentials(value: str) -> Aspects:
    """The Authorization header of a client that authenticates itself; whatever else it holds is its scheme."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            identifier, _, secret = base64.b64decode(rest, validate=True).decode().partition(":")
        except ValueError:  # letters that are none of base64, or no UTF-8 in it
            return {"header Authorization": value}
        return {"Authorization": scheme, "client id": identifier, "client secret": secret}
    return {"header Authorization": value}


def _tokens(request: Request, known: Collection[str] = ()) -> list[Token]:
    """Every place in which a request presents a token; `known` are the tokens that it may be."""
    found = []
    for name, value in request.headers:
        if name.lower() == "authorization" and (token := _token_in(value, known)):
            found.append(Token(f"header {name}", value.replace(token, "{token}"), token))
    parts = _split(request.url)
    places = [("query", parts.query), ("form", request.body.decode("latin-1"))]
    places += [("cookie", value) for name, value in request.headers if name.lower() == "cookie"]
    found += [
        Token(place, "", value)
        for place, text in places
        for name, value in parse_qsl(text, keep_blank_values=True)
        if name == "access_token"
    ]
    return found


def _token_in(value: str, known: Collection[str]) -> str:
    """Find the token in an Authorization header: one that is known, else all of it where that may be one."""
    if there := [token for token in known if token in value]:
        return there[0]
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        return ""
    return rest if _TOKEN68.fullmatch(rest) else ""


def _tokens_said(pair: _Pair) -> Aspects:
    """Where the token is, under which scheme, and what it says."""
    tokens, honest = pair.tokens, pair.beside.tokens
    found: Aspects = {"place of the token": ", ".join(token.place for token in tokens) or "none"}
    if schemes := [token.scheme for token in tokens if token.scheme]:
        found["scheme of the token"] = " and ".join(schemes)
    if not tokens:
        return found
    if len({token.value for token in tokens}) > 1:
        return found | {"tokens": str(len(tokens))}
    return found | _token(tokens[0].value, honest[0].value if honest else "", pair.sent)


def _token(value: str, model: str, sent: Sent) -> Aspects:
    """What a JWT says; nothing of an opaque token but whether it is the honest message's own."""
    given, honest = reading.read(value), reading.read(model)
    own = {"token": "the client's" if value == model else value}
    if not given.whole or not honest.whole:
        return own
    said = _token_claims(given.claims.members or {}, honest.claims.members or {}, sent)
    return _members("token header", given.header, {}) | _members("token claim", given.claims, said)


def _token_claims(claims: Mapping[str, object], honest: Mapping[str, object], sent: Sent) -> Aspects:
    """Call new what is new in each token: jti, times not ahead, and exp where it lives as long as the other."""
    said: Aspects = {}
    if _sound_jti(claims.get("jti")):
        said["jti"] = FRESH
    for name in ("iat", "auth_time"):
        moment = _number(claims.get(name))
        if moment is not None and moment <= sent.at + NEAR:
            said[name] = FRESH
    lives = _lives(claims)
    other = _lives(honest)
    if lives is not None and other is not None and abs(lives - other) <= NEAR:
        said["exp"] = FRESH
    return said


def _lives(claims: Mapping[str, object]) -> float | None:
    exp, iat = _number(claims.get("exp")), _number(claims.get("iat"))
    return None if exp is None or iat is None else exp - iat


def _number(value: object) -> float | None:
    """Give a JSON number as a float; None for what is none, or too large for one."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def fresh_values(request: Request) -> Aspects:
    """What a request carries that is good once, by the aspect it is compared as; and its whole proof as `proof`."""
    found: Aspects = {}
    pairs = [("form", pair) for pair in parse_qsl(request.body.decode("latin-1"))]
    pairs += [("query", pair) for pair in parse_qsl(_split(request.url).query)]
    for where, (name, value) in pairs:
        if name in _GOOD_ONCE:
            found[f"{where} parameter {name}"] = value
    for _, text in _proofs(request):
        found["proof"] = text
        jti = (reading.read(text).claims.members or {}).get("jti")
        found |= {"proof claim jti": jti} if isinstance(jti, str) else {}
    return found


def _sound_jti(value: object) -> bool:
    return isinstance(value, str) and _JTI.fullmatch(value) is not None


def _proofs(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.headers if name.lower() == "dpop"]


def _proof(given: Reading, honest: Reading, pair: _Pair) -> Aspects:
    found: Aspects = {}
    if odd := (*given.header.odd, *given.claims.odd, *given.odd):
        found["bytes of the proof"] = "; ".join(odd)
    if given.header.members is not None:
        found |= _members("proof header", given.header, {})
    if given.claims.members is not None:
        found |= _members("proof claim", given.claims, _proof_claims(given, honest, pair))
    if given.whole:
        found["signature of the proof"] = reading.made_by(given, honest)
    return found


def _proof_claims(given: Reading, honest: Reading, pair: _Pair) -> Aspects:
    claims, model = given.claims.members or {}, honest.claims.members or {}
    sent, beside = pair.sent, pair.beside
    tokens = [*pair.tokens, *beside.tokens]
    url = _bare(sent.request.url)
    right = {
        "htm": claims.get("htm") in (sent.request.method, beside.request.method),
        "htu": claims.get("htu") in (url, _bare(beside.request.url)),
        "ath": claims.get("ath") in [jose.token_hash(token.value) for token in tokens],
        "jti": _sound_jti(claims.get("jti")),
        "nonce": claims.get("nonce") == sent.nonce,
        "iat": _as_near(claims.get("iat"), sent.at, model.get("iat"), beside.at),
    }
    words = {"htm": "the request's method", "htu": "the request's URL", "ath": "of the token", "iat": "now"}
    return {name: words.get(name, FRESH) for name, holds in right.items() if holds and name in claims}


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0]


def _as_near(iat: object, at: float, model: object, model_at: float) -> bool:
    """Whether an `iat` is as far from its sending as the honest one's, and of the same type."""
    mine, honest = _number(iat), _number(model)
    if mine is None or honest is None or type(iat) is not type(model):
        return False
    return abs((mine - at) - (honest - model_at)) <= NEAR


def _members(name: str, part: Part, said: Mapping[str, str]) -> Aspects:
    """Each member's value, or what `said` says of it; one that stands twice is told by the bytes."""
    members = part.members or {}
    return {
        f"{name} {member}": said.get(member) or _written(value)
        for member, value in members.items()
        if member not in part.twice
    }


def _written(value: object) -> str:
    return value if isinstance(value, str) else jose.to_json(value).decode()
