import pytest

from holdfast.cases import Mark
from holdfast.selftest.expected import candidates, expected, idle_exceptions, reaches, visits
from holdfast.selftest.flaws import Flaw, Twin
from holdfast.selftest.twin_run import Check, Fact

MARKS = {
    "a[token]": Mark("R-1"),
    "b[token]": Mark("R-2", also=("R-1",)),
    "c[par]": Mark("R-1"),
    "d[token]": Mark("R-3"),
}
WORDED = Check("E-1 wording", "400, error invalid", "token", held=True)
HONEST = {
    "a[token]": Fact(
        "passed", "token", (WORDED,), "", frozenset({"g@token"}), frozenset({"token"}), frozenset({"g@token"})
    ),
    "b[token]": Fact(
        "passed", "token", (), "", frozenset({"other@token"}), frozenset({"token"}), frozenset({"other@token"})
    ),
    "c[par]": Fact("passed", "par", (), "", frozenset({"g@par"}), frozenset({"par"}), frozenset({"g@par"})),
    "d[token]": Fact(
        "passed", "token", (), "", frozenset({"g@token"}), frozenset({"token", "par"}), frozenset({"g@token"})
    ),
}


def twin(*places: str, **said: object) -> Twin:
    given = {"id": "f", "says": "it is wrong", "guard": "g", "breaks": ["R-1"], **said}
    return Twin(Flaw.model_validate(given), places)


def caught(one: Twin) -> set[str]:
    return {case for case, becomes in expected(one, MARKS, HONEST).items() if becomes == "caught"}


@pytest.mark.parametrize(
    ("one", "cases"),
    [
        (twin("token"), {"a[token]"}),
        (twin("par"), {"c[par]"}),
        (twin(), {"a[token]", "c[par]"}),
        (twin("token", breaks=["R-1", "R-3"]), {"a[token]", "d[token]"}),
        (twin("token", breaks=["R-1", "R-3"], only=["^d"]), {"d[token]"}),
        (twin("token", over_strict=True), {"a[token]", "b[token]"}),
        (twin("token", seam="inside", guard="", does="x"), {"a[token]", "b[token]"}),
        (twin("token", seam="answer", guard="", does="x", signals=["error invalid"]), {"a[token]"}),
        (twin("par", seam="answer", guard="", does="x", signals=["error invalid"]), set()),
        (twin("token", breaks=[], equivalent="nobody can see it"), set()),
    ],
)
def test_who_must_catch_a_twin_follows_from_requirement_endpoint_and_guard(one: Twin, cases: set[str]) -> None:
    assert caught(one) == cases


def test_an_exception_says_otherwise_with_its_reason_and_only_where_it_is_meant() -> None:
    but = {"cases": ["^a"], "becomes": "undecided", "why": "another check refuses this one"}
    everywhere, elsewhere = twin("token", exceptions=[but]), twin("token", exceptions=[{**but, "at": ["par"]}])

    assert expected(everywhere, MARKS, HONEST)["a[token]"] == "undecided"
    assert expected(elsewhere, MARKS, HONEST)["a[token]"] == "caught"


def test_an_exception_that_changes_nothing_is_told() -> None:
    idle = {"cases": ["^c"], "becomes": "passed", "why": "it is at another endpoint anyway"}
    used = {"cases": ["^a"], "becomes": "passed", "why": "another check refuses this one"}

    assert idle_exceptions(twin("token", exceptions=[idle, used]), MARKS, HONEST) == [idle["why"]]


def test_candidates_are_found_by_marks_alone() -> None:
    assert candidates(twin("token"), MARKS) == {"a[token]", "b[token]", "c[par]"}


def reached(one: Twin) -> list[str]:
    return [case for case, fact in HONEST.items() if reaches(one, fact)]


def visited(one: Twin) -> list[str]:
    return [case for case, fact in HONEST.items() if visits(one, fact)]


def test_a_case_that_never_asks_the_endpoint_of_a_flaw_does_not_come_there() -> None:
    assert visited(twin("par")) == ["c[par]", "d[token]"]
    assert reached(twin("par", over_strict=True)) == ["c[par]", "d[token]"]


def test_tokens_are_got_beforehand_so_that_every_case_may_come_to_the_token_endpoint() -> None:
    assert visited(twin("token")) == list(HONEST)
    assert visited(twin()) == list(HONEST)


def test_a_guard_that_is_left_out_is_met_where_it_refuses() -> None:
    assert reached(twin("token")) == ["a[token]", "d[token]"]
    assert reached(twin()) == ["a[token]", "c[par]", "d[token]"]
