"""The table of what was measured: a line for each endpoint, the narrowest bounds, times before counts."""

import re

import pytest

from holdfast import report
from holdfast.report import windows
from holdfast.results import CaseResult, Evidence, Measurement, Results, TargetRun
from holdfast.rooms import reports

Run = tuple[Results, dict[str, Evidence]]


def measurement(name: str, least: float, most: float | None = None, **more: str) -> Measurement:
    facts = {"endpoint": "resource", "unit": "s", **more}
    return Measurement.model_validate({"name": name, "at_least": least, "at_most": most, **facts})


def results(model: Results, *measured: list[Measurement]) -> Results:
    """The same run, with one target whose cases measured this."""
    target: TargetRun = model.targets[0].model_copy(deep=True)
    case: CaseResult = target.cases[0].model_copy(update={"measured": []})
    target.cases = [case.model_copy(update={"measured": one}) for one in measured]
    return model.model_copy(update={"targets": [target]})


@pytest.mark.parametrize(
    ("least", "most", "unit", "said"),
    [
        (3.5, 4.6, "s", "3.5 to 4.6 s"),
        (9, None, "s", "at least 9 s"),
        (1, 1, "of 20", "1 of 20"),
        (0, 1.1, "s", "0 to 1.1 s"),
        (7200, None, "s", "at least 7200 s"),
    ],
)
def test_bounds_are_told_in_words(least: float, most: float | None, unit: str, said: str) -> None:
    assert measurement("x", least, most, unit=unit).said == said


@pytest.mark.parametrize(
    ("one", "other", "least", "most", "note"),
    [
        ((3, None), (5, None), 5, None, "other"),
        ((3, 9), (5, None), 5, 9, "one"),
        ((3, 9), (4, 7), 4, 7, "other"),
        ((1, 2), (5, 7), 1, 7, "other"),
    ],
)
def test_of_two_measures_the_narrowest_bounds_count_unless_they_contradict_each_other(
    hostile_run: Run,
    one: tuple[float, float | None],
    other: tuple[float, float | None],
    least: float,
    most: float | None,
    note: str,
) -> None:
    both = [measurement("x", *one, note="one")], [measurement("x", *other, note="other")]
    table = windows.measured(results(hostile_run[0], *both))
    (cell,) = table.lines[0].cells

    assert cell is not None
    assert (cell.at_least, cell.at_most, cell.note) == (least, most, note)


def test_times_stand_before_counts_and_endpoints_on_lines_of_their_own(hostile_run: Run) -> None:
    counted = measurement("copies", 1, 1, unit="of 20")
    elsewhere = measurement("age", 3, 4, endpoint="token")
    table = windows.measured(results(hostile_run[0], [counted, measurement("age", 1, 2)], [elsewhere]))

    assert table.columns == ["age", "copies"]
    assert [(line.endpoint, [cell and cell.said for cell in line.cells]) for line in table.lines] == [
        ("resource", ["1 to 2 s", "1 of 20"]),
        ("token", ["3 to 4 s", None]),
    ]


def test_a_terminal_shows_a_line_for_each_endpoint(hostile_run: Run) -> None:
    run = results(hostile_run[0], [measurement("age", 1, 2), measurement("copies", 1, 1, unit="of 20")])

    assert windows.as_text(run) == ["measured windows:", "  strict/base resource: age 1 to 2 s; copies 1 of 20"]


def test_where_nothing_was_measured_there_is_no_table(hostile_run: Run) -> None:
    run = results(hostile_run[0], [], [])

    assert windows.as_text(run) == []
    assert "Measured windows" not in report.markdown(run)
    assert "Measured windows" not in report.html(run, {}, reports())


def test_page_and_summary_show_what_was_measured(hostile_run: Run) -> None:
    page, summary = report.html(*hostile_run, reports()), report.markdown(hostile_run[0])
    table = page[page.index('id="windows"') :]

    assert page.count('href="#windows"') == 1
    assert table.index("59.6 to 60.6 s") < table.index("declared: 60 s") < table.index("at least 7200 s")
    assert re.search(r"\| strict \| base \| resource \| 59.6 to 60.6 s \| at least 9 s \| 1 of 20 \|", summary)
