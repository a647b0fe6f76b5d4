"""What a resource server publishes of itself (RFC 9728): where it lies, and cases that fail where it is wrong."""

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, outcome
from holdfast.outcome import Outcome
from holdfast.parties.resource_metadata import ResourceMetadata, place_of
from holdfast.parties.run import Message
from holdfast.wire import Answer, Request

Find = Callable[[str, str], Callable[..., None]]
CASES = "metadata/test_resource_metadata.py"
HERE, ELSEWHERE = "https://rs.test/resource", "https://elsewhere.test/"
PLACE, KEYS = "https://rs.test/.well-known/oauth-protected-resource/resource", "https://rs.test/jwks"
KEY = jose.generate()


def signed(claims: Mapping[str, object]) -> str:
    return jose.compact({"alg": "ES256"}, claims, KEY.sign)


GOOD: Mapping[str, object] = {
    "resource": HERE,
    "authorization_servers": ["https://as.test"],
    "jwks_uri": KEYS,
    "scopes_supported": ["read"],
    "bearer_methods_supported": ["header"],
    "dpop_signing_alg_values_supported": ["ES256"],
    "tls_client_certificate_bound_access_tokens": True,
    "signed_metadata": signed({"iss": "https://rs.test", "resource": HERE}),
}


class Documents:
    """Stands for a run: answers with what lies at each URL."""

    def __init__(self, documents: Mapping[str, object], kind: str = "application/json") -> None:
        self.documents = documents
        self.kind = kind
        self.asked: list[str] = []

    def send(self, message: Message, _purpose: str) -> Exchange:
        request = message.make()
        self.asked.append(request.url)
        found = self.documents.get(request.url)
        status, body = (404, b"") if found is None else (200, json.dumps(found).encode())
        answer = Answer(status=status, headers=(("Content-Type", self.kind),), body=body)
        seen = outcome(answer, message.accepted)
        return Exchange(request, answer, "document", "document", "anybody", outcome=seen)


def metadata(documents: Documents, **resource: object) -> ResourceMetadata:
    facts = {"url": HERE, "audience": None, **resource}
    endpoints = SimpleNamespace(resource_metadata=None)
    target = SimpleNamespace(endpoints=endpoints)
    bench = SimpleNamespace(
        resource=SimpleNamespace(**facts),
        running=SimpleNamespace(target=target),
        issuer=None,
        issuer_url="https://as.test",
    )
    return ResourceMetadata(cast("Any", bench), cast("Any", documents))


def published(document: Mapping[str, object], **more: object) -> ResourceMetadata:
    return metadata(Documents({PLACE: document, KEYS: {"keys": ["?", KEY.public_jwk]}, **more}))


# Where it lies


@pytest.mark.parametrize(
    ("identifier", "place"),
    [
        ("https://rs.test", "https://rs.test/.well-known/oauth-protected-resource"),
        ("https://rs.test/", "https://rs.test/.well-known/oauth-protected-resource"),
        ("https://rs.test:1/a/b", "https://rs.test:1/.well-known/oauth-protected-resource/a/b"),
        ("https://rs.test/a?b=c", "https://rs.test/.well-known/oauth-protected-resource/a?b=c"),
        ("https://rs.test/a#b", "https://rs.test/.well-known/oauth-protected-resource/a"),
    ],
)
def test_the_suffix_goes_between_host_and_path(identifier: str, place: str) -> None:
    assert place_of(identifier) == place


def test_it_is_looked_for_under_the_path_and_then_under_the_host() -> None:
    host = place_of("https://rs.test")
    documents = Documents({host: {"resource": "https://rs.test"}})

    assert metadata(documents).identifier == "https://rs.test"
    assert documents.asked == [PLACE, host]


@pytest.mark.parametrize("document", [None, [], {}, {"resource": 7}, "resource"])
def test_a_document_that_names_no_resource_is_none(document: object) -> None:
    with pytest.raises(Inconclusive, match="publishes no metadata"):
        _ = metadata(Documents({PLACE: document})).document


