"""A baseline is entries or one line; whatever stands in it, only findings that it names are marked."""

import json
import re
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from holdfast import baseline
from holdfast.errors import UsageError
from holdfast.results import CaseResult, Verdict

words = st.sampled_from(["a", "b", "c"])
days = st.dates(date(2030, 1, 1), date(2030, 1, 9))
texts = st.text(max_size=8)
entries = st.builds(
    baseline.Entry,
    case=words,
    variant=st.sampled_from(["", "v", "w"]),
    reason=texts,
    owner=texts,
    expires=days,
    link=texts,
)
results = st.builds(
    CaseResult,
    id=texts,
    case=words,
    variant=st.sampled_from(["v", "w"]),
    suite=st.just("dpop"),
    title=texts,
    requirement=texts,
    impact=st.just("low"),
    verdict=st.sampled_from(get_args(Verdict)),
    known=st.none(),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("baseline") / "known.toml"


def written(entry: baseline.Entry) -> str:
    fields = {
        name: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        for name, value in entry.model_dump(exclude={"expires"}).items()
    }
    lines = [f"{name} = {value}" for name, value in fields.items()]
    return "\n".join(["[[known]]", *lines, f"expires = {entry.expires.isoformat()}"]) + "\n"


@given(given_entries=st.lists(entries, max_size=3))
def test_entries_are_read_as_they_were_written(file: Path, given_entries: list[baseline.Entry]) -> None:
    file.write_text("".join(map(written, given_entries)), encoding="utf-8")

    assert baseline.load(file) == given_entries


ENTRY = written(baseline.Entry(case="a", reason="r", owner="us", expires=date(2030, 12, 31)))


@given(
    content=st.one_of(
        st.binary(max_size=60),
        st.text('[]known="\n .1-{}', max_size=40).map(str.encode),
        st.tuples(st.integers(0, len(ENTRY)), st.integers(0, len(ENTRY)), texts).map(
            lambda cut: (ENTRY[: cut[0]] + cut[2] + ENTRY[cut[1] :]).encode()
        ),
    )
)
@example(content=b"a = '\xff'")
@example(content=b"a = " + b"[" * 3000)
@example(content=b"a = " + b"9" * 5000)
@example(content=b'"a\\nb" = 1')
def test_any_bytes_are_entries_or_one_line(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        found, told = baseline.load(file), f"{file}: nothing"
    except UsageError as error:
        found, told = [], str(error)

    assert told.isprintable()
    assert told.startswith(f"{file}: ")
    assert all(isinstance(entry.expires, date) for entry in found)


def test_a_name_that_no_file_can_have_is_one_line() -> None:
    with pytest.raises(UsageError, match="null byte"):
        baseline.load(Path("a\0b"))


@given(st.lists(entries, max_size=4), st.lists(results, max_size=6), days)
def test_only_findings_that_are_named_and_not_expired_are_marked(
    given_entries: list[baseline.Entry], seen: list[CaseResult], today: date
) -> None:
    for result in seen:
        result.known = None
    told = list(baseline.apply(given_entries, seen, today))

    def names(entry: baseline.Entry, result: CaseResult) -> bool:
        return entry.case == result.case and entry.variant in {"", result.variant}

    for result in seen:
        naming = [entry for entry in given_entries if names(entry, result) and entry.expires >= today]
        assert (result.known is not None) is (result.verdict in {"failed", "warning", "noted"} and bool(naming))
    expired = [entry for entry in given_entries if entry.expires < today]
    assert sum("expired on" in line for line in told) == len(expired)
    assert all(re.match(r"baseline: [abc]: (expired on \d|is stale)", line) for line in told)
    assert all(
        not any(names(entry, result) for result in seen if result.known)
        for entry in given_entries
        if _stale(entry, told)
    )


def _stale(entry: baseline.Entry, told: list[str]) -> bool:
    return not entry.variant and f"baseline: {entry.case}: is stale, the case passes now: delete the entry" in told
