"""Command line to settings. Whatever is wrong is one line and exit code 2."""

from __future__ import annotations

import argparse
import math
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from . import clients, forwarded, jose
from .refusals import ConfigurationError
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SAME = (
    "issuer",
    "nonces",
    "nonce_lifetime",
    "access_tokens",
    "lookup",
    "bindings",
    "token_lifetime",
    "code_lifetime",
    "refresh_lifetime",
    "registration",
    "assertion_audience",
    "par",
    "tokens",
    "pushed_lifetime",
    "proof_past",
    "proof_future",
    "replicas",
    "forwarded_header",
    "forwarded_encoding",
)  # flags that are settings of the same name


@dataclass(frozen=True)
class Listeners:
    """Where to listen: roles, address, ports (None: no such listener) and the PEM file of the TLS server."""

    roles: frozenset[str]
    bind: str
    as_port: int
    rs_port: int
    internal_port: int | None
    tls: Path
    plain_port: int | None = None
    replica_port: int | None = None
    mtls_port: int | None = None
    sessions: bool = False
    as_internal_port: int | None = None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message} (see --help)")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError(f"{text}: write a number of seconds")
    return value


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text}: write a port, 1 to 65535")
    return int(text)


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text}: write https://host or https://host:port")
    return text.rstrip("/")


def _url_or_none(text: str) -> str:
    """Read a URL, or an empty text for none."""
    return _url(text) if text else ""


