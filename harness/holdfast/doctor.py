"""Proves the wiring before the first case, so that a mistake in a configuration never looks like a failure.

Clock, metadata, client authentication, one honest request per endpoint, and whether the resource is protected at all.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from holdfast.applicability import PARTY_CAPABILITIES, lacking_grants
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.cast import lacking_endpoint
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ProofEndpoint, PushEndpoint, ResourceServer, TokenEndpoint
from holdfast.parties.run import Run, Worker
from holdfast.parties.tokens import TokenShelf
from holdfast.places import GRANTS_AT
from holdfast.wire import Http2, Request

SKEW_WARNS, SKEW_STOPS = 5.0, 30.0


@dataclass
class Examination:
    """What the doctor found. `problem`: why nothing can be judged; `fault`: it lies in the configuration (exit 2)."""

    checks: list[tuple[str, bool, str]] = field(default_factory=list)
    problem: str = ""
    fault: bool = False
    exchanges: list[Exchange] = field(default_factory=list)

    def note(self, name: str, why_not: str, *, good: str = "") -> bool:
        """Write down a check; whether it is well."""
        self.checks.append((name, not why_not, why_not or good))
        return not why_not


def examine(bench: Bench, worker: Worker) -> Examination:
    """Look at everything once. Sends a handful of honest requests and one anonymous one per resource."""
    found = Examination()
    run = bench.run(worker)
    shelf = TokenShelf(bench)
    _clock(bench, found)
    _server(bench, found)
    if not found.problem and "token" in bench.endpoints:
        _clients(bench, run, found)
    if not found.problem and bench.running.target.resources and {"rs", "proxy"} & set(bench.running.target.roles):
        _resource(bench, run, shelf, found)
    if not found.problem:
        _other_endpoints(bench, run, shelf, found)
    if not found.problem and "http2" in bench.capabilities:
        _http2(bench, worker, found)
    found.exchanges = run.exchanges
    return found


def _clock(bench: Bench, found: Examination) -> None:
    ahead = abs(bench.skew)
    name = "clock"
    if ahead > SKEW_STOPS:
        found.note(name, f"the target's clock is {bench.skew:+.0f} s from ours; set one of them right")
        found.problem, found.fault = f"the target's clock is {bench.skew:+.0f} s from ours", True
    else:
        more = " (more than 5 s)" if ahead > SKEW_WARNS else ""
        found.note(name, "", good=f"{bench.skew:+.1f} s from ours{more}")


def _server(bench: Bench, found: Examination) -> None:
    """Make sure that an authorization server that is judged says where its token endpoint is, or the file has to."""
    if "as" not in bench.running.target.roles or "token" in bench.endpoints:
        return
    said = "; ".join(bench.findings) or f"the metadata of {bench.issuer_url} names none"
    found.note("token endpoint", f"not known: {said}")
    found.problem = found.problem or f"the authorization server's token endpoint is not known: {said}"


def _clients(bench: Bench, run: Run, found: Examination) -> None:
    server = AuthorizationServer(bench, run)
    stranger = run.send(server.stranger_message("token"), "probe")
    if stranger.accepted:
        found.problem, found.fault = f"the token endpoint is not protected: {stranger!r} to a client of no name", True
        found.note("token endpoint for a stranger", f"a token for a client that nobody registered: {stranger!r}")
        return
    worked, reasons, wrong = 0, [], []
    for name, client in bench.clients.items():
        if client.registration is None or not client.registration.grants:
            continue
        why_not = _granted(server, client)
        label = f"client {client.registration.id} ({name}, {client.registration.auth})"
        worked += found.note(label, why_not, good="got a token")
        if why_not:
            reasons.append(f"{label}: {why_not}")
            if run.exchanges and run.exchanges[-1].answer.fault == "timeout":
                break  # the others would hang as long
            wrong += [label] if "invalid_client" in why_not or "unauthorized_client" in why_not else []
    if not worked and reasons:
        found.problem = f"no client gets a token: {reasons[0]}"
        found.fault = bool(wrong)


def _granted(server: AuthorizationServer, client: Client) -> str:
    try:
        server.token(client)
    except Inconclusive as why:
        if "invalid_client" in str(why):
            shown = {"private_key_jwt": "key", "none": "registration"}.get(client.registered.auth, "secret")
            shown = "certificate" if client.needs_certificate else shown
            return f"the authorization server does not accept its {shown} (invalid_client): check id and {shown}"
        return str(why)
    return ""


def _resource(bench: Bench, run: Run, shelf: TokenShelf, found: Examination) -> None:
    # A proxy is judged by what it changes: the resource behind it has to be well, seen past the proxy.
    resource = ResourceServer(bench, run, shelf, url=bench.direct_url or None)
    anonymous = run.send(resource.anonymous_message(), "probe")
    if not found.note("resource without credentials", _unless(anonymous, Outcome.REFUSED), good="refused"):
        if anonymous.outcome is Outcome.ACCEPTED:
            found.problem, found.fault = f"the resource is not protected: {anonymous!r} without credentials", True
        else:
            found.problem = f"the resource does not answer as it should: {_in_words(anonymous)}"
        return
    seen = list(_honest(bench, resource))
    for name, why_not in seen:
        found.note(f"resource as {name}", why_not, good="accepted")
    if seen and all(why_not for _, why_not in seen):
        found.problem = f"the resource server refuses every honest request: {seen[0][1]}"
        if anonymous.wrong_signal:
            found.problem = (
                f"the resource answers every request with {anonymous.status} and without its canary, "
                f"honest ones too: are its url and canary right? ({seen[0][1]})"
            )


def _honest(bench: Bench, resource: ResourceServer) -> Iterator[tuple[str, str]]:
    for name in ("client", "bound", "doubly_bound"):
        if name in bench.clients and bench.capabilities.issuperset(PARTY_CAPABILITIES[name]):
            yield name, _tried(lambda name=name: resource.accepts(bench.clients[name]))  # type: ignore[misc]


def _other_endpoints(bench: Bench, run: Run, shelf: TokenShelf, found: Examination) -> None:
    client = bench.clients.get("client")
    if client is None or not bench.capabilities.issuperset(PARTY_CAPABILITIES["client"]):
        return
    others: dict[str, ProofEndpoint] = {
        "resource-post": ResourceServer(bench, run, shelf, name="resource-post"),
        "token-code": TokenEndpoint(bench, run, "token-code"),
        "token-refresh": TokenEndpoint(bench, run, "token-refresh"),
        "par": PushEndpoint(bench, run),
        "userinfo": ResourceServer(bench, run, shelf, name="userinfo"),
    }
    for name, endpoint in others.items():
        if not lacking_endpoint(bench, name) and not lacking_grants(GRANTS_AT.get(name, ()), ["client"], bench):
            found.note(name, _tried(lambda endpoint=endpoint: endpoint.accepts(client)), good="accepted")  # type: ignore[misc]


def _http2(bench: Bench, worker: Worker, found: Examination) -> None:
    """Ask for the resource over HTTP/2, which the target file says that the proxy speaks (ALPN, RFC 7301)."""
    answer = worker.wire.send(Request("GET", bench.resource.url, http2=Http2()))
    spoken = answer.status is not None
    why_not = f"[proxy] http2 = true, and there is none: {answer.fault}: {answer.error}"
    found.note("HTTP/2", "" if spoken else why_not, good=f"ALPN chose h2, and the answer was {answer.status}")


def _tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Inconclusive as why:
        return str(why)
    return ""


def _unless(seen: Exchange, wanted: Outcome) -> str:
    return "" if seen.outcome is wanted else _in_words(seen)


def _in_words(seen: Exchange) -> str:
    """Say what is wrong with a target that answers so, for the first line of a report."""
    if seen.answer.fault == "timeout":
        return f"it hangs ({seen!r})"
    if seen.status is not None and seen.status >= 500:
        return f"it answers {seen.status} to everything ({seen!r})"
    return repr(seen)
