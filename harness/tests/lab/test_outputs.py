"""What a run writes beside its verdict, and what known failures and --fail-on make of its exit code."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import jsonschema  # type: ignore[import-untyped, unused-ignore]  # with and without types-jsonschema
import pytest

from holdfast import rooms

if TYPE_CHECKING:
    from tests.lab.conftest import Holdfast, Ran

#: Over HTTP/2 the same fails once more.
LEAK = ("run", "proxy", "--variant", "merge-dpop", "-k", "not over_http2")
TWO_PROOFS = "proxy/test_dpop_through_proxy.py::test_two_proofs_are_refused_through_the_proxy"
SECOND_LINE = "proxy/test_unchanged.py::test_second_line_is_not_lost[dpop]"
HONEST = "proxy/test_dpop_through_proxy.py::test_honest_request_passes"
LATER, EARLIER = (str((datetime.now(UTC) + timedelta(days=days)).date()) for days in (30, -30))

Leaky = Callable[..., "Ran"]


@pytest.fixture(scope="module")
def leaky(holdfast: "Holdfast", tmp_path_factory: pytest.TempPathFactory) -> Leaky:
    """Judge a proxy that fails three cases, with these known failures: (case, last day)."""

    def run(*known: tuple[str, str]) -> "Ran":
        file = tmp_path_factory.mktemp("known") / "known.toml"
        entries = [
            f'[[known]]\ncase = "{case}"\nreason = "drops proofs"\nowner = "somebody"\nexpires = {day}\n'
            for case, day in known
        ]
        file.write_text("\n".join(entries))
        return holdfast(*LEAK, "--suite", "proxy", "--baseline", str(file))

    return run


@pytest.fixture(scope="module")
def told(holdfast: "Holdfast") -> "Ran":
    return holdfast(*LEAK, "--junit", "out/junit.xml", "--markdown", "out/summary.md")


def test_results_obey_the_published_schema(told: "Ran") -> None:
    schema = json.loads((rooms.reports() / "schema" / "results-1.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(json.loads((told.folder / "results.json").read_text()))


def test_junit_counts_what_failed_and_what_did_not_apply(told: "Ran") -> None:
    (suite,) = ET.parse(told.folder / "junit.xml").getroot().iter("testsuite")

    assert int(suite.get("tests", "")) == len(told.cases())
    assert int(suite.get("failures", "")) == len(told.cases("failed")) == 3
    assert int(suite.get("errors", "")) == 0
    assert int(suite.get("skipped", "")) == len(told.cases("not applicable"))


def test_the_markdown_summary_says_what_does_not_hold(told: "Ran") -> None:
    text = unescape((told.folder / "summary.md").read_text())

    assert "proxy does not hold: 3 of" in text
    assert "| high | failed | Two proofs are refused through the proxy" in text


def test_a_report_rendered_anew_is_the_same_to_the_byte(holdfast: "Holdfast", told: "Ran") -> None:
    names = ["report.html", "junit.xml", "summary.md"]
    before = {name: (told.folder / name).read_bytes() for name in names}
    for name in names:
        (told.folder / name).unlink()

    more = ["--junit", str(told.folder / "junit.xml"), "--markdown", str(told.folder / "summary.md")]
    ran = holdfast("report", str(told.folder), *more)

    assert ran.code == 0
    assert {name: (told.folder / name).read_bytes() for name in names} == before


def test_known_failures_make_the_exit_code_0(leaky: Leaky) -> None:
    ran = leaky(
        *((case, LATER) for case in (f"{TWO_PROOFS}[two-different]", f"{TWO_PROOFS}[valid-first]", SECOND_LINE))
    )

    assert ran.code == 0
    assert {case.known.owner for case in ran.cases("failed") if case.known} == {"somebody"}
    assert ran.stdout.startswith("proxy fails only where the baseline says so: 3 known failures.")


def test_a_failure_that_is_not_known_still_counts(leaky: Leaky) -> None:
    ran = leaky((f"{TWO_PROOFS}[two-different]", LATER))

    assert ran.code == 1
    assert "1 of them known" in ran.stdout


def test_a_stale_entry_is_told_and_counts(leaky: Leaky) -> None:
    ran = leaky((f"{TWO_PROOFS}[two-different]", LATER), (f"{TWO_PROOFS}[valid-first]", LATER), (HONEST, LATER))

    assert ran.code == 1
    assert f"baseline: {HONEST}: is stale, the case passes now: delete the entry\n" in ran.stdout


def test_an_expired_entry_is_told_and_counts(leaky: Leaky) -> None:
    ran = leaky((f"{TWO_PROOFS}[two-different]", EARLIER), (f"{TWO_PROOFS}[valid-first]", LATER))

    assert ran.code == 1
    expired = f"baseline: {TWO_PROOFS}[two-different]: expired on {EARLIER}: mend it or set a new day\n"
    assert expired in ran.stdout


def test_a_broken_baseline_is_told_before_anything_is_started(holdfast: "Holdfast", tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text(f'[[known]]\ncase = "{HONEST}"\nreason = "none"\nexpires = {LATER}\n')

    ran = holdfast(*LEAK, "--baseline", str(file))

    assert ran.code == 2
    assert ran.stderr.startswith(f"holdfast: {file}: known.0.owner: ")
    assert not (ran.folder / "results.json").exists()


#: The honest server, but that it remembers no proof and compares htu letter by letter.
LAX = """
import sys

sys.path.insert(0, STRICT)
from strict_server import guards, main, proof


def htu(check):
    if check.claims["htu"] != check.incoming.url.partition("?")[0]:
        raise proof.invalid_proof("htu is not the URI of this request")


guards._HONEST.update({"proof.replay": lambda check: None, "proof.htu": htu})
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def lax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A resource server of which something is noted, and something is a warning."""
    strict, folder = rooms.reference_impls() / "strict", tmp_path_factory.mktemp("lax")
    text = (rooms.reference_impls() / "strict_rs" / "target.toml").read_text()
    (folder / "serve.py").write_text(LAX.replace("STRICT", repr(str(strict))))
    (folder / "target.toml").write_text(text.replace('here = "../strict"', f'here = "{folder}"'))
    return folder / "target.toml"


WARNING = "dpop/test_htu.py::test_htu[host-in-capitals-resource]"
NOTED = "dpop/test_replay.py::test_replayed_request_is_refused[resource]"


@pytest.mark.parametrize(
    ("case", "fail_on", "code"),
    [
        (WARNING, "failed", 0),
        (WARNING, "warning", 1),
        (WARNING, "noted", 1),
        (NOTED, "failed", 0),
        (NOTED, "warning", 0),
        (NOTED, "noted", 1),
    ],
)
def test_fail_on_says_what_counts_as_a_finding(
    holdfast: "Holdfast", lax: Path, case: str, fail_on: str, code: int
) -> None:
    ran = holdfast("run", str(lax), "--variant", "default", "--case", case, "--fail-on", fail_on)
    (judged,) = ran.cases()

    assert ran.code == code
    assert judged.verdict == ("warning" if case == WARNING else "noted")
    assert {signal.verdict for signal in judged.signals} <= {"passed"}
