"""The cast: which parties a case may ask for by name, what each needs of the target, and how it is made for one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from holdfast.engine import Slots
from holdfast.parties import doors, sessions
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.bursts import Burst
from holdfast.parties.clock import Clock
from holdfast.parties.endpoints import ProofEndpoint, PushEndpoint, ResourceServer, TokenEndpoint
from holdfast.parties.gauge import Gauge
from holdfast.parties.impostor import Impostor
from holdfast.parties.listener import Listener
from holdfast.parties.proxy import Proxy
from holdfast.parties.proxy_alone import ProxyAlone
from holdfast.parties.proxy_http2 import ProxyOverHttp2
from holdfast.parties.registration import ClientRegistration
from holdfast.parties.replicas import Replicas
from holdfast.parties.resource_metadata import ResourceMetadata
from holdfast.parties.run import Run
from holdfast.parties.script import Script
from holdfast.parties.sessions import Sessions
from holdfast.parties.tokens import TokenShelf
from holdfast.parties.trusted_hop import TrustedHop
from holdfast.places import HOPS, place_of
from holdfast.target_model import Subject

#: Clients of tls_client_auth by the kind of name that they are registered by (RFC 8705 section 2.1.2).
BY_NAME: Mapping[Subject, str] = {
    "dn": "dn_client",
    "dns": "dns_client",
    "uri": "uri_client",
    "ip": "ip_client",
    "email": "email_client",
}

#: Parties of which a row says which one is meant.
CHOSEN = frozenset({"endpoint", "named"})

#: Parties that are clients: name in a case -> what the target lacks when it has none.
CLIENTS: Mapping[str, str] = {
    "client": "a confidential client whose tokens are bound to a proof key",
    "second": "a second confidential client whose tokens are bound to a proof key",
    "public": "a public client whose tokens are bound to a proof key",
    "bound": "a client whose tokens are bound to its certificate",
    "doubly_bound": "a client whose tokens are bound to its key and its certificate",
    "public_bound": "a public client whose tokens are bound to its certificate",
    "plain": "a confidential client whose tokens are not bound",
    "willing": "a confidential client that has its tokens bound to a proof key, which its registration does not demand",
    "signing": "a client that authenticates with private_key_jwt",
    "tls_client": "a client that authenticates with tls_client_auth",
    **{name: f"a client of tls_client_auth with subject = {kind!r}" for kind, name in BY_NAME.items()},
    "self_signed_client": "a client that authenticates with self_signed_tls_client_auth",
    "introspector": "a resource server that may introspect: [introspection] with an id",
    "other_introspector": "a second resource server that may introspect: [introspection.other]",
    "guest": "a second virtual host, which has clients of its own ([proxy] other_host)",
    "thief": "",
}

OTHERS = (
    "rs",
    "endpoint",
    "named",
    "token_endpoint",
    "push_endpoint",
    "authorization_server",
    "proxy",
    "alone",
    "over_http2",
    "clock",
    "keys",
    "listener",
    "gauge",
    "burst",
    "replicas",
    "resource_metadata",
    "script",
    "sessions",
    "registration",
    "impostor",
    "key_sets",
    *doors.PARTIES,
)


@dataclass
class Stage:
    """Makes the parties of a case. One for a whole run."""

    bench: Bench
    shelf: TokenShelf
    slots: Slots

    def party(self, name: str, run: Run, value: object = None) -> object:
        """Give the party of that name for one run; for those of CHOSEN, `value` says which."""
        if name == "named":
            return self.bench.clients[BY_NAME[cast("Subject", value)]]
        if name in CLIENTS:
            return self.bench.clients[name]
        if name in doors.PARTIES:
            return doors.party(name, self.bench, run, self.shelf)
        makers: Mapping[str, Callable[[], object]] = {
            "rs": lambda: ResourceServer(self.bench, run, self.shelf),
            "endpoint": lambda: self.endpoint(str(value), run),
            "token_endpoint": lambda: TokenEndpoint(self.bench, run),
            "push_endpoint": lambda: PushEndpoint(self.bench, run),
            "authorization_server": lambda: AuthorizationServer(self.bench, run),
            "proxy": lambda: Proxy(self.bench, run, self.shelf),
            "alone": lambda: ProxyAlone(self.bench, run),
            "over_http2": lambda: ProxyOverHttp2(self.bench, run),
            "clock": lambda: Clock(self.bench, self.slots),
            "keys": lambda: self.bench.keys,
            "listener": lambda: self._listener(run),
            "gauge": lambda: Gauge(self.bench, Clock(self.bench, self.slots), run),
            "burst": lambda: Burst(run),
            "replicas": lambda: Replicas(self.bench, run, self.shelf),
            "resource_metadata": lambda: ResourceMetadata(self.bench, run),
            "script": lambda: Script(run),
            "sessions": lambda: Sessions(self.bench, run, self.shelf),
            "registration": lambda: ClientRegistration(self.bench, run),
            "impostor": lambda: Impostor(self.bench, run),
            "key_sets": self.bench.key_sets,
        }
        return makers[name]()

    def _listener(self, run: Run) -> Listener:
        runner = self.bench.running.runner
        listener = Listener(runner.suite_host, runner.suite_bind) if runner else Listener("localhost", "127.0.0.1")
        run.ending.callback(listener.close)
        return listener

    def endpoint(self, name: str, run: Run) -> ProofEndpoint | TrustedHop:
        """One of the places that take a proof, or one to which a trusted proxy hands requests on."""
        if name in HOPS:
            return TrustedHop(self.bench, run, self.shelf, name)
        if place_of(name) == "token":
            return TokenEndpoint(self.bench, run, name)
        if name == "par":
            return PushEndpoint(self.bench, run)
        if name == "proxy":
            return Proxy(self.bench, run, self.shelf)
        return ResourceServer(self.bench, run, self.shelf, name=name)


def lacking(bench: Bench, party: str) -> str:
    """Say what the target lacks for a party to exist, or an empty text."""
    if party in CLIENTS:
        return "" if party in bench.clients else f"the target file declares no {CLIENTS[party].removeprefix('a ')}"
    return sessions.lacking(bench) if party == "sessions" else _lacks(bench, party)


def _lacks(bench: Bench, party: str) -> str:
    target, why = bench.running.target, ""
    if party in doors.PARTIES:
        return doors.lacking(party, bench)
    match party:
        case "rs" | "resource_metadata" if not target.resources:
            why = "the target file declares no [resources]"
        case "proxy" if target.proxy is None:
            why = "the target is no proxy"
        case "alone" | "over_http2" if bench.origin is None:
            why = "the target file names no door behind which the suite listens ([proxy] alone)"
        case "push_endpoint" if "par" not in bench.endpoints:
            why = "the target names no par endpoint"
        case "authorization_server" | "token_endpoint" if "token" not in bench.endpoints:
            why = "the target has no authorization server"
        case "impostor" if bench.issuer is None:
            why = "the suite is not the issuer of this target"
        case "registration" if "registration" not in bench.endpoints:
            why = "the target names no registration endpoint"
        case "registration" if "client" not in bench.clients:
            why = lacking(bench, "client")
        case "key_sets" if bench.running.runner is None:
            why = "the target was not started by the lab, and trusts no server of its"
        case "listener" if not _near(bench):
            why = "the target does not run on this machine and could not reach a listener here"
    return why


def lacking_endpoint(bench: Bench, endpoint: str) -> str:
    """Say what the target lacks for an endpoint to be asked, or an empty text."""
    if endpoint == "resource":
        return lacking(bench, "rs")
    if endpoint == "resource-post":
        return "" if bench.running.target.posted else "the target file declares no second resource with method POST"
    if endpoint == "proxy":
        return lacking(bench, "proxy")
    place = place_of(endpoint)
    if endpoint in HOPS:
        hop = bench.running.target.trusted_hop
        known = hop is not None and getattr(hop, place) is not None
        return "" if known else f"the target file does not say where a trusted proxy hands on: [trusted_hop] {place}"
    return "" if place in bench.endpoints else f"the target names no {place} endpoint"


def _near(bench: Bench) -> bool:
    """Whether the target can reach this machine: the lab started it, or it answers on loopback."""
    running = bench.running
    hosts = {
        urlsplit(url).hostname
        for url in (*bench.endpoints.values(), *(r.url for r in running.target.resources.values()))
    }
    return running.runner is not None or hosts <= {"localhost", "127.0.0.1", "::1"}