def _several(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Make the reader of a list of these, separated by commas, or of `all`."""

    def read_list(text: str) -> tuple[str, ...]:
        chosen = tuple(known) if text == "all" else tuple(name.strip() for name in text.split(","))
        if unknown := sorted(set(chosen) - set(known)):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: write all, or some of {','.join(known)}")
        return chosen

    return read_list


def parser() -> argparse.ArgumentParser:
    """Give the parser of the command line."""
    made = _Parser(
        prog="serve.py", description="A strict authorization server and resource server.", allow_abbrev=False
    )
    made.add_argument("--demo", type=Path, metavar="DIR", help="make CA, certificate and client in DIR and use them")
    made.add_argument("--role", choices=["both", "as", "rs"], default="both")
    made.add_argument("--as-url", type=_url, help="URL and issuer of the AS (default: https://localhost:<as-port>)")
    made.add_argument("--rs-url", type=_url, help="URL and audience of the RS (default: https://localhost:<rs-port>)")
    made.add_argument("--public-url", type=_url_or_none, help="what clients call the RS, where it is not --rs-url")
    made.add_argument("--issuer", default="", help="another issuer that the RS trusts (default: the AS)")
    made.add_argument("--bind", default="127.0.0.1", help="address of the listeners (default: %(default)s)")
    _add_listeners(made)
    made.add_argument("--tls", type=Path, metavar="PEM", help="private key and certificate chain")
    made.add_argument(
        "--ca", type=Path, metavar="PEM", help="trusted for client chains and for calls of the RS to the AS"
    )
    made.add_argument("--clients", type=Path, metavar="JSON", help="clients and resource servers (RFC 7591 names)")
    made.add_argument(
        "--introspection-client", metavar="FILE", help="file with ID:SECRET (or ID:SECRET itself) of the RS"
    )
    made.add_argument("--nonces", choices=["off", "optional", "required"], default="off")
    made.add_argument("--access-tokens", choices=["jwt", "opaque"], default="jwt")
    made.add_argument("--token-check", dest="lookup", choices=["jwks", "introspection"], default="jwks")
    made.add_argument("--bindings", choices=["any", "dpop", "none"], default="any", help="what tokens at the RS need")
    made.add_argument("--registration", choices=["off", "open"], default="off", help="who may register clients")
    made.add_argument("--replicas", choices=["none", "shared", "separate"], default="none", help="memory of a 2nd RS")
    made.add_argument("--replica-port", type=_port, default=8446, help="of the 2nd RS, known by --rs-url too")
    _add_limits(made)
    made.add_argument("--trusted-proxy", type=Path, metavar="PEM", help="certificate by which it is known over TLS")
    made.add_argument("--forwarded-header", default="Client-Cert", help="believed of the trusted proxy only")
    made.add_argument("--forwarded-encoding", choices=[*forwarded.READ, "none"], default="rfc9440")
    _add_windows(made)
    return made


def _add_listeners(made: argparse.ArgumentParser) -> None:
    made.add_argument("--as-port", type=_port, default=8443)
    made.add_argument("--rs-port", type=_port, default=8444)
    made.add_argument("--sessions", choices=["off", "on"], default="off", help="of TLS, to be taken up again")
    made.add_argument("--aliases", choices=["off", "on"], default="off", help="on: --mtls-url asks for certificates")
    made.add_argument("--mtls-url", default="", help="URL of the AS for clients with certificates")
    made.add_argument("--mtls-port", type=_port, default=8448)
    made.add_argument("--internal-port", type=_port, help="plain HTTP listener of the RS, for a trusted proxy only")
    made.add_argument("--as-internal-port", type=_port, help="the same of the AS")
    made.add_argument("--plain-port", type=_port, help="plain HTTP listener of the RS that sends everybody to TLS")


def _add_windows(made: argparse.ArgumentParser) -> None:
    made.add_argument("--nonce-lifetime", type=_seconds, default=300.0, metavar="SECONDS")
    made.add_argument("--token-lifetime", type=_seconds, default=300.0, metavar="SECONDS")
    made.add_argument("--refresh-lifetime", type=_seconds, default=86400.0, metavar="SECONDS")
    made.add_argument("--code-lifetime", type=_seconds, default=60.0, metavar="SECONDS")
    made.add_argument("--pushed-lifetime", type=_seconds, default=60.0, metavar="SECONDS", help="of a request_uri")
    made.add_argument("--proof-past", type=_seconds, default=60.0, metavar="SECONDS")
    made.add_argument("--proof-future", type=_seconds, default=10.0, metavar="SECONDS")
    made.add_argument("--jti-lifetime", type=_seconds, metavar="SECONDS", help="at least past and future together")


def _add_limits(made: argparse.ArgumentParser) -> None:
    known = _several(jose.ALGORITHMS), _several(clients.AUTHENTICATION_METHODS)
    made.add_argument(
        "--algorithms", type=known[0], default=jose.ALGORITHMS, metavar="LIST", help="of proofs, assertions"
    )
    made.add_argument("--client-auth", type=known[1], default=clients.AUTHENTICATION_METHODS, metavar="LIST")
    made.add_argument("--assertion-audience", choices=["any", "issuer"], default="any")
    made.add_argument("--par", choices=["optional", "required"], default="optional")
    made.add_argument("--tokens", choices=["any", "bound"], default="any", help="bound: none is issued unbound")


def _jti_lifetime(given: argparse.Namespace) -> float:
    window: float = given.proof_past + given.proof_future
    if given.jti_lifetime is None:
        return window + 1
    if given.jti_lifetime < window:
        raise ConfigurationError(f"--jti-lifetime: write at least {window:g}, --proof-past and --proof-future together")
    return float(given.jti_lifetime)


def _authorities(path: Path | None) -> tuple[tuple[x509.Certificate, ...], ssl.SSLContext | None]:
    if path is None:
        return (), None
    try:
        pem = path.read_bytes()
        return tuple(x509.load_pem_x509_certificates(pem)), ssl.create_default_context(cadata=pem.decode("ascii"))
    except OSError as error:
        raise ConfigurationError(f"--ca: {path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigurationError(f"--ca: {path}: write a PEM file of certificates") from error


def _certificate(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--trusted-proxy: {path}: write a PEM file of one certificate") from error


def _introspection_client(given: str | None, registry: clients.Registry) -> tuple[str, str]:
    if given is None:
        first = next(iter(registry.resource_servers.values()), None)
        return (first.client_id, first.secret) if first is not None else ("", "")
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else given
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--introspection-client: {given}: cannot be read") from error
    name, colon, secret = text.strip().partition(":")
    if not colon:
        raise ConfigurationError("--introspection-client: write a file that holds ID:SECRET")
    return name, secret


def read(given: argparse.Namespace) -> tuple[Settings, Listeners]:
    """Make settings and listeners of a parsed command line; `ConfigurationError` otherwise."""
    roles = frozenset({"as", "rs"}) if given.role == "both" else frozenset({given.role})
    if given.tls is None:
        raise ConfigurationError("--tls: write the PEM file with key and chain, or use --demo DIR")
    if "as" in roles and given.clients is None:
        raise ConfigurationError("--clients: write the JSON file of clients, or use --demo DIR")
    if not given.tls.is_file():
        raise ConfigurationError(f"--tls: {given.tls}: no such file")
    registry = clients.load(given.clients) if given.clients is not None else clients.Registry()
    authorities, outgoing = _authorities(given.ca)
    introspection_client = _introspection_client(given.introspection_client, registry)
    if "rs" in roles and given.lookup == "introspection" and not introspection_client[0]:
        raise ConfigurationError("--introspection-client: write the RS's ID:SECRET, or resource_servers in --clients")
    settings = Settings(
        as_url=given.as_url or f"https://localhost:{given.as_port}",
        rs_url=given.rs_url or f"https://localhost:{given.rs_port}",
        mtls_url="" if given.aliases == "off" else given.mtls_url or f"https://localhost:{given.mtls_port}",
        public_url=given.public_url or "",
        jti_lifetime=_jti_lifetime(given),
        introspection_client=introspection_client,
        authorities=authorities,
        outgoing_tls=outgoing,
        registry=registry,
        algorithms=given.algorithms,
        client_auth=given.client_auth,
        trusted_proxy=_certificate(given.trusted_proxy),
        **{name: getattr(given, name) for name in _SAME},
    )
    return settings, _listeners(given, roles)


def _listeners(given: argparse.Namespace, roles: frozenset[str]) -> Listeners:
    return Listeners(
        roles,
        given.bind,
        given.as_port,
        given.rs_port,
        given.internal_port,
        given.tls,
        given.plain_port,
        None if given.replicas == "none" else given.replica_port,
        None if given.aliases == "off" else given.mtls_port,
        given.sessions == "on",
        given.as_internal_port,
    )
