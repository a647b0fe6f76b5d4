"""Servers that answer everything alike: none ever passes a case, and the first line says what is wrong with it."""

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from holdfast import launch, pki, rooms, session, targets
from holdfast.assemble import bench_for, issuer_for
from holdfast.cli import main
from holdfast.evidence import EvidenceWriter
from holdfast.parties.bench import Bench
from holdfast.parties.issuer import Issuer
from holdfast.profiles import load
from holdfast.requirements import Tables
from holdfast.results import CaseResult, Results
from holdfast.results_io import read

CANARY = "the protected answer"
#: What only an accepted request gets, at every endpoint at once.
EVERYTHING = {
    "active": True,
    "access_token": "t",
    "token_type": "DPoP",
    "request_uri": "urn:r",
    "client_id": "c",
    "note": CANARY,
}
LOGIN = "<html><form>Please log in</form></html>"

#: How each trap answers: status and body; None for one that never does.
TRAPS: dict[str, tuple[int, str] | None] = {
    "refuses": (401, '{"error": "invalid_token"}'),
    "accepts": (200, json.dumps(EVERYTHING)),
    "breaks": (500, "Traceback"),
    "logs in": (200, LOGIN),
    "hangs": None,
}

TARGET = """
name = "trap"
roles = ["{role}"]
ca = "ca.pem"
deadline = {deadline}
capabilities = [
  "dpop", "mtls", "jwt-access-token", "single-use-proof", "resource-metadata", "client_credentials",
  "authorization_code", "refresh_token", "dpop_jkt", "opaque-access-token", "refresh-rotation", "resource-indicators",
]
{more}
"""
RESOURCE = """
[resources.main]
url = "{url}/resource"
canary = "the protected answer"
"""
SERVER = """
issuer = "{url}"
[endpoints]
token = "{url}/token"
authorization = "{url}/authorize"
par = "{url}/par"
introspection = "{url}/introspect"
revocation = "{url}/revoke"
registration = "{url}/register"
[introspection]
id = "rs"
secret = { env = "HOLDFAST_TRAP_SECRET" }
[introspection.other]
id = "other"
secret = { env = "HOLDFAST_TRAP_SECRET" }
audience = "https://other.test"
[authorization]
driver = "redirect"
[clients.main]
auth = "client_secret_basic"
id = "main"
secret = { env = "HOLDFAST_TRAP_SECRET" }
scope = "read"
grants = ["client_credentials", "authorization_code", "refresh_token"]
[clients.second]
auth = "client_secret_post"
id = "second"
secret = { env = "HOLDFAST_TRAP_SECRET" }
[clients.public]
auth = "none"
id = "public"
grants = ["authorization_code", "refresh_token"]
[clients.bound]
auth = "client_secret_basic"
id = "bound"
secret = { env = "HOLDFAST_TRAP_SECRET" }
binding = "certificate"
"""


