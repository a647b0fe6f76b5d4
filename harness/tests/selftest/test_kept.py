from dataclasses import replace
from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.selftest import kept, matrix
from holdfast.selftest.flaws import Becomes
from holdfast.selftest.kept import Kept, digester
from holdfast.selftest.twin_run import Ask, Check, Fact, Outcome

FIRST, SECOND = "dpop/test_jti.py::test_first", "dpop/test_jti.py::test_second"
MUST: dict[str, Becomes] = {FIRST: "caught", SECOND: "passed"}
ASK = Ask("flaw@token", "strict", "default", {"seam": "guard"}, {}, frozenset(MUST), waits=False)
SPOILT = Check("E-RS-02 wording", "401", "resource", held=False, at="resource")
FACTS = {FIRST: Fact("failed", "token", (SPOILT,), "let in"), SECOND: Fact("passed", "token")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Kept(tmp_path).whole(ASK, Outcome(ASK.name, FACTS))
    return tmp_path


def test_what_was_seen_is_not_asked_again_and_told_as_it_was(folder: Path) -> None:
    again = Kept(folder)
    rest = again.rest(ASK, MUST)

    assert rest.cases == frozenset()
    assert again.answers(rest)
    assert again.pairs == len(MUST)
    assert again.whole(rest, Outcome(ASK.name, {})).facts == FACTS


def test_what_must_not_be_is_asked_again(folder: Path) -> None:
    again = Kept(folder)
    rest = again.rest(ASK, {**MUST, SECOND: "caught"})

    assert rest.cases == frozenset({SECOND})
    assert not again.answers(rest)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ASK, flaw={"seam": "answer"}),
        replace(ASK, variant="opaque"),
        replace(ASK, vars={"nonces": "off"}),
        replace(ASK, endpoints={"par": "https://localhost/par"}),
        replace(ASK, waits=True),
    ],
)
def test_another_twin_of_that_name_is_asked_everything(folder: Path, changed: Ask) -> None:
    assert Kept(folder).rest(changed, MUST).cases == ASK.cases


def test_nothing_is_kept_of_another_state_of_the_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_ground", lambda _target: "another")

    assert Kept(folder).rest(ASK, MUST).cases == ASK.cases


def test_nothing_is_kept_of_another_state_of_the_case(folder: Path) -> None:
    assert Kept(folder, by_case=lambda case: f"{case} {case == FIRST}").rest(ASK, MUST).cases == ASK.cases


def test_a_case_is_its_file_and_what_the_tables_say_of_what_it_cites() -> None:
    tables, found = Tables(rooms.suites()), list[Collected]()
    matrix.with_cases(tables, found.extend, "test_jti or test_htm")
    spoilt = Tables(rooms.suites())
    cited = next(one.mark.requirement for one in found if "test_jti" in one.item.nodeid)
    spoilt.requirements[cited] = spoilt.requirements[cited].model_copy(update={"level": "MAY"})
    before, after = digester(found, tables), digester(found, spoilt)
    changed = {one.item.nodeid for one in found if before(one.item.nodeid) != after(one.item.nodeid)}

    assert changed == {one.item.nodeid for one in found if cited in {one.mark.requirement, *one.mark.also}}
    assert len({before(one.item.nodeid) for one in found}) > 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"twin": 1}'])
def test_a_file_that_is_none_of_ours_keeps_nothing(folder: Path, text: str) -> None:
    (folder / f"{ASK.name}.json").write_text(text)

    assert Kept(folder).rest(ASK, MUST).cases == ASK.cases


def test_a_twin_that_could_not_be_asked_is_not_kept(tmp_path: Path) -> None:
    Kept(tmp_path).whole(ASK, Outcome(ASK.name, {}, "did not start"))

    assert Kept(tmp_path).rest(ASK, MUST).cases == ASK.cases


def test_without_a_folder_everything_is_asked() -> None:
    without = Kept()

    assert without.rest(ASK, MUST) is ASK
    assert not without.answers(ASK)
    assert without.whole(ASK, Outcome(ASK.name, FACTS)).facts == FACTS
