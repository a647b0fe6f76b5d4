"""Sessions that begin at one listener: with which certificate, and what takes them up; where there is but one."""

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from holdfast import jose, pki
from holdfast.errors import Inconclusive
from holdfast.handshakes import Handshake, Version
from holdfast.parties import sessions
from holdfast.parties.client import Client, Registration, Token
from holdfast.parties.run import Run, Worker
from holdfast.target_model import Resource, TargetTable
from holdfast.wire import Answer, Request

if TYPE_CHECKING:
    from holdfast.parties.bench import Bench
    from holdfast.parties.tokens import TokenShelf
    from holdfast.wire import Wire

RS, AS, ALIAS = "https://rs.test/resource", "https://as.test/token", "https://mtls.as.test:8443/token"
OPENS, REFUSED = Answer(status=200, body=b"canary"), Answer(status=401)
GRANTED = Answer(status=200, body=b'{"access_token": "t", "token_type": "Bearer"}')
OWN = pki.self_signed("own")
CLIENT = Client(
    "tls_client",
    "certificate",
    Registration(id="tls", auth="tls_client_auth", grants=("client_credentials",)),
    jose.generate("ES256"),
    OWN,
)


class Stand:
    """The party, and a wire that answers one thing and keeps what it was given."""

    def __init__(self, answer: Answer, aliases: dict[str, str] | None = None) -> None:
        self.answer, self.requests = answer, list[Request]()
        facts: dict[str, object] = {
            "endpoints": {"token": AS},
            "aliases": aliases or {},
            "issuer_url": "",
            "honest": None,
        }
        facts |= {"clients": {"thief": CLIENT}, "resource": Resource(url=RS, canary="canary"), "now": lambda: 0.0}
        bench = SimpleNamespace(**facts, masker=SimpleNamespace(learn=lambda *_: None))
        shelf = SimpleNamespace(get=lambda *_, **__: Token("t", "Bearer", 60.0))
        run = Run(Worker(cast("Wire", self)), threading.Event())
        self.party = sessions.Sessions(cast("Bench", bench), run, cast("TokenShelf", shelf))

    def send(self, request: Request, again: Any = None) -> Answer:
        assert again is None or callable(again)
        self.requests.append(request)
        return self.answer


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("certificate", [None, OWN])
def test_a_session_of_nobody_begins_with_the_certificate_whatever_comes_back(
    version: Version, certificate: pki.Credential | None
) -> None:
    for answer in (OPENS, REFUSED):
        stand = Stand(answer, {"token": ALIAS})
        again = [stand.party.of_nobody(where, certificate, version) for where in ("resource", "token")]

        assert [request.url for request in stand.requests] == [RS, AS]
        assert {request.certificate for request in stand.requests} == {certificate}
        assert {request.handshake for request in stand.requests} == {Handshake(version=version)}
        assert [one.resumes for one in again] == ["https://rs.test:443", "https://as.test:443"]
        assert {one.version for one in again} == {version}


def test_a_session_of_nobody_needs_an_answer() -> None:
    with pytest.raises(Inconclusive, match="neither accepted nor refused"):
        Stand(Answer(fault="timeout", error="no whole answer")).party.of_nobody("resource", OWN, "1.3")


@pytest.mark.parametrize(
    ("aliases", "url", "resumes"),
    [({}, AS, "https://as.test:443"), ({"token": ALIAS}, ALIAS, "https://mtls.as.test:8443")],
)
def test_a_client_begins_one_where_it_authenticates(aliases: dict[str, str], url: str, resumes: str) -> None:
    stand = Stand(GRANTED, aliases)
    again = stand.party.of_a_client("token", CLIENT, "1.2")

    assert [(request.url, request.certificate) for request in stand.requests] == [(url, OWN)]
    assert again == Handshake(version="1.2", resumes=resumes)


def test_a_client_begins_one_at_the_resource_with_its_token() -> None:
    stand = Stand(OPENS)
    again = stand.party.of_a_client("resource", CLIENT, "1.3")

    assert dict(stand.requests[0].headers)["Authorization"] == "Bearer t"
    assert stand.requests[0].certificate == OWN
    assert again == Handshake(version="1.3", resumes="https://rs.test:443")


@pytest.mark.parametrize("where", ["resource", "token"])
def test_a_client_that_is_refused_begins_none(where: sessions.Where) -> None:
    with pytest.raises(Inconclusive, match="was not accepted"):
        Stand(REFUSED).party.of_a_client(where, CLIENT, "1.3")


# Where there is but one listener


def bench(resource: str | None = RS, **endpoints: str) -> "Bench":
    table: dict[str, object] = {"name": "t", "roles": ["as", "rs"], "issuer": "https://as.test"}
    if resource is not None:
        table["resources"] = {"main": {"url": resource, "canary": "c"}}
    aliases = {"token": endpoints.pop("alias")} if "alias" in endpoints else {}
    running = SimpleNamespace(target=TargetTable.model_validate(table))
    return cast("Bench", SimpleNamespace(running=running, endpoints=endpoints, aliases=aliases))


@pytest.mark.parametrize("where", [{"token": AS}, {"token": RS, "alias": ALIAS}, {"token": "https://rs.test:8443/"}])
def test_two_origins_are_two_listeners(where: dict[str, str]) -> None:
    assert sessions.lacking(bench(**where)) == ""


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (bench(token="https://rs.test/token"), "asked at one listener, https://rs.test"),
        (bench(token="https://RS.test:443/token"), "asked at one listener, https://rs.test:443"),
        (bench(token=AS, alias="https://rs.test/mtls"), "asked at one listener, https://rs.test"),
        (bench(token="http://as.test/token"), "http://as.test/token is asked without TLS"),
        (bench(None, token=AS), "declares no [resources]"),
        (bench(), "has no authorization server"),
    ],
)
def test_a_target_lacks_them_with_a_reason(on: "Bench", said: str) -> None:
    assert said in sessions.lacking(on)
