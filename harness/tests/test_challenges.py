"""What a resource server says when it refuses, read to the letter; each case on it fails where one thing is wrong."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast import challenge_syntax, jose
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.parties import faults
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Registration
from holdfast.parties.script import ORIGIN, Script
from holdfast.wire import Answer, Request

DPOP = 'DPoP algs="ES256 PS256", error="invalid_token", error_description="no good"'
BEARER = 'Bearer realm="here"'
GOOD = [DPOP, BEARER]
Find = Callable[[str, str], Callable[..., None]]
REQUEST = Request("GET", "https://rs.test/resource")


# Reading


@pytest.mark.parametrize(
    "values",
    [
        GOOD,
        [f"{BEARER}, {DPOP}"],
        ["Bearer, DPoP"],
        ["Bearer"],
        ["Negotiate abc=="],
        ['DPoP  error = "x" , algs=ES256'],
        ['Bearer error="\\"quoted\\", and a comma"'],
        ['Bearer realm="größer"'],
    ],
)
def test_a_list_of_challenges_is_read(values: list[str]) -> None:
    assert challenge_syntax.unreadable(values) == []


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        ("", "the field is empty"),
        ('Bearer realm="a" error="b"', """' error="b"' follows without a comma"""),
        ('Bearer realm="a",, DPoP', "the list has an empty element"),
        ("Bearer,", "the list has an empty element"),
        ('error="x"', """'error="x"' is neither a challenge nor a parameter of one"""),
        ('Bearer error="a"b"', """'b"' follows without a comma"""),
        ("Bearer error=invalid token", "'Bearer error=invalid token' is neither a challenge nor a parameter of one"),
        ('DPoP algs=["ES256"]', """'DPoP algs=["ES256"]' is neither a challenge nor a parameter of one"""),
        ('Bearer error="open', """'Bearer error="open' is neither a challenge nor a parameter of one"""),
        ('Negotiate abc==, error="x"', """'error="x"' is neither a challenge nor a parameter of one"""),
    ],
)
def test_what_is_no_list_of_challenges_is_told(value: str, flaw: str) -> None:
    assert challenge_syntax.unreadable([value]) == [flaw]


def test_a_parameter_of_one_line_does_not_belong_to_the_challenge_of_another() -> None:
    assert len(challenge_syntax.unreadable([BEARER, 'error="x"'])) == 1


def test_escapes_are_undone_and_names_are_compared_in_lower_case() -> None:
    values = ['dpop ERROR="a\\"b"', 'Bearer error="c"']

    assert challenge_syntax.parameters(values, "error") == [("dpop", 'a"b'), ("bearer", "c")]


def test_long_values_are_cut_where_they_are_shown() -> None:
    (said,) = challenge_syntax.outside_characters([f'Bearer scope="{"ü" * 500}"'])

    assert len(said) < 300


# Cases: each holds for a good answer, and not where one thing is wrong


def answered(lines: Sequence[str] = GOOD, status: int = 401, headers: Sequence[tuple[str, str]] = ()) -> Exchange:
    answer = Answer(status=status, headers=(*(("WWW-Authenticate", line) for line in lines), *headers))
    refused = Outcome.ACCEPTED if status == 200 else Outcome.REFUSED
    return Exchange(REQUEST, answer, "hostile", "resource", "client", outcome=refused)


def holds(function: Callable[..., None], seen: Exchange, **values: Any) -> bool:
    """Whether a case holds where every request is answered so."""
    place = SimpleNamespace(
        fails=lambda *_, **__: seen, send=lambda *_, **__: seen, lesser_token=str, token=str, mint=lambda *_, **__: ""
    )
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    try:
        function(**{name: values.get(name, place) for name in names})
    except AssertionError:
        return False
    return True


SYNTAX, WORDING = "dpop/test_challenge_syntax.py", "dpop/test_challenges.py"
WRONG: list[tuple[str, str, dict[str, object], Exchange, Exchange]] = [
    (SYNTAX, "test_challenges_are_a_list_that_can_be_read", {}, answered(), answered([f"{DPOP} {BEARER}"])),
    (SYNTAX, "test_no_parameter_stands_twice_in_a_challenge", {}, answered(), answered([f'{BEARER}, realm="b"'])),
    (SYNTAX, "test_no_parameter_stands_twice_in_a_challenge", {}, answered(), answered([f'{DPOP}, error="b"'])),
    (SYNTAX, "test_parameters_keep_to_their_characters", {}, answered(), answered(['Bearer scope="ä"'])),
    (SYNTAX, "test_parameters_keep_to_their_characters", {}, answered(), answered(['DPoP error="a\\"b"'])),
    (SYNTAX, "test_parameters_keep_to_their_characters", {}, answered(), answered(['DPoP error_description="\\\\"'])),
    (SYNTAX, "test_parameters_keep_to_their_characters", {}, answered(), answered(['DPoP error_uri="no uri"'])),
    (SYNTAX, "test_algorithms_are_names_with_spaces_between_them", {}, answered(), answered(['DPoP algs="A,B"'])),
    (SYNTAX, "test_algorithms_are_names_with_spaces_between_them", {}, answered(), answered(['DPoP algs="[A]"'])),
    (SYNTAX, "test_algorithms_are_names_with_spaces_between_them", {}, answered(), answered(['DPoP algs=""'])),
    (SYNTAX, "test_bearer_challenge_has_a_parameter", {}, answered(), answered([f"{DPOP}, Bearer"])),
    (SYNTAX, "test_needed_scope_keeps_to_its_characters", {}, answered(status=403), answered(['DPoP scope="a\\\\b"'])),
    (
        SYNTAX, "test_what_a_request_says_does_not_break_out_of_the_challenge", {"change": {}},
        answered([DPOP, 'DPoP htu="\\", holdfast=\\"injected"']), answered(['DPoP htu="", holdfast="injected"']),
    ),
    (
        SYNTAX, "test_what_a_request_says_does_not_break_out_of_the_challenge", {"change": {}},
        answered(), answered(headers=[("Holdfast", "injected")]),
    ),
    (WORDING, "test_failed_request_is_answered_with_a_challenge", {}, answered(), answered([])),
    (WORDING, "test_challenge_offers_dpop", {}, answered(), answered([BEARER])),
    (WORDING, "test_who_presented_no_token_is_told_of_no_error", {}, answered([BEARER]), answered()),
    (
        WORDING, "test_who_presented_no_token_is_told_of_no_error", {},
        answered([BEARER]), answered(['Bearer error_description="no"']),
    ),
    (WORDING, "test_who_presented_a_token_is_told_of_an_error", {}, answered(), answered([BEARER])),
    (
        WORDING, "test_error_tells_a_bad_token_from_a_bad_proof", {"codes": {"invalid_token"}},
        answered(), answered(['DPoP error="invalid_dpop_proof"']),
    ),
    (
        WORDING, "test_error_tells_a_bad_token_from_a_bad_proof", {"codes": {"invalid_token"}},
        answered(), answered([BEARER]),
    ),
    (WORDING, "test_error_is_a_registered_one", {}, answered(), answered(['DPoP error="dpop_error"'])),
    (WORDING, "test_token_that_does_not_suffice_is_answered_with_401", {}, answered(), answered(status=403)),
    (WORDING, "test_invalid_request_is_answered_with_400", {}, answered(), answered(status=400)),
    (
        WORDING, "test_invalid_request_is_answered_with_400", {},
        answered(['DPoP error="invalid_request"'], 400), answered(['DPoP error="invalid_request"'], 401),
    ),
    (
        WORDING, "test_error_stands_in_the_challenge_of_the_scheme_that_was_used", {"used": "dpop"},
        answered(), answered([DPOP, 'Bearer error="invalid_token"']),
    ),
    (
        WORDING, "test_error_stands_in_the_challenge_of_the_scheme_that_was_used", {"used": "bearer"},
        answered([DPOP]), answered(),
    ),
    (
        WORDING, "test_bad_token_is_named_in_the_dpop_challenge", {"odd": {}},
        answered(), answered([BEARER, 'Bearer error="invalid_token"']),
    ),
    (WORDING, "test_action_beyond_the_scope_is_refused", {}, answered(status=403), answered(status=200)),
    (
        WORDING, "test_insufficient_scope_is_answered_with_403", {},
        answered(['DPoP error="insufficient_scope"'], 403), answered(['DPoP error="insufficient_scope"'], 401),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("file", "name", "values", "good", "wrong"), WRONG)
def test_a_case_on_challenges_fails_where_one_thing_is_wrong(
    suite_case: Find, file: str, name: str, values: dict[str, object], good: Exchange, wrong: Exchange
) -> None:
    function = suite_case(file, name)

    assert holds(function, good, **values)
    assert not holds(function, wrong, **values)


@pytest.mark.parametrize(("cached", "good"), [("private, max-age=9", True), ("No-Store", True), ("public", False)])
def test_an_answer_to_a_token_in_the_query_is_private_or_there_is_none(
    suite_case: Find,
    cached: str,
    good: bool,  # noqa: FBT001
) -> None:
    function = suite_case(WORDING, "test_answer_to_a_token_in_the_query_is_private")

    assert holds(function, answered([], 200, [("Cache-Control", cached)])) is good
    assert holds(function, answered())


# Scripts


@pytest.mark.parametrize(
    ("headers", "sees"),
    [
        ({"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "dpop-nonce, WWW-Authenticate"}, True),
        ({"Access-Control-Allow-Origin": ORIGIN, "Access-Control-Expose-Headers": "*"}, True),
        ({"Access-Control-Allow-Origin": "*"}, False),
        ({"Access-Control-Expose-Headers": "WWW-Authenticate"}, False),
        ({"Access-Control-Allow-Origin": "https://other.test", "Access-Control-Expose-Headers": "*"}, False),
    ],
)
def test_a_script_sees_what_is_exposed_to_its_origin(
    suite_case: Find,
    headers: dict[str, str],
    sees: bool,  # noqa: FBT001
) -> None:
    seen = answered(headers=list(headers.items()))
    script = Script(cast("Any", None))

    assert script.sees(seen, "WWW-Authenticate") is sees
    function = suite_case("dpop/test_cross_origin.py", "test_challenge_is_exposed_to_scripts")
    assert holds(function, seen, script=script) is sees


@pytest.mark.parametrize(
    ("allowed", "proof", "token"),
    [("DPoP, authorization", True, True), ("*", True, False), ("authorization", False, True), ("", False, False)],
)
def test_a_star_allows_every_header_but_authorization(allowed: str, proof: bool, token: bool) -> None:  # noqa: FBT001
    headers = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", allowed)]
    script = Script(cast("Any", None))

    assert script.may_send(answered(headers=headers), "DPoP") is proof
    assert script.may_send(answered(headers=headers), "Authorization") is token


# Ways of failing


THIEF = Client("thief", "dpop", Registration(id="t", auth="none"), jose.generate())


@pytest.mark.parametrize("name", [name for name, words in faults.FAULTS.items() if words is not None])
def test_a_way_of_failing_is_said_in_words_that_send_knows(name: str) -> None:
    words = faults.change(name, THIEF)

    assert words
    assert Change.of(words).difference


def test_another_key_is_the_thief_s() -> None:
    assert faults.change("other-key", THIEF) == {"key": THIEF.key}
    assert faults.change("no-credentials", THIEF) is None
    with pytest.raises(KeyError):
        faults.change("no-such-fault", THIEF)
