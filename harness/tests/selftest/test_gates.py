from holdfast.selftest.flaws import Flaw, Twin
from holdfast.selftest.gates import unflawed, unkilled
from holdfast.selftest.twin_run import Check, Fact, Outcome

PASSED, FAILED = Fact("passed", "token"), Fact("failed", "token")
WORDED = Fact("passed", "token", (Check("E-1 wording", "400", "token", held=False),))
OPEN = Fact("inconclusive", "token")


def outcome(**facts: Fact) -> dict[str, Outcome]:
    return {"twin": Outcome("twin", facts)}


def at(*places: str, guard: str = "g") -> Twin:
    flaw = Flaw.model_validate({"id": "f", "says": "it is wrong", "guard": guard, "breaks": ["R-1"]})
    return Twin(flaw, places)


def test_a_case_that_catches_nothing_is_told_and_an_undecided_one_catches_nothing() -> None:
    honest = {"a": PASSED, "b": PASSED, "c": PASSED, "d": PASSED, "not here": OPEN}

    assert unkilled([honest], outcome(a=FAILED, b=WORDED, c=OPEN, d=PASSED)) == ["c", "d"]


def test_a_guard_without_a_flaw_is_told_with_the_endpoints_at_which_it_refuses() -> None:
    honest = {"a": Fact("passed", "", trips=frozenset({"g@token", "g@par", "h@par"}))}

    assert list(unflawed(["g", "h"], [honest], [at("token")])) == ["guard g: no flaw at par", "guard h: no flaw"]
    assert list(unflawed(["g", "h"], [honest], [at(), at("par", guard="h")])) == []
    assert list(unflawed(["g", "h"], [honest], [at("token"), at("par"), at(guard="h")])) == []


def test_what_a_case_makes_of_a_twin_is_one_of_three_things() -> None:
    assert [fact.seen for fact in (PASSED, FAILED, WORDED, OPEN)] == ["passed", "caught", "caught", "undecided"]
