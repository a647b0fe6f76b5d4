"""A server that somebody started by hand is judged through the file that `init` wrote, its gaps filled in."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from holdfast import rooms
from holdfast.launch.process import free_ports

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast

GAP = re.compile(r'^(\w+) = "[^"]*FILL', re.MULTILINE)


@dataclass(frozen=True)
class ByHand:
    """A server at an issuer's URL; its folder has ca.pem and clients.json."""

    issuer: str
    resource: str
    folder: Path

    @property
    def secret(self) -> str:
        (client,) = json.loads((self.folder / "clients.json").read_text())["clients"]
        return str(client["client_secret"])

    @property
    def known(self) -> dict[str, str]:
        """What a person who started the server knows, by its name in the file."""
        return {"id": "demo", "url": self.resource, "canary": "holdfast protected resource"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ByHand]:
    folder = tmp_path_factory.mktemp("by-hand")
    as_port, rs_port = (str(port) for port in free_ports(2))
    command = [sys.executable, str(rooms.reference_impls() / "strict" / "serve.py"), "--demo", str(folder)]
    with subprocess.Popen([*command, "--as-port", as_port, "--rs-port", rs_port], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"authorization server"), "it did not start"
        try:
            yield ByHand(f"https://localhost:{as_port}", f"https://localhost:{rs_port}/resource", folder)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def written(holdfast: "Holdfast", server: ByHand) -> Path:
    """The file as `init` wrote it."""
    file = server.folder / "target.toml"
    ran = holdfast("init", server.issuer, "--ca", str(server.folder / "ca.pem"), "--out", str(file))
    assert ran.code == 0, ran.stderr
    assert ran.stdout.startswith(f"wrote {file}; fill in what is marked with FILL")
    return file


def test_what_init_wrote_leaves_gaps_only_for_what_the_metadata_cannot_say(server: ByHand, written: Path) -> None:
    text = written.read_text()

    assert {"id", "canary"} <= set(GAP.findall(text)) <= set(server.known)
    assert len(text.rstrip().splitlines()) <= 15


def test_a_server_started_by_hand_is_judged_through_the_file(
    holdfast: "Holdfast", server: ByHand, written: Path
) -> None:
    text = written.read_text()
    for name, value in server.known.items():
        text = re.sub(rf'^{name} = "[^"]*"', f'{name} = "{value}"', text, flags=re.MULTILINE)
    file = written.with_name("filled.toml")
    file.write_text(text)

    ran = holdfast("run", str(file), "--launch", "running", environment={"HOLDFAST_SECRET": server.secret})

    assert ran.code == 0, ran.stdout + ran.stderr
    assert ran.cases("failed", "inconclusive", "warning", "noted", "not run") == []
    assert len(ran.cases("passed")) >= 250
    assert [run.launch for run in ran.results.targets] == ["running"]
    assert {"resource", "token"} <= {case.endpoint for case in ran.cases("passed")}


def test_a_wrong_secret_is_told_before_anything_is_judged(holdfast: "Holdfast", server: ByHand, written: Path) -> None:
    file = written.with_name("filled.toml")

    ran = holdfast("run", str(file), environment={"HOLDFAST_SECRET": "wrong"})

    assert ran.code == 2
    assert "invalid_client" in ran.stderr
    assert "check id and secret" in ran.stderr
    assert server.secret not in ran.stdout + ran.stderr
