"""The first target.toml: loads, says what the metadata says, and marks what a person must fill in."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from holdfast import first_file, targets
from holdfast.errors import UsageError
from holdfast.wire import Answer, Request

URL = "https://as.example.com:8443/tenant"
METADATA: dict[str, Any] = {
    "issuer": URL,
    "token_endpoint": f"{URL}/token",
    "authorization_endpoint": f"{URL}/authorize",
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
    "grant_types_supported": ["client_credentials", "authorization_code"],
    "dpop_signing_alg_values_supported": ["ES256"],
    "protected_resources": ["https://rs.example.com/things"],
}


class Served:
    """In the place of the wire: answers by URL, 404 elsewhere."""

    answers: ClassVar[Mapping[str, Answer]] = {}
    asked: ClassVar[list[str]] = []
    allowed: Any = None

    def __init__(self, **given: Any) -> None:
        type(self).allowed = staticmethod(given["allowed"])

    def send(self, request: Request) -> Answer:
        self.asked.append(request.url)
        return self.answers.get(request.url, Answer(status=404))

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> type[Served]:
    monkeypatch.setattr(first_file, "Wire", Served)
    monkeypatch.setattr(Served, "asked", [])
    serve(Served, METADATA)
    return Served


def serve(where: type[Served], metadata: object, *, status: int = 200) -> None:
    body = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
    address = "https://as.example.com:8443/.well-known/oauth-authorization-server/tenant"
    where.answers = {address: Answer(status=status, body=body)}


def written(folder: Path, url: str = URL, **own: Any) -> str:
    return first_file.written(url, **({"ca": None, "name": None, "folder": folder} | own))


def loaded(folder: Path, text: str) -> targets.Target:
    file = folder / "target.toml"
    file.write_text(text.replace('"FILL', '"filled').replace("FILL", "filled"))
    return targets.load(file)


def test_what_is_written_loads_and_is_short(served: type[Served], tmp_path: Path) -> None:
    text = written(tmp_path)
    target = loaded(tmp_path, text)

    assert len(text.splitlines()) <= 15
    assert (target.name, target.issuer, target.roles) == ("as-example-com", URL, ["as", "rs"])
    assert target.resources["main"].url == "https://rs.example.com/things"
    main = target.clients["main"]
    assert (main.auth, main.binding, main.grants) == ("client_secret_basic", "dpop", ["client_credentials"])
    assert served.asked == ["https://as.example.com:8443/.well-known/oauth-authorization-server/tenant"]


def test_the_secret_itself_is_never_written(served: type[Served], tmp_path: Path) -> None:
    assert served
    assert 'secret = { env = "HOLDFAST_SECRET" }' in written(tmp_path)


@pytest.mark.parametrize(
    ("methods", "auth", "member"),
    [
        (["private_key_jwt"], "private_key_jwt", "key"),
        (["tls_client_auth"], "tls_client_auth", "certificate"),
        (["client_secret_post"], "client_secret_post", "secret"),
        (["none"], "none", None),
        (["unheard_of"], "client_secret_basic", "secret"),
        (None, "client_secret_basic", "secret"),
    ],
)
def test_the_client_authenticates_by_a_method_that_is_offered(
    served: type[Served], tmp_path: Path, methods: list[str] | None, auth: str, member: str | None
) -> None:
    serve(served, METADATA | {"token_endpoint_auth_methods_supported": methods})
    main = loaded(tmp_path, written(tmp_path)).clients["main"]

    assert main.auth == auth
    assert {name for name in ("key", "certificate", "secret") if getattr(main, name)} == ({member} if member else set())


def test_without_proofs_the_binding_is_the_certificate(served: type[Served], tmp_path: Path) -> None:
    serve(served, {name: value for name, value in METADATA.items() if name != "dpop_signing_alg_values_supported"})

    assert loaded(tmp_path, written(tmp_path)).clients["main"].binding == "certificate"


def test_a_ca_beside_the_file_is_named_by_its_short_path(served: type[Served], tmp_path: Path) -> None:
    assert served
    (tmp_path / "ca.pem").write_text("x")

    assert '\nca = "ca.pem"\n' in written(tmp_path, ca=tmp_path / "ca.pem")


def test_the_name_can_be_given(served: type[Served], tmp_path: Path) -> None:
    assert served
    assert loaded(tmp_path, written(tmp_path, name="mine")).name == "mine"


def test_nobody_but_the_named_host_is_contacted(served: type[Served], tmp_path: Path) -> None:
    written(tmp_path)

    assert (served.allowed("as.example.com", 1), served.allowed("evil.example.com", 443)) == (True, False)


def test_markup_in_the_metadata_stays_a_text(served: type[Served], tmp_path: Path) -> None:
    odd = 'https://rs.test/"]\nname = "other'
    serve(served, METADATA | {"protected_resources": [odd]})

    assert loaded(tmp_path, written(tmp_path)).resources["main"].url == odd


def test_letters_beyond_the_basic_plane_stay_a_text(served: type[Served], tmp_path: Path) -> None:
    odd = "https://rs.test/\U0001f511"
    serve(served, METADATA | {"protected_resources": [odd]})

    assert loaded(tmp_path, written(tmp_path)).resources["main"].url == odd


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "AS.Example.COM", "as_1.test"])
def test_any_host_makes_a_good_name(served: type[Served], tmp_path: Path, name: str) -> None:
    served.answers = {
        f"https://{name}/.well-known/oauth-authorization-server": Answer(status=200, body=json.dumps(METADATA).encode())
    }

    assert loaded(tmp_path, written(tmp_path, f"https://{name}")).name


@pytest.mark.parametrize(
    "url", ["as.example.com", "http://as.example.com", "https://", "ftp://x", "https://as:port", ""]
)
def test_what_is_no_https_url_is_a_mistake(served: type[Served], tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match=r"^init: .*: write the issuer as an https URL, such as"):
        written(tmp_path, url)
    assert served.asked == []


@pytest.mark.parametrize("metadata", [b"<html>", b"[]", b"{}", b"\xff"])
def test_a_server_without_metadata_is_a_mistake(served: type[Served], tmp_path: Path, metadata: bytes) -> None:
    serve(served, metadata)

    with pytest.raises(UsageError, match=r"publishes no metadata \(RFC 8414\) at https://.* or https://"):
        written(tmp_path)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("tls", "give its authority with --ca"), ("unreachable", "is it running?"), ("timeout", "publishes no")],
)
def test_a_server_that_cannot_be_asked_is_a_mistake(
    served: type[Served], tmp_path: Path, fault: Any, said: str
) -> None:
    address = "https://as.example.com:8443/.well-known/oauth-authorization-server/tenant"
    served.answers = {address: Answer(fault=fault, error="why")}

    with pytest.raises(UsageError, match=said.replace("?", r"\?")) as caught:
        written(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_existing_file_is_kept_unless_told(tmp_path: Path) -> None:
    file = tmp_path / "target.toml"
    file.write_text("mine")

    with pytest.raises(UsageError, match=r"exists already: give another --out, or --force"):
        first_file.put(file, "new", force=False)
    assert file.read_text() == "mine"
    first_file.put(file, "new", force=True)
    assert file.read_text() == "new"


def test_a_place_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match=r"^init: .*: give another --out$"):
        first_file.put(tmp_path / "file" / "target.toml", "new", force=False)