@pytest.mark.parametrize(
    ("told", "found"),
    [
        (PLACE, {PLACE: GOOD}),
        ("https://rs.test/nothing", {"https://rs.test/nothing": {}}),
        ("http://rs.test/other", {"http://rs.test/other": {}}),
        (ELSEWHERE, {ELSEWHERE: {}}),
    ],
)
def test_a_challenge_is_followed_to_the_resource_s_own_origin_only(told: str, found: Mapping[str, object]) -> None:
    documents = Documents({PLACE: GOOD, ELSEWHERE: GOOD, "http://rs.test/other": GOOD})
    lines = (("WWW-Authenticate", f'Bearer realm="x", resource_metadata="{told}"'), ("WWW-Authenticate", "DPoP"))
    refused = Exchange(Request("GET", HERE), Answer(status=401, headers=lines), "probe", "resource", "anybody")

    assert metadata(documents).led_to(refused, "Bearer") == found
    assert metadata(documents).led_to(refused, "DPoP") == {}
    assert ELSEWHERE not in documents.asked


def test_what_is_signed_counts_where_a_published_key_signed_it() -> None:
    other = jose.compact({"alg": "ES256"}, {"iss": "x"}, jose.generate().sign)

    assert published(GOOD).signed_claims()["iss"] == "https://rs.test"
    assert published({**GOOD, "signed_metadata": other}).signed_claims() == {}
    for missing in ("signed_metadata", "jwks_uri"):
        with pytest.raises(Inconclusive):
            published({**GOOD, missing: None}).signed_claims()


def test_the_audience_is_the_origin_where_none_is_declared() -> None:
    assert metadata(Documents({})).audience == "https://rs.test"
    assert metadata(Documents({}), audience="urn:rs").audience == "urn:rs"


# Cases: each holds for a good document, and not where one member is wrong


def holds(function: Callable[..., None], said: ResourceMetadata, **parties: object) -> bool:
    """Whether a case holds for a server that publishes this and accepts every honest request."""
    rs = SimpleNamespace(algorithms=frozenset({"ES256"}), accepts=lambda _: None, anonymous=refused, token=lambda _: "")
    given: dict[str, object] = {"resource_metadata": said, "rs": rs, **parties}
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    try:
        function(**{name: given.get(name) for name in names})
    except AssertionError:
        return False
    return True


def refused(line: str = f'DPoP resource_metadata="{PLACE}"') -> Exchange:
    answer = Answer(status=401, headers=(("WWW-Authenticate", line),))
    return Exchange(Request("GET", HERE), answer, "probe", "resource", "anybody", outcome=Outcome.REFUSED)


MEMBER = "test_member_is_what_it_has_to_be"
WRONG: list[tuple[str, str, object, dict[str, object]]] = [
    ("test_identifier_is_an_https_url", "resource", "http://rs.test/resource", {}),
    ("test_identifier_is_an_https_url", "resource", f"{HERE}#part", {}),
    ("test_identifier_has_no_query", "resource", f"{HERE}?a", {}),
    ("test_metadata_lies_where_its_identifier_says", "resource", f"{HERE}s", {}),
    ("test_members_without_a_value_are_left_out", "contacts", [], {}),
    ("test_members_without_a_value_are_left_out", "resource_name", None, {}),
    ("test_scopes_are_listed", "scopes_supported", [], {}),
    ("test_no_list_of_algorithms_names_an_unsafe_one", "resource_signing_alg_values_supported", ["None"], {}),
    ("test_no_list_of_algorithms_names_an_unsafe_one", "dpop_signing_alg_values_supported", ["HS256"], {}),
    ("test_algorithms_agree_with_the_challenge", "dpop_signing_alg_values_supported", ["ES256", "PS256"], {}),
    ("test_authorization_servers_include_the_one_that_is_trusted", "authorization_servers", ["https://x.test"], {}),
    ("test_certificate_bound_tokens_are_announced", "tls_client_certificate_bound_access_tokens", False, {}),
    ("test_signed_metadata_is_signed_and_says_by_whom", "signed_metadata", signed({"resource": HERE}), {}),
    ("test_signed_metadata_does_not_hold_itself", "signed_metadata", signed({"signed_metadata": "x"}), {}),
    (MEMBER, "authorization_servers", ["as.test"], {"kind": "https URLs"}),
    (MEMBER, "authorization_servers", "https://as.test", {"kind": "https URLs"}),
    (MEMBER, "jwks_uri", "http://rs.test/jwks", {"kind": "an https URL"}),
    (MEMBER, "scopes_supported", "read", {"kind": "texts"}),
    (MEMBER, "bearer_methods_supported", ["header", "cookie"], {"kind": "ways to present a token"}),
    (MEMBER, "tls_client_certificate_bound_access_tokens", "true", {"kind": "true or false"}),
]


