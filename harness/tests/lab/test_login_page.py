"""A resource server that shows whoever it refuses a page to log in, with 200: what only a status tells is undecided."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest

from holdfast import jose, launch, pki, rooms, session, targets
from holdfast.assemble import bench_for
from holdfast.evidence import EvidenceWriter
from holdfast.played import Part, close_all, part_for
from holdfast.profiles import load
from holdfast.requirements import Tables

TARGET = """
name = "login-page"
roles = ["rs"]
ca = "ca.pem"
capabilities = ["dpop", "jwt-access-token"]
[resources.main]
url = "{url}/resource"
canary = "the protected answer"
[resources.post]
url = "{url}/resource"
method = "POST"
headers = {{ Content-Type = "application/x-www-form-urlencoded" }}
body = "note=holdfast"
canary = "the protected answer"
"""

#: What is asked with HEAD: functions, and how the rows of that begin.
BY_STATUS = (
    "test_head_with_a_proof_for_another_method_is_refused[",
    "test_bound_token_as_bearer_is_refused_by_every_method[head-",
    "test_no_method_works_without_credentials[head-",
)


def _members(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def proven(method: str, authorization: str, proof: str) -> bool:
    """Whether a token, whose signature is not looked at, comes with a proof of its key for this method."""
    scheme, _, token = authorization.partition(" ")
    if scheme != "DPoP" or method not in {"GET", "POST"}:
        return False
    read = jose.decode(proof)
    key = _members(read.header).get("jwk")
    bound = _members(_members(jose.decode(token).claims).get("cnf")).get("jkt")
    if not isinstance(key, dict) or bound != jose.thumbprint(key) or _members(read.claims).get("htm") != method:
        return False
    return jose.verify(proof, key, "ES256")


class Handler(BaseHTTPRequestHandler):
    """Answers every method with 200: what is protected, or a page."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        method, path, _ = self.requestline.split(" ", 2)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = self.headers.get("Authorization") or "", self.headers.get("DPoP", "")
        good = path == "/resource" and proven(method, *shown)
        body = b"the protected answer" if good else b"{}"
        self.send_response(200)
        if not good:
            self.send_header("WWW-Authenticate", 'DPoP error="invalid_token"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if method == "HEAD" else body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The server, over TLS; its authority is in ca.pem."""
    authority = pki.new_authority("login page")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue_server(["localhost"]).write(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def judged(file: Path) -> dict[str, str]:
    """Verdict by case of those about methods, without what does not apply."""
    target, stop, parts = targets.load(file), threading.Event(), list[Part]()
    options = session.Options(load(rooms.suites(), "base"), suites=("dpop",), keyword="test_methods")
    with ExitStack() as ending:
        ending.callback(close_all, parts)
        running = ending.enter_context(launch.start(target, None, stop, suite=part_for(target, parts)))
        bench = bench_for(running, Tables(rooms.suites()), stop, parts[0])
        ending.callback(bench.end)
        with EvidenceWriter(file.parent / "evidence") as writer:
            cases = session.judged_cases(bench, options, bench.tables, writer)
    return {case.case: case.verdict for case in cases if case.verdict != "not applicable"}


def test_head_is_not_judged_where_whoever_is_refused_is_shown_a_page_to_log_in(url: str, tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text(TARGET.format(url=url))
    verdicts = judged(file)

    by_status = {case for case in verdicts if any(f"::{name}" in case for name in BY_STATUS)}
    assert {case for case, verdict in verdicts.items() if verdict == "inconclusive"} == by_status
    assert set(verdicts.values()) == {"passed", "inconclusive"}
