"""The table of what proxies do: by topic, a column for each run in which anything was seen."""

from holdfast import report
from holdfast.report import behaviour
from holdfast.report.findings import findings
from holdfast.results import Behaviour, Evidence, Results
from holdfast.rooms import reports

Run = tuple[Results, dict[str, Evidence]]


def results(model: Results, *seen: list[tuple[str, str, str]]) -> Results:
    """The same run, with a target for each of these; each has one case for each (topic, about, said)."""
    targets = []
    for number, facts in enumerate(seen):
        target = model.targets[0].model_copy(deep=True, update={"target": f"proxy{number}"})
        cases = [
            target.cases[0].model_copy(update={"behaviour": [Behaviour(topic=t, about=a, said=s)]}) for t, a, s in facts
        ]
        target.cases = cases or [target.cases[0].model_copy(update={"behaviour": []})]
        targets.append(target)
    return model.model_copy(update={"targets": targets})


def test_runs_are_columns_and_what_was_not_seen_is_empty(hostile_run: Run) -> None:
    table = behaviour.table(
        results(hostile_run[0], [("Host", "a", "kept"), ("Sizes", "b", "400")], [], [("Host", "c", "lost")])
    )

    assert [run.target for run in table.runs] == ["proxy0", "proxy2"]
    assert [(t.name, [(row.about, list(row.cells)) for row in t.rows]) for t in table.topics] == [
        ("Host", [("a", ["kept", ""]), ("c", ["", "lost"])]),
        ("Sizes", [("b", ["400", ""])]),
    ]


def test_what_was_seen_twice_is_told_once_and_what_differed_both_ways(hostile_run: Run) -> None:
    table = behaviour.table(results(hostile_run[0], [("T", "a", "x"), ("T", "a", "x"), ("T", "a", "y")]))

    assert list(table.topics[0].rows[0].cells) == ["x / y"]


def test_a_page_without_proxies_has_no_such_section(hostile_run: Run) -> None:
    page = report.html(results(hostile_run[0], []), {}, reports())

    assert 'id="behaviour"' not in page


def test_a_finding_names_the_configuration_that_mends_it(hostile_run: Run) -> None:
    model = results(hostile_run[0], [("Host", "a", "passes"), ("Sizes", "b", "cut")])
    for case in model.targets[0].cases:
        case.verdict = "failed"
    model.targets[0].cases[1].case += "[other]"
    model.targets[0].mends = {"Host": "set Host"}

    assert sorted(finding.mends for finding in findings(model)) == [[], ["set Host"]]
