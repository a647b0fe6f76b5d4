from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.selftest import kept
from holdfast.selftest.flaws import Becomes
from holdfast.selftest.kept import Kept
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


@pytest.mark.parametrize("of", ["_ground", "_of_file"])
def test_nothing_is_kept_of_another_state_of_the_tree(folder: Path, of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, of, lambda *_: "another")

    assert Kept(folder).rest(ASK, MUST).cases == ASK.cases


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
