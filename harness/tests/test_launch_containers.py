"""Containers, with an image of their own that takes a second to build."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from holdfast import launch, targets
from holdfast.errors import UsageError

DOCKERFILE = """
FROM debian:bookworm-slim
WORKDIR /target
COPY serve.sh ./
CMD ["sh", "serve.sh"]
"""

# No package is installed into the image: the base's own perl is server enough.
SERVER = """
echo "listening at $1 with $2 and $GREETING"
exec perl -MIO::Socket::INET -e '
  my $s = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 5, ReuseAddr => 1) or die "no port\\n";
  open(my $clients, "<", $ARGV[1]) or die "no clients file\\n";
  while (my $c = $s->accept) {
    my $line = <$c>;
    while (<$c>) { last if /^\\r?$/ }
    exit 7 if $line =~ m{^GET /die };
    open(my $hosts, "<", "/etc/hosts"); my $body = join "", <$hosts>;
    print $c "HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: " . length($body) . "\\r\\n\\r\\n$body";
    close $c;
  }' "$1" "$2"
"""

TARGET = """
name = "con_tained"
roles = ["rs"]
[listeners]
rs = { port = 8080, scheme = "http" }
[[services]]
name = "server"
listeners = ["rs"]
environment = { GREETING = "hello from {host.rs}" }
[services.image]
dockerfile = "Dockerfile"
command = ["sh", "{here}/serve.sh", "{port.rs}", "{clients}"]
[resources.main]
url = "{url.rs}/resource"
canary = "localhost"
"""


def leftovers() -> list[str]:
    """Containers and networks that this process has labelled."""
    mine = f"label=holdfast.process={os.getpid()}"
    found = []
    for command in (["docker", "ps", "-aq"], ["docker", "network", "ls", "-q"]):
        found += subprocess.run([*command, "--filter", mine], capture_output=True, text=True, check=True).stdout.split()
    return found


def gets(running: launch.Running, path: str) -> str:
    (host, port) = next(iter(running.resolve.values()))
    assert host == "127.0.0.1"
    return httpx.get(f"http://{host}:{port}{path}", trust_env=False).text


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., targets.Target]:
    monkeypatch.chdir(tmp_path)

    def make(text: str = TARGET, *, server: str = SERVER) -> targets.Target:
        Path("target.toml").write_text(text.lstrip())
        Path("Dockerfile").write_text(DOCKERFILE.lstrip())
        Path("serve.sh").write_text(server)
        return targets.load("target.toml")

    return make


@pytest.mark.requires("containers")
def test_a_container_answers_inside_the_block_and_nothing_is_left_after_it(
    lab: Callable[..., targets.Target], tmp_path: Path
) -> None:
    with launch.start(lab(), "container", logs=tmp_path / "kept") as running:
        assert running.urls["rs"] == "http://server.con-tained.test:8080"
        assert "suite.test" in gets(running, "/resource")
        assert "hello from server.con-tained.test" in running.logs()["server"]
        assert running.allowed("server.con-tained.test", 8080)

    assert leftovers() == []
    assert "listening at 8080 with /lab/clients.json" in (tmp_path / "kept" / "server.log").read_text()


@pytest.mark.requires("containers")
def test_a_container_that_died_can_be_started_again(lab: Callable[..., targets.Target]) -> None:
    with launch.start(lab(), "container") as running:
        with pytest.raises(httpx.HTTPError):
            gets(running, "/die")
        deadline = time.monotonic() + 20
        while running.alive() and time.monotonic() < deadline:  # the engine notices a moment later
            time.sleep(0.01)
        assert running.dead() == ["server"]
        running.restart("server")

        assert "suite.test" in gets(running, "/resource")


@pytest.mark.requires("containers")
def test_an_early_end_of_a_container_is_told_with_its_log(lab: Callable[..., targets.Target]) -> None:
    target = lab(server="echo no database; exit 5")

    with pytest.raises(UsageError, match=r"server ended with exit code 5 before it answered\n  no database"):
        launch.start(target, "container").__enter__()
    assert leftovers() == []


@pytest.mark.requires("containers")
def test_a_failed_build_is_told_with_its_last_lines(lab: Callable[..., targets.Target]) -> None:
    target = lab()
    Path("Dockerfile").write_text("FROM debian:bookworm-slim\nRUN echo no such package && exit 3\n")

    with pytest.raises(UsageError, match=r"(?s)the image cannot be built.*no such package"):
        launch.start(target, "container").__enter__()
    assert leftovers() == []


@pytest.mark.requires("containers")
def test_what_a_killed_harness_left_is_removed_by_the_next_one(lab: Callable[..., targets.Target]) -> None:
    target = lab()
    harness = textwrap.dedent("""
        from holdfast import launch, targets
        import sys
        with launch.start(targets.load("target.toml"), "container"):
            print("up", flush=True)
            sys.stdin.read()
    """)
    runner = subprocess.Popen([sys.executable, "-c", harness], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with runner:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"up\n"
        runner.kill()
    with launch.start(target, "container"):
        pass

    left = ["docker", "ps", "-aq", "--filter", f"label=holdfast.process={runner.pid}"]
    assert subprocess.run(left, capture_output=True, text=True, check=True).stdout == ""


@pytest.mark.requires("containers")
def test_a_party_of_the_suite_is_reached_from_a_container(lab: Callable[..., targets.Target]) -> None:
    import http.server
    import threading

    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    started: list[http.server.HTTPServer] = []

    def suite(ground: launch.Ground) -> str:
        server = http.server.HTTPServer((ground.bind, 0), Answer)
        started.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://{ground.host}:{server.server_port}"

    calls = "perl -MIO::Socket::INET -e 'my $c = IO::Socket::INET->new($ENV{SUITE}) or die; print $c \"GET / HTTP/1.0"
    calls += "\\r\\nHost: $ENV{SUITE}\\r\\n\\r\\n\"; print <$c>'\n"
    text = TARGET.replace("{ GREETING =", '{ SUITE_URL = "{suite_url}", GREETING =')
    try:
        with launch.start(lab(text, server='SUITE="${SUITE_URL#http://}" ' + calls + SERVER), "container", suite=suite):
            pass
    finally:
        for server in started:
            server.shutdown()
            server.server_close()
    assert asked[0].startswith("suite.test:")


def test_a_missing_engine_is_told_in_one_line(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("testcontainers")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    with (
        pytest.raises(UsageError, match=r"^--launch container: no Docker engine answers: install docker.io .*$"),
        launch.start(lab(), "container"),
    ):
        pass


def test_the_missing_extra_is_told_in_one_line(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "holdfast.launch.container", raising=False)
    monkeypatch.setitem(sys.modules, "docker", None)
    monkeypatch.setitem(sys.modules, "testcontainers", None)

    with (
        pytest.raises(UsageError, match=r"^--launch container: testcontainers is missing: pip install 'holdfast\[cont"),
        launch.start(lab(), "container"),
    ):
        pass


@pytest.mark.requires("containers")
def test_a_service_without_an_image_is_told(lab: Callable[..., targets.Target]) -> None:
    target = lab(TARGET.replace('[services.image]\ndockerfile = "Dockerfile"\ncommand =', "process ="))

    with (
        pytest.raises(
            UsageError, match=r"target\.toml:5: services\[0\]: has no image = \{ \.\.\. \}: use --launch process"
        ),
        launch.start(target, "container"),
    ):
        pass
