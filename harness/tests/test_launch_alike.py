"""A service that is like another one: the same command, with a folder and a listener of its own."""

import json
import textwrap
from pathlib import Path

import httpx
import pytest

from holdfast import launch, targets
from holdfast.errors import UsageError

SERVER = """
import http.server, json, sys
port, conf = int(sys.argv[1]), sys.argv[2]

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps([sys.argv[2:], open(conf).read()]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""

TARGET = """
name = "lab"
roles = ["rs"]
issuer = "https://as.test"
[listeners]
first = { port = 8443, scheme = "http" }
second = { port = 8444, scheme = "http" }
[[services]]
name = "server"
listeners = ["first"]
process = ["{python}", "{here}/serve.py", "{port.first}", "{work}/made.conf", "{url.first}", "{host.first}"]
files = { "made.conf" = "made.conf.in" }
[[services]]
name = "again"
like = "server"
listeners = ["second"]
values = { "host.first" = "called {host.second}" }
[resources.main]
url = "{url.first}/resource"
canary = "c"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "serve.py").write_text(textwrap.dedent(SERVER))
    (tmp_path / "made.conf.in").write_text("at @{url.first}, in @{work}")
    (tmp_path / "target.toml").write_text(TARGET)
    return tmp_path


def said(url: str) -> tuple[list[str], str]:
    arguments, conf = json.loads(httpx.get(url, trust_env=False).text)
    return arguments, conf


def test_it_has_a_folder_and_a_listener_of_its_own(folder: Path) -> None:
    with launch.start(targets.load(folder), "process") as running:
        (first, first_conf), (second, second_conf) = said(running.urls["first"]), said(running.urls["second"])

        assert first[1:] == [running.urls["first"], "localhost"]
        assert second[1:] == [running.urls["second"], "called localhost"]
        assert Path(second[0]) == Path(first[0]).parent / "again" / "made.conf"
        assert first_conf == f"at {running.urls['first']}, in {Path(first[0]).parent}"
        assert second_conf == f"at {running.urls['second']}, in {Path(second[0]).parent}"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('like = "server"', 'like = "serber"', "no other service is named 'serber' (did you mean server?)"),
        ('like = "server"', 'like = "again"', "no other service is named 'again'"),
        ('listeners = ["second"]', "listeners = []", "needs as many listeners as server"),
        ('"host.first" = "', '"host.fist" = "', "no placeholder is called 'host.fist' (did you mean host.first?)"),
    ],
)
def test_what_cannot_be_alike_is_told_in_its_line(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "target.toml").write_text(TARGET.replace(old, new))

    with pytest.raises(UsageError) as told:
        targets.load(folder)
    assert message in str(told.value)
    assert "target.toml:" in str(told.value).splitlines()[0]
