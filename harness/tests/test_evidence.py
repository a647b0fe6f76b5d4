import gzip
import json
import threading
from pathlib import Path

import pytest

from holdfast import evidence
from holdfast.errors import UsageError
from holdfast.results import Evidence, EvidenceAt, ExchangeRecord, Jws, Results


def _made(name: str, **more: object) -> Evidence:
    fields = {
        "number": 1,
        "purpose": "hostile",
        "endpoint": "resource",
        "sender": "client",
        "method": "GET",
        "url": "https://localhost/",
        "request_headers": [("Host", "localhost")],
        "outcome": "refused",
        "started": 1.5,
        "seconds": 0.25,
    }
    return Evidence(case=name, exchanges=[ExchangeRecord.model_validate(fields | more)])


def test_each_case_is_read_back_from_where_the_writer_said(tmp_path: Path) -> None:
    path = tmp_path / evidence.NAME
    cases = [_made(f"t/base/case-{n}", response_body="x" * n) for n in range(20)]
    with evidence.EvidenceWriter(path) as writer:
        places = [writer.append(case) for case in cases]

    assert [evidence.read(path, at) for at in reversed(places)] == list(reversed(cases))
    assert list(evidence.read_all(path)) == cases


def test_the_file_is_json_lines_for_any_gzip_reader(tmp_path: Path) -> None:
    path = tmp_path / evidence.NAME
    with evidence.EvidenceWriter(path) as writer:
        writer.append(_made("a"))
        writer.append(_made("b"))

    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert [json.loads(line)["case"] for line in lines] == ["a", "b"]


def test_the_same_evidence_makes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with evidence.EvidenceWriter(tmp_path / name) as writer:
            writer.append(_made("a"))

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_many_threads_write_whole_members(tmp_path: Path) -> None:
    path = tmp_path / evidence.NAME
    places: dict[str, EvidenceAt] = {}

    def write(thread: int, writer: evidence.EvidenceWriter) -> None:
        for number in range(40):
            name = f"{thread}-{number}"
            places[name] = writer.append(_made(name, response_body=name * 50))

    with evidence.EvidenceWriter(path) as writer:
        threads = [threading.Thread(target=write, args=(n, writer)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(places) == 320
    assert all(evidence.read(path, at).case == name for name, at in places.items())


def test_what_a_target_made_unwritable_is_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / evidence.NAME
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    claims: dict[str, object] = {
        "lone": "\ud800",
        "nan": float("nan"),
        "inf": float("-inf"),
        "deep": deep,
        "big": 10**40,
    }
    jws = Jws(kind="proof", header={"k\udfff": 1}, claims=claims)
    with evidence.EvidenceWriter(path) as writer:
        at = writer.append(_made("a", error="\udc80", decoded=[jws]))

    read = evidence.read(path, at).exchanges[0]
    assert read.error == "\\udc80"
    assert isinstance(read.decoded[0].claims, dict)
    assert read.decoded[0].claims["lone"] == "\\ud800"
    assert read.decoded[0].claims["nan"] == "[nan]"
    assert read.decoded[0].claims["big"] == 10**40


def test_a_member_that_a_kill_cut_short_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / evidence.NAME
    with evidence.EvidenceWriter(path) as writer:
        writer.append(_made("a"))
        writer.append(_made("b"))
    path.write_bytes(path.read_bytes()[:-9])

    assert [case.case for case in evidence.read_all(path)] == ["a"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no gzip at all", "no gzip member"),
        (gzip.compress(b"{}", mtime=0), "no evidence of this version"),
        (gzip.compress(b"[" * 100_000, mtime=0), "no evidence of this version"),
        (gzip.compress(b"x", mtime=0)[:-3], "cut short"),
    ],
)
def test_a_file_that_is_no_evidence_is_named_with_the_place(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / evidence.NAME
    path.write_bytes(content)

    with pytest.raises(UsageError, match=rf"evidence\.jsonl\.gz: bytes 0 to {len(content)}: .*{said}"):
        evidence.read(path, EvidenceAt(offset=0, length=len(content)))


def test_a_member_that_inflates_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "LARGEST", 1000)
    path = tmp_path / evidence.NAME
    path.write_bytes(gzip.compress(b"0" * 100_000, mtime=0))

    with pytest.raises(UsageError, match="too large"):
        evidence.read(path, EvidenceAt(offset=0, length=path.stat().st_size))


def test_stored_evidence_is_looked_up_by_case_and_empty_without_a_file(
    tmp_path: Path, hostile_run: tuple[Results, dict[str, Evidence]]
) -> None:
    results = hostile_run[0].model_copy(deep=True)
    path = tmp_path / evidence.NAME
    case = next(case for run in results.targets for case in run.cases if case.evidence)
    for run in results.targets:
        for other in run.cases:
            other.evidence = None
    with evidence.EvidenceWriter(path) as writer:
        case.evidence = writer.append(_made(case.id))

    stored = evidence.Stored(results, path)
    assert list(stored) == [case.id]
    assert stored[case.id] == _made(case.id)
    assert not evidence.Stored(results, tmp_path / "elsewhere")


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or directory; give another --out"):
        evidence.EvidenceWriter(tmp_path / "no" / "where")
