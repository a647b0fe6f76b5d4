from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.errors import UsageError
from holdfast.requirements import Tables
from holdfast.selftest.flaws import Flaw, load, twins

GOOD = """
[[flaw]]
id = "htu-left-out"
says = "htu is not compared"
guard = "proof.htu"
at = ["token use"]
breaks = ["RFC9449-4.3-11-RS"]
"""


@pytest.fixture
def table(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "table.toml").write_text(text)
        return tmp_path

    return write


def test_a_flaw_has_a_twin_for_each_of_its_endpoints(table: Callable[[str], Path]) -> None:
    found = list(twins(load(table(GOOD))))

    assert [twin.id for twin in found] == [
        f"htu-left-out@{place}" for place in ("resource", "resource-post", "userinfo")
    ]
    assert [twin.is_at("userinfo") for twin in found] == [False, False, True]


def test_a_flaw_that_is_at_several_endpoints_together_has_one_twin(table: Callable[[str], Path]) -> None:
    (twin,) = twins(load(table(GOOD + "together = true\n")))

    assert twin.id == "htu-left-out"
    assert [place for place in ("resource", "userinfo", "par") if twin.is_at(place)] == ["resource", "userinfo"]


def test_flaws_of_one_guard_share_what_they_break(table: Callable[[str], Path]) -> None:
    text = '[guards."proof.htu"]\nbreaks = ["A"]\n' + GOOD.replace('breaks = ["RFC9449-4.3-11-RS"]', "")

    assert load(table(text))["htu-left-out"].breaks == ("A",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "holds no flaws: write [[flaw]] into a file there"),
        ("[[flaw]\n", "table.toml: "),
        (GOOD + GOOD, "table.toml: htu-left-out: is there twice: give one of them another id"),
        (GOOD + 'surprise = "x"\n', "table.toml: htu-left-out: surprise: Extra inputs are not permitted"),
        (GOOD.replace('guard = "proof.htu"', ""), "seam guard needs a guard, and no other seam has one"),
        (GOOD.replace("token use", "teapot"), "at: unknown teapot"),
        (GOOD + 'equivalent = "nobody can see it"\n', "write breaks, or equivalent with the argument"),
        (GOOD + '[[flaw.exceptions]]\ncases = ["x"]\nbecomes = "passed"\nwhy = "so"\n', "exceptions.0.why"),
    ],
)
def test_a_mistake_in_a_table_is_named_with_its_place(table: Callable[[str], Path], text: str, line: str) -> None:
    folder = table(text)
    with pytest.raises(UsageError) as raised:
        load(folder)

    assert line in str(raised.value)


def test_flaws_that_are_shipped_name_requirements_that_exist() -> None:
    tables = Tables(rooms.suites())
    flaws = load(rooms.reference_impls() / "flawed" / "flaws")

    assert {name for flaw in flaws.values() for name in flaw.breaks} - set(tables.requirements) == set()


def test_a_flaw_is_one_sentence(table: Callable[[str], Path]) -> None:
    flaws = load(rooms.reference_impls() / "flawed" / "flaws")

    assert [flaw.id for flaw in flaws.values() if flaw.says.rstrip().endswith(".") or "\n" in flaw.says] == []
    assert all(isinstance(flaw, Flaw) for flaw in flaws.values())
    assert load(table(GOOD))
