"""How a lab is reached with curl: lines for a shell, which are printed and kept as a script."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from holdfast.launch.ready import Resolve, address

#: Where the lines are kept, in the folder of the lab.
SCRIPT = "curl.sh"
#: How an answer is given: its body, its head before it, and for somebody who reads it a line's end after it.
_BODY, _WHOLE, _READ = "-sS", "-sSi", "-w '\\n'"
#: What a shell makes of a token response.
_PICKED = r"""sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p'"""
#: What it makes of an answer with a nonce.
_NONCE = "grep -i '^dpop-nonce:' | cut -d' ' -f2 | tr -d '\\r'"


@dataclass(frozen=True)
class Asker:
    """A client, in words of a shell, quoted where they need it.

    login: what authenticates it at the token endpoint. shows: its certificate. minted: a token that the suite's own
    issuer made for it.
    """

    name: str
    login: Sequence[str] = ()
    shows: Sequence[str] = ()
    scope: str = ""
    minted: str = ""


@dataclass(frozen=True)
class Place:
    """A request for a resource, without credentials."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    body: str = ""


@dataclass(frozen=True)
class Facts:
    """What there is to be told.

    connect: where names lie that this machine does not know. bound: a client with tokens bound to a certificate.
    proving: one with tokens bound to a proof key. direct: URL of the resource past the proxy. of_user: whether
    the resource takes tokens of users only. nonces: as or rs, where a nonce is demanded. always: further words
    of each call.
    """

    name: str
    said: str
    folder: str
    urls: Mapping[str, str]
    metadata: str = ""
    token: str = ""
    bound: Asker | None = None
    proving: Asker | None = None
    resource: Place | None = None
    direct: str = ""
    of_user: bool = False
    nonces: frozenset[str] = frozenset()
    connect: Resolve | None = None
    ca: bool = True
    always: Sequence[str] = ()
    holdfast: str = "holdfast"


def lines(facts: Facts) -> list[str]:
    """Give all lines. What is no request is a comment or a variable, so that a shell can take them as they are."""
    return [line for part in (_head, _metadata, _with_certificate, _with_proof) for line in part(facts)]


def _head(facts: Facts) -> Iterator[str]:
    yield f"# {facts.name} is up: {facts.said}. To end it: {shlex.quote(facts.holdfast)} lab down {facts.name}"
    width = max(map(len, facts.urls), default=0)
    for name, url in facts.urls.items():
        there = _lies(facts, url)
        yield f"# {name:{width}}  {url}{f'  at {there[0]}:{there[1]} of this machine' if there else ''}"
    yield "# The CA file is $LAB/ca.pem." if facts.ca else "# Certificates are those that this system trusts."
    yield f"# These lines again: $LAB/{SCRIPT}"
    yield f"LAB={shlex.quote(facts.folder)}"
    yield f"HOLDFAST={shlex.quote(facts.holdfast)}"


def _metadata(facts: Facts) -> Iterator[str]:
    if facts.metadata:
        yield from ("", "# The metadata of the authorization server.", _curl(facts, facts.metadata, _READ))


def _with_certificate(facts: Facts) -> Iterator[str]:
    asker = facts.bound
    if asker is None or not (asker.minted or facts.token):
        return
    yield from ("", f"# A token of the client {asker.name}, bound to its certificate.")
    yield from _token_lines(facts, asker, "TOKEN")
    header = ("-H", '"Authorization: Bearer $TOKEN"')
    for way, url in _ways(facts):
        yield from ("", f"# The resource with the certificate{way}.")
        yield _resource(facts, url, _READ, *asker.shows, *header)
        yield f"# And without it{way}: who looks at the binding refuses."
        yield _resource(facts, url, _READ, *header)


def _with_proof(facts: Facts) -> Iterator[str]:
    asker = facts.proving
    if asker is None or not (asker.minted or facts.token):
        return
    yield ""
    yield f"# A token of the client {asker.name}, bound to the key in $LAB/dpop.jwk. A proof is good for one request."
    yield from _token_lines(facts, asker, "DPOP_TOKEN", proof=True)
    header = ("-H", '"Authorization: DPoP $DPOP_TOKEN"')
    for way, url in _ways(facts):
        method = facts.resource.method if facts.resource else ""
        yield from ("", f"# The resource with a proof{way}.")
        extra = ["--token", '"$DPOP_TOKEN"']
        if "rs" in facts.nonces:
            first = ("-H", _proof(facts, method, url, *extra))
            yield f"NONCE=$({_resource(facts, url, *header, *first)} | {_NONCE})"
            extra += ["--nonce", '"$NONCE"']
        yield _resource(facts, url, _READ, *header, "-H", _proof(facts, method, url, *extra))


def _ways(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give where the resource can be asked with a client's own token, with words for it."""
    if facts.resource is None or facts.of_user:
        return
    if facts.direct:
        yield ", through the proxy", facts.resource.url
        yield ", past the proxy", facts.direct
    else:
        yield "", facts.resource.url


def _token_lines(facts: Facts, asker: Asker, variable: str, *, proof: bool = False) -> Iterator[str]:
    """Put a token into a variable: the one that was minted, or what the authorization server answers."""
    if asker.minted:
        yield f"{variable}={asker.minted}  # of Holdfast's own issuer, good for a day"
        return
    words = [*asker.login, *asker.shows, "-d", "grant_type=client_credentials"]
    if asker.scope:
        words += ["--data-urlencode", shlex.quote(f"scope={asker.scope}")]
    if proof:
        extra: list[str] = []
        if "as" in facts.nonces:
            first = ("-H", _proof(facts, "POST", facts.token))
            yield f"NONCE=$({_curl(facts, facts.token, *words, *first, show=_WHOLE)} | {_NONCE})"
            extra = ["--nonce", '"$NONCE"']
        words += ["-H", _proof(facts, "POST", facts.token, *extra)]
    yield f"{variable}=$({_curl(facts, facts.token, *words)} | {_PICKED})"
    yield f'echo "{variable}=${variable}"'
    if facts.of_user:
        yield "# The resource is for tokens of users only, which come by the authorization endpoint."


def _proof(facts: Facts, method: str, url: str, *words: str) -> str:
    made = " ".join(['"$HOLDFAST"', "lab", "proof", facts.name, method, shlex.quote(url), *words])
    return f'"DPoP: $({made})"'


def _resource(facts: Facts, url: str, *words: str) -> str:
    spot = facts.resource
    assert spot is not None
    more = [] if spot.method == ("POST" if spot.body else "GET") else ["-X", spot.method]
    for name, value in (spot.headers or {}).items():
        more += ["-H", shlex.quote(f"{name}: {value}")]
    more += ["--data-raw", shlex.quote(spot.body)] if spot.body else []
    return _curl(facts, url, *more, *words, show=_WHOLE)


def _curl(facts: Facts, url: str, *words: str, show: str = _BODY) -> str:
    command = ["curl", show, *facts.always]
    if facts.ca and urlsplit(url).scheme == "https":
        command += ["--cacert", '"$LAB/ca.pem"']
    if there := _lies(facts, url):
        host, port = address(url)
        command += ["--connect-to", f"{host}:{port}:{there[0]}:{there[1]}"]
    return " ".join([*command, *words, shlex.quote(url)])


def _lies(facts: Facts, url: str) -> tuple[str, int] | None:
    """Say where a URL's name lies, where this machine does not know it."""
    place = address(url)
    return None if place[0] in {"localhost", "127.0.0.1"} else (facts.connect or {}).get(place)
