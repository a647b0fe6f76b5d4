"""Writing a first target.toml: short, commented, with what the metadata says and marks where a person must fill in."""

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.discover import metadata_urls
from holdfast.errors import UsageError
from holdfast.wire import ContextCache, Request, Wire

_PREFERRED = ("client_secret_basic", "private_key_jwt", "client_secret_post", "tls_client_auth", "none")


def written(url: str, *, ca: Path | None, name: str | None, folder: Path) -> str:
    """Give the text of a target.toml for the issuer at `url`. Raises UsageError when no metadata can be had from it."""
    host = _host(url)
    if not host:
        raise UsageError(f"init: {url}: write the issuer as an https URL, such as https://as.example.com")
    metadata = _fetched(url.rstrip("/"), ca)
    issuer = str(metadata.get("issuer", url))
    head = _head(issuer, name or _name(host), ca, folder)
    return "\n".join([*head, *_user(metadata), *_client(metadata), *_resource(metadata)])


def put(path: Path, text: str, *, force: bool) -> None:
    """Write the file; an existing one only when told so. Raises UsageError."""
    if path.exists() and not force:
        raise UsageError(f"init: {path}: exists already: give another --out, or --force to overwrite it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"init: {path}: {error.strerror}: give another --out") from None


def _fetched(issuer: str, ca: Path | None) -> Mapping[str, object]:
    try:
        authorities = ca.read_bytes() if ca else b""
    except OSError as error:
        raise UsageError(f"init: --ca {ca}: {error.strerror}") from None
    host = urlsplit(issuer).hostname
    wire = Wire(
        authorities=authorities,
        resolve={},
        allowed=lambda name, _port: name == host,
        contexts=ContextCache(),
        stop=threading.Event(),
    )
    try:
        for url in metadata_urls(issuer):
            answer = wire.send(Request("GET", url))
            if answer.fault == "tls":
                raise UsageError(
                    f"init: {url}: the certificate is not trusted ({answer.error}): give its authority with --ca"
                )
            if answer.fault == "unreachable":
                raise UsageError(f"init: {url}: cannot be reached ({answer.error}): is it running?")
            if answer.status == 200 and (said := _object(answer.body)):
                return said
    finally:
        wire.close()
    raise UsageError(f"init: {issuer}: publishes no metadata (RFC 8414) at {' or '.join(metadata_urls(issuer))}")


def _object(body: bytes) -> Mapping[str, object]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _name(host: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", host.lower()).strip("-") or "target"


def _host(url: str) -> str:
    """Give the host of an https URL; an empty text for anything else."""
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and parts.port != 0
    except ValueError:
        return ""
    return (parts.hostname or "") if good else ""


def _quoted(value: str | list[str]) -> str:
    """Write a text, or a list of texts, as TOML does; whatever the target put into it stays a text."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f").encode("utf-8", "replace").decode("utf-8")


def _head(issuer: str, name: str, ca: Path | None, folder: Path) -> list[str]:
    lines = [f"name = {_quoted(name)}", 'roles = ["as", "rs"]  # what is judged: as, rs, or both']
    lines.append(f"issuer = {_quoted(issuer)}  # its metadata names the endpoints and capabilities")
    if ca is not None:
        near = ca.resolve()
        shown = near.relative_to(folder.resolve()) if near.is_relative_to(folder.resolve()) else near
        lines.append(f"ca = {_quoted(str(shown))}")
    return lines


def _user(metadata: Mapping[str, object]) -> list[str]:
    if "authorization_endpoint" not in metadata:
        return []
    return ['# authorization = { driver = "redirect" }  # how a user consents: redirect, form or command']


def _client(metadata: Mapping[str, object]) -> list[str]:
    offered = metadata.get("token_endpoint_auth_methods_supported")
    methods = [str(one) for one in offered] if isinstance(offered, list) else []
    auth = next((one for one in _PREFERRED if one in methods), "client_secret_basic")
    granted = metadata.get("grant_types_supported")
    known = [one for one in ("client_credentials",) if not isinstance(granted, list) or one in granted]
    lines = ["[clients.main]", f"auth = {_quoted(auth)}", 'id = "FILL"  # the client_id']
    if auth.startswith("client_secret"):
        lines.append('secret = { env = "HOLDFAST_SECRET" }  # never the secret itself')
    elif auth == "private_key_jwt":
        lines.append('key = "FILL.pem"  # the private key it signs assertions with')
    elif auth == "tls_client_auth":
        lines.append('certificate = "FILL.pem"  # certificate and private key')
    binding = "dpop" if metadata.get("dpop_signing_alg_values_supported") else "certificate"
    lines.append(f'binding = "{binding}"  # how its tokens are bound: dpop, certificate or both')
    lines.append(f"grants = {_quoted(known or ['authorization_code'])}")
    return lines


def _resource(metadata: Mapping[str, object]) -> list[str]:
    listed = metadata.get("protected_resources")
    url = str(listed[0]) if isinstance(listed, list) and listed else "https://FILL"
    # Metadata names a whole server more often than one request that a token opens.
    url = url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/FILL"
    return [
        "[resources.main]",
        f"url = {_quoted(url)}  # answers a bound token",
        'canary = "FILL"  # text that only the protected answer has',
        '# The same once more as [resources.post], with method = "POST" and a body: proofs are tried there too.',
        "",
    ]
