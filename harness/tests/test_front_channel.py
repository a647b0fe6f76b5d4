"""The suite's browser: where a visit ends, what it amounts to, and what is not taken for the client's doing."""

import threading
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, issued
from holdfast.outcome import Outcome
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration
from holdfast.parties.front_channel import FrontChannel
from holdfast.parties.run import Message, Purpose, Run, Worker
from holdfast.parties.user_agent import STEPS, UserAgent, returned
from holdfast.signals import seen_wording
from holdfast.target_model import Authorization
from holdfast.wire import Answer, Request, Wire

if TYPE_CHECKING:
    from holdfast.parties.bench import Bench

AS = "https://as.test"
CALLBACK = "https://client.test/callback"
CLIENT = Client(
    "client", "dpop", Registration(id="me", auth="client_secret_basic", scope="a b offline_access"), jose.generate()
)


def sent_to(url: str, *more: tuple[str, str]) -> Answer:
    return Answer(status=302, headers=(("Location", url), *more))


def page(html: str, status: int = 200) -> Answer:
    return Answer(status=status, headers=(("Content-Type", "text/html"),), body=html.encode())


class Site:
    """Answers by path, and remembers what it was sent."""

    def __init__(self, pages: Mapping[str, Answer]) -> None:
        self.pages = pages
        self.requests: list[Request] = []

    def send(self, request: Request, again: object = None) -> Answer:
        del again
        self.requests.append(request)
        return self.pages[request.url.removeprefix(AS).partition("?")[0]]


class Visit:
    def __init__(self, pages: Mapping[str, Answer], driver: Authorization | None) -> None:
        self.site = Site(pages)
        self.run = Run(Worker(cast("Wire", self.site)), threading.Event())
        target = SimpleNamespace(authorization=driver)
        self.bench = cast("Bench", SimpleNamespace(running=SimpleNamespace(target=target)))

    def to(self, *ends: str, purpose: Purpose = "hostile") -> Exchange:
        where = [CALLBACK, *ends]
        message = Message(
            "authorization",
            "the user",
            lambda: Request("GET", f"{AS}/authorize?a=b"),
            lambda answer: bool({"code", "access_token"} & returned(answer, where).keys()),
            "parameters: a=b",
            absorbs=False,
        )
        return UserAgent(self.bench, self.run).walk(message, where, purpose)


def visit(driver: str = "redirect", /, **pages: Answer) -> Visit:
    named = Authorization.model_validate({"driver": driver, "fields": {"user": "alice", "password": "x"}})
    return Visit({f"/{name}": answer for name, answer in pages.items()}, named)


# Where it ends


@pytest.mark.parametrize("come_back", ["?code=c1&state=s", "#access_token=t1", "?state=s&code=c1"])
def test_a_code_or_a_token_for_the_client_is_an_acceptance(come_back: str) -> None:
    seen = visit(authorize=sent_to(f"{CALLBACK}{come_back}")).to()

    assert seen.accepted
    assert {"code", "access_token"} & returned(seen.answer, [CALLBACK]).keys()


def test_an_error_for_the_client_is_a_refusal_that_is_named() -> None:
    seen = visit(authorize=sent_to(f"{CALLBACK}?error=invalid_scope&state=s")).to()

    assert (seen.refused, seen.error) == (True, "invalid_scope")
    assert seen_wording(seen) == "302, error invalid_scope"


@pytest.mark.parametrize("status", [200, 400, 403])
def test_a_page_that_leads_nowhere_is_a_refusal(status: int) -> None:
    assert visit(authorize=page("<p>no</p>", status)).to().refused


def test_a_server_that_breaks_is_not_one_that_refuses() -> None:
    assert visit(authorize=page("Traceback", 500)).to().broke


def test_the_client_is_never_asked_itself() -> None:
    asked = visit(authorize=sent_to(f"{CALLBACK}?code=c1"))
    asked.to()

    assert [request.url for request in asked.site.requests] == [f"{AS}/authorize?a=b"]


def test_a_redirect_to_what_was_asked_for_is_the_end_and_no_acceptance_elsewhere() -> None:
    asked = visit(authorize=sent_to("https://evil.test/callback?code=c1"))

    assert asked.to("https://evil.test/callback").accepted
    assert returned(asked.site.pages["/authorize"], [CALLBACK]) == {}