@pytest.mark.parametrize(("name", "member", "value", "values"), WRONG)
def test_a_case_on_metadata_fails_where_one_member_is_wrong(
    suite_case: Find, name: str, member: str, value: object, values: dict[str, object]
) -> None:
    function = suite_case(CASES, name)
    values = {"member": member, **values}

    assert holds(function, published(GOOD), **values)
    assert not holds(function, published({**GOOD, member: value}), **values)


def test_metadata_in_a_page_is_wrong(suite_case: Find) -> None:
    function = suite_case(CASES, "test_metadata_is_a_json_object")

    assert holds(function, metadata(Documents({PLACE: GOOD}, "application/json; charset=utf-8")))
    assert not holds(function, metadata(Documents({PLACE: GOOD}, "text/html")))


def test_a_challenge_that_leads_nowhere_is_wrong(suite_case: Find) -> None:
    function = suite_case(CASES, "test_challenge_leads_to_the_metadata")
    lost = SimpleNamespace(anonymous=lambda: refused(f'DPoP resource_metadata="{ELSEWHERE}"'))

    assert holds(function, published(GOOD), scheme="DPoP")
    assert not holds(function, published(GOOD), scheme="DPoP", rs=lost)


@pytest.mark.parametrize(("listed", "good"), [([HERE], True), ([ELSEWHERE], False)])
def test_two_servers_that_do_not_name_each_other_are_wrong(suite_case: Find, listed: list[str], good: bool) -> None:  # noqa: FBT001
    server = SimpleNamespace(issuer="https://as.test", listed=lambda _: listed)

    assert (
        holds(suite_case(CASES, "test_both_servers_name_each_other"), published(GOOD), authorization_server=server)
        is good
    )


@pytest.mark.parametrize(
    ("name", "member", "value"),
    [
        ("test_who_demands_bound_tokens_takes_no_other", "dpop_bound_access_tokens_required", True),
        (
            "test_who_takes_certificate_bound_tokens_asks_for_the_certificate",
            "tls_client_certificate_bound_access_tokens",
            True,
        ),
        ("test_way_that_is_not_listed_is_not_taken", "bearer_methods_supported", ["header"]),
    ],
)
def test_deeds_that_contradict_the_words_are_wrong(suite_case: Find, name: str, member: str, value: object) -> None:
    function = suite_case(CASES, name)
    silent = {known: said for known, said in GOOD.items() if known != member}

    for seen, document, good in ((False, {**GOOD, member: value}, False), (False, silent, True), (True, GOOD, True)):
        rs = SimpleNamespace(send=lambda *_, seen=seen, **__: SimpleNamespace(refused=seen), token=lambda _: "")
        assert holds(function, published(document), rs=rs, place="query") is good


@pytest.mark.parametrize(
    ("audience", "good"),
    [("https://rs.test", True), (["https://rs.test"], True), (["https://rs.test", "https://o.test"], False)],
)
def test_a_token_for_several_is_wrong(suite_case: Find, audience: object, good: bool) -> None:  # noqa: FBT001
    token = SimpleNamespace(claims={"aud": audience})
    server = SimpleNamespace(ask=lambda *_, **__: None, read=lambda _: token)

    assert (
        holds(suite_case(CASES, "test_token_can_be_had_for_one_audience"), published(GOOD), authorization_server=server)
        is good
    )
