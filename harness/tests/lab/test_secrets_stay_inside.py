"""After a run no secret that was used in it is in anything the run leaves behind, but for the target's own logs."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from holdfast import jose, launch
from holdfast.cli import main
from holdfast.parties.keys import KeyRing
from holdfast.wire import Answer, Request, Wire

CASES = (
    "(lifecycle or test_replay.py or test_htm.py or test_possession.py or test_nonce_grants.py)"
    " and not resource-post and not token-code and not token-refresh"
)
ISSUED = ("access_token", "refresh_token", "id_token")
SENT = ("client_secret", "client_assertion")


class Overheard:
    """Everything secret that travelled, by what it is."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.private: set[str] = set()
        self.verifiers: set[str] = set()
        self.challenges: set[str] = set()

    def learn(self, kind: str, value: str) -> None:
        # What the suites made up themselves, such as a wrong secret, begins with our name.
        if len(value) >= 8 and not value.startswith("holdfast-"):
            self.secrets.setdefault(value, kind)

    def hear(self, request: Request, answer: Answer) -> None:
        self.asked(request)
        self.answered(answer)

    def asked(self, request: Request) -> None:
        for name, value in parse_qsl(f"{request.body.decode('latin-1')}&{urlsplit(request.url).query}"):
            if name in SENT:
                self.learn(f"form {name}", value)
            elif name == "code_verifier" and not value.startswith("holdfast-"):
                self.verifiers.add(value)
            elif name == "code_challenge":
                self.challenges.add(value)
        for name, value in request.headers:
            if name.lower() == "authorization" and value.lower().startswith("basic "):
                pair = base64.b64decode(value[6:]).decode("latin-1")
                if not pair.partition(":")[2].startswith("holdfast-"):
                    self.learn("client secret", pair.partition(":")[2])
                    self.learn("basic credentials", value[6:])
            elif name.lower() == "authorization":
                self.learn("token", value.partition(" ")[2])
            elif name.lower() == "dpop" and value.count(".") == 2:
                self.learn("signature of a proof", value.rpartition(".")[2])

    def answered(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name.lower() == "location" and (found := re.search(r"[?&]code=([^&]+)", value)):
                self.learn("code", found[1])
        try:
            said = json.loads(answer.body)
        except ValueError:
            return
        for name in ISSUED:
            if isinstance(said, dict) and isinstance(said.get(name), str):
                self.learn(f"issued {name}", said[name])

    def forms(self) -> Iterator[tuple[str, str]]:
        """Every secret in the forms that it may leak in; of a JWS the signature, since the rest is shown."""
        # A verifier is one only where its challenge was sent: suites make up wrong ones, and say which.
        proven = {v: "code verifier" for v in self.verifiers if jose.token_hash(v) in self.challenges}
        for value, kind in {**self.secrets, **proven}.items():
            secret = value.rpartition(".")[2] if jose_like(value) else value
            if len(secret) < 8:
                continue
            yield kind, secret
            yield kind, quote(secret, safe="")
            yield kind, base64.b64encode(secret.encode()).decode().rstrip("=")
        for member in self.private:
            yield "private key member", member


def jose_like(value: str) -> bool:
    return value.count(".") == 2 and isinstance(jose.decode(value).header, dict)


@pytest.fixture
def overheard(monkeypatch: pytest.MonkeyPatch) -> Overheard:
    heard = Overheard()
    send: Callable[..., Answer] = Wire.send
    make = KeyRing.of

    def listening(wire: Wire, request: Request, again: Callable[[], Request] | None = None) -> Answer:
        made = [request]

        def anew() -> Request:
            made.append(again() if again else request)
            return made[-1]

        answer = send(wire, request, again=anew if again else None)
        heard.hear(made[-1], answer)
        return answer

    def keeping(ring: KeyRing, algorithm: str, owner: str = "") -> jose.Key:
        key = make(ring, algorithm, owner)
        heard.private |= {v for n, v in key.private_jwk.items() if n in {"d", "p", "q", "dp", "dq", "qi"}}
        return key

    monkeypatch.setattr(Wire, "send", listening)
    monkeypatch.setattr(KeyRing, "of", keeping)
    return heard


#: What secrets are made of, in each of their forms.
WORD = re.compile(r"[A-Za-z0-9._~%+/=-]{8,}")


def words(text: str) -> str:
    """Give each word of a text that a secret may be, or be in, once: most words of evidence are there often."""
    return "\n".join(set(WORD.findall(text)))


def left_behind(folder: Path) -> dict[str, str]:
    """Every file of a run as text, packed ones unpacked; the logs are the target's own words."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and "logs" not in file.parts:
            data = file.read_bytes()
            found[file.name] = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8", "replace")
    packed = re.findall(r">\s*(H4sI[A-Za-z0-9+/=\s]+)<", found["report.html"])
    for number, text in enumerate(packed):
        found[f"report.html, packed {number}"] = gzip.decompress(base64.b64decode(text)).decode()
    return found


@pytest.mark.parametrize("variant", ["default", "opaque"])
def test_no_secret_of_a_run_is_in_what_it_leaves_behind(
    overheard: Overheard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variant: str
) -> None:
    running: list[launch.Running] = []
    monkeypatch.setattr("holdfast.session.bench_for", keep_running(running))
    out = tmp_path / "out"
    arguments = ["run", "strict", "--variant", variant, "--no-wait", "-k", CASES, "--out", str(out)]
    arguments += ["--junit", str(out / "junit.xml"), "--markdown", str(out / "summary.md")]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0

    texts = left_behind(out)
    for client in running[0].clients.values():
        if client.secret:
            overheard.learn("client secret", client.secret)
    kinds = set(overheard.secrets.values())
    assert {"client secret", "code", "issued access_token", "issued refresh_token", "signature of a proof"} <= kinds
    assert {"results.json", "evidence.jsonl.gz", "report.html", "junit.xml", "summary.md"} <= set(texts)
    assert any("packed" in name for name in texts)
    assert '"outcome":"accepted"' in texts["evidence.jsonl.gz"].replace(" ", "")

    told = {name: words(text) for name, text in texts.items()}
    leaks = {(name, kind) for kind, secret in overheard.forms() for name, text in told.items() if secret in text}
    assert [secret for _, secret in overheard.forms() if not WORD.fullmatch(secret)] == []
    assert leaks == set()


def keep_running(kept: list[launch.Running]) -> Callable[..., object]:
    from holdfast.assemble import bench_for

    def keeping(running: launch.Running, *arguments: object) -> object:
        kept.append(running)
        return bench_for(running, *arguments)  # type: ignore[arg-type]

    return keeping
