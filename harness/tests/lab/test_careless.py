"""Resource servers, each careless about methods or addresses in one way: the cases about it see that, and no other.

What is asked of a server that is careless about nothing is passed, so that each difference is the carelessness.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

import pytest

from holdfast import jose, launch, pki, rooms, session, targets
from holdfast.assemble import bench_for, issuer_for
from holdfast.evidence import EvidenceWriter
from holdfast.parties.issuer import Issuer
from holdfast.profiles import load
from holdfast.requirements import Tables

TARGET = """
name = "careless"
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
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


class Asked:
    """One request: method, path as it was written, and what a sender may claim the method to be."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method, target, _ = handler.requestline.split(" ", 2)
        self.path, _, query = target.partition("?")
        form = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        fields = {name: values[0] for name, values in parse_qs(f"{query}&{form}").items()}
        self.claimed = next((handler.headers[n] for n in OVERRIDES if n in handler.headers), fields.get("_method", ""))
        self.scheme, _, self.token = (handler.headers.get("Authorization") or "").partition(" ")
        self.proof = handler.headers.get("DPoP", "")

    @property
    def htm(self) -> object:
        return _members(jose.decode(self.proof).claims).get("htm")

    @property
    def proven(self) -> bool:
        """Whether the token comes with a proof by its own key. The method is not looked at."""
        key = _members(jose.decode(self.proof).header).get("jwk")
        bound = _members(_members(jose.decode(self.token).claims).get("cnf")).get("jkt")
        if self.scheme != "DPoP" or not isinstance(key, dict) or bound != jose.thumbprint(key):
            return False
        return jose.verify(self.proof, key, "ES256")

    @property
    def honest(self) -> bool:
        return self.path == "/resource" and self.served and self.proven and self.htm == self.method

    @property
    def served(self) -> bool:
        return self.method in {"GET", "POST"}


def _members(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


HEAD = "test_head_with_a_proof_for_another_method_is_refused"
BEARER = "test_bound_token_as_bearer_is_refused_by_every_method"
NOBODY = "test_no_method_works_without_credentials"
PREFLIGHT = "test_preflight_yields_nothing_protected"
CLAIMED = "test_proof_for_a_method_that_is_only_claimed_is_refused"
IN_A_FORM = "test_proof_for_a_method_that_a_form_claims_is_refused"
WRONG = "test_wrong_htm_is_refused"
OTHER = "test_proof_for_the_other_usual_method_is_refused"
LETTERS = "test_htm_in_other_letters_is_refused"
NEARLY = "test_htm_that_is_nearly_right_is_refused"
NO_TEXT = "test_htm_that_is_no_text_is_refused"
LISTED = "test_right_htm_inside_a_list_is_refused"
ROUTE = "test_bound_token_as_bearer_is_refused_at_every_spelling_of_the_address"

AROUND = "space-before space-after line-break-after nul-after longer twice with-version in-quotes"
NEITHER = "head put patch delete options query propfind unheard-of in-small-letters"
EVERY_CLAIM = "x-http-method-override x-http-method x-method-override query delete"

#: What a server is careless about: when it gives its protected answer besides, and the rows that see it.
CARELESS: Mapping[str, tuple[Callable[[Asked], bool], Mapping[str, str]]] = {
    "nothing": (lambda _: False, {}),
    "methods that nobody listed": (
        lambda a: not a.served,
        {HEAD: "", PREFLIGHT: "", BEARER: NEITHER, NOBODY: NEITHER},
    ),
    "POST with a Bearer token": (
        lambda a: a.method == "POST" and a.scheme == "Bearer" and a.path == "/resource",
        {BEARER: "get-or-post-resource"},
    ),
    "HEAD, taken for GET": (lambda a: a.method == "HEAD" and a.proven and a.htm == "GET", {HEAD: ""}),
    "who claims what": (
        lambda a: bool(a.claimed) and a.proven and a.htm == a.claimed,
        {CLAIMED: EVERY_CLAIM, IN_A_FORM: ""},
    ),
    "capitals": (
        lambda a: a.served and a.proven and isinstance(a.htm, str) and a.htm.upper() == a.method,
        {LETTERS: "small capitalised"},
    ),
    "what stands around a method": (
        lambda a: a.served and a.proven and a.method in str(a.htm),
        {NEARLY: AROUND, LISTED: "", WRONG: "two-methods list"},
    ),
    "the method": (
        lambda a: a.served and a.proven,
        {
            WRONG: "delete put star empty two-methods number list absent",
            NO_TEXT: "null true object zero",
            OTHER: "",
            LETTERS: "small capitalised",
            NEARLY: f"{AROUND} shorter wide-letters half-a-surrogate-pair-after head connect",
            LISTED: "",
            CLAIMED: EVERY_CLAIM,
            IN_A_FORM: "",
        },
    ),
    "how an address is written": (
        lambda a: a.path != "/resource" and "resourc" in a.path.lower(),
        {
            ROUTE: "slash-after two-slashes-after slash-before parameter empty-parameter suffix any-suffix capitals "
            "letter-escaped dot-before dot-after up-and-back into-and-out escaped-dots escaped-slash-after "
            "escaped-space-after escaped-question-mark"
        },
    ),
}

AT = ("resource", "resource-post")

#: Carelessnesses that no row sees two of, in one server to save time.
TOGETHER = [
    ["nothing"],
    ["methods that nobody listed", "POST with a Bearer token", "who claims what", "how an address is written"],
    ["HEAD, taken for GET", "capitals"],
    ["what stands around a method"],
    ["the method"],
]


class Server:
    """A resource server over TLS that checks proofs, tokens unsigned, and is careless about one thing."""

    def __init__(self, folder: Path, besides: Callable[[Asked], bool], status: int) -> None:
        authority = pki.new_authority("careless")
        (folder / "ca.pem").write_bytes(authority.pem)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(besides, status))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue_server(["localhost"]).write(folder))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def handler(besides: Callable[[Asked], bool], status: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            asked = Asked(self)
            good = asked.honest or besides(asked)
            body = b"the protected answer" if good else b"{}"
            self.send_response(200 if good else status)
            if not good:
                self.send_header("WWW-Authenticate", 'DPoP error="invalid_token"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(b"" if asked.method == "HEAD" else body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


Judge = Callable[..., dict[str, str]]


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    """Have a server judged by the cases about methods and addresses: verdict by case, without what does not apply.

    besides: when it gives its protected answer besides. status: of its refusals.
    """
    with ExitStack() as ending:

        def run(besides: Callable[[Asked], bool], status: int = 401) -> dict[str, str]:
            server = Server(tmp_path, besides, status)
            ending.callback(server.close)
            (tmp_path / "target.toml").write_text(TARGET.format(url=server.url))
            target = targets.load(tmp_path / "target.toml")
            stop, issuers = threading.Event(), list[Issuer]()
            ending.callback(session.close_all, issuers)
            running = ending.enter_context(launch.start(target, None, stop, suite=issuer_for(target, issuers)))
            bench = bench_for(running, Tables(rooms.suites()), stop, issuers[0])
            ending.callback(bench.end)
            options = session.Options(
                load(rooms.suites(), "base"), suites=("dpop",), keyword="test_methods or test_routes or test_htm"
            )
            with EvidenceWriter(tmp_path / "evidence") as writer:
                cases = session.judged_cases(bench, options, bench.tables, writer)
            return {case.case: case.verdict for case in cases if case.verdict != "not applicable"}

        yield run


@pytest.mark.parametrize("names", TOGETHER, ids="; ".join)
def test_carelessness_is_seen_by_the_cases_about_it_and_by_no_other(judge: Judge, names: Sequence[str]) -> None:
    verdicts = judge(lambda asked: any(CARELESS[name][0](asked) for name in names))
    known = {case.partition("::")[2]: verdict for case, verdict in verdicts.items()}
    wanted = [
        known.keys() & {f"{function}[{row}]", *(f"{function}[{row}-{at}]".replace("[-", "[") for at in AT)}
        for name in names
        for function, rows in CARELESS[name][1].items()
        for row in rows.split() or [""]
    ]

    assert {case for case, verdict in known.items() if verdict != "passed"} == set().union(*wanted)
    assert all(wanted)
    assert set(known.values()) <= {"passed", "failed", "warning"}
    assert len(known) > 100


def test_head_is_not_judged_where_whoever_is_refused_is_shown_a_page_to_log_in(judge: Judge) -> None:
    verdicts = judge(lambda _: False, status=200)
    asked = ((HEAD, ""), (BEARER, "head-"), (NOBODY, "head-"))

    by_status = {case for case in verdicts if any(f"{name}[{row}" in case for name, row in asked)}
    assert {case for case, verdict in verdicts.items() if verdict == "inconclusive"} == by_status
    assert set(verdicts.values()) == {"passed", "inconclusive"}
