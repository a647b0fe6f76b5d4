"""From a running target to a bench: clients are cast, metadata is read, capabilities are known."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from holdfast import jose, pki
from holdfast.discover import ENDPOINT_MEMBERS, Discovered, discovered, metadata_urls
from holdfast.errors import UsageError
from holdfast.exchange import parsed
from holdfast.launch import ClientMaterial, Running
from holdfast.launch.material import hop_credential, shown_by_proxy
from holdfast.masking import Masker
from holdfast.parties.bench import Bench, wire_for
from holdfast.parties.cast import BY_NAME
from holdfast.parties.client import Client, Registration
from holdfast.parties.issuer import Issuer
from holdfast.parties.keys import KeyRing
from holdfast.parties.origin_server import OriginServer
from holdfast.parties.run import origin
from holdfast.requirements import Tables
from holdfast.target_model import Subject
from holdfast.targets import Target
from holdfast.wire import Answer, ContextCache, Request, Wire

_SECRET = frozenset({"client_secret_basic", "client_secret_post"})
#: Ways of authentication that need nothing of the connection.
_CONFIDENTIAL = _SECRET | {"private_key_jwt"}


def _named(material: ClientMaterial, kind: Subject) -> bool:
    return material.auth == "tls_client_auth" and material.subject == kind


#: Who plays which party: name in a case -> test on a registered client. Clients with a secret are asked first.
CASTING: Mapping[str, Callable[[ClientMaterial], bool]] = {
    "client": lambda c: c.binding == "dpop" and c.demands and c.auth in _CONFIDENTIAL,
    "willing": lambda c: c.binding == "dpop" and not c.demands and c.auth in _CONFIDENTIAL,
    "public": lambda c: c.binding == "dpop" and c.auth == "none",
    "bound": lambda c: c.binding == "certificate" and c.auth in _CONFIDENTIAL,
    "public_bound": lambda c: c.binding == "certificate" and c.auth == "none",
    "doubly_bound": lambda c: c.binding == "both",
    "plain": lambda c: c.binding == "none" and c.auth in _CONFIDENTIAL,
    "signing": lambda c: c.auth == "private_key_jwt",
    "tls_client": lambda c: c.auth == "tls_client_auth",
    **{name: partial(_named, kind=kind) for kind, name in BY_NAME.items()},
    "self_signed_client": lambda c: c.auth == "self_signed_tls_client_auth",
}


def bench_for(
    running: Running,
    tables: Tables,
    stop: threading.Event,
    part: Issuer | OriginServer | None,
    masker: Masker | None = None,
) -> Bench:
    """Everything that the cases share. Raises UsageError when the target cannot be reached or its CA is wrong.

    part: what the suite plays. masker: another one than usual, for who writes nothing.
    """
    issuer = part if isinstance(part, Issuer) else None
    masker, contexts, keys = masker or Masker(), ContextCache(), KeyRing()
    with contextlib.closing(wire_for(running, contexts, stop)) as wire:
        found, skew = _explored(running, wire)
    clients = _minted_clients(running, keys) if issuer else _cast(running, keys)
    _learn(masker, running, clients, keys)
    bench = Bench(
        running=running,
        tables=tables,
        endpoints={} if issuer else {**found.endpoints, **_by_alias_only(found.aliases)},
        aliases={} if issuer else found.aliases,
        metadata=found.metadata,
        capabilities=frozenset(found.capabilities | _derived(running, found, clients, issuer)),
        clients=clients,
        keys=keys,
        masker=masker,
        contexts=contexts,
        stop=stop,
        skew=skew,
        issuer=issuer,
        origin=part if isinstance(part, OriginServer) else None,
        hop=hop_credential(running.target),
        shown_by_proxy=shown_by_proxy(running.target),
    )
    bench.findings.extend(found.findings)
    if issuer:
        issuer.audience = _audience(running)
    return bench


def _by_alias_only(aliases: Mapping[str, str]) -> Mapping[str, str]:
    """Give the endpoints that the suite asks at their alias whoever comes: with a token, not as a client."""
    return {name: url for name, url in aliases.items() if name == "userinfo"}


def _audience(running: Running) -> str:
    """Say whom the suite's tokens are for: what the file says, else the origin of the main resource."""
    resource = next(iter(running.target.resources.values()))
    return resource.audience or origin(resource.url)


