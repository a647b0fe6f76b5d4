"""Each side alone: a resource server with the suite as its issuer, and an authorization server without a resource."""

import ssl
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from holdfast import jose, pki, rooms
from holdfast.cli import main
from holdfast.launch.process import free_ports
from holdfast.parties.client import Client, Registration
from holdfast.parties.issuer import Issuer
from holdfast.results import TargetRun
from holdfast.results_io import read

STRICT = rooms.reference_impls() / "strict"

RESOURCE_SERVER = """
name = "rs-only"
roles = ["rs"]
capabilities = ["dpop", "mtls", "jwt-access-token", "single-use-proof", "resource-metadata"]
[listeners]
rs = { port = 8444 }
[[services]]
name = "server"
listeners = ["rs"]
process = [
  "{python}", "STRICT/serve.py", "--role", "rs", "--issuer", "{suite_url}", "--rs-url", "{url.rs}",
  "--rs-port", "{port.rs}", "--tls", "{server.pem}", "--ca", "{ca}",
]
[resources.main]
url = "{url.rs}/resource"
canary = "holdfast protected resource"
scope = "read"
"""

Judge = Callable[..., TargetRun]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def run(text: str, *arguments: str) -> TargetRun:
        file = tmp_path / "target.toml"
        file.write_text(text.replace("STRICT", str(STRICT)))
        out = tmp_path / "out"
        with pytest.raises(SystemExit) as ended:
            main(["run", str(file), "--variant", "default", "--no-wait", "--out", str(out), *arguments])
        found = read(out / "results.json").targets[0]
        assert found.problem == ""
        wrong = [
            (case.id, case.verdict, case.reason) for case in found.cases if case.verdict in {"failed", "inconclusive"}
        ]
        assert wrong == []
        assert ended.value.code == 0
        return found

    return run


def passed(run: TargetRun) -> Counter[str]:
    return Counter(case.suite for case in run.cases if case.verdict == "passed")


def test_a_resource_server_is_judged_alone(judge: Judge) -> None:
    run = judge(RESOURCE_SERVER)
    counts = passed(run)

    assert counts["dpop"] > 80
    assert counts["mtls"] >= 5
    assert {case.endpoint for case in run.cases if case.verdict == "passed"} <= {"", "resource"}
    assert "mint" in run.capabilities


def test_an_authorization_server_is_judged_alone(judge: Judge) -> None:
    text = (STRICT / "target.toml").read_text().split("\n# Nonces are supplied")[0]
    start, end = text.index("[services.image]"), text.index("[clients.main]")
    text = text[:start] + text[end:]
    start, end = text.index("[resources.main]"), text.index("[windows]\n")
    text = text[:start] + text[end:]
    text = text.replace('roles = ["as", "rs"]', 'roles = ["as"]').replace("{here}", str(STRICT))
    assert tomllib.loads(text)["roles"] == ["as"]

    suites = ("--suite", "dpop", "--suite", "lifecycle", "--suite", "metadata")
    run = judge(text, *suites, "-k", "not token-code and not token-refresh")
    counts = passed(run)

    assert counts["dpop"] > 150
    assert counts["lifecycle"] > 10
    assert "resource" not in {case.endpoint for case in run.cases if case.verdict == "passed"}


# The suite's own issuer


@pytest.fixture
def issuer(tmp_path: Path) -> "Served":
    return Served(tmp_path)


class Served:
    def __init__(self, folder: Path) -> None:
        self.authority = pki.new_authority("lab")
        self.port = free_ports(1)[0]
        self.issuer = Issuer(f"https://localhost:{self.port}", "https://rs.test")
        self.folder = folder

    def __enter__(self) -> httpx.Client:
        self.issuer.serve(self.authority.issue_server(["localhost"]), self.folder, host="127.0.0.1", port=self.port)
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        self.client = httpx.Client(base_url=self.issuer.url, verify=context, trust_env=False)
        return self.client

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.issuer.close()


def client(binding: str) -> Client:
    registration = Registration(id="me", auth="none", scope="read")
    credential = pki.self_signed("me")
    return Client("client", binding, registration, jose.generate("ES256"), credential)  # type: ignore[arg-type]


def test_the_issuer_publishes_what_a_resource_server_needs(issuer: Served) -> None:
    with issuer as http:
        metadata = http.get("/.well-known/oauth-authorization-server").json()
        keys = http.get("/jwks").json()["keys"]

    assert (metadata["issuer"], metadata["jwks_uri"]) == (issuer.issuer.url, f"{issuer.issuer.url}/jwks")
    token = issuer.issuer.mint(client("dpop"), now=1_000.0)
    assert jose.verify(token.value, keys[0], "ES256")
    assert "d" not in keys[0]


def test_the_issuer_says_what_a_token_of_its_own_is_worth(issuer: Served) -> None:
    token = issuer.issuer.mint(client("dpop"), now=1_000.0)
    with issuer as http:
        known = http.post("/introspect", data={"token": token.value}).json()
        unknown = http.post("/introspect", data={"token": "another"}).json()
        none = http.post("/introspect").json()

    assert (known["active"], known["token_type"], known["cnf"]) == (True, "DPoP", token.claims["cnf"])
    assert unknown == none == {"active": False}


@pytest.mark.parametrize(
    ("binding", "members"),
    [("dpop", {"jkt"}), ("certificate", {"x5t#S256"}), ("both", {"jkt", "x5t#S256"}), ("none", set())],
)
def test_a_minted_token_is_bound_as_its_client_is(issuer: Served, binding: str, members: set[str]) -> None:
    who = client(binding)
    token = issuer.issuer.mint(who, now=1_000.0)

    assert set(token.confirmation) == members
    assert (token.claims["iss"], token.claims["aud"]) == (issuer.issuer.url, "https://rs.test")
    assert token.header["typ"] == "at+jwt"
    assert token.claims["exp"] == 1_300


def test_a_minted_token_can_be_odd_in_one_claim(issuer: Served) -> None:
    token = issuer.issuer.mint(client("dpop"), now=1_000.0, cnf={"jkt": 7})

    assert token.claims["cnf"] == {"jkt": 7}
