"""The cast: which parties a case may ask for by name, what each needs of the target, and how it is made for one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast.engine import Slots
from holdfast.errors import Inconclusive
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.endpoints import ProofEndpoint, PushEndpoint, ResourceServer, TokenEndpoint
from holdfast.parties.proxy import Proxy
from holdfast.parties.run import Run
from holdfast.parties.tokens import TokenShelf

#: Parties that are clients: name in a case -> what the target lacks when it has none.
CLIENTS: Mapping[str, str] = {
    "client": "a confidential client whose tokens are bound to a proof key",
    "second": "a second confidential client whose tokens are bound to a proof key",
    "public": "a public client whose tokens are bound to a proof key",
    "bound": "a client whose tokens are bound to its certificate",
    "doubly_bound": "a client whose tokens are bound to its key and its certificate",
    "signing": "a client that authenticates with private_key_jwt",
    "tls_client": "a client that authenticates with tls_client_auth",
    "self_signed_client": "a client that authenticates with self_signed_tls_client_auth",
    "thief": "",
}

OTHERS = ("rs", "endpoint", "token_endpoint", "push_endpoint", "authorization_server", "proxy", "clock", "keys")


class Clock:
    """Real time. A case that waits gives its slot back, so that a run costs its longest wait and not the sum."""

    def __init__(self, bench: Bench, slots: Slots) -> None:
        self._bench = bench
        self._slots = slots

    def wait(self, seconds: float) -> None:
        """Let that much real time pass. Raises Inconclusive when the run is stopped meanwhile."""
        if not self._slots.wait(seconds):
            raise Inconclusive("the run was stopped")

    def outlast(self, window: str, *, by: float = 1.5) -> None:
        """Let a declared window of the target pass, and a little more (seconds)."""
        self.wait(self.window(window) + by)

    def window(self, name: str) -> float:
        """Give a declared window in seconds. Raises Inconclusive where the target file declares none."""
        declared = getattr(self._bench.running.target.windows, name, None)
        if declared is None:
            raise Inconclusive(f"the target file declares no window {name}")
        return float(declared)


@dataclass
class Stage:
    """Makes the parties of a case. One for a whole run."""

    bench: Bench
    shelf: TokenShelf
    slots: Slots

    def party(self, name: str, run: Run, value: object = None) -> object:
        """Give the party of that name for one run; for `endpoint`, `value` says which."""
        if name in CLIENTS:
            return self.bench.clients[name]
        makers: Mapping[str, Callable[[], object]] = {
            "rs": lambda: ResourceServer(self.bench, run, self.shelf),
            "endpoint": lambda: self.endpoint(str(value), run),
            "token_endpoint": lambda: TokenEndpoint(self.bench, run),
            "push_endpoint": lambda: PushEndpoint(self.bench, run),
            "authorization_server": lambda: AuthorizationServer(self.bench, run),
            "proxy": lambda: Proxy(self.bench, run, self.shelf),
            "clock": lambda: Clock(self.bench, self.slots),
            "keys": lambda: self.bench.keys,
        }
        return makers[name]()

    def endpoint(self, name: str, run: Run) -> ProofEndpoint:
        """One of the places that take a proof."""
        if name == "token":
            return TokenEndpoint(self.bench, run)
        if name == "par":
            return PushEndpoint(self.bench, run)
        if name == "proxy":
            return Proxy(self.bench, run, self.shelf)
        return ResourceServer(self.bench, run, self.shelf, name=name)


def lacking(bench: Bench, party: str) -> str:
    """Say what the target lacks for a party to exist, or an empty text."""
    if party in CLIENTS:
        return "" if party in bench.clients else f"the target file declares no {CLIENTS[party].removeprefix('a ')}"
    target = bench.running.target
    if party == "rs" and not target.resources:
        return "the target file declares no [resources]"
    if party == "proxy" and target.proxy is None:
        return "the target is no proxy"
    if party == "push_endpoint" and "par" not in bench.endpoints:
        return "the target names no par endpoint"
    if party in {"authorization_server", "token_endpoint"} and "token" not in bench.endpoints:
        return "the target has no authorization server"
    return ""


def lacking_endpoint(bench: Bench, endpoint: str) -> str:
    """Say what the target lacks for an endpoint to be asked, or an empty text."""
    if endpoint == "resource":
        return lacking(bench, "rs")
    if endpoint == "proxy":
        return lacking(bench, "proxy")
    return "" if endpoint in bench.endpoints else f"the target names no {endpoint} endpoint"
