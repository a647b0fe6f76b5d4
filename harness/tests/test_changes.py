"""The words for a change: sorted, shown, and never swallowed."""

from typing import Any

import pytest

from holdfast import jose, proofs
from holdfast.parties.changes import REQUEST_CHANGES, Change
from holdfast.proofs import ABSENT, Literal

KEY = jose.generate("ES256")


def test_no_word_means_an_honest_message() -> None:
    honest = Change.of({})

    assert (honest.difference, honest.absorbs, dict(honest.proof), dict(honest.request)) == ("", True, {}, {})


def test_words_are_sorted_into_proof_and_request() -> None:
    change = Change.of({"htm": "POST", "scheme": "Bearer"})

    assert (dict(change.proof), dict(change.request)) == ({"htm": "POST"}, {"scheme": "Bearer"})
    assert change.get("scheme", "DPoP") == "Bearer"
    assert change.get("method", "GET") == "GET"


def test_no_word_means_two_things() -> None:
    assert not set(proofs.DEFECTS) & set(REQUEST_CHANGES)


def test_a_word_that_nobody_knows_is_a_mistake_and_never_swallowed() -> None:
    with pytest.raises(TypeError, match=r"unknown change htn; known are .*htm"):
        Change.of({"htn": "GET"})


@pytest.mark.parametrize(
    ("words", "absorbs"),
    [
        ({"htm": "POST"}, True),
        ({"signature": "flipped"}, True),
        ({"key": KEY}, True),
        ({"token": "x"}, True),
        ({"nonce": ABSENT}, False),
        ({"nonce": "made-up"}, False),
        ({"proof": None}, False),
        ({"proof": "a.b.c"}, False),
        ({"downgraded": "Bearer"}, False),
    ],
)
def test_a_challenge_is_answered_only_where_it_hides_the_change(words: dict[str, Any], absorbs: bool) -> None:  # noqa: FBT001 - a column
    assert Change.of(words).absorbs is absorbs


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ({"htm": "POST"}, "htm: POST"),
        ({"jti": ABSENT}, "jti: absent"),
        ({"proof": None}, "proof: absent"),
        ({"iat": Literal("soon")}, "iat: 'soon'"),
        ({"iat": -60}, "iat: -60"),
        ({"key": KEY}, f"key: another ({KEY.thumbprint[:12]}…)"),
        ({"parameters": {"scope": None, "a": "b"}}, "parameters: scope=absent, a=b"),
        ({"headers": {"Client-Cert": "x" * 200}}, f"headers: Client-Cert={'x' * 40}…"),
        ({"proof": "x" * 200}, f"proof: {'x' * 120}…"),
    ],
    ids=range(9),
)
def test_a_change_is_shown_to_a_reader(words: dict[str, Any], shown: str) -> None:
    assert Change.of(words).difference == shown
