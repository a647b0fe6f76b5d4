"""From a target that answers to what there is to be told of it; writes what curl needs into the lab's folder."""

import contextlib
import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from holdfast import jose
from holdfast.discover import metadata_urls
from holdfast.lab.guide import Asker, Facts, Place
from holdfast.launch import ClientMaterial, Running
from holdfast.launch.ready import address
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client
from holdfast.pki import Credential
from holdfast.target_model import Secret
from holdfast.targets import Target

#: Seconds that a token of the suite's issuer is good: as long as somebody may want to try things.
DAY = 86400.0
KEY = "dpop.jwk"
#: Ways of authentication that curl knows.
_BY_CURL = frozenset({"client_secret_basic", "client_secret_post", "tls_client_auth", "self_signed_tls_client_auth"})
_PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
#: Seconds that a listener of this machine is given to take a connection.
_KNOCK = 1.0


def gather(bench: Bench, folder: Path, said: str) -> Facts:
    """Look at what runs, and write ca.pem, the client's certificate and the proof key."""
    running, target = bench.running, bench.running.target
    if running.ca_pem:
        (folder / "ca.pem").write_bytes(running.ca_pem)
    bound, proving = _minted(bench, folder) if bench.issuer else _registered(running, folder)
    resource = next(iter(target.resources.values()), None)
    return Facts(
        name=target.name,
        said=said,
        folder=str(folder),
        urls=dict(_answering(running)),
        metadata=_metadata(bench),
        token=bench.endpoints.get("token", ""),
        bound=bound,
        proving=proving,
        resource=Place(resource.url, resource.method, resource.headers, resource.body) if resource else None,
        direct=bench.direct_url,
        of_user=resource is not None and resource.url == bench.endpoints.get("userinfo"),
        nonces=frozenset(side for side in ("as", "rs") if f"nonce-{side}-required" in bench.capabilities),
        connect=running.resolve,
        ca=bool(running.ca_pem),
        always=("--noproxy", "'*'") if any(os.environ.get(name) for name in _PROXIES) else (),
        holdfast=_command(),
    )


def _metadata(bench: Bench) -> str:
    target = bench.running.target
    issuer = target.issuer or (bench.running.suite_url if bench.issuer else "")
    return target.endpoints.metadata or (metadata_urls(issuer)[0] if issuer else "")


def _answering(running: Running) -> Iterator[tuple[str, str]]:
    """Give what takes a connection: not every configuration listens at all that the file names."""
    for name, url in {**running.urls, "suite": running.suite_url}.items():
        place = address(url)
        with contextlib.suppress(OSError), socket.create_connection(running.resolve.get(place, place), _KNOCK):
            yield name, url


def _command() -> str:
    """Give the command as this user can call it."""
    beside = Path(sys.executable).with_name("holdfast")
    found = shutil.which("holdfast")
    return "holdfast" if (found and beside.samefile(found)) or not beside.exists() else str(beside)


def _registered(running: Running, folder: Path) -> tuple[Asker | None, Asker | None]:
    known = [one for one in running.clients.values() if one.auth in _BY_CURL and "client_credentials" in one.grants]
    known.sort(key=lambda one: not one.secret)
    bound = next((one for one in known if one.binding == "certificate" and one.credential), None)
    proving = next((one for one in known if one.binding == "dpop" and "tls" not in one.auth), None)
    if proving:
        _write_key(folder, jose.generate("ES256"))
    return (
        _asker(running.target, bound, folder) if bound else None,
        _asker(running.target, proving, folder) if proving else None,
    )


def _asker(target: Target, client: ClientMaterial, folder: Path) -> Asker:
    written = target.clients[client.name]
    secret = _secret(written.secret, client.secret)
    login: list[str] = []
    if client.auth == "client_secret_basic":
        login = ["-u", _joined(f"{client.id}:", secret)]
    else:
        login = ["--data-urlencode", shlex.quote(f"client_id={client.id}")]
        login += ["--data-urlencode", _joined("client_secret=", secret)] if client.auth == "client_secret_post" else []
    shows: list[str] = []
    if written.certificate is not None:
        shows = ["--cert", shlex.quote(written.certificate)]
        shows += ["--key", shlex.quote(written.certificate_key)] if written.certificate_key else []
    elif client.credential is not None:
        shows = _certificate(folder, client.name, client.credential)
    return Asker(client.name, login, shows, _scope(target, client.scope))


def _scope(target: Target, allowed: str) -> str:
    """Give the scopes of the main resource; all that the client may have where the resource names none."""
    resource = next(iter(target.resources.values()), None)
    return resource.scope if resource and resource.scope else allowed


def _secret(named: Secret | None, made: str) -> str:
    """Give it for a shell: the lab's own as it is, one of the user's by where it is kept."""
    if named is None:
        return shlex.quote(made)
    return f'"${named.env}"' if named.env else f'"$(cat {shlex.quote(named.file or "")})"'


def _joined(plain: str, secret: str) -> str:
    return f"{shlex.quote(plain)}{secret}"


def _certificate(folder: Path, name: str, credential: Credential) -> list[str]:
    credential.write_pair(folder, name)
    return ["--cert", f'"$LAB/{name}.crt"', "--key", f'"$LAB/{name}.key"']


def _minted(bench: Bench, folder: Path) -> tuple[Asker | None, Asker | None]:
    bound, proving = bench.clients["bound"], bench.clients["client"]
    _write_key(folder, proving.key)

    def token(client: Client) -> str:
        minted: str = bench.issuer.mint(client, now=bench.now(), lives=DAY).value
        return minted

    shows = _certificate(folder, "bound", bound.certificate) if bound.certificate else []
    with_certificate = Asker("bound", shows=shows, minted=token(bound)) if "mtls" in bench.capabilities else None
    return with_certificate, Asker("client", minted=token(proving)) if "dpop" in bench.capabilities else None


def _write_key(folder: Path, key: jose.Key) -> None:
    file = folder / KEY
    file.touch(mode=0o600)
    file.write_text(json.dumps({"alg": key.alg, "jwk": key.private_jwk}))


def load_key(folder: Path) -> jose.Key:
    """Read the proof key of a lab. Raises FileNotFoundError where it has none."""
    kept: Mapping[str, object] = json.loads((folder / KEY).read_text())
    jwk = kept["jwk"]
    assert isinstance(jwk, dict)
    return jose.load(jwk, str(kept["alg"]))
