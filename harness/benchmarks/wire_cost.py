"""What an exchange costs on the wire, and in the record, beside bare httpx on a connection that is kept.

Prints microseconds and ratios of the client's thread, taken in turns and the best of each; asserts nothing. Run it with
the project's Python: python harness/benchmarks/wire_cost.py
"""

import itertools
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx

from holdfast import jose, pki, proofs
from holdfast.exchange import Exchange
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.wire import ContextCache, Request, Wire

ROUNDS, EXCHANGES = 7, 300

BODY = b'{"canary": "holdfast protected resource", "filler": "' + b"x" * 300 + b'"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: stub\r\nContent-Type: application/json\r\n"
    b"Cache-Control: no-store\r\nDPoP-Nonce: 0123456789abcdef\r\nContent-Length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
)


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Answer every request without a body, whatever it says, until the listener is closed."""
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=answer, args=(connection, context), daemon=True).start()


def answer(plain: socket.socket, context: ssl.SSLContext) -> None:
    """Serve one connection."""
    with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
        while connection.recv(65_536):
            connection.sendall(ANSWER + BODY)


def best(ways: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Microseconds that one call of each way takes: by the clock, and on the processor in this thread."""
    times: dict[str, tuple[float, float]] = {name: (float("inf"), float("inf")) for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            clock, busy = time.perf_counter(), time.thread_time()
            for _ in range(EXCHANGES):
                call()
            spent = (time.perf_counter() - clock, time.thread_time() - busy)
            clock, busy = (seconds / EXCHANGES * 1e6 for seconds in spent)
            times[name] = (min(times[name][0], clock), min(times[name][1], busy))
    return times


def honest(url: str, count: int) -> tuple[list[Request], Masker]:
    """Make requests with one token and a fresh proof each, and a masker that knows the token and a thousand others."""
    key = jose.generate()
    token = jose.compact({"typ": "at+jwt", "alg": "ES256"}, {"cnf": {"jkt": key.thumbprint}, "sub": "me"}, key.sign)
    masker = Masker()
    for number in range(1000):
        masker.learn(jose.b64u(key.sign(number.to_bytes(2, "big"))), "token")
    masker.learn(token, "token")
    made = (proofs.make(key, proofs.ProofRequest("GET", url, time.time(), token)) for _ in range(count))
    return [Request("GET", url, (("Authorization", f"DPoP {token}"), ("DPoP", proof))) for proof in made], masker


def main() -> None:
    """Measure and print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = pki.new_authority("benchmark")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue_server().write(folder))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
        url = f"https://localhost:{listener.getsockname()[1]}/resource"

        requests, masker = honest(url, ROUNDS * EXCHANGES)
        contexts = ContextCache()
        wire = Wire(authorities=authority.pem, allowed=lambda _host, _port: True, contexts=contexts)
        stack.callback(wire.close)
        client = stack.enter_context(httpx.Client(verify=contexts.get(authority.pem, None), trust_env=False))
        plain, recorded = itertools.cycle(requests), iter([exchange(wire, request) for request in requests])
        times = best(
            {
                "httpx": lambda: client.get(url, headers=list(next(plain).headers)),
                "wire": lambda: wire.send(next(plain)),
                "record": lambda: next(recorded).record(masker, 1),
            }
        )
    report(times)


def exchange(wire: Wire, request: Request) -> Exchange:
    """One exchange as a run makes it."""
    return Exchange(request, wire.send(request), "probe", "resource", "main", outcome=Outcome.ACCEPTED)


def report(times: dict[str, tuple[float, float]]) -> None:
    """Print the times and what they are beside httpx."""
    for name, (clock, busy) in times.items():
        print(f"{name:8} {clock:6.0f} us by the clock, {busy:6.0f} us of processor")
    both = tuple(map(sum, zip(times["wire"], times["record"], strict=True)))
    for name, (clock, busy) in (("wire", times["wire"]), ("wire + record", both)):
        print(
            f"{name} / httpx: {clock / times['httpx'][0]:.2f} by the clock, {busy / times['httpx'][1]:.2f} of processor"
        )


if __name__ == "__main__":
    main()
