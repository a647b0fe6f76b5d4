import json
from collections.abc import Callable
from pathlib import Path

import jsonschema  # type: ignore[import-untyped, unused-ignore]  # with and without types-jsonschema
import pytest

from holdfast import results_io
from holdfast.errors import UsageError
from holdfast.results import Evidence, Results

Run = tuple[Results, dict[str, Evidence]]
Golden = Callable[..., None]


def test_the_schema_in_the_tree_is_the_one_of_the_model(golden: Golden) -> None:
    golden("schema/results-1.json", results_io.schema())


def test_the_schema_is_a_schema_and_golden_results_obey_it(hostile_run: Run) -> None:
    schema = json.loads(results_io.schema())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.Draft202012Validator(schema).validate(json.loads(results_io.dumps(hostile_run[0])))


def test_the_schema_refuses_an_unknown_member_and_another_version(hostile_run: Run) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(results_io.schema()))
    document = json.loads(results_io.dumps(hostile_run[0]))

    assert not validator.is_valid(document | {"surprise": 1})
    assert not validator.is_valid(document | {"format": "holdfast-results/2"})


def test_golden_results_are_current(golden: Golden, hostile_run: Run) -> None:
    golden("golden/results.json", results_io.dumps(hostile_run[0], indent=1).decode() + "\n")


def test_results_written_are_read_back_the_same(tmp_path: Path, hostile_run: Run) -> None:
    path = tmp_path / "results.json"
    results_io.write(hostile_run[0], path)

    assert results_io.read(path) == hostile_run[0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_lone_surrogate_from_a_target_does_not_lose_the_results(tmp_path: Path, hostile_run: Run) -> None:
    results = hostile_run[0].model_copy(deep=True)
    results.targets[0].cases[0].actual = "refused: 401, error \ud83d"
    path = tmp_path / "results.json"
    results_io.write(results, path)

    assert results_io.read(path).targets[0].cases[0].actual == r"refused: 401, error \ud83d"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"format": "holdfast-results/2"}, "results.json: format: is 'holdfast-results/2', this version reads"),
        ({"format": None}, "results.json: format: is None, this version reads 'holdfast-results/1'; run again"),
        ({"surprise": 1}, "results.json: surprise: unknown member; remove it, or read"),
        ({"jobs": "many"}, "results.json: jobs: is 'many'; write a valid integer"),
        ({"targets": [{}]}, "results.json: targets.0.target: is missing; add it"),
    ],
)
def test_a_mistake_in_results_is_one_line_with_the_place(
    tmp_path: Path, hostile_run: Run, change: dict[str, object], line: str
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(json.loads(results_io.dumps(hostile_run[0])) | change), encoding="utf-8")

    with pytest.raises(UsageError) as caught:
        results_io.read(path)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"format": \n oops}', r"results.json: line 2, column 2: broken JSON"),
        (b"[]", "results.json: top level: holds no object"),
        (b"{}", "results.json: format: is missing"),
        (b"\xff\xfe", "results.json: byte 0: is no UTF-8"),
        (b"[" * 200_000, "results.json: top level: JSON that no run writes"),
        (b'{"format": ' + b"9" * 5000 + b"}", "results.json: top level: JSON that no run writes"),
    ],
)
def test_what_is_no_results_file_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=said):
        results_io.read(path)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"results.json: no such file or directory; give"):
        results_io.read(tmp_path / "results.json")
    with pytest.raises(UsageError, match="is a directory"):
        results_io.read(tmp_path)
