"""What the harness costs: the suites against a bare httpx loop over the same exchanges, and many jobs against one.

Prints ratios; asserts nothing. Run it with the project's Python: python harness/benchmarks/suite_cost.py
"""

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from holdfast import launch, profiles, rooms, session, targets
from holdfast.applicability import Limits
from holdfast.assemble import bench_for
from holdfast.evidence import EvidenceWriter
from holdfast.exchange import Exchange
from holdfast.parties.bench import Bench
from holdfast.played import part_for
from holdfast.recording import Recorder
from holdfast.requirements import Tables
from holdfast.results import CaseResult
from holdfast.targets import Target
from holdfast.wire import ContextCache

if TYPE_CHECKING:
    from holdfast.played import Part

HERE = Path(__file__).parent

STUB = """
name = "slow-stub"
roles = ["rs"]
ca = "{{ca}}"
capabilities = ["dpop"]
[listeners]
rs = {{}}
[[services]]
name = "stub"
listeners = ["rs"]
process = ["{{python}}", "{script}", "--port", "{{port.rs}}", "--tls", "{{server.pem}}", "--seconds", "0.010"]
[resources.main]
url = "{{url.rs}}/resource"
canary = "holdfast protected resource"
"""


def timed(target: Target, jobs: int, suites: Sequence[str] = ()) -> tuple[float, list[Exchange]]:
    """Seconds that the cases of one run took, starting and ending the target not counted; and what was exchanged."""
    seen: list[Exchange] = []
    kept = Recorder.record

    def record(self: Recorder, result: CaseResult, exchanges: Sequence[Exchange]) -> None:
        seen.extend(exchanges)
        kept(self, result, exchanges)

    room = rooms.suites()
    tables = Tables(room)
    options = session.Options(profiles.load(room, "base"), jobs=jobs, suites=suites, limits=Limits(wait=False))
    parts: list[Part] = []
    with tempfile.TemporaryDirectory() as folder, EvidenceWriter(Path(folder) / "evidence") as evidence:
        stop = threading.Event()
        with launch.start(target, suite=part_for(target, parts)) as running:
            bench = bench_for(running, tables, stop, parts[0] if parts else None)
            Recorder.record = record  # type: ignore[method-assign]
            try:
                started = time.perf_counter()
                session.judged_cases(bench, options, tables, evidence)
                seconds = time.perf_counter() - started
            finally:
                Recorder.record = kept  # type: ignore[method-assign]
                bench.close()
                for part in parts:
                    part.close()
            if jobs == 1 and not parts:
                print(f"  bare httpx loop: {replayed(bench, seen):.2f} s")
    return seconds, seen


def spent(seen: Sequence[Exchange]) -> float:
    """Seconds from the first exchange of a run to its last, the collecting of cases left out."""
    return max(e.answer.started + e.answer.seconds for e in seen) - min(e.answer.started for e in seen)


def replayed(bench: Bench, seen: Sequence[Exchange]) -> float:
    """Seconds that a bare loop takes to send the same requests over kept connections."""
    contexts, clients = ContextCache(), {}
    for exchange in seen:
        certificate = exchange.request.certificate
        key = certificate.thumbprint if certificate else ""
        if key not in clients:
            context = contexts.get(bench.running.ca_pem, certificate)
            clients[key] = (httpx.Client(verify=context, trust_env=False), certificate)
    started = time.perf_counter()
    for exchange in seen:
        request = exchange.request
        client = clients[request.certificate.thumbprint if request.certificate else ""][0]
        try:
            client.request(request.method, request.url, headers=list(request.headers), content=request.body)
        except (httpx.HTTPError, ValueError):
            continue
    seconds = time.perf_counter() - started
    for client, _ in clients.values():
        client.close()
    return seconds


def main() -> None:
    """Print the ratios."""
    strict = targets.load("strict")
    print("strict, one job")
    one, seen = timed(strict, 1)
    print(f"  suites: {one:.2f} s, {len(seen)} exchanges, collecting the cases included")
    sixteen, _ = timed(strict, 16)
    print(f"strict, sixteen jobs: {sixteen:.2f} s, {one / sixteen:.1f} times faster")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "target.toml"
        file.write_text(STUB.format(script=HERE / "slow_stub.py"))
        stub = targets.load(str(file))
        one, seen = timed(stub, 1, ["dpop"])
        sixteen, quick = timed(stub, 16, ["dpop"])
    print(f"stub of 10 ms, {len(seen)} exchanges: {one:.2f} s at one job, {sixteen:.2f} s at sixteen")
    one, sixteen = spent(seen), spent(quick)
    print(f"  from the first exchange to the last: {one:.2f} s and {sixteen:.2f} s, {one / sixteen:.1f} times faster")


if __name__ == "__main__":
    main()
