"""What is asked of a server after it has issued: introspection, revocation, registration, metadata; and tokens read."""

import json
import threading
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.masking import Masker
from holdfast.outcome import Outcome
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.client import Client, Registration, Token
from holdfast.parties.keys import KeyRing
from holdfast.parties.registration import ClientRegistration
from holdfast.parties.run import Run, Worker
from holdfast.parties.token_life import claims_of
from holdfast.proofs import ABSENT
from holdfast.wire import Answer, Request

KEY, OTHER = jose.generate(), jose.generate()
GRANTS = ("client_credentials",)
CLIENT = Client("client", "dpop", Registration("me", "client_secret_basic", "secret", None, GRANTS, "read"), KEY)
ASKING = Client(
    "introspector", "none", Registration("rs", "client_secret_basic", "s", parameters={"resource": "r"}), KEY
)
Answering = Callable[[Request], tuple[int, object] | None]


def signed(claims: Mapping[str, object], key: jose.Key = KEY, **header: object) -> str:
    return jose.compact({"alg": "ES256", **header}, claims, key.sign)


class Server:
    """A wire to a server that answers by one function; keeps what was asked."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.asked: list[Request] = []

    def send(self, request: Request, *, again: object = None) -> Answer:
        del again
        self.asked.append(request)
        answered = self.answering(request)
        if answered is None:
            return Answer(fault="reset", error="cut")
        return Answer(status=answered[0], body=json.dumps(answered[1]).encode())

    @property
    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(request.body.decode())) for request in self.asked]


def bench(metadata: Mapping[str, object], token: object = None, issuer: str = "https://as.test/t") -> Any:
    names = ("token", "introspection", "revocation", "registration", "jwks")
    target = SimpleNamespace(
        endpoints=SimpleNamespace(metadata=None),
        registration=SimpleNamespace(token=token),
        resources={"main": SimpleNamespace(scope="read")},
    )
    return SimpleNamespace(
        endpoints={name: f"https://as.test/{name}" for name in names},
        clients={"client": CLIENT, "introspector": ASKING},
        metadata=metadata,
        issuer_url=issuer,
        masker=Masker(),
        keys=KeyRing(),
        now=lambda: 1_000.0,
        running=SimpleNamespace(target=target, other_resource_server=None),
        checked=lambda _key, find, wanted, what: "" if find() is wanted else what,
    )


def run(answering: Answering) -> tuple[Run, Server]:
    server = Server(answering)
    return Run(Worker(cast("Any", server)), threading.Event()), server


def server(answering: Answering, issuer: str = "https://as.test/t", **metadata: object) -> AuthorizationServer:
    return AuthorizationServer(bench(metadata, issuer=issuer), run(answering)[0])


# Tokens


def test_an_altered_token_keeps_header_and_signature_and_says_what_was_done() -> None:
    token = Token(signed({"sub": "a", "cnf": {"jkt": "x"}}), "DPoP", 0)
    altered = token.altered(cnf={"jkt": "y"})

    assert altered.claims == {"sub": "a", "cnf": {"jkt": "y"}}
    assert altered.value.split(".")[::2] == token.value.split(".")[::2]
    assert not jose.verify(altered.value, KEY.public_jwk)
    assert "cnf" in altered.minted
    with pytest.raises(Inconclusive, match="no JWT"):
        Token("opaque", "DPoP", 0).altered(cnf={})


@pytest.mark.parametrize(
    ("value", "kind"),
    [("a", "string"), (1, "number"), (1.5, "number"), (True, "boolean"), ([], "list"), ({}, "object"), (None, "null")],
)
def test_a_claim_is_of_one_kind(value: object, kind: str) -> None:
    token = Token(signed({"claim": value}), "DPoP", 0)

    assert (token.kind("claim"), token.kind("other")) == (kind, "absent")


def test_a_token_tells_scopes_audiences_and_its_life() -> None:
    token = Token(signed({"scope": "a b", "aud": ["x", "y"], "iat": 1, "exp": 61}), "DPoP", 0)

    assert (sorted(token.scope), sorted(token.audiences), token.lifetime) == (["a", "b"], ["x", "y"], 60)
    assert Token(signed({"aud": "x"}), "DPoP", 0).audiences == {"x"}
    assert Token("opaque", "DPoP", 0, response={"expires_in": 5}).lifetime == 5
    assert not Token("opaque", "DPoP", 0).scope | Token("opaque", "DPoP", 0).audiences
    with pytest.raises(Inconclusive, match="how long"):
        _ = Token("opaque", "DPoP", 0).lifetime


# Introspection and revocation


def issuing(request: Request) -> tuple[int, object]:
    form = dict(parse_qsl(request.body.decode()))
    if request.url.endswith("/token"):
        return 200, {"access_token": f"for-{form.get('resource', 'anybody')}", "token_type": "DPoP"}
    return 200, {"active": form.get("token") == "for-r"}


def test_what_vouches_for_a_resource_server_is_a_token_that_is_meant_for_it() -> None:
    of_case, wire = run(issuing)
    seen = AuthorizationServer(bench({}), of_case).introspect("stolen", ASKING)

    assert (seen.outcome, of_case.worker.controls) == (Outcome.REFUSED, {("introspection", "introspector"): ""})
    assert [form.get("token", form.get("resource")) for form in wire.forms] == ["r", "for-r", "stolen"]


def test_what_vouches_for_a_refused_revocation_is_one_of_a_fresh_token() -> None:
    of_case, wire = run(issuing)
    AuthorizationServer(bench({}), of_case).revoke("a-token", CLIENT, secret="wrong")

    assert [form.get("token") for form in wire.forms] == [None, "for-anybody", "a-token"]


def test_there_is_no_revocation_of_nothing() -> None:
    with pytest.raises(Inconclusive, match="gave none"):
        server(issuing).revoked("", CLIENT)


def test_a_try_may_be_accepted_or_refused_and_has_to_be_answered() -> None:
    assert not server(lambda _: (400, {"error": "invalid_grant"})).tries_to_revoke("t", CLIENT).accepted
    assert server(lambda _: (200, {})).tries_to_revoke("t", CLIENT).accepted
    with pytest.raises(Inconclusive, match="neither accepted nor refused"):
        server(lambda _: None).tries_to_revoke("t", CLIENT)


def test_guesses_are_counted_by_status_and_an_honest_revocation_stands_after_them() -> None:
    answering = server(lambda request: (200, {"access_token": "t"}) if b"hint" not in request.body else (500, {}))

    assert answering.revoke_at_random(CLIENT, 3) == [500, 500, 500]
    with pytest.raises(Inconclusive, match="revocation endpoint"):
        server(lambda request: (200, {"access_token": "t"}) if "/token" in request.url else (400, {})).revoke_at_random(
            CLIENT, 1
        )


# Metadata and keys


def test_a_signature_counts_by_the_published_key_that_it_names() -> None:
    published = {"keys": [{**KEY.public_jwk, "kid": "one"}, {**OTHER.public_jwk, "kid": "two"}, "odd"]}
    answering = server(lambda _: (200, published))

    assert answering.signed(signed({}, kid="one"))
    assert answering.signed(signed({}))
    assert not answering.signed(signed({}, kid="two"))
    assert not answering.signed(signed({}, jose.generate()))
    assert not answering.signed("no.jwt.at-all")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("https://as.test", "url"),
        ("http://as.test", "string"),
        (["a"], "list"),
        ([], "other"),
        ([1], "other"),
        (False, "boolean"),
        ("false", "string"),
        ({}, "other"),
    ],
)
def test_a_member_of_the_metadata_is_of_one_kind(value: object, kind: str) -> None:
    answering = server(issuing, member=value)

    assert (answering.kind("member"), answering.kind("other")) == (kind, "absent")


def test_metadata_lies_before_the_issuers_path_and_openids_behind_it() -> None:
    of_case, wire = run(lambda request: (200, {"issuer": "i"} if "oauth" in request.url else {}))
    asked = AuthorizationServer(bench({}), of_case)

    assert asked.document("oauth-authorization-server").accepted
    assert asked.documents() == [{"issuer": "i"}]
    assert [request.url.removeprefix("https://as.test") for request in wire.asked] == [
        "/.well-known/oauth-authorization-server/t",
        "/.well-known/oauth-authorization-server/t",
        "/t/.well-known/openid-configuration",
    ]


def test_claims_of_what_is_no_jwt_are_none() -> None:
    assert (claims_of(signed({"iss": "i"})), claims_of("no")) == ({"iss": "i"}, {})


@pytest.mark.parametrize(
    ("plain", "answers"),
    [
        ((401, {"error": "invalid_client"}), True),
        ((400, {"error": "use https"}), False),
        ((301, {}), False),
        (None, False),
    ],
)
def test_without_tls_only_the_same_answer_counts(plain: tuple[int, object] | None, *, answers: bool) -> None:
    def answering(request: Request) -> tuple[int, object] | None:
        if request.url.startswith("http:"):
            assert "secret" not in repr((request.headers, request.body))
            return plain
        known = any(name == "Authorization" for name, _ in request.headers)
        return (200, {"access_token": "t"}) if known else (401, {"error": "invalid_client"})

    assert server(answering).answers_without_tls("token", CLIENT) is answers


def test_without_tls_nothing_is_said_of_a_server_that_tells_no_errors_or_serves_nobody() -> None:
    with pytest.raises(Inconclusive, match="no error"):
        server(lambda r: (200, {"access_token": "t"}) if len(r.headers) > 3 else (401, {})).answers_without_tls(
            "token", CLIENT
        )
    with pytest.raises(Inconclusive, match="not accepted"):
        server(lambda _: (401, {"error": "invalid_client"})).answers_without_tls("token", CLIENT)


# Registration


def registering(answering: Answering, token: object = None) -> tuple[ClientRegistration, Server]:
    of_case, wire = run(answering)
    return ClientRegistration(bench({}, token), of_case), wire


def echo(request: Request) -> tuple[int, object]:
    said = json.loads(request.body)
    return (201, {**said, "client_id": "new", "client_secret": "a-secret-of-it"}) if said else (400, {"error": "bad"})


def test_a_registered_client_is_what_the_answer_says() -> None:
    registration, wire = registering(echo)
    client = registration.client(registration.registered(scope="less", dpop_bound_access_tokens=ABSENT))

    assert "dpop_bound_access_tokens" not in json.loads(wire.asked[0].body)
    assert (client.registered.id, client.registered.secret, client.registered.scope) == (
        "new",
        "a-secret-of-it",
        "less",
    )
    assert (client.registered.auth, client.registered.grants, client.proves) == ("client_secret_basic", GRANTS, True)


def test_the_honest_registration_goes_before_another_one() -> None:
    registration, wire = registering(echo)
    seen = registration.register(dpop_bound_access_tokens="true")

    assert [json.loads(one.body)["dpop_bound_access_tokens"] for one in wire.asked] == [True, "true"]
    assert (seen.accepted, seen.difference) == (True, "dpop_bound_access_tokens: true")


def test_an_endpoint_that_registers_nonsense_vouches_for_nothing() -> None:
    of_case, _ = run(lambda _: (201, {"client_id": "new"}))
    ClientRegistration(bench({}), of_case).register()

    assert [judged.protected for judged in of_case.vouch()] == [
        "an empty list in place of a client's metadata, at the registration endpoint,"
    ]


def test_who_may_not_register_is_told_what_to_write() -> None:
    registration, _ = registering(lambda _: (401, {"error": "invalid_token"}))
    with pytest.raises(Inconclusive, match=r"\[registration\] token"):
        registration.registered()
    with pytest.raises(Inconclusive, match="no client was registered"):
        registration.client(registration.register())
