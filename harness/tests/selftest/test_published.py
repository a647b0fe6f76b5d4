import json
from pathlib import Path

import pytest

from holdfast import rooms
from holdfast.errors import UsageError
from holdfast.report import sentences
from holdfast.results import Score
from holdfast.selftest import outputs, published
from holdfast.selftest.published import Matrix, Row

SCORE = Score(
    flaws=1, twins=1, exact=1, cases=2, killed=1, full=True, started="2026-01-02T03:04:05+00:00", commit="0123"
)
ROW = Row(
    id="f@token",
    flaw="f",
    says="<b>it is wrong",
    seam="guard",
    guard="g",
    places=["token"],
    target="strict",
    variant="default",
    breaks=["R-1"],
    asked=2,
    reached=2,
    caught=[0],
)
MATRIX = Matrix(
    score=SCORE,
    digests=dict.fromkeys(published.ROOMS, "0"),
    full=True,
    seconds=1,
    pairs=2,
    cases=["a.py::<i>", "b.py::y"],
    twins=[ROW],
    unkilled=["b.py::y"],
    wrong=["<script>"],
)


def test_a_matrix_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / published.NAME
    path.write_text(published.dumps(MATRIX))

    assert published.read(path) == MATRIX
    assert json.loads(path.read_text())["score"]["killed"] == 1


def test_the_score_alone_is_read_for_the_report_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "reports", lambda: tmp_path)
    assert published.score() is None
    (tmp_path / published.NAME).write_text(published.dumps(MATRIX))

    assert published.score() == SCORE


def test_a_matrix_grows_stale_with_each_room_that_it_is_true_of() -> None:
    current = MATRIX.model_copy(update={"digests": published.digests()})

    assert published.stale(current) == []
    for part in published.ROOMS:
        old = current.model_copy(update={"digests": {**current.digests, part: "another"}})
        assert published.stale(old) == [part]


@pytest.mark.parametrize(("text", "line"), [(None, "No such file"), ("{}", "Field required"), ("x", "Invalid JSON")])
def test_what_is_no_matrix_is_told_in_a_line(tmp_path: Path, text: str | None, line: str) -> None:
    path = tmp_path / published.NAME
    if text is not None:
        path.write_text(text)

    with pytest.raises(UsageError) as raised:
        published.read(path)
    assert line in str(raised.value)
    assert "run holdfast selftest --full" in str(raised.value)


def test_the_page_shows_every_twin_and_nothing_in_it_is_markup() -> None:
    page = outputs.html(MATRIX, rooms.reports())

    assert "f@token" in page
    assert "a.py::&lt;i&gt;" in page
    assert [tag for tag in ("<script>", "<b>it", "<i>") if tag in page] == []
    assert "default-src &#39;none&#39;" in page


def test_the_last_line_and_the_sentence_say_what_the_suite_is_worth() -> None:
    assert outputs.summary(MATRIX).endswith("1 of 2 cases caught a flaw; 2 pairs in 1 s: 1 thing is wrong")
    assert "1 of 2 cases caught at least one." in sentences.of_the_suite(SCORE)
    assert "not published" in sentences.of_the_suite(None)


def test_the_published_matrix_is_true_of_the_cases_the_flaws_and_strict_as_they_are() -> None:
    matrix = published.read(rooms.reports() / published.NAME)

    assert published.stale(matrix) == [], "changed since: publish it anew with holdfast selftest --out reports"
    assert matrix.wrong == []
    assert matrix.score.killed == matrix.score.cases
    assert matrix.score.exact == matrix.score.twins
