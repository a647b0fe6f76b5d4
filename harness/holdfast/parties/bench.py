"""Bench: what all cases of one run against one variant of a target share."""

import threading
import time
import uuid
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from holdfast.errors import Inconclusive
from holdfast.launch import Running
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.parties.client import Client
from holdfast.parties.key_sets import KeySets
from holdfast.parties.keys import KeyRing
from holdfast.parties.run import Run, Worker, origin
from holdfast.pki import Credential
from holdfast.requirements import Tables
from holdfast.target_model import Resource
from holdfast.wire import ContextCache, Wire


class Memo:
    """Things found out once for all threads. A thing that could not be found out is asked for again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._known: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """Give the thing known by that key, found out by `find` where it is not known yet."""
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:
            if key not in self._known:
                self._known[key] = find()
            return self._known[key]

    def forget(self, key: Hashable) -> None:
        """Find that thing out anew next time."""
        with self._lock:
            self._known.pop(key, None)


@dataclass
class Bench:
    """The running target, what is known of it, and the clients that ask.

    endpoints: URL by name (token, par, authorization, introspection, revocation, userinfo, jwks).
    aliases: the same of mtls_endpoint_aliases (RFC 8705 section 5), for who shows a certificate.
    skew: seconds by which the target's clock is ahead of ours.
    capabilities: what the target declares and what its metadata shows.
    """

    running: Running
    tables: Tables
    endpoints: Mapping[str, str]
    metadata: Mapping[str, object]
    capabilities: frozenset[str]
    clients: Mapping[str, Client]
    keys: KeyRing
    masker: Masker
    contexts: ContextCache
    stop: threading.Event
    aliases: Mapping[str, str] = field(default_factory=dict)
    skew: float = 0.0
    memo: Memo = field(default_factory=Memo)
    findings: list[str] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    #: The suite's own issuer where the target has no authorization server; see parties.issuer.
    issuer: Any = None
    #: The suite's own server behind a proxy; see parties.origin_server.
    origin: Any = None
    #: What the suite shows in the place of a trusted proxy, where the server knows it by that.
    hop: Credential | None = None
    #: What a proxy shows to the server behind it (DER), where the target file says so.
    shown_by_proxy: bytes | None = None
    #: The suite's server of clients' keys, once a case has asked for it.
    _key_sets: KeySets | None = None
    _pace_lock: threading.Lock = field(default_factory=threading.Lock)
    _next_turn: float = 0.0

    @property
    def honest(self) -> Client | None:
        """Who can ask honestly: a client whose binding the target claims, or any of the two where it claims none."""
        bindings = {"client": "dpop", "bound": "mtls"}
        known = [name for name in bindings if name in self.clients]
        claimed = [name for name in known if bindings[name] in self.capabilities]
        return next((self.clients[name] for name in claimed or known), None)

    @property
    def resource(self) -> Resource:
        """The main resource: the first that the file names. Raises Inconclusive where there is none."""
        found = next(iter(self.running.target.resources.values()), None)
        if found is None:
            raise Inconclusive("the target file declares no [resources]")
        return found

    @property
    def audience(self) -> str:
        """Whom tokens for the main resource are for: what the file says, else the origin of its URL."""
        return self.resource.audience or origin(self.resource.url)

    @property
    def direct_url(self) -> str:
        """The main resource past the proxy: its path at the address that [proxy] direct names; empty where none is."""
        proxy = self.running.target.proxy
        if proxy is None or not proxy.direct:
            return ""
        there = urlsplit(proxy.direct)
        return urlsplit(self.resource.url)._replace(scheme=there.scheme, netloc=there.netloc).geturl()

    @property
    def issuer_url(self) -> str:
        """The issuer identifier, as configured."""
        return self.running.target.issuer or ""

    def now(self) -> float:
        """Seconds since the epoch by the target's clock."""
        return time.time() + self.skew

    def worker(self) -> Worker:
        """Give a worker with connections of its own."""
        wire = wire_for(self.running, self.contexts, self.stop)
        self.wires.append(wire)
        return Worker(wire, pace=self._pace)

    def _pace(self) -> None:
        """Keep to the politeness limit of the target file, over all workers."""
        rate = self.running.target.requests_per_second
        if rate is None:
            return
        with self._pace_lock:
            now = time.monotonic()
            self._next_turn = max(now, self._next_turn) + 1 / rate
            wait = self._next_turn - 1 / rate - now
        if wait > 0:
            self.stop.wait(wait)

    def key_sets(self) -> KeySets:
        """Give the server of clients' keys, for as long as the run lasts."""
        runner = self.running.runner
        if runner is None:
            raise Inconclusive("the target was not started by the lab, and trusts no server of its")

        def start() -> KeySets:
            credential = self.running.authority.issue_server([runner.suite_host])
            self._key_sets = KeySets(runner.suite_host, runner.suite_bind, credential)
            return self._key_sets

        found: KeySets = self.memo.once("key sets", start)
        return found

    def run(self, worker: Worker) -> Run:
        """Give a fresh run for one case."""
        return Run(worker, self.stop)

    def close(self) -> None:
        """Cut every connection, to end blocked reads; also called from a signal's handler."""
        for wire in self.wires:
            wire.abort()

    def end(self) -> None:
        """Close every connection for good, when no thread sends any more."""
        self.close()
        for wire in self.wires:
            wire.close()
        if self._key_sets is not None:
            self._key_sets.close()

    def checked(self, key: Hashable, find: Callable[[], Outcome], wanted: Outcome, what: str) -> str:
        """Look at a property of an endpoint, once per run: an empty text, or what happened instead.

        What came to no end (the target was busy, broke or hung) is looked at again next time.
        """
        decided = True

        def look() -> str:
            nonlocal decided
            try:
                seen = find()
            except Inconclusive as why:
                decided = False
                return f"{what}: {why}"
            decided = seen in {Outcome.ACCEPTED, Outcome.REFUSED}
            return "" if seen is wanted else f"{what} was {seen}"

        said = str(self.memo.once(key, look))
        if not decided:
            self.memo.forget(key)
        return said


def wire_for(running: Running, contexts: ContextCache, stop: threading.Event) -> Wire:
    """Give a wire that reaches only what the target file names, and trusts whom it trusts."""
    return Wire(
        authorities=running.ca_pem,
        resolve=running.resolve,
        allowed=running.allowed,
        deadline=running.target.deadline,
        contexts=contexts,
        stop=stop,
    )


def unique() -> str:
    """Give a fresh identifier."""
    return uuid.uuid4().hex