def _explored(running: Running, wire: Wire) -> tuple[Discovered, float]:
    target = running.target
    issuer = target.issuer
    urls: list[str] = []
    metadata: Mapping[str, object] = {}
    missing: list[str] = []
    answer: Answer | None = None
    if issuer and not plays_issuer_url(running):
        urls = [target.endpoints.metadata] if target.endpoints.metadata else metadata_urls(issuer)
        for url in urls:
            answer = wire.send(Request("GET", url))
            _reached(target, url, answer)
            metadata = _document(answer)
            if metadata:
                missing.clear()
                break
            missing.append(
                f"no metadata at {url}: {answer.error or f'status {answer.status}, and no metadata document'}"
            )
            if answer.fault == "timeout":
                break
    if answer is None:
        url = next((r.url for r in target.resources.values()), "")
        answer = wire.send(Request("GET", url)) if url else None
        if answer is not None:
            _reached(target, url, answer)
    found = discovered(target, metadata, running.allowed)
    if metadata and not target.endpoints.metadata and all(_document(wire.send(Request("GET", url))) for url in urls):
        found = replace(found, capabilities=found.capabilities | {"two-metadata-documents"})
    skew = answer.date - answer.started if answer and answer.date else 0.0
    # Date has whole seconds.
    return replace(found, findings=(*missing, *found.findings)), skew if abs(skew) > 2 else 0.0


def plays_issuer_url(running: Running) -> bool:
    """Whether the issuer's URL is the suite's own."""
    return bool(running.suite_url) and running.target.issuer in {None, running.suite_url}


def _reached(target: Target, url: str, answer: Answer) -> None:
    if answer.fault == "tls":
        hint = "set ca to the PEM file of the authority that signed its certificate"
        raise UsageError(f"{target.where('ca')}: {url}: the certificate is not trusted ({answer.error}): {hint}")
    if answer.fault == "unreachable":
        raise UsageError(f"{target.where('issuer')}: {url}: cannot be reached ({answer.error}): is the target running?")


def _document(answer: Answer) -> Mapping[str, object]:
    """Read a metadata document; empty for an answer that is none, such as a page that is shown under every URL."""
    said = parsed(answer.body)
    if not isinstance(said, dict) or answer.status != 200:
        return {}
    return said if {"issuer", *ENDPOINT_MEMBERS} & said.keys() else {}


def _cast(running: Running, keys: KeyRing) -> dict[str, Client]:
    known = sorted(running.clients.values(), key=lambda material: material.auth not in _SECRET)
    cast = {"thief": _thief(running, keys)}
    if running.target.proxy is not None and running.target.proxy.other_host:
        cast["guest"] = _guest(running, keys)
    for name, fits in CASTING.items():
        found = [material for material in known if fits(material)]
        if found:
            cast[name] = _client(name, found[0], running, keys)
        if name == "client" and len(found) > 1:
            cast["second"] = _client("second", found[1], running, keys)
    introspectors = {"introspector": running.resource_server, "other_introspector": running.other_resource_server}
    for name, material in introspectors.items():
        if running.target.introspection.id is not None and material is not None:
            cast[name] = _client(name, material, running, keys)
    return cast


def _client(name: str, material: ClientMaterial, running: Running, keys: KeyRing) -> Client:
    registration = Registration(
        id=material.id,
        auth=material.auth,
        secret=material.secret,
        assertion_key=material.key,
        grants=material.grants,
        scope=material.scope,
        redirect_uri=material.redirect_uri,
        subject=material.subject,
        parameters={**material.parameters, **({"resource": material.resource} if material.resource else {})},
    )
    certificate = material.credential
    authority = running.authority if running.kind != "running" else None
    reissued = authority.reissue(certificate) if authority and certificate else None
    return Client(name, material.binding, registration, keys.of("ES256", name), certificate, reissued, authority)


def _thief(running: Running, keys: KeyRing) -> Client:
    own = running.authority.issue_client("thief") if running.kind != "running" else pki.self_signed("thief")
    return Client("thief", "both", None, keys.of("ES256", "thief"), own)


