import base64
import gzip
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from holdfast import report
from holdfast.errors import UsageError
from holdfast.report import findings, text
from holdfast.results import Evidence, Results
from holdfast.rooms import reports

Run = tuple[Results, dict[str, Evidence]]
Golden = Callable[..., None]

_CHUNK = re.compile(r'(<script type="application/octet-stream" id="chunk-\d+">)([^<]*)')


def _unpacked(page: str) -> str:
    """A page with its chunks inflated: how well zlib packs differs between machines, what it holds must not."""
    return _CHUNK.sub(lambda found: found[1] + gzip.decompress(base64.b64decode(found[2])).decode(), page)


@pytest.fixture(scope="module")
def page(hostile_run: Run) -> str:
    return report.html(*hostile_run, reports())


def test_the_page_is_the_golden_one(golden: Golden, page: str) -> None:
    golden("golden/report.html", page, _unpacked)


def test_junit_is_the_golden_one(golden: Golden, hostile_run: Run) -> None:
    golden("golden/junit.xml", report.junit(hostile_run[0]))


def test_the_summary_is_the_golden_one(golden: Golden, hostile_run: Run) -> None:
    golden("golden/summary.md", report.markdown(hostile_run[0]))


class _Page(HTMLParser):
    """Which elements and attributes a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_nothing_that_a_target_sent_becomes_markup(page: str) -> None:
    tags = _Page(page).tags
    names = {tag for tag, _ in tags}
    attributes = {name for _, attributes in tags for name in attributes}
    executable = [a for tag, a in tags if tag == "script" and a.get("type") is None]
    links = [a["href"] or "" for tag, a in tags if tag == "a"]

    assert not names & {"img", "textarea", "iframe", "object", "link", "base"}
    assert not {name for name in attributes if name.startswith("on") or name in {"src", "style", "srcset", "action"}}
    assert len(executable) == 1
    assert all(link.startswith(("#", "https://www.rfc-editor.org/")) for link in links)


def test_the_page_asks_nothing_of_anybody(page: str) -> None:
    policy = dict(_Page(page).tags[3][1])["content"] or ""

    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "@import" not in page
    assert "url(" not in page


def test_no_hidden_character_reaches_a_reader(page: str, hostile_run: Run) -> None:
    for made in (page, report.junit(hostile_run[0]), report.markdown(hostile_run[0])):
        assert re.search(text.HIDDEN, made) is None


def test_the_same_input_makes_the_same_bytes(page: str, hostile_run: Run) -> None:
    assert report.html(*hostile_run, reports()) == page


def test_the_first_lines_say_what_is_wrong_with_a_target_and_what_was_not_run(page: str) -> None:
    body = page[page.index("<main>") :]
    alarm = body.index("the target refuses every honest request")

    assert alarm < body.index("<h1")
    assert "30 of 31 cases there were not run" in body[: body.index("<h1")]


def test_a_failure_in_two_variants_is_one_finding(hostile_run: Run) -> None:
    found = findings.findings(hostile_run[0])

    assert [finding.variants for finding in found] == [["base", "nonce-required"]] * 5
    assert [finding.first.impact for finding in found if finding.verdict == "failed"] == ["critical", "low", "high"]
    assert [finding.known for finding in found if finding.verdict == "failed"] == [False, False, True]


def test_one_wrong_error_code_is_one_line(hostile_run: Run) -> None:
    found = findings.wordings(*hostile_run)

    assert [(wording.endpoint, len(wording.cases)) for wording in found] == [("resource", 24)]


def test_a_report_without_evidence_still_says_what_was_found(hostile_run: Run) -> None:
    made = report.html(hostile_run[0], {}, reports())

    assert "A proof by another key than the one the token is bound to is refused" in made
    assert "Nothing of what was sent is written here" in made


def test_a_run_of_nothing_is_reported(hostile_run: Run) -> None:
    empty = hostile_run[0].model_copy(update={"targets": [], "requirements": []})

    assert "No target was judged." in report.html(empty, {}, reports())
    assert "No target was judged" in report.markdown(empty)
    assert ET.fromstring(report.junit(empty)).tag == "testsuites"


def test_junit_counts_only_failed_as_failure_and_only_inconclusive_as_error(hostile_run: Run) -> None:
    suites = {suite.attrib["name"]: suite for suite in ET.fromstring(report.junit(hostile_run[0]))}
    sieve, wall = suites["sieve/base"], suites["wall/base"]

    assert (sieve.attrib["failures"], sieve.attrib["errors"], sieve.attrib["skipped"]) == ("2", "0", "1")
    assert (wall.attrib["failures"], wall.attrib["errors"]) == ("0", "3")
    assert len(sieve.findall("testcase/failure")) == 2
    assert [case.attrib["message"][:8] for case in suites["strict/base"].iter("skipped")] == ["not appl", "not run:"]


def test_evidence_is_packed_a_hundred_cases_at_a_time(hostile_run: Run) -> None:
    results = hostile_run[0].model_copy(deep=True)
    model = results.targets[0].cases[1]
    many = [model.model_copy(update={"id": f"strict/base/{n}", "case": f"dpop/x.py::y[{n}]"}) for n in range(250)]
    results.targets = results.targets[:1]
    results.targets[0].cases = many
    evidence = {case.id: hostile_run[1][model.id] for case in many}

    chunks = [
        gzip.decompress(base64.b64decode(f[1])) for f in _CHUNK.findall(report.html(results, evidence, reports()))
    ]
    assert [len(json.loads(chunk)) for chunk in chunks] == [100, 100, 50]
    assert len(json.loads(chunks[2])[49]["exchanges"]) == 4


def test_a_folder_without_templates_is_one_line(tmp_path: Path, hostile_run: Run) -> None:
    with pytest.raises(UsageError, match=r"report.css: not found; install the wheel again"):
        report.html(*hostile_run, tmp_path)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("a\u202eb", r"a\u{202e}b"),
        ("\x00\x1b", r"\u{0}\u{1b}"),
        ("\ud800", r"\u{d800}"),
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 4, "e" + r"\u{301}" * 4),
        ("\U000e0041", r"\u{e0041}"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(sent: str, seen: str) -> None:
    assert text.visible(sent) == seen


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a b", "data:text/html,x", "//x", "", "https://x\n"])
def test_only_a_web_address_becomes_a_link(link: str) -> None:
    assert not text.web(link)
