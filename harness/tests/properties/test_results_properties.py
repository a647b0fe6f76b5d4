"""Results and evidence: what is written is read back, anything else is one line, and any results make a report."""

import base64
import gzip
import json
import re
import typing
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from holdfast import evidence, report, results_io
from holdfast.errors import UsageError
from holdfast.report import text as report_text
from holdfast.results import FORMAT, Evidence, EvidenceAt, Results, TargetRun
from holdfast.rooms import reports

MARKUP = [
    "</script><script>window.x=1</script>",
    '"><img src=x onerror=x>',
    "]]>&lt;<!--",
    "a\u202eb\x00\x1b[31m\ud800",
    "| a | [b](javascript:x) `c`\n# d\n",
    "javascript:x",
    "https://rs.test/?a=<b>",
]
texts = st.sampled_from(["a", "b", ""]) | st.text(max_size=6)
hostile = texts | st.sampled_from(MARKUP)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers() | floats | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2))


def of(kind: typing.Any, words: st.SearchStrategy[str]) -> st.SearchStrategy[typing.Any]:
    """Values of an annotation of the results model, with texts of these words."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {name: of(field.annotation, words) for name, field in kind.model_fields.items()}
        fields |= {"commit": st.text("0123456789abcdef", max_size=14)} if "commit" in fields else {}
        fields |= {"format": st.just(FORMAT)} if "format" in fields else {}
        return st.builds(kind, **fields)
    if origin is typing.Literal:
        return st.sampled_from(inner)
    parts = [of(one, words) for one in inner]
    if origin is list:
        return st.lists(parts[0], max_size=3)
    if origin is dict:
        return st.dictionaries(words, parts[1], max_size=2)
    if parts:
        return st.tuples(*parts) if origin is tuple else st.one_of(*parts)
    return {str: words, int: st.integers(), float: floats, bool: st.booleans(), object: values}.get(kind, st.none())


RESULTS, HOSTILE = of(Results, texts), of(Results, hostile)
EVIDENCE = of(Evidence, texts)
FOUND = re.compile(r"(results\.json|evidence\.jsonl\.gz): \S.*")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


def read(folder: Path, content: bytes) -> Results | str:
    """Results, or the one line that says why not."""
    path = folder / "results.json"
    path.write_bytes(content)
    try:
        return results_io.read(path)
    except UsageError as error:
        return _one_line(str(error))


def _one_line(told: str) -> str:
    assert FOUND.fullmatch(told), told
    assert told.isprintable()
    return told


@settings(max_examples=30)
@given(results=RESULTS)
def test_results_are_read_back_as_they_were_written(folder: Path, results: Results) -> None:
    results_io.write(results, folder / "results.json")

    assert results_io.read(folder / "results.json") == results


@settings(max_examples=30)
@given(results=HOSTILE)
def test_results_with_what_json_cannot_hold_are_read_back_as_they_were_mended(folder: Path, results: Results) -> None:
    once = read(folder, results_io.dumps(results))
    assert isinstance(once, Results)

    assert read(folder, results_io.dumps(once)) == once


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | values.map(json.dumps).map(str.encode))
@example(content=b'{"format": ' + b"[" * 985 + b"]" * 985 + b"}")
@example(content=b'{"format": ' + b'{"a":' * 960 + b"1" + b"}" * 960 + b"}")
def test_any_bytes_are_one_line(folder: Path, content: bytes) -> None:
    assert isinstance(read(folder, content), str)


SMALL: dict[str, object] = {
    "format": FORMAT,
    "suite_version": "1",
    "started": "",
    "seconds": 1.5,
    "command": "",
    "profile": "base",
    "jobs": 1,
    "waited": True,
    "environment": {},
    "targets": [],
    "requirements": [],
}


def spots(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(one for key, inner in pairs for one in spots(inner, (*path, key)))]


@settings(max_examples=30)
@given(results=RESULTS, data=st.data())
def test_mutated_results_are_results_or_one_line(folder: Path, results: Results, data: st.DataObject) -> None:
    document = json.loads(results_io.dumps(results))
    *parents, last = data.draw(st.sampled_from(spots(document)[1:]))
    node = document
    for key in parents:
        node = node[key]
    if data.draw(st.booleans()):
        node[last] = data.draw(values | st.floats())
    elif isinstance(node, dict):
        node[data.draw(hostile)] = node.pop(last)

    found = read(folder, json.dumps(document).encode())

    assert isinstance(found, str) or isinstance(read(folder, results_io.dumps(found)), Results)


@pytest.mark.parametrize(
    "odd", [{"seconds": float("nan")}, {"seconds": float("-inf")}, {"a\nb": 1}, {"environment": {"a\nb": 1}}]
)
def test_a_number_that_json_lacks_and_a_name_of_two_lines_are_one_line(folder: Path, odd: dict[str, object]) -> None:
    assert isinstance(read(folder, json.dumps(SMALL).encode()), Results)
    assert isinstance(read(folder, json.dumps(SMALL | odd).encode()), str)


# Evidence


def kept(folder: Path, content: bytes) -> list[Evidence] | str:
    """All of an evidence file, or the one line that says why not."""
    path = folder / evidence.NAME
    path.write_bytes(content)
    try:
        return list(evidence.read_all(path))
    except UsageError as error:
        return _one_line(str(error))


@settings(max_examples=30)
@given(cases=st.lists(EVIDENCE, max_size=4), cut=st.integers(0, 400))
def test_evidence_is_read_back_and_a_cut_leaves_what_was_whole(folder: Path, cases: list[Evidence], cut: int) -> None:
    path = folder / evidence.NAME
    with evidence.EvidenceWriter(path) as writer:
        places = [writer.append(case) for case in cases]
    content = path.read_bytes()

    assert [evidence.read(path, at) for at in places] == cases == kept(folder, content)
    whole = [case for case, at in zip(cases, places, strict=True) if at.offset + at.length <= len(content) - cut]
    assert kept(folder, content[: max(0, len(content) - cut)]) == whole


@given(content=st.binary(max_size=80), packed=st.booleans(), at=of(EvidenceAt, texts))
@example(content=b"", packed=True, at=EvidenceAt(offset=0, length=2**62))
@example(content=b"{}", packed=True, at=EvidenceAt(offset=-1, length=-1))
def test_any_bytes_of_evidence_are_one_line(folder: Path, content: bytes, packed: bool, at: EvidenceAt) -> None:  # noqa: FBT001
    file = evidence.gzip_member(content) if packed else content
    found = kept(folder, file)
    assert isinstance(found, str) or found == []
    with pytest.raises(UsageError, match=FOUND):
        evidence.read(folder / evidence.NAME, at)


@settings(max_examples=30)
@given(case=EVIDENCE, data=st.data())
def test_evidence_with_one_changed_byte_is_evidence_or_one_line(
    folder: Path, case: Evidence, data: st.DataObject
) -> None:
    content = bytearray(evidence.gzip_member(results_io.dumps(case)))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    found = kept(folder, bytes(content))

    assert isinstance(found, str) or found in ([], [case])


# Reports


class Page(HTMLParser):
    """The elements and attributes of a page, and the texts of its scripts by their ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.setdefault(str(self.tags[-1][1].get("id")), data)


