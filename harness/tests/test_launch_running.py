from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast import launch, pki, targets
from holdfast.errors import UsageError


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], targets.Target]:
    monkeypatch.chdir(tmp_path)

    def make(text: str) -> targets.Target:
        Path("target.toml").write_text(text.lstrip())
        return targets.load("target.toml")

    return make


RUNNING = """
name = "mine"
roles = ["as", "rs"]
issuer = "https://as.test"
ca = "ca.pem"
[clients.main]
id = "suite"
auth = "client_secret_basic"
secret = { env = "MINE_SECRET" }
[resources.main]
url = "https://rs.test:8443/protected"
canary = "protected text"
"""


def test_a_running_target_is_only_read(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:

    (tmp_path / "ca.pem").write_bytes(pki.new_authority("theirs").pem)
    monkeypatch.setenv("MINE_SECRET", "s3cret")

    with launch.start(lab(RUNNING)) as running:
        assert (running.kind, running.clients["main"].id, running.clients["main"].secret) == (
            "running",
            "suite",
            "s3cret",
        )
        assert running.ca_pem == (tmp_path / "ca.pem").read_bytes()
        assert [running.allowed("as.test", 443), running.allowed("rs.test", 1), running.allowed("localhost", 443)] == [
            True,
            True,
            False,
        ]


def test_the_nodes_behind_a_resource_may_be_contacted_and_their_neighbours_may_not(
    lab: Callable[..., targets.Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_SECRET", "s3cret")
    text = RUNNING.replace('ca = "ca.pem"\n', "") + 'replicas = ["https://10.0.0.5:8443", "https://node.test"]\n'

    with launch.start(lab(text)) as running:
        named = [("10.0.0.5", 8443), ("node.test", 443), ("10.0.0.6", 8443)]
        assert [running.allowed(*address) for address in named] == [True, True, False]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"hello", "holds no PEM certificate"), (b"\xff", "holds no PEM certificate"), (None, "No such file")],
)
def test_a_wrong_ca_is_told(
    lab: Callable[..., targets.Target],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes | None,
    message: str,
) -> None:
    monkeypatch.setenv("MINE_SECRET", "s3cret")
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)

    with pytest.raises(UsageError, match=rf"target\.toml:4: ca: ca\.pem: {message}"), launch.start(lab(RUNNING)):
        pass


def test_the_suite_starts_its_party_before_the_target(lab: Callable[..., targets.Target]) -> None:
    seen: list[launch.Ground] = []

    def suite(ground: launch.Ground) -> str:
        seen.append(ground)
        return "https://localhost:4711"

    text = (
        RUNNING.replace('["as", "rs"]', '["rs"]').replace('issuer = "https://as.test"\n', "").replace("ca =", "# ca =")
    )
    text = text.replace('auth = "client_secret_basic"\nsecret = { env = "MINE_SECRET" }', 'auth = "none"')
    with launch.start(lab(text + 'body = "{suite_url} {issuer}"\n'), suite=suite) as running:
        assert running.target.resource.body == "https://localhost:4711 https://localhost:4711"
        assert seen[0].authority is running.authority
        assert seen[0].resource_server is running.resource_server
        assert running.allowed("localhost", 4711)


def test_a_password_is_filled_into_forms_from_where_the_file_points(
    lab: Callable[..., targets.Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE_SECRET", "s3cret")
    (tmp_path / "password").write_text("open sesame\n")
    form = """[authorization]
driver = "form"
fields = { user = "alice" }
secrets = { pass = { file = "password" } }
[resources.main]"""

    with launch.start(lab(RUNNING.replace('ca = "ca.pem"\n', "").replace("[resources.main]", form))) as running:
        assert running.target.authorization is not None
        assert running.target.authorization.fields == {"user": "alice", "pass": "open sesame"}
        assert running.ca_pem == b""


def test_a_running_target_cannot_be_launched(lab: Callable[..., targets.Target]) -> None:
    with (
        pytest.raises(UsageError, match=r"it has no \[\[services\]\] to start: leave out --launch process"),
        launch.start(lab(RUNNING), "process"),
    ):
        pass
