"""Codes and refresh tokens are spent by whoever uses them: what is judged and what vouches for it get their own."""

import itertools
import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.masking import Masker
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration, Token
from holdfast.parties.run import Run, Worker
from holdfast.parties.server_messages import Code, ServerMessages
from holdfast.wire import Answer, Request, Wire

GRANTS = ("client_credentials", "authorization_code", "refresh_token")
CLIENT = Client("client", "dpop", Registration(id="me", auth="none", grants=GRANTS), jose.generate("ES256"))
FORGED = Change.of({"signature": "flipped"})


class TokenServer:
    """Takes the place of the wire: a token endpoint that takes a right proof, and remembers which grant was used."""

    def __init__(self, *, rotates: bool = True, demands: str = "") -> None:
        self.rotates = rotates
        self.demands = demands
        self.used: list[tuple[str, int]] = []
        self._rotated = itertools.count(100)

    def send(self, request: Request, again: Callable[[], Request] | None = None) -> Answer:
        del again
        form = dict(parse_qsl(request.body.decode()))
        answer = self._answer(form, dict(request.headers)["DPoP"])
        self.used.append((form.get("refresh_token") or form["code"], answer.status or 0))
        return answer

    def _answer(self, form: dict[str, str], proof: str) -> Answer:
        claims = cast("dict[str, Any]", jose.decode(proof).claims)
        if self.demands and claims.get("nonce") != self.demands:
            body = {"error": "use_dpop_nonce"}
            return Answer(status=400, headers=(("DPoP-Nonce", self.demands),), body=json.dumps(body).encode())
        if not jose.verify(proof, CLIENT.key.public_jwk, "ES256"):
            return Answer(status=400, body=b'{"error": "invalid_dpop_proof"}')
        said = {"access_token": "a-token-of-some-length", "token_type": "DPoP"}
        if self.rotates and "refresh_token" in form:
            said["refresh_token"] = f"refresh-token-number-{next(self._rotated)}"
        return Answer(status=200, body=json.dumps(said).encode())


class Server(ServerMessages):
    """An authorization server whose codes and refresh tokens are numbered."""

    def __init__(self, bench: Bench, run: Run, flows: "itertools.count[int]") -> None:
        super().__init__(bench, run)
        self.flows = flows
        self.fetched: list[str] = []

    def code(self, client: Client) -> Code:
        self.fetched.append(f"code-{next(self.flows)}")
        return Code(self.fetched[-1], "a-verifier", client.registered.redirect_uri)

    def token(self, client: Client, *, user: bool = False) -> Token:
        assert (client.name, user) == ("client", True)
        self.fetched.append(f"refresh-{next(self.flows)}")
        return Token("a-token", "DPoP", 0.0, self.fetched[-1])

    def granted(self, client: Client, *, user: bool = False, **change: object) -> Token:
        raise NotImplementedError


class Stand:
    def __init__(self, **how: Any) -> None:
        self.wire = TokenServer(**how)
        self.worker = Worker(cast("Wire", self.wire))
        facts = {"endpoints": {"token": "https://as.test/token"}, "issuer_url": "https://as.test", "masker": Masker()}
        self.bench = cast("Bench", SimpleNamespace(**facts, now=lambda: 1_900_000_000.0))
        self.flows = itertools.count(1)

    def case(self, grant: str) -> Server:
        """Judge one hostile request and send what vouches for it, as a case does."""
        run = Run(self.worker, threading.Event())
        server = Server(self.bench, run, self.flows)
        run.judge(server.grant_message(CLIENT, grant=grant, change=FORGED))
        run.vouch()
        return server


def test_every_request_with_a_code_has_its_own() -> None:
    stand = Stand()
    stand.case("authorization_code")

    assert stand.wire.used == [("code-1", 200), ("code-2", 400), ("code-3", 200)]


def test_what_is_judged_has_a_refresh_token_that_no_other_request_has() -> None:
    stand = Stand()
    for _ in range(3):
        stand.case("refresh_token")

    hostile = [token for token, status in stand.wire.used if status == 400]
    honest = [token for token, status in stand.wire.used if status == 200]
    assert hostile == ["refresh-2", "refresh-3", "refresh-4"]
    assert len({*hostile, *honest}) == len(stand.wire.used)


def test_controls_live_on_what_the_control_before_them_was_given() -> None:
    stand = Stand()
    first, second = stand.case("refresh_token"), stand.case("refresh_token")

    honest = [token for token, status in stand.wire.used if status == 200]
    assert honest == ["refresh-1", "refresh-token-number-100", "refresh-token-number-101"]
    assert (len(first.fetched), len(second.fetched)) == (2, 1)


def test_a_refresh_token_that_is_not_rotated_stays_good_for_the_next_control() -> None:
    stand = Stand(rotates=False)
    stand.case("refresh_token")

    assert stand.wire.used == [("refresh-1", 200), ("refresh-2", 400), ("refresh-1", 200)]


def test_the_next_group_begins_with_a_code_flow_of_its_own() -> None:
    stand = Stand()
    stand.case("refresh_token")
    stand.worker.forget_controls()
    stand.case("refresh_token")

    assert [token for token, status in stand.wire.used if status == 200][2:] == [
        "refresh-3",
        "refresh-token-number-102",
    ]


@pytest.mark.parametrize(("grant", "name"), [("authorization_code", "code"), ("refresh_token", "refresh")])
def test_a_challenge_is_answered_with_the_same_grant(grant: str, name: str) -> None:
    stand = Stand(demands="a-nonce")
    run = Run(stand.worker, threading.Event())
    run.send(Server(stand.bench, run, stand.flows).grant_message(CLIENT, grant=grant), "control")

    assert stand.wire.used == [(f"{name}-1", 400), (f"{name}-1", 200)]


def test_a_challenge_is_answered_with_the_same_grant_on_a_connection_of_its_own() -> None:
    stand = Stand(demands="a-nonce")
    run = Run(stand.worker, threading.Event())
    run.apart = True
    run.send(
        Server(stand.bench, run, stand.flows).grant_message(CLIENT, grant="refresh_token", change=FORGED), "hostile"
    )

    assert [token for token, _ in stand.wire.used] == ["refresh-1", "refresh-1"]


def test_an_honest_request_that_is_judged_keeps_nothing_for_controls() -> None:
    stand = Stand()
    run = Run(stand.worker, threading.Event())
    seen = run.judge(Server(stand.bench, run, stand.flows).grant_message(CLIENT, grant="refresh_token"))

    assert seen.accepted
    assert stand.worker.refresh_tokens == {}


def test_a_server_that_gives_no_refresh_token_leaves_nothing_to_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "token", lambda *_, **__: Token("a-token", "DPoP", 0.0))
    stand = Stand()

    with pytest.raises(Inconclusive, match="gave no refresh token"):
        stand.case("refresh_token")


def test_each_grant_has_controls_of_its_own() -> None:
    stand = Stand()
    run = Run(stand.worker, threading.Event())
    server = Server(stand.bench, run, stand.flows)

    assert len({server.grant_message(CLIENT, grant=grant).family for grant in GRANTS}) == 3