class Trap:
    """A TLS server that answers every request alike."""

    def __init__(self, authority: pki.Authority, folder: Path, answer: tuple[int, str] | None) -> None:
        self.ended = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler(answer))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue_server(["localhost"]).write(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def handler(self, answer: tuple[int, str] | None) -> type[BaseHTTPRequestHandler]:
        ended = self.ended

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if answer is None:
                    ended.wait(60)
                    self.close_connection = True
                    return
                status, body = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def close(self) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    # A client that gives up in the middle is what these tests are about.
    monkeypatch.setenv("HOLDFAST_TRAP_SECRET", "a-secret-of-the-traps")
    monkeypatch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Starts a trap and writes its target file."""
    authority = pki.new_authority("traps")
    started: list[Trap] = []

    def start(name: str, role: str) -> Path:
        started.append(Trap(authority, tmp_path, TRAPS[name]))
        (tmp_path / "ca.pem").write_bytes(authority.pem)
        more = (RESOURCE if role == "rs" else SERVER).replace("{url}", started[-1].url)
        file = tmp_path / "target.toml"
        # Only what never answers may be given up soon: the others answer, however busy this machine is.
        file.write_text(TARGET.format(role=role, more=more, deadline=0.3 if TRAPS[name] is None else 20.0))
        return file

    yield start
    for one in started:
        one.close()


def run(file: Path, *arguments: str) -> tuple[int, Results | None]:
    out = file.parent / "out"
    with pytest.raises(SystemExit) as ended:
        main(["run", str(file), "--out", str(out), *arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code, read(out / "results.json") if (out / "results.json").exists() else None


SAID = {
    "refuses": "the resource server refuses every honest request",
    "breaks": "it answers 500 to everything",
    "logs in": "the resource answers every request with 200 and without its canary, honest ones too",
    "hangs": "it hangs",
}


@pytest.mark.parametrize("name", SAID)
def test_the_first_line_says_what_is_wrong_with_a_resource_server(
    trap: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    code, results = run(trap(name, "rs"))

    assert code == 3
    assert results is not None
    assert {case.verdict for case in results.targets[0].cases} == {"inconclusive", "not applicable"}
    assert SAID[name] in results.targets[0].problem
    assert SAID[name] in capsys.readouterr().out.splitlines()[0]
    assert SAID[name] in (tmp_path / "out" / "report.html").read_text()


def test_a_resource_that_anybody_may_read_is_a_mistake_in_the_configuration(
    trap: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, results = run(trap("accepts", "rs"))
    said = capsys.readouterr().err.splitlines()

    assert (code, results) == (2, None)
    assert said[-1].startswith("holdfast: trap: the resource is not protected: ")


@pytest.mark.parametrize("name", SAID)
def test_the_first_line_says_what_is_wrong_with_an_authorization_server(
    trap: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, results = run(trap(name, "as"))

    assert code == 3
    assert results is not None
    assert {case.verdict for case in results.targets[0].cases} <= {"inconclusive", "not applicable"}
    assert "no client gets a token: client main" in capsys.readouterr().out.splitlines()[0]


def test_an_authorization_server_that_gives_anybody_a_token_is_a_mistake_in_the_configuration(
    trap: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, results = run(trap("accepts", "as"))
    said = capsys.readouterr().err.splitlines()

    assert (code, results) == (2, None)
    assert said[-1].startswith("holdfast: trap: the token endpoint is not protected: ")


@pytest.mark.parametrize("name", ["breaks", "logs in", "hangs"])
def test_without_metadata_the_first_line_says_so(
    trap: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = trap(name, "as")
    text = file.read_text()
    file.write_text(text[: text.index("[endpoints]")] + text[text.index("[authorization]") :])

    code, _ = run(file)

    assert code == 3
    first = capsys.readouterr().out.splitlines()[0]
    assert "the authorization server's token endpoint is not known: no metadata at https://localhost:" in first


# The rules of verdicts by themselves, with nobody who looks first


@contextlib.contextmanager
def bench_of(file: Path) -> Iterator[Bench]:
    target = targets.load(file)
    stop, issuers = threading.Event(), list[Issuer]()
    with contextlib.ExitStack() as ending:
        ending.callback(session.close_all, issuers)
        running = ending.enter_context(launch.start(target, None, stop, suite=issuer_for(target, issuers)))
        bench = bench_for(running, Tables(rooms.suites()), stop, issuers[0] if issuers else None)
        ending.callback(bench.end)
        yield bench


def judged(file: Path, *suites: str) -> list[CaseResult]:
    options = session.Options(load(rooms.suites(), "base"), suites=suites)
    with bench_of(file) as bench, EvidenceWriter(file.parent / "evidence") as writer:
        return session.judged_cases(bench, options, bench.tables, writer)


@pytest.mark.parametrize(("role", "suites"), [("rs", ("dpop", "mtls", "metadata")), ("as", ())])
@pytest.mark.parametrize("name", TRAPS)
def test_no_case_is_passed_by_a_server_that_answers_everything_alike(
    trap: Callable[[str, str], Path], name: str, role: str, suites: tuple[str, ...]
) -> None:
    asked = [case for case in judged(trap(name, role), *suites) if case.verdict != "not applicable"]

    assert len(asked) > 100
    assert [case.id for case in asked if case.verdict == "passed"] == []
    assert [(case.id, case.reason) for case in asked if case.label == "our own error"] == []
    # Of a change nothing is said by any of them. That honest requests, or anybody's, fare badly may be said.
    said = {case.id: (case.difference, case.actual) for case in asked if case.verdict != "inconclusive"}
    assert {case: seen for case, seen in said.items() if seen[0] not in {"", "no credentials"}} == {}