def _guest(running: Running, keys: KeyRing) -> Client:
    own = running.guests.issue_client("guest")
    return Client("guest", "certificate", None, keys.of("ES256", "guest"), own, authority=running.guests)


def _minted_clients(running: Running, keys: KeyRing) -> dict[str, Client]:
    def made() -> Iterator[tuple[str, Client]]:
        asked = " ".join(resource.scope or "" for resource in running.target.resources.values())
        scope = " ".join(dict.fromkeys(asked.split()))
        for name, binding in (
            ("client", "dpop"),
            ("second", "dpop"),
            ("bound", "certificate"),
            ("doubly_bound", "both"),
            ("plain", "none"),
        ):
            registration = Registration(id=name, auth="none", scope=scope)
            certificate = running.authority.issue_client(name) if binding in {"certificate", "both"} else None
            reissued = running.authority.reissue(certificate) if certificate else None
            authority = running.authority if certificate else None
            yield name, Client(name, binding, registration, keys.of("ES256", name), certificate, reissued, authority)  # type: ignore[arg-type]

    return {**dict(made()), "thief": _thief(running, keys)}


def _learn(masker: Masker, running: Running, clients: Mapping[str, Client], keys: KeyRing) -> None:
    for material in running.clients.values():
        if material.secret:
            masker.learn(material.secret, "client-secret")
    for server in (running.resource_server, running.other_resource_server):
        if server is not None and server.secret:
            masker.learn(server.secret, "client-secret")
    for client in clients.values():
        if client.certificate is not None:
            masker.learn(client.certificate.key_pem.decode(), "private-key")
    for secret, kind in keys.secrets().items():
        masker.learn(secret, kind)


def _derived(running: Running, shown: Discovered, clients: Mapping[str, Client], issuer: Issuer | None) -> set[str]:
    found = set() if running.kind == "running" else {"lab-ca"}
    announced = shown.metadata.get("dpop_signing_alg_values_supported")
    algorithms = [str(name) for name in announced] if isinstance(announced, list) else []
    found |= {f"alg:{name}" for name in algorithms if name in jose.ASYMMETRIC}
    proxy = running.target.proxy
    if proxy is not None:
        found.add("forwards-nothing" if proxy.encoding == "none" else "forwards-certificate")
        found.add(f"encoding:{proxy.encoding}")
        claimed = (
            ("forwards-chain", proxy.chain),
            ("http2", proxy.http2),
            ("other-host", proxy.other_host),
            ("re-encrypts", proxy.re_encrypts),
            ("proves-itself", proxy.certificate),
        )
        found |= {name for name, said in claimed if said}
        found |= {
            name for name, url in (("direct", proxy.direct), ("judge", proxy.judge), ("backend", proxy.backend)) if url
        }
    if issuer is not None:
        found.add("mint")
    hop = running.target.trusted_hop
    if hop is not None:
        found.add(f"hop:{hop.encoding}")
        found |= {"known-hop"} if hop.certificate else set()
    other = running.other_resource_server
    if other is not None and other.resource:
        found.add("second-resource")
    if running.target.resources:
        found.add("named-resource")
    if "public" in clients:
        found.add("public-client")
    if any(resource.replicas for resource in running.target.resources.values()):
        found.add("replicas")
    if origin(shown.endpoints.get("token", "")) in {origin(one.url) for one in running.target.resources.values()}:
        found.add("one-origin")
    if (found | shown.capabilities) & {"jwt-access-token", "introspection"}:
        found.add("binding-shown")
    return found | _of_consent(running, shown.metadata, clients)


def _of_consent(running: Running, metadata: Mapping[str, object], clients: Mapping[str, Client]) -> set[str]:
    """Say how a user's consent can be asked for.

    user-agent: the suite's own browser goes there. front-channel: with parameters in its URL, not only pushed ones.
    several-scopes: for less than the client may have.
    """
    found = set[str]()
    driver = running.target.authorization
    if driver is not None and driver.driver != "command":
        found.add("user-agent")
        if metadata.get("require_pushed_authorization_requests") is not True:
            found.add("front-channel")
    if "client" in clients and len(clients["client"].scopes) > 1:
        found.add("several-scopes")
    return found
