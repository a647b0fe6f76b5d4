"""Bad input: exactly one clear line, exit code 2, and no traceback."""

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from holdfast import launch, pki, targets
from holdfast.cli import COMMANDS, main

Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """Runs the command in an empty folder: the one line it says, without the command's name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        seen = capsys.readouterr()
        assert ended.value.code == 2, seen
        assert seen.out == ""
        lines = seen.err.splitlines()
        assert len(lines) == 1, seen.err
        assert lines[0].startswith("holdfast: ")
        assert "Traceback" not in seen.err
        return lines[0].removeprefix("holdfast: ")

    return run


# Names


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("rum", "strict"), r"holdfast rum: no such command \(did you mean run\?\)"),
        (("zzz",), r"holdfast zzz: no such command \(there are run, .*\)"),
        (("run", "strikt"), r"target 'strikt' is not known.*did you mean strict.*"),
        (("run", "zzz"), r"target 'zzz' is not known; known are .*strict.*"),
        (("doctor", "strikt"), r"target 'strikt' is not known.*"),
        (("run", "strict", "--suite", "dpopp"), r"--suite: no suite 'dpopp' \(did you mean dpop\?\)"),
        (("run", "strict", "--suite", "zzz"), r"--suite: no suite 'zzz' \(there are dpop, .*\)"),
        (("list", "cases", "--suite", "dpopp"), r"--suite: no suite 'dpopp' \(did you mean dpop\?\)"),
        (
            ("run", "strict", "--case", "dpop/test_replay.py::test_replayed_request_is_refusd"),
            r"--case: no case '.*refusd' \(did you mean dpop/test_replay\.py::test_replayed_request_is_refused.*\?\)",
        ),
        (("run", "strict", "--case", "qqq"), r"--case: no case 'qqq'; `holdfast list cases` shows all"),
        (("run", "strict", "--profile", "bse"), r"--profile: no profile 'bse' \(did you mean base\?\)"),
        (("run", "strict", "--variant", "shrt"), r".*target\.toml: no variant 'shrt'.*short.*; it has default, .*"),
        (("doctor", "strict", "--variant", "shrt"), r".*no variant 'shrt'.*"),
        (("run",), r"Missing argument 'TARGET\.\.\.'.*"),
        (("run", "strict", "--launch", "proces"), r"Invalid value for '--launch': 'proces' is not one of .*"),
        (("run", "strict", "--jobs", "0"), r"Invalid value for '--jobs': 0 is not in the range 1<=x<=64.*"),
        (("run", "strict", "--outt", "x"), r"No such option.*--outt.*"),
        (("run", "strict", "-k", "and and"), r"Wrong expression passed to '-k': and and: .*"),
        (("run", "./gone/target.toml"), r"\./gone/target\.toml: no such file: .*"),
        (("run", "strict", "--baseline", "gone.toml"), r"--baseline gone\.toml: No such file or directory"),
    ],
    ids=lambda value: " ".join(value)[:50] if isinstance(value, tuple) else "",
)
def test_a_name_that_does_not_exist_is_one_line_with_a_hint(said: Said, arguments: tuple[str, ...], line: str) -> None:
    assert re.fullmatch(line, said(*arguments))


def test_every_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(f"Usage: holdfast {name} ")


# Files

GOOD = """
name = "mine"
roles = ["rs"]
{more}
[resources.main]
url = "{url}/resource"
canary = "x"
"""


def test_a_target_of_broken_toml_is_one_line_with_its_place(said: Said) -> None:
    Path("target.toml").write_text('name = "x"\nroles = [\n')

    assert re.fullmatch(r"(.*/)?target\.toml:\d+:\d+: broken TOML: .*", said("run", "./target.toml"))


def test_a_mistake_in_a_target_is_one_line_with_its_place(said: Said) -> None:
    Path("target.toml").write_text(GOOD.format(more='sumary = "x"', url="https://localhost:1"))

    assert re.fullmatch(r"(.*/)?target\.toml:4: sumary: .*did you mean .?summary.*", said("run", "./target.toml"))


def test_a_broken_baseline_is_one_line(said: Said) -> None:
    Path("known.toml").write_text("[[known]]\ncase = 1\n")

    assert said("run", "strict", "--baseline", "known.toml").startswith("known.toml: known.0.case: ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (json.dumps({"format": "holdfast-results/99"}), r"results\.json: format: is 'holdfast-results/99', .*"),
        ("{", r"results\.json: line 1, column 2: broken JSON .*"),
        ("[]", r"results\.json: top level: holds no object; .*"),
        (None, r".*results\.json: no such file or directory; .*"),
    ],
)
def test_results_that_cannot_be_read_are_one_line(said: Said, text: str | None, line: str) -> None:
    if text is not None:
        Path("results.json").write_text(text)

    assert re.fullmatch(line, said("report", "results.json"))


def test_init_keeps_an_existing_file(said: Said, server: "Server") -> None:
    Path("target.toml").write_text("mine")
    Path("ca.pem").write_bytes(server.authority.pem)

    assert said("init", server.url, "--ca", "ca.pem").startswith("init: target.toml: exists already: ")
    assert Path("target.toml").read_text() == "mine"


@pytest.mark.parametrize("where", ["file/out", "file"])
def test_an_out_folder_that_cannot_be_made_is_one_line(said: Said, where: str) -> None:
    Path("file").write_text("")

    assert re.fullmatch(rf"--out {where}: .*: give another folder", said("run", "strict", "--out", where))


def test_an_out_folder_that_cannot_be_written_is_one_line(said: Said) -> None:
    Path("out/evidence.jsonl.gz").mkdir(parents=True)

    assert re.fullmatch(
        r"out/evidence\.jsonl\.gz: is a directory; give another --out", said("run", "strict", "--out", "out")
    )


@pytest.mark.parametrize("option", ["--junit", "--markdown"])
def test_a_file_that_cannot_be_written_is_told_before_anything_runs(said: Said, option: str) -> None:
    Path("file").write_text("")

    assert said("run", "strict", option, "file/x").startswith("file/x: ")
    assert not Path("holdfast-report/results.json").exists()


# The network


class Server:
    """A TLS server that publishes metadata."""

    def __init__(self, folder: Path) -> None:
        self.authority = pki.new_authority("the server's")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.issue_server(["localhost"]).write(folder))
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.http.daemon_threads = True
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self.http.server_port}"

    def handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"issuer": server.url}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)
    made = Server(tmp_path)
    thread = threading.Thread(target=made.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and that nobody listens at."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


AUTHORIZATION_SERVER = """
name = "mine"
roles = ["as"]
issuer = "{url}"
{more}
[clients.main]
auth = "none"
id = "main"
"""


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_target_that_cannot_be_reached_is_one_line(said: Said, closed_port: int, command: str) -> None:
    url = f"https://localhost:{closed_port}"
    Path("target.toml").write_text(AUTHORIZATION_SERVER.format(url=url, more=""))

    line = said(command, "./target.toml")

    assert re.fullmatch(
        rf"(.*/)?target\.toml:4: issuer: {url}/.*: cannot be reached \(.*\): is the target running\?", line
    )


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_wrong_ca_is_one_line(said: Said, server: Server, command: str) -> None:
    Path("ca.pem").write_bytes(pki.new_authority("another").pem)
    Path("target.toml").write_text(AUTHORIZATION_SERVER.format(url=server.url, more='ca = "ca.pem"'))

    line = said(command, "./target.toml")

    assert re.fullmatch(r"(.*/)?target\.toml:5: ca: .*: the certificate is not trusted \(.*\): set ca to .*", line)


def test_a_missing_ca_is_one_line(said: Said, server: Server) -> None:
    Path("target.toml").write_text(AUTHORIZATION_SERVER.format(url=server.url, more='ca = "gone.pem"'))

    assert re.fullmatch(
        r"(.*/)?target\.toml:5: ca: .*gone\.pem: No such file or directory", said("run", "./target.toml")
    )


def test_init_cannot_reach_or_trust_or_read(said: Said, server: Server, closed_port: int) -> None:
    assert said("init", f"https://localhost:{closed_port}").endswith("): is it running?")
    assert said("init", server.url).endswith("): give its authority with --ca")
    assert re.fullmatch(
        r"init: --ca gone\.pem: No such file or directory", said("init", server.url, "--ca", "gone.pem")
    )
    assert said("init", "http://localhost").startswith("init: http://localhost: write the issuer as an https URL")


# What a target needs

SERVICE = """
name = "mine"
roles = ["rs"]
[[services]]
name = "server"
ready = "https://localhost:{port}/"
process = ["{{python}}", "-c", "import socket; socket.socket().bind(('127.0.0.1', {port}))"]
[resources.main]
url = "https://localhost:{port}/"
canary = "x"
"""


def test_a_port_that_is_taken_is_one_line(said: Said, closed_port: int) -> None:
    Path("target.toml").write_text(SERVICE.format(port=closed_port))

    line = said("run", "./target.toml")

    assert re.fullmatch(
        r"(.*/)?target\.toml:4: services\[0\]: server: a port is taken: .*[Aa]ddress already in use", line
    )


def test_a_container_without_docker_is_one_line(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert "ocker" in said("run", "strict", "--variant", "default", "--launch", "container")


def test_a_target_that_runs_already_cannot_be_started(said: Said) -> None:
    Path("target.toml").write_text(GOOD.format(more="", url="https://localhost:1"))

    assert "it has no [[services]] to start" in said("run", "./target.toml", "--launch", "process")


# Wrong credentials


@pytest.fixture(scope="module")
def strict() -> Iterator[launch.Running]:
    with launch.start(targets.load("strict")) as running:
        yield running


RUNNING = """
name = "mine"
roles = ["as", "rs"]
issuer = "{issuer}"
ca = "{ca}"
[clients.main]
auth = "client_secret_basic"
id = "{main}"
secret = {{ env = "GOOD_SECRET" }}
scope = "read"
[clients.second]
auth = "client_secret_basic"
id = "{second}"
secret = {{ env = "OTHER_SECRET" }}
scope = "read"
[resources.main]
url = "{rs}/resource"
canary = "holdfast protected resource"
"""


def running_target(strict: launch.Running, monkeypatch: pytest.MonkeyPatch, *, good: bool) -> None:
    main_client, second = strict.clients["main"], strict.clients["second"]
    monkeypatch.setenv("GOOD_SECRET", main_client.secret if good else "wrong")
    monkeypatch.setenv("OTHER_SECRET", "wrong")
    facts = {"main": main_client.id, "second": second.id, "issuer": strict.urls["as"], "rs": strict.urls["rs"]}
    Path("target.toml").write_text(RUNNING.format(ca=strict.folder / "ca.pem", **facts))


def test_the_doctor_names_the_client_whose_secret_is_wrong(
    strict: launch.Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    running_target(strict, monkeypatch, good=True)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "./target.toml"])
    seen = capsys.readouterr()
    bad = [line for line in seen.out.splitlines() if line.startswith("BAD")]

    assert ended.value.code == 2
    assert len(bad) == 1
    assert bad[0].startswith(f"BAD  client {strict.clients['second'].id} (second, client_secret_basic): ")
    assert bad[0].endswith("does not accept its secret (invalid_client): check id and secret")
    assert "ok   resource as client: accepted" in seen.out
    assert "wrong" not in seen.out


def test_a_run_whose_only_secret_is_wrong_is_one_line(
    said: Said, strict: launch.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_target(strict, monkeypatch, good=False)

    line = said("run", "./target.toml")

    assert line.startswith(f"mine: no client gets a token: client {strict.clients['main'].id} (client, ")
    assert line.endswith("does not accept its secret (invalid_client): check id and secret")


def test_a_secret_that_is_not_set_is_one_line(
    said: Said, strict: launch.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running_target(strict, monkeypatch, good=True)
    monkeypatch.delenv("OTHER_SECRET")

    assert re.fullmatch(
        r"(.*/)?target\.toml:\d+: clients\.second\.secret: the environment variable OTHER_SECRET is not set: .*",
        said("run", "./target.toml"),
    )