def test_what_the_server_sends_itself_is_not_for_the_client() -> None:
    hops = visit(authorize=sent_to(f"{AS}/step?code=internal"), step=page("<p>no</p>", 400))

    assert hops.to().refused


def test_a_form_that_posts_itself_to_the_client_is_what_it_is_told() -> None:
    form = f'<form action="{CALLBACK}" method="post"><input name="code" value="c1"></form>'

    for driver in ("redirect", "form"):
        seen = visit(driver, authorize=page(form)).to()
        assert (seen.accepted, returned(seen.answer, [CALLBACK])) == (True, {"code": "c1"})


def test_a_field_called_code_in_a_login_is_no_acceptance() -> None:
    form = '<form action="/login" method="post"><input name="code" value=""></form>'

    assert visit(authorize=page(form)).to().refused


# The way there


def test_every_step_of_the_way_is_gone_with_the_cookies_of_the_last() -> None:
    hops = visit(
        authorize=sent_to("/login", ("Set-Cookie", "session=1; Path=/")),
        login=sent_to(f"{AS}/resume", ("Set-Cookie", "session=2")),
        resume=sent_to(f"{CALLBACK}?code=c1"),
    )
    seen = hops.to(purpose="control")

    assert seen.accepted
    assert [dict(r.headers).get("Cookie") for r in hops.site.requests] == [None, "session=1", "session=2"]


def test_a_visit_of_several_steps_has_the_outcome_of_its_end_and_one_difference() -> None:
    hops = visit(authorize=sent_to("/login"), login=sent_to("/resume"), resume=page("<p>no</p>", 400))
    hops.to()

    said = [(e.purpose, e.difference, e.outcome) for e in hops.run.exchanges]
    assert said == [
        ("hostile", "parameters: a=b", Outcome.REFUSED),
        ("ground", "", Outcome.NONE),
        ("ground", "", Outcome.REFUSED),
    ]


def test_a_form_is_filled_in_as_the_target_file_says() -> None:
    form = '<form action="/login" method="post"><input name="user"><input name="csrf" value="7"></form>'
    hops = visit("form", authorize=page(form), login=sent_to(f"{CALLBACK}?code=c1"))

    assert hops.to().accepted
    assert (hops.site.requests[1].method, hops.site.requests[1].body) == ("POST", b"user=alice&csrf=7")


def test_a_way_without_an_end_is_inconclusive() -> None:
    round_and_round = visit(authorize=sent_to("/authorize"))

    with pytest.raises(Inconclusive, match=f"in {STEPS} steps"):
        round_and_round.to()


def test_nobody_can_consent_where_the_target_file_does_not_say_how() -> None:
    with pytest.raises(Inconclusive, match="no user can consent"):
        Visit({}, None).to()


# What is asked


def test_near_a_redirect_uri_is_written_with_its_pieces() -> None:
    client = Client("client", "dpop", Registration(id="me", auth="none", redirect_uri=CALLBACK), CLIENT.key)

    assert FrontChannel.near(client, "{uri}/deeper") == f"{CALLBACK}/deeper"
    assert FrontChannel.near(client, "{scheme}://{host}@evil.test{PATH}") == "https://client.test@evil.test/CALLBACK"


def test_a_text_is_filled_in_with_the_clients_thumbprint() -> None:
    assert CLIENT.spelt("$jkt ") == f"{CLIENT.jkt} "
    assert CLIENT.spelt('{"jkt":"$padded"}') == f'{{"jkt":"{CLIENT.jkt}="}}'


def test_what_a_client_may_ask_for_is_in_the_order_of_its_file() -> None:
    assert CLIENT.scopes == ["a", "b"]


def test_secrets_in_a_redirect_are_known_for_secrets() -> None:
    found = dict(issued(sent_to(f"{CALLBACK}?code=c1#access_token=t%2B1&id_token=i1")))

    assert found == {"c1": "code", "t+1": "token", "i1": "id-token"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parameters": {"dpop_jkt": ("a", "b")}}, "parameters: dpop_jkt=a and b"),
        ({"parameters": {"scope": None}}, "parameters: scope=absent"),
        ({"secret": None}, "secret: absent"),
        ({"audience": "https://a.test"}, "audience: https://a.test"),
    ],
)
def test_a_change_is_told_in_words(change: dict[str, Any], said: str) -> None:
    assert Change.of(change).difference == said