@pytest.fixture(scope="module")
def allowed(hostile_run: tuple[Results, dict[str, Evidence]]) -> tuple[set[str], set[str]]:
    """Elements and attributes of the golden page."""
    tags = Page(report.html(*hostile_run, reports())).tags
    return {tag for tag, _ in tags}, {name for _, attributes in tags for name in attributes}


@settings(max_examples=12)
@given(results=HOSTILE, data=st.data())
def test_a_page_of_any_results_has_no_markup_but_its_own(
    allowed: tuple[set[str], set[str]], results: Results, data: st.DataObject
) -> None:
    ids = [case.id for run in results.targets for case in run.cases]
    stored = {name: data.draw(of(Evidence, hostile)) for name in dict.fromkeys(ids) if data.draw(st.booleans())}

    text = report.html(results, stored, reports())
    page = Page(text)

    assert text.encode().decode() == text
    assert re.search(report_text.HIDDEN, text) is None
    assert {tag for tag, _ in page.tags} <= allowed[0]
    assert {name for _, attributes in page.tags for name in attributes} <= allowed[1]
    links = [str(attributes["href"]) for tag, attributes in page.tags if tag == "a"]
    assert all(link.startswith(("#", "http://", "https://")) for link in links)
    assert [tag for tag, attributes in page.tags if tag == "script" and not attributes] == ["script"]
    assert len(json.loads(page.scripts["index"])["rows"]) == len(ids)
    chunks = [page.scripts[name] for name in page.scripts if name.startswith("chunk-")]
    assert sum(len(json.loads(gzip.decompress(base64.b64decode(chunk)))) for chunk in chunks) == len(ids)


@settings(max_examples=30)
@given(results=HOSTILE)
def test_junit_of_any_results_is_xml_with_every_case(results: Results) -> None:
    suites = ET.fromstring(report.junit(results)).findall("testsuite")

    assert [len(suite.findall("testcase")) for suite in suites] == [len(run.cases) for run in results.targets]
    for suite in suites:
        found = [len(suite.findall(f"testcase/{word}")) for word in ("failure", "error", "skipped")]
        assert [str(count) for count in found] == [suite.attrib[w] for w in ("failures", "errors", "skipped")]


@settings(max_examples=30)
@given(results=HOSTILE)
def test_the_summary_of_any_results_has_no_markup_but_its_own(results: Results) -> None:
    text = report.markdown(results)

    assert re.search(report_text.HIDDEN, text) is None
    assert "<" not in text.replace("<br>", "")
    assert not re.search(r"[`\[\]\\]", text)
    tables = re.findall(r"(?m)^\|.*(?:\n\|.*)*", text)
    assert all(len({line.count("|") for line in table.split("\n")}) == 1 for table in tables)


@settings(max_examples=30)
@given(run=of(TargetRun, hostile), words=st.lists(hostile, max_size=9), seconds=floats)
def test_words_of_a_report_are_total(run: TargetRun, words: list[str], seconds: float) -> None:
    assert report_text.duration(seconds)
    assert all(word in report_text.listed(words, len(words)) for word in words)
    for case in run.cases:
        assert all(one.said.endswith(one.unit) for one in case.measured)


@given(st.text(st.characters(), max_size=40) | hostile)
def test_no_text_leaves_its_place_in_any_output(text: str) -> None:
    page = Page(f"<p>{report_text.shown(text)}</p><script>{report_text.for_script([text])}</script>")

    assert [tag for tag, _ in page.tags if tag != "span"] == ["p", "script"]
    assert "\n" not in report_text.for_markdown(text)
    assert ET.fromstring(f'<a b="{report_text.for_xml(text)}"/>').attrib["b"].isprintable() or "\\u{" not in text
    assert not re.search(report_text.HIDDEN, report_text.visible(text))
    assert re.fullmatch(r"(https?://[!-~]+)?", report_text.web(text))
