import json
import os
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from holdfast import jose, launch, targets
from holdfast.errors import UsageError
from holdfast.launch.process import free_ports

SERVER = """
import http.server, os, signal, ssl, subprocess, sys, time
port, pem, note = int(sys.argv[1]), sys.argv[2], sys.argv[3]

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/die":
            os._exit(7)
        body = os.environ.get("GREETING", "hello").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pem)
server.socket = context.wrap_socket(server.socket, server_side=True)
sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(note, "w") as file:
    file.write(f"{os.getpid()} {sleeper.pid}")
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("listening", flush=True)
server.serve_forever()
"""

TARGET = """
name = "lab"
roles = ["as", "rs"]
issuer = "{url.as}"
[vars]
extra = ""
[listeners]
as = { port = 8443 }
[[services]]
name = "server"
listeners = ["as"]
process = ["{python}", "{here}/serve.py", "{port.as}", "{server.pem}", "{here}/pids", "{vars.extra}"]
environment = { GREETING = "from {host.as}" }
files = { "made.conf" = "made.conf.in" }
[clients.main]
auth = "client_secret_basic"
scope = "read"
[clients.jwt]
auth = "private_key_jwt"
alg = "PS256"
[clients.tls]
auth = "tls_client_auth"
binding = "certificate"
[clients.own]
auth = "self_signed_tls_client_auth"
binding = "both"
[clients.public]
auth = "none"
binding = "none"
grants = ["authorization_code"]
[authorization]
[resources.main]
url = "{url.as}/resource"
canary = "from"
[variants.stubborn]
vars.extra = "stubborn"
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., targets.Target]:
    monkeypatch.chdir(tmp_path)

    def make(text: str = TARGET, *, server: str = SERVER, variant: str | None = None) -> targets.Target:
        Path("target.toml").write_text(text.lstrip())
        Path("serve.py").write_text(server)
        Path("made.conf.in").write_text("listen @{port.as} with { braces };\n")
        return targets.load("target.toml", variant=variant)

    return make


def asks(running: launch.Running, path: str) -> httpx.Response:
    context = ssl.create_default_context(cadata=running.ca_pem.decode())
    return httpx.get(f"{running.urls['as']}{path}", verify=context, trust_env=False)


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(process: int) -> bool:
    """Whether it is gone; an end that was ordered may take a moment to be seen."""
    deadline = time.monotonic() + 10
    while runs(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not runs(process)


def pids() -> list[int]:
    return [int(word) for word in Path("pids").read_text().split()]


def test_a_target_answers_inside_the_block_and_nothing_is_left_after_it(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab()) as running:
        assert asks(running, "/resource").text == "from localhost"
        assert running.target.resource.url == running.urls["as"] + "/resource"
        assert running.alive()
        assert "listening" in running.logs()["server"]
        assert (running.folder / "made.conf").read_text() == (
            f"listen {running.urls['as'].rsplit(':', 1)[1]} with {{ braces }};\n"
        )
        assert all(runs(process) for process in pids())

    assert all(gone(process) for process in pids())
    assert not running.folder.exists()


def test_what_ignores_sigterm_is_ended_too(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab(variant="stubborn")):
        pass

    assert all(gone(process) for process in pids())


def test_the_target_ends_when_the_block_raises(lab: Callable[..., targets.Target]) -> None:
    with pytest.raises(KeyboardInterrupt), launch.start(lab()):
        raise KeyboardInterrupt

    assert all(gone(process) for process in pids())


def test_the_target_ends_when_the_harness_is_killed(lab: Callable[..., targets.Target]) -> None:
    lab()
    harness = textwrap.dedent("""
        from holdfast import launch, targets
        import sys
        with launch.start(targets.load("target.toml")):
            print("up", flush=True)
            sys.stdin.read()
    """)
    runner = subprocess.Popen([sys.executable, "-c", harness], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"up\n"
        runner.kill()

    assert all(gone(process) for process in pids())


def test_the_output_is_kept_where_it_is_wanted(lab: Callable[..., targets.Target], tmp_path: Path) -> None:
    with launch.start(lab(), logs=tmp_path / "kept"):
        pass

    assert "listening" in (tmp_path / "kept" / "server.log").read_text()


def test_a_service_that_died_can_be_started_again(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab()) as running:
        with pytest.raises(httpx.HTTPError):
            asks(running, "/die")
        while running.alive():
            time.sleep(0.01)
        assert running.dead() == ["server"]
        running.restart("server")

        assert asks(running, "/resource").status_code == 200


def test_an_early_end_is_told_with_exit_code_and_last_lines(lab: Callable[..., targets.Target]) -> None:
    target = lab(server="import sys; print('no database'); sys.exit(5)")

    with pytest.raises(UsageError) as caught, launch.start(target):
        pass

    assert str(caught.value) == (
        "target.toml:8: services[0]: server ended with exit code 5 before it answered\n  no database"
    )


def test_silence_is_told_with_what_was_asked(lab: Callable[..., targets.Target]) -> None:
    target = lab(
        TARGET.replace('listeners = ["as"]', 'listeners = ["as"]\nready_seconds = 0.2'),
        server="import time; time.sleep(600)",
    )

    with pytest.raises(UsageError, match=r"server did not answer at https://localhost:\d+/ within 0\.2 s"):
        launch.start(target).__enter__()


def test_a_wrong_status_is_not_ready(lab: Callable[..., targets.Target]) -> None:
    target = lab(TARGET.replace('listeners = ["as"]', 'listeners = ["as"]\nready_seconds = 1\nready_status = 204'))

    with pytest.raises(UsageError, match="it answered with status 200"), launch.start(target):
        pass


def test_a_port_that_is_always_taken_is_told_in_one_line(lab: Callable[..., targets.Target]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        target = lab(TARGET.replace("{port.as}", str(taken)))

        with pytest.raises(launch.PortTakenError) as caught, launch.start(target):
            pass

    assert "a port is taken: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_free_port_that_was_taken_meanwhile_is_replaced(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = [other.getsockname()[1]]
        monkeypatch.setattr(
            "holdfast.launch.process_runner.free_ports", lambda count: [taken.pop()] if taken else free_ports(count)
        )

        with launch.start(lab()) as running:
            assert asks(running, "/resource").status_code == 200


def test_a_missing_program_is_told(lab: Callable[..., targets.Target]) -> None:
    target = lab(TARGET.replace('["{python}"', '["no-such-program"'))

    with (
        pytest.raises(UsageError, match="service server: no-such-program: no such program: install it"),
        launch.start(target),
    ):
        pass


def test_a_start_ends_when_the_run_is_told_to_stop(lab: Callable[..., targets.Target]) -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(launch.Stopped), launch.start(lab(server="import time; time.sleep(600)"), stop=stop):
        pass


def test_an_unknown_name_in_a_template_is_told_with_its_line(lab: Callable[..., targets.Target]) -> None:
    target = lab()
    Path("made.conf.in").write_text("\nlisten @{port.sa};\n")

    with (
        pytest.raises(UsageError, match=r"made\.conf\.in:2: @\{port\.sa\} is not known \(did you mean port\.as\?\)"),
        launch.start(target),
    ):
        pass


def test_the_lab_registers_its_clients(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab()) as running:
        written = json.loads((running.folder / "clients.json").read_text())
        clients = {name: client.id for name, client in running.clients.items()}

    listed = {one["client_id"]: one for one in written["clients"]}
    main, tls, own = (listed[clients[name]] for name in ("main", "tls", "own"))
    assert main["client_secret"] == running.clients["main"].secret
    assert (main["scope"], main["dpop_bound_access_tokens"]) == ("read", True)
    assert listed[clients["jwt"]]["jwks"]["keys"][0]["alg"] == "PS256"
    assert tls["tls_client_auth_subject_dn"].startswith("CN=tls-")
    assert tls["tls_client_certificate_bound_access_tokens"] is True
    credential = running.clients["own"].credential
    assert credential is not None
    key = own["jwks"]["keys"][0]
    assert jose.thumbprint(key) == jose.thumbprint(credential.key.public_jwk)
    assert own.keys() >= {"dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens"}
    assert listed[clients["public"]]["redirect_uris"] == ["https://client.test/callback"]
    assert written["resource_servers"] == [
        {"client_id": "resource-server", "client_secret": running.resource_server.secret}
    ]


def test_another_resource_server_is_made_and_written_with_its_audience(lab: Callable[..., targets.Target]) -> None:
    named = '[introspection.other]\naudience = "https://other.test{issuer}"'
    with launch.start(lab(f"{TARGET}\n{named}\n")) as running:
        written = json.loads((running.folder / "clients.json").read_text())
        other, issuer = running.other_resource_server, running.target.issuer

    assert other is not None
    assert (other.grants, other.resource) == ((), f"https://other.test{issuer}")
    assert written["resource_servers"][1:] == [
        {"client_id": "other-resource-server", "client_secret": other.secret, "audience": other.resource}
    ]


def test_secrets_do_not_appear_in_a_repr(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab()) as running:
        shown = repr(running)

    assert running.clients["main"].secret not in shown
    assert running.resource_server.secret not in shown


def test_a_started_target_says_what_only_the_lab_knows(lab: Callable[..., targets.Target]) -> None:
    with (
        pytest.raises(UsageError, match=r"target\.toml:3: issuer: \{url\.as\} has no value here"),
        launch.start(lab(), "running"),
    ):
        pass


def test_preparation_runs_once_for_a_lock(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    count = (
        "import pathlib; log = pathlib.Path(r'{here}/count'); log.open('a').write('x'); pathlib.Path('made').touch()"
    )
    prepare = f'lock = "the.lock"\nprepare = [["{sys.executable}", "-c", "{count}"]]\nlisteners = ["as"]'
    target = lab(TARGET.replace('listeners = ["as"]', prepare).replace("{here}/pids", "{cache}/pids"))
    (tmp_path / "the.lock").write_text("1")

    for _ in range(2):
        with launch.start(target):
            pass
    (tmp_path / "the.lock").write_text("2")
    with launch.start(target):
        pass

    assert (tmp_path / "count").read_text() == "xx"
    assert len(list((tmp_path / "cache" / "holdfast" / "prepared").glob("lab-server-*/made"))) == 2


def test_failed_preparation_is_told_and_leaves_nothing(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    failing = f'prepare = [["{sys.executable}", "-c", "import sys; sys.exit(\'no network\')"]]\nlisteners = ["as"]'
    target = lab(TARGET.replace('listeners = ["as"]', failing))

    with pytest.raises(UsageError, match=r"exit code 1\n  no network"), launch.start(target):
        pass

    assert list((tmp_path / "cache" / "holdfast" / "prepared").iterdir()) == []


def test_a_process_is_not_given_the_terminal(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab()):
        assert os.getsid(pids()[0]) != os.getsid(0)
