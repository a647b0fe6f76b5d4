"""A target that dies of one message: it is started again, the message is sent again, and only its case is charged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.cli import main
from holdfast.results import TargetRun
from holdfast.results_io import read

#: Accepts one proof for the method of the request, refuses the rest, and does SOMETHING at a second DPoP header.
SERVER = """
import base64, http.server, json, os, ssl, sys

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    broken = {}

    def do_GET(self):
        proofs = self.headers.get_all("DPoP") or []
        if len(proofs) > 1:
            SOMETHING
        good = len(proofs) == 1 and self.headers.get("Authorization", "").startswith("DPoP ") and self.fits(proofs[0])
        if good and Answer.broken.pop("the next honest one", False):
            return self.send_error(500)
        body = b"the protected answer" if good else b"no"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fits(self, proof):
        try:
            claims = proof.split(".")[1]
            return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["htm"] == self.command
        except Exception:
            return False

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer.daemon_threads = True
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""

TARGET = """
name = "frail"
roles = ["rs"]
capabilities = ["dpop"]
deadline = SECONDS
[listeners]
rs = { port = 8443 }
[[services]]
name = "server"
listeners = ["rs"]
process = ["{python}", "{here}/serve.py", "{port.rs}", "{server.pem}"]
[resources.main]
url = "{url.rs}/resource"
canary = "the protected answer"
"""

Judge = Callable[..., TargetRun]
#: The case of two proofs, and others that do no harm.
CASES = "two-different or test_wrong_htm"


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def run(something: str, *arguments: str) -> TargetRun:
        (tmp_path / "serve.py").write_text(SERVER.replace("SOMETHING", something))
        # The honest requests are answered in time on a busy machine, too.
        (tmp_path / "target.toml").write_text(TARGET.replace("SECONDS", "3.0" if "sleep" in something else "20.0"))
        out = tmp_path / "out"
        with pytest.raises(SystemExit):
            main(["run", str(tmp_path / "target.toml"), "--no-wait", "--out", str(out), *arguments])
        return read(out / "results.json").targets[0]

    return run


#: Has something happen once only.
ONCE = "if not os.path.exists(sys.argv[2] + '.seen'):\n                open(sys.argv[2] + '.seen', 'w'); "


def labelled(run: TargetRun) -> list[tuple[str, str]]:
    return [(case.case.rpartition("::")[2], case.verdict) for case in run.cases if case.label == "broke"]


def others(run: TargetRun) -> set[str]:
    return {case.verdict for case in run.cases if "two-different" not in case.case}


@pytest.mark.parametrize("jobs", ["1", "8"])
def test_a_target_that_dies_of_a_message_is_charged_with_it(judge: Judge, jobs: str) -> None:
    run = judge("os._exit(3)", "--jobs", jobs, "-k", CASES)

    assert [verdict for _, verdict in labelled(run)] == ["failed"]
    assert "two-different-resource" in labelled(run)[0][0]
    assert others(run) == {"passed", "not applicable"}
    assert run.findings.count("the target ended by itself and was started again: server") == 2


@pytest.mark.parametrize("jobs", ["1", "8"])
@pytest.mark.parametrize(
    "something",
    [
        "self.send_error(500); return",
        "self.connection.shutdown(2); self.close_connection = True; return",
        "import time; time.sleep(600)",
    ],
    ids=["answers-500", "resets", "hangs"],
)
def test_a_target_that_breaks_of_a_message_every_time_is_charged_with_it(
    judge: Judge, jobs: str, something: str
) -> None:
    run = judge(something, "--jobs", jobs, "-k", CASES)

    assert [verdict for _, verdict in labelled(run)] == ["failed"]
    assert others(run) == {"passed", "not applicable"}


def test_a_target_that_broke_once_and_not_again_is_judged_by_the_second_time(judge: Judge) -> None:
    run = judge(f"{ONCE}self.send_error(500); return", "-k", CASES)

    assert labelled(run) == []
    assert {case.verdict for case in run.cases} == {"passed", "not applicable"}


@pytest.mark.parametrize("jobs", ["1", "8"])
def test_a_case_whose_honest_request_broke_once_is_looked_at_again_alone(judge: Judge, jobs: str) -> None:
    run = judge(f"{ONCE}Answer.broken['the next honest one'] = True", "--jobs", jobs, "-k", CASES)
    remarks = [remark for case in run.cases for remark in case.remarks]

    assert {case.verdict for case in run.cases} == {"passed", "not applicable"}
    assert remarks == ["an honest request broke once, and not again when the case ran alone"]


def test_a_case_whose_honest_request_breaks_again_stays_undecided_and_says_why(judge: Judge) -> None:
    run = judge("Answer.broken['the next honest one'] = True", "--jobs", "1", "-k", CASES)
    (undecided,) = [case for case in run.cases if case.verdict == "inconclusive"]

    assert "two-different-resource" in undecided.case
    assert undecided.reason.startswith("the honest request fared no better")
    assert undecided.remarks == []
    assert others(run) == {"passed", "not applicable"}
