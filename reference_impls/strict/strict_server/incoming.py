"""One request as the checks see it: method, target URI, header fields as they came, form, and its connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect

from . import uris
from .guards import guard
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from .settings import Settings

LARGEST_BODY = 65536
_AUTHORITY = re.compile(r"[A-Za-z0-9.:\[\]_-]+\Z")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Connection:
    """What belongs to one connection only: the TLS certificate and chain in DER, and which listener it is.

    by_alias: it is the one of mtls_endpoint_aliases (RFC 8705 section 5). resumed: it took up a TLS session, whose
    certificate was shown on an earlier connection, perhaps to another listener; it is checked here all the same.
    """

    certificate: bytes | None = None
    chain: tuple[bytes, ...] = ()
    from_trusted_proxy: bool = False
    by_alias: bool = False
    resumed: bool = False


@dataclass(frozen=True)
class Incoming:
    """A request. `origin` and `path` make the target URI in which this server believes; form and query are pairs."""

    method: str
    origin: str
    path: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    connection: Connection
    form: tuple[tuple[str, str], ...] = field(default=())

    @property
    def url(self) -> str:
        """Give the target URI without query."""
        return self.origin + self.path

    def values(self, name: str) -> list[str]:
        """Give the values of all field lines of that (lower-case) name, in their order."""
        return [value for key, value in self.headers if key == name]


@guard("connection.proxy")
def of_the_proxy(connection: Connection, settings: Settings) -> Connection:
    """Know the trusted proxy by the one certificate that it shows, which is never its clients' (RFC 9440 section 4)."""
    if settings.trusted_proxy is None or connection.certificate != settings.trusted_proxy:
        return connection
    return replace(connection, certificate=None, chain=(), from_trusted_proxy=True)


def _connection(request: Request, settings: Settings) -> Connection:
    known: Connection = settings.guards("connection.proxy", request.state.connection, settings)
    return known


@guard("request.origin")
def origin_of(request: Request, settings: Settings, own: str) -> str:
    """Give scheme and authority by which clients call this server.

    It is configured: neither Host nor a Forwarded field decides, since a thief writes those. Only from the trusted
    proxy Host is believed, which it sets, where no name for it is configured; and where a proxy hands whole TLS
    connections on, Host tells which of the two configured names is meant.
    """
    connection = _connection(request, settings)
    host = request.headers.get("host", "")
    if connection.by_alias and own == settings.as_url:
        return settings.mtls_url
    public = settings.public_url if own == settings.rs_url else ""
    if connection.from_trusted_proxy:
        return public or (f"https://{host}" if _AUTHORITY.match(host) else own)
    return public if public and urlsplit(public).netloc == host.lower() else own


def pairs_of(text: bytes) -> tuple[tuple[str, str], ...]:
    """Read form-urlencoded text; `Refused` where it is none."""
    try:
        decoded = text.decode("ascii")
        return tuple(parse_qsl(decoded, keep_blank_values=True, errors="strict", max_num_fields=100))
    except ValueError as error:
        raise Refused("invalid_request", "the parameters are not form-urlencoded UTF-8") from error


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                raise Refused("invalid_request", "the body is too large", status=413)
    except ClientDisconnect as error:
        raise Refused("invalid_request", "the body ended early") from error
    return body


async def read(request: Request, settings: Settings, own: str) -> tuple[Incoming, bytes]:
    """Give the request as the checks see it, and its body. `own` is the configured URL of this server."""
    origin = settings.guards("request.origin", request, settings, own)
    body = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    incoming = Incoming(
        method=request.method,
        origin=origin,
        path=uris.raw_path(request.scope["raw_path"]),
        headers=tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in request.headers.raw),
        query=pairs_of(request.scope["query_string"]),
        connection=_connection(request, settings),
        form=pairs_of(body) if kind == FORM else (),
    )
    return incoming, body


async def read_form(request: Request, settings: Settings, own: str) -> Incoming:
    """Read a request whose body, if any, is a form (RFC 6749 section 3.2)."""
    incoming, body = await read(request, settings, own)
    if body and not incoming.form:
        raise Refused("invalid_request", f"the body is not {FORM}")
    return incoming


@guard("parameters.single")
def single_parameters(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Give the parameters by name; each stands once (RFC 6749 sections 3.1 and 3.2), empty ones count as absent."""
    names = [name for name, _ in pairs]
    if names.count("resource") > 1:  # RFC 8707 section 2 allows several; each token here is for one
        raise Refused("invalid_target", "a token is for one resource")
    if len(names) != len(set(names)):
        raise Refused("invalid_request", "a parameter stands twice")
    return {name: value for name, value in pairs if value}
