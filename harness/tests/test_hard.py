"""What must hold of a refusal in any wording: each word of the vocabulary holds and is broken; leaks are found."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote

import pytest

from holdfast import hard, leaks, profiles, rooms
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.profiles import Profile
from holdfast.requirements import Hard, Tables
from holdfast.signals import of_refusal
from holdfast.wire import Answer, Request

Headers = Sequence[tuple[str, str]]

SECRET = "a-secret-of-some-length"
PROOF = "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJ4In0.c2lnbmF0dXJlLW9mLXRoZS1wcm9vZg"
SIGNATURE = PROOF.split(".")[2]
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def answered(
    status: int | None = 401,
    headers: Headers = (),
    body: object = "",
    *,
    request: Request | None = None,
    endpoint: str = "resource",
    outcome: Outcome = Outcome.REFUSED,
) -> Exchange:
    content = (body if isinstance(body, str) else json.dumps(body)).encode()
    answer = Answer(status=status, headers=tuple(headers), body=content)
    asked = request or Request("GET", "https://rs.test/")
    return Exchange(asked, answer, "hostile", endpoint, "client", "", outcome)


def challenge(text: str) -> Headers:
    return [("WWW-Authenticate", text)]


def error(code: object) -> dict[str, object]:
    return {"error": code}


NO_STORE = [("Cache-Control", "max-age=0, No-Store")]
NONCE = ("DPoP-Nonce", "n")

WORDS: list[tuple[dict[str, object], Exchange, Exchange]] = [
    ({"status": [401]}, answered(401), answered(400)),
    ({"status": [400, 401]}, answered(400), answered(403)),
    ({"status": ["4xx"]}, answered(403), answered(302)),
    ({"status": ["4xx"]}, answered(451), answered(200)),
    ({"withheld": ["access_token"]}, answered(400, body=error("x")), answered(400, body={"access_token": "t"})),
    ({"withheld": ["a", "b"]}, answered(400, body="<html>"), answered(400, body={"b": None})),
    ({"json_error": [400]}, answered(400, body=error("x")), answered(400, body="<html>")),
    ({"json_error": [400, 401]}, answered(405, body="Method Not Allowed"), answered(401, body={"message": "no"})),
    ({"json_error": ["4xx"]}, answered(500), answered(405, body=error(7))),
    ({"no_store": [400]}, answered(400, NO_STORE), answered(400)),
    ({"no_store": [400]}, answered(405), answered(400, [("Cache-Control", "private")])),
    ({"challenge": [401]}, answered(401, challenge("DPoP")), answered(401)),
    ({"challenge": [401]}, answered(403), answered(401, challenge('"'))),
    ({"challenge_error": [401]}, answered(401, challenge('DPoP error="x"')), answered(401, challenge("DPoP"))),
    ({"challenge_error": [401]}, answered(400), answered(401, challenge('DPoP error=""'))),
    ({"nonce": True}, answered(401, [NONCE]), answered(401)),
    ({"nonce": True}, answered(401, [NONCE]), answered(401, [NONCE, NONCE])),
    ({"characters": True}, answered(400, body=error("x y!")), answered(400, body=error('x"'))),
    ({"characters": True}, answered(400, body=error("")), answered(400, body=error("x\u00e9"))),
    (
        {"characters": True},
        answered(401, challenge('DPoP error_description="plain"')),
        answered(401, challenge('DPoP error_description="a\\\\b"')),
    ),
    (
        {"characters": True},
        answered(400, body={"error_uri": "https://as.test/e"}),
        answered(400, body={"error_uri": "https://as.test/ e"}),
    ),
    (
        {"silent": True},
        answered(body="no", request=Request("GET", "https://rs.test/", (("DPoP", PROOF),))),
        answered(body=PROOF, request=Request("GET", "https://rs.test/", (("DPoP", PROOF),))),
    ),
    ({"traceless": True}, answered(body="no"), answered(body="Traceback (most recent call last):")),
]


@pytest.mark.parametrize(("words", "holds", "breaks"), WORDS)
def test_each_word_holds_and_is_broken(words: dict[str, object], holds: Exchange, breaks: Exchange) -> None:
    table = Hard.model_validate(words)

    assert list(hard.broken(holds, table)) == []
    assert [word for word, _, _ in hard.broken(breaks, table)] == list(words)


def test_every_word_of_the_vocabulary_is_among_these() -> None:
    told = {"requirement", "broken_as"}

    assert {name for words, _, _ in WORDS for name in words} == set(Hard.model_fields) - told


@pytest.mark.parametrize("word", ["json_error", "no_store"])
def test_what_the_http_layer_says_to_huge_headers_is_not_held_against_the_application(word: str) -> None:
    table = Hard.model_validate({word: [400]})

    def sent(octets: int) -> Exchange:
        return answered(400, body="Bad Request", request=Request("POST", "https://as.test/", (("DPoP", "x" * octets),)))

    assert list(hard.broken(sent(hard.LARGEST_HEADERS), table)) == []
    assert [found for found, _, _ in hard.broken(sent(hard.LARGEST_HEADERS - 8), table)] == [word]


def test_a_word_that_is_not_given_asserts_nothing() -> None:
    assert list(hard.broken(answered(200, body={"access_token": "t"}), Hard())) == []


def test_of_a_refusal_in_the_tls_handshake_nothing_is_asked() -> None:
    every = Hard.model_validate({"status": [401], "challenge": [401], "nonce": True})

    assert list(hard.checked(answered(None), every)) == []


def told(table: Hard, seen: Exchange) -> list[tuple[str, str]]:
    return [(word, expected) for word, expected, _ in hard.checked(seen, table)]


def test_what_is_asserted_is_told_in_words() -> None:
    table = Hard.model_validate({"status": [400, "4xx"], "withheld": ["a", "b"], "traceless": True})

    assert told(table, answered(400)) == [
        ("status", "400 or 4xx"),
        ("withheld", "no a or b"),
        ("traceless", "no stack trace"),
    ]


def test_what_is_said_of_other_statuses_is_not_asked_of_this_one() -> None:
    words = ("json_error", "no_store", "challenge", "challenge_error")
    table = Hard.model_validate({word: [401] for word in words})

    assert told(table, answered(403)) == []
    assert tuple(word for word, _ in told(table, answered(401))) == words


def test_who_sent_no_secret_is_repeated_none() -> None:
    secret = Request("GET", "https://rs.test/", (("Authorization", f"DPoP {SECRET}"),))

    assert told(Hard(silent=True), answered(401)) == []
    assert told(Hard(silent=True), answered(401, request=secret)) == [("silent", "no secret of the request repeated")]


# -- what is repeated


def posted(body: str) -> Request:
    return Request("POST", "https://as.test/token", FORM, body.encode())


@pytest.mark.parametrize(
    ("request_", "body", "kinds"),
    [
        (Request("GET", "https://rs.test/", (("Authorization", f"DPoP {SECRET}"),)), f"bad {SECRET}", ["token"]),
        (Request("GET", "https://rs.test/", (("authorization", f"Bearer {PROOF}"),)), SIGNATURE, ["token"]),
        (Request("GET", "https://rs.test/", (("dpop", PROOF),)), f'{{"proof": "{PROOF}"}}', ["proof"]),
        (Request("GET", "https://rs.test/", (("DPoP", PROOF),)), PROOF.rpartition(".")[0], []),
        (Request("GET", f"https://rs.test/?access_token={SECRET}"), SECRET, ["token"]),
        (posted(f"code={SECRET}&refresh_token={PROOF}"), f"{SECRET} {SIGNATURE}", ["code", "refresh token"]),
        (
            posted(f"client_secret={quote('a/secret+of some length', safe='')}"),
            "a/secret+of some length",
            ["client secret"],
        ),
        (
            posted(f"client_secret={quote('a/secret+of some length', safe='')}"),
            "a%2Fsecret%2Bof%20some%20length",
            ["client secret"],
        ),
        (posted(f"client_assertion={PROOF}"), PROOF, ["client assertion"]),
        (posted("token=short"), "short", []),
        (posted(f"scope={SECRET}"), SECRET, []),
        (posted(f"code={SECRET}"), SECRET[:-1], []),
        (Request("GET", "https://rs.test/"), SECRET, []),
    ],
)
def test_a_secret_of_the_request_is_found_in_the_answer(request_: Request, body: str, kinds: list[str]) -> None:
    assert leaks.repeated(request_, Answer(status=400, body=body.encode())) == kinds


def test_a_secret_is_found_in_a_header_of_the_answer() -> None:
    asked = Request("GET", "https://rs.test/", (("Authorization", f"DPoP {SECRET}"),))
    answer = Answer(status=401, headers=(("WWW-Authenticate", f'DPoP error_description="{SECRET}"'),))

    assert leaks.repeated(asked, answer) == ["token"]


def test_a_secret_in_basic_credentials_is_found_either_way() -> None:
    credentials = base64.b64encode(f"client:{SECRET}".encode()).decode()
    asked = Request("POST", "https://as.test/token", (("Authorization", f"Basic {credentials}"),))

    assert leaks.repeated(asked, Answer(status=401, body=SECRET.encode())) == ["client secret"]
    assert leaks.repeated(asked, Answer(status=401, body=credentials.encode())) == ["client secret"]
    assert leaks.repeated(asked, Answer(status=401, body=b"client")) == []


def test_credentials_that_cannot_be_read_are_no_error() -> None:
    asked = Request("POST", "https://as.test/token", (("Authorization", "Basic %%%"),))

    assert leaks.repeated(asked, Answer(status=401, body=b"no")) == []


@pytest.mark.parametrize(
    ("body", "language"),
    [
        ('Traceback (most recent call last):\n  File "/srv/app.py", line 12, in check', "Python"),
        ('{"detail": "File \\"/srv/app.py\\", line 12, in check"}', "Python"),
        ("<pre>File &quot;/srv/app.py&quot;, line 12</pre>", "Python"),
        ("java.lang.NullPointerException\n\tat com.example.Filter.run(Filter.java:41)", "Java"),
        ("at jdk.internal.Reflect.invoke0(Native Method)", "Java"),
        ("TypeError: no\n    at check (/srv/node_modules/x/index.js:10:5)", "Node.js"),
        ("Error<br> &nbsp; &nbsp;at file:///srv/server.mjs:7:19", "Node.js"),
        ("at node:internal/process/task_queues:95:5", "Node.js"),
        ("goroutine 34 [running]:\nmain.check(0xc0)\n\t/srv/main.go:10 +0x1d", "Go"),
        ("   at App.Check(String s) in /srv/Check.cs:line 12", ".NET"),
        ("System.ArgumentException: no", ".NET"),
        ("PHP Fatal error: no", "PHP"),
        ("#0 /srv/index.php(12): check()", "PHP"),
        ("<b>/srv/index.php</b> on line <b>12</b>", "PHP"),
        ("/srv/app.rb:12:in `check'", "Ruby"),
        (
            '{"error": "invalid_dpop_proof", "error_description": "the proof does not hold at https://rs.test:8444/x"}',
            "",
        ),
        ("The file was not found on line 3 of your list. Look at example.com/page:10 for more.", ""),
        ("", ""),
    ],
)
def test_a_stack_trace_is_known_by_its_look(body: str, language: str) -> None:
    assert leaks.trace(Answer(status=400, body=body.encode())) == language


# -- a refusal's signals


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(rooms.suites())


BASE = Profile(name="base", summary="x")
GOOD = [("Cache-Control", "no-store")]


def grades(seen: Exchange, situation: str, tables: Tables, profile: Profile = BASE) -> dict[str, str]:
    return {signal.name: signal.verdict for signal in of_refusal(seen, situation, seen.endpoint, tables, profile)}


def test_a_refusal_as_the_text_has_it_passes_both_ways(tables: Tables) -> None:
    seen = answered(400, GOOD, error("invalid_dpop_proof"), endpoint="token")

    assert grades(seen, "proof-invalid", tables) == {"wording": "passed", "hard": "passed"}


def test_a_tolerated_wording_and_one_beyond_are_told_apart_from_what_is_hard(tables: Tables) -> None:
    tolerated = answered(400, GOOD, error("invalid_grant"), endpoint="token")
    beyond = answered(403, GOOD, error("access_denied"), endpoint="token")
    never = answered(200, GOOD, error("invalid_dpop_proof"), endpoint="token")

    assert grades(tolerated, "proof-invalid", tables) == {"wording": "warning", "hard": "passed"}
    assert grades(beyond, "proof-invalid", tables) == {"wording": "failed", "hard": "passed"}
    assert grades(never, "proof-invalid", tables) == {"wording": "failed", "hard: status": "failed"}


def test_a_hard_assertion_is_called_by_its_own_requirement(tables: Tables) -> None:
    open_wording = answered(302, endpoint="resource")
    signals = of_refusal(open_wording, "proof-invalid", "resource", tables, BASE)

    assert {(s.name, s.verdict, s.requirement) for s in signals} == {
        ("wording", "warning", "RFC9449-7.1-15"),
        ("hard: status", "failed", "RFC9449-7.1-07"),
    }


def test_a_refusal_without_a_situation_is_held_to_what_is_always_asked(tables: Tables) -> None:
    assert grades(answered(401, challenge("DPoP")), "", tables) == {"hard": "passed"}
    assert grades(answered(401), "", tables) == {"hard: challenge": "failed"}
    assert grades(answered(400, body="<html>", endpoint="token"), "", tables) == {
        "hard: json_error": "failed",
        "hard: no_store": "warning",
    }


def test_the_grants_of_the_token_endpoint_word_their_refusals_alike(tables: Tables) -> None:
    seen = answered(400, GOOD, error("invalid_dpop_proof"), endpoint="token-code")

    assert grades(seen, "proof-invalid", tables) == {"wording": "passed", "hard": "passed"}


@pytest.mark.parametrize(
    ("octets", "wording"), [(8001, {"hard": "passed"}), (10, {"wording": "warning", "hard": "passed"})]
)
def test_too_large_is_said_without_any_error_code(tables: Tables, octets: int, wording: dict[str, str]) -> None:
    huge = Request("GET", "https://rs.test/", (("DPoP", "x" * octets),))

    assert grades(answered(431, request=huge), "proof-invalid", tables) == wording


def test_what_broke_is_only_looked_at_for_what_it_gives_away(tables: Tables) -> None:
    body = "Traceback (most recent call last):"

    assert grades(answered(500, body="", outcome=Outcome.BROKE), "proof-invalid", tables) == {}
    assert grades(answered(500, body=body, outcome=Outcome.BROKE), "", tables) == {"hard: traceless": "noted"}


def test_what_was_accepted_has_no_signals(tables: Tables) -> None:
    assert grades(answered(200, outcome=Outcome.ACCEPTED), "proof-invalid", tables) == {}


def test_a_profile_asks_for_more(tables: Tables) -> None:
    text = {
        "id": "P-1",
        "where": ["resource"],
        "summary": "a failed step gives 401",
        "hard": {"status": [401], "requirement": "RFC9449-7.1-10"},
        "situations": ["E-RS-02"],
        "basis": "b",
    }
    stricter = Profile.model_validate({"name": "p", "summary": "x", "always": [text]})
    seen = answered(400, challenge('DPoP error="invalid_dpop_proof"'))

    assert grades(seen, "proof-invalid", tables) == {"wording": "warning", "hard": "passed"}
    assert grades(seen, "proof-invalid", tables, stricter) == {"wording": "warning", "hard: status": "failed"}
    assert grades(seen, "several-credentials", tables, stricter) == {"wording": "warning", "hard": "passed"}


def test_every_shipped_rule_names_requirements_and_situations_that_exist(tables: Tables) -> None:
    shipped = [
        *tables.always,
        *(a for p in profiles.names(rooms.suites()) for a in profiles.load(rooms.suites(), p).always),
    ]
    resting = [*(s.hard for s in tables.situations), *(rule.hard for rule in shipped)]
    known = {situation.id for situation in tables.situations}

    assert {found.requirement for found in resting} - {""} <= set(tables.requirements)
    assert {name for rule in shipped for name in rule.situations} <= known
    assert all(rule.hard.model_fields_set - {"requirement", "broken_as"} for rule in shipped)
    assert all(rule.hard.requirement or rule.hard.broken_as for rule in shipped)
