from collections.abc import Mapping

from holdfast.cases import Mark
from holdfast.selftest.flaws import Flaw, Twin
from holdfast.selftest.judge_the_judge import BESIDE, Plan, Seen, ask, in_turn
from holdfast.selftest.twin_run import Ask, Fact

MANY = 400
CAUGHT = "caught[token]"


def fact(place: str, *, refused: bool, guard: str = "g") -> Fact:
    asked = frozenset({f"{guard}@{place}"})
    refusals = asked if refused else frozenset[str]()
    return Fact("passed", place, (), "", refusals, frozenset({place}), refusals, asked)


HONEST: Mapping[str, Fact] = {
    CAUGHT: fact("token", refused=True),
    **{f"refused elsewhere {number}": fact("par", refused=True) for number in range(MANY)},
    **{f"let in {number}": fact("par", refused=False) for number in range(MANY)},
    **{f"another guard {number}": fact("userinfo", refused=True, guard="other") for number in range(MANY)},
}
MARKS = {case: Mark("R-1" if case == CAUGHT else "R-2") for case in HONEST}


def asked(*, full: bool, whole: bool = True, **said: object) -> tuple[frozenset[str], int]:
    given = {"id": "f", "says": "it is wrong", "guard": "g", "breaks": ["R-1"], **said}
    twin = Twin(Flaw.model_validate(given), ())
    seen = Seen(MARKS, honest={("strict", "default"): HONEST})
    return ask(Plan([twin], whole, full), twin, seen).cases or frozenset(), seen.reached["f"]


def of(cases: frozenset[str], kind: str) -> int:
    return sum(case.startswith(kind) for case in cases)


def test_a_usual_selftest_asks_who_must_catch_it_and_a_twentieth_of_those_that_can() -> None:
    cases, reached = asked(full=False)

    assert CAUGHT in cases
    assert reached == MANY + 1
    assert MANY / 40 < of(cases, "refused elsewhere") < MANY / 10
    assert of(cases, "let in") == of(cases, "another guard") == 0


def test_a_full_selftest_asks_all_that_can_meet_the_flaw_and_some_of_those_that_cannot() -> None:
    cases, reached = asked(full=True)

    assert reached == MANY + 1 == of(cases, "refused elsewhere") + 1
    assert 0 < of(cases, "let in") < MANY / 10
    assert 0 < of(cases, "another guard") < MANY / 10


def test_a_guard_that_is_too_strict_is_met_where_it_is_asked() -> None:
    cases, reached = asked(full=True, guard="other", over_strict=True, breaks=["R-9"])

    assert reached == MANY == of(cases, "another guard")


def test_a_guard_that_is_asked_where_tokens_are_issued_is_met_by_all_who_need_one() -> None:
    assert asked(full=True, over_strict=True, breaks=["R-9"])[1] == len(HONEST)


def test_a_flaw_that_is_met_at_few_endpoints_says_so() -> None:
    _, reached = asked(full=True, guard="", seam="answer", does="lies", met_at=["userinfo"], breaks=["R-9"])

    assert reached == MANY


def test_nothing_else_is_asked_where_nothing_honest_gets_through() -> None:
    cases, reached = asked(full=True, nothing_else="nothing honest gets through")

    assert cases == {CAUGHT}
    assert reached == 1


def test_who_waits_has_others_at_its_side_and_the_longest_come_first() -> None:
    def one(name: str, cases: int, *, waits: bool = False) -> Ask:
        return Ask(name, "strict", "default", {}, {}, frozenset(map(str, range(cases))), waits)

    others = [one(f"other-{cases}", cases) for cases in range(20)]
    waiting = [one("waits-1", 1, waits=True), one("waits-9", 9, waits=True)]

    found = [ask.name for ask in in_turn([*others, *waiting])]

    longest = [f"other-{cases}" for cases in reversed(range(20))]
    assert found == ["waits-9", *longest[:BESIDE], "waits-1", *longest[BESIDE:]]
