"""Two virtual hosts of a proxy: what a case's words become, what the lab makes for them, and what a file has to say."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cryptography import x509

from holdfast import jose, pki, targets
from holdfast.assemble import _cast, _derived
from holdfast.discover import Discovered
from holdfast.errors import Inconclusive, UsageError
from holdfast.handshakes import Handshake
from holdfast.launch.material import ClientMaterial, Material
from holdfast.parties.arrival import Arrival
from holdfast.parties.client import Client
from holdfast.parties.keys import KeyRing
from holdfast.parties.origin_server import Reply
from holdfast.parties.proxy_alone import ProxyAlone
from holdfast.parties.proxy_http2 import ProxyOverHttp2
from holdfast.parties.run import Run, Worker
from holdfast.target_model import Proxy
from holdfast.wire import Answer, Request, Wire

GUESTS = pki.new_authority("Guests")
GUEST = Client("guest", "certificate", None, jose.generate("ES256"), GUESTS.issue_client("guest"), authority=GUESTS)


class Behind:
    """What arrived behind the proxy: all the same, whatever is sent."""

    def __init__(self, *lines: str) -> None:
        self._head = "\r\n".join(["GET / HTTP/1.1", *lines]).encode()

    def answer(self, mark: str, reply: Reply) -> None:
        pass

    def arrived(self, _mark: str) -> list[Arrival]:
        return [Arrival(self._head)]

    def forget(self, mark: str) -> None:
        pass


class Told:
    """A wire that keeps what it was to send, and answers every request with its canary."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def send(self, request: Request, **_: object) -> Answer:
        self.requests.append(request)
        [mark] = [value.removeprefix("holdfast-") for name, value in request.headers if name.lower() == "holdfast-mark"]
        return Answer(200, body=f"answered behind the proxy: {mark}".encode())


def party(
    kind: type[ProxyAlone], *, other: str | None = "other.test", arrives: Sequence[str] = ()
) -> tuple[ProxyAlone, Told]:
    facts = Proxy(alone="https://proxy.test:8447/", other_host=other, header="Client-Cert", encoding="rfc9440")
    running = SimpleNamespace(target=SimpleNamespace(proxy=facts))
    bench = cast("Any", SimpleNamespace(running=running, origin=Behind(*arrives), shown_by_proxy=None))
    wire, stop = Told(), cast("Any", SimpleNamespace(is_set=lambda: False))
    return kind(bench, Run(Worker(cast("Wire", wire)), stop)), wire


@pytest.mark.parametrize(
    ("named", "asks", "server_name", "host"),
    [
        ("first", "", "proxy.test", "proxy.test:8447"),
        ("other", "", "other.test", "other.test:8447"),
        ("other", "first", "other.test", "proxy.test:8447"),
        ("first", "other", "proxy.test", "other.test:8447"),
    ],
)
def test_one_host_is_named_in_the_handshake_and_perhaps_another_in_the_request(
    named: str, asks: str, server_name: str, host: str
) -> None:
    alone, _ = party(ProxyAlone)

    assert alone.called(named, asks, version="1.2") == {
        "handshake": Handshake(version="1.2", server_name=server_name),
        "host": host,
    }


def test_the_host_that_is_asked_stands_in_the_only_host_line() -> None:
    alone, wire = party(ProxyAlone)
    alone.tried(GUEST, **alone.called("first", asks="other"))

    [sent] = wire.requests
    assert (sent.url, sent.handshake) == ("https://proxy.test:8447/", Handshake(server_name="proxy.test"))
    assert [value for name, value in sent.headers if name == "Host"] == ["other.test:8447"]


def test_over_http2_it_stands_in_authority() -> None:
    over_http2, wire = party(ProxyOverHttp2)
    over_http2.tried(GUEST, **over_http2.called("first", asks="other"))

    [sent] = wire.requests
    assert sent.http2 is not None
    assert [value for name, value in sent.http2.pseudo or () if name == ":authority"] == ["other.test:8447"]
    assert [name for name, _ in sent.headers] == ["holdfast-mark"]


def test_a_host_that_the_file_does_not_name_cannot_be_called() -> None:
    alone, _ = party(ProxyAlone, other=None)

    with pytest.raises(Inconclusive, match=r"\[proxy\] other_host"):
        alone.called("first")


def test_ground_is_only_what_tells_of_the_certificate() -> None:
    shown = party(ProxyAlone)[0].forged(GUEST)
    telling, wire = party(ProxyAlone, arrives=[f"Client-Cert: {shown}"])
    silent, _ = party(ProxyAlone, arrives=["Client-Cert: :AAAA:"])

    assert telling.tells(GUEST).speaks("Client-Cert", shown)
    assert [request.certificate for request in wire.requests] == [GUEST.certificate]
    with pytest.raises(Inconclusive, match="the certificate of guest is not told"):
        silent.tells(GUEST)


def running(kind: str = "process", **own: Any) -> Any:
    facts = Proxy(alone="https://proxy.test/", encoding="rfc9440", **own)
    target = SimpleNamespace(
        proxy=facts, trusted_hop=None, resources={}, authorization=None, introspection=SimpleNamespace(id=None)
    )
    lab = pki.new_authority("Lab")
    return SimpleNamespace(
        target=target,
        kind=kind,
        authority=lab,
        guests=GUESTS,
        clients={},
        resource_server=None,
        other_resource_server=None,
    )


def test_a_guest_is_certified_by_the_other_authority_and_by_no_other() -> None:
    guest = _cast(running(other_host="other.test"), KeyRing())["guest"]

    assert guest.certificate is not None
    guest.certificate.certificate.verify_directly_issued_by(GUESTS.certificate)
    assert guest.trusted is GUESTS
    assert "guest" not in _cast(running(), KeyRing())


def test_two_hosts_are_a_capability() -> None:
    found = Discovered(endpoints={}, capabilities=frozenset(), metadata={}, aliases={}, findings=())

    assert "other-host" in _derived(running(other_host="other.test"), found, {}, None)
    assert "other-host" not in _derived(running(), found, {}, None)


def test_the_lab_writes_the_authority_of_the_guests_beside_its_own(tmp_path: Path) -> None:
    lab = pki.new_authority("Lab")
    Material(lab, GUESTS, {}, ClientMaterial("rs", "rs", "none")).write(tmp_path, ["other.test"])
    server = x509.load_pem_x509_certificate((tmp_path / "server.crt").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert ((tmp_path / "ca.pem").read_bytes(), (tmp_path / "guests.pem").read_bytes()) == (lab.pem, GUESTS.pem)
    assert "other.test" in names.get_values_for_type(x509.DNSName)


FILE = """
name = "front"
roles = ["proxy"]
[vars]
authority = "{guests}"
[listeners]
front = { port = 9443 }
[[services]]
name = "front"
listeners = ["front"]
process = ["{here}/proxy", "{guests}"]
[resources.main]
url = "{url.front}/resource"
canary = "protected"
[proxy]
alone = "{url.front}/"
other_host = "other.test"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('alone = "{url.front}/"\n', "", 'proxy.other_host: needs alone = "https://..."'),
        (FILE[FILE.index("[[services]]") : FILE.index("[resources")], "", "proxy.other_host: needs a target that the"),
    ],
)
def test_a_file_says_what_a_second_host_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("target.toml")
    file.write_text(FILE)
    assert targets.load(str(file)).proxy == Proxy(alone="{url.front}/", other_host="other.test")

    file.write_text(FILE.replace(old, new))
    with pytest.raises(UsageError) as caught:
        targets.load(str(file))
    assert said in str(caught.value)
