"""The tables of suites/: all load, every name that a case uses exists, and a mistake in one is one line."""

import shutil
import tomllib
from pathlib import Path

import pytest

from holdfast import catalogue, profiles, rooms
from holdfast.cases import endpoint_of
from holdfast.errors import UsageError
from holdfast.plugin import Collected
from holdfast.requirements import Requirement, Tables


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(rooms.suites())


@pytest.fixture(scope="module")
def cases(tables: Tables) -> list[Collected]:
    return catalogue.collect(tables)


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """A copy of the tables, to be spoilt."""
    for file in rooms.suites().glob("*.toml"):
        shutil.copy(file, tmp_path)
    shutil.copytree(rooms.suites() / "requirements", tmp_path / "requirements")
    return tmp_path


def spoilt(suites: Path) -> str:
    """The one line that is said of the tables."""
    with pytest.raises(UsageError) as caught:
        Tables(suites)
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_all_tables_load(tables: Tables) -> None:
    assert len(tables.requirements) > 500
    assert tables.situations
    assert tables.latitude
    assert {"RFC9449", "RFC8705"} <= set(tables.titles)


def test_every_requirement_belongs_to_the_file_it_lies_in() -> None:
    for path in (rooms.suites() / "requirements").glob("*.toml"):
        document = tomllib.loads(path.read_text())
        specs = {entry["spec"] for entry in document["requirement"]}
        assert len(specs) == 1 or "support" in path.name


def test_every_case_cites_a_requirement_that_exists(cases: list[Collected]) -> None:
    # Collecting raises for an unknown id; what is left to see is that each case has one.
    assert len(cases) > 500
    assert all(case.requirement.id for case in cases)


def test_every_situation_is_worded_where_a_case_needs_it(tables: Tables, cases: list[Collected]) -> None:
    placed = [(case.mark.situation, endpoint_of(case.item)) for case in cases if case.mark.situation]

    assert [(name, endpoint) for name, endpoint in placed if endpoint and not tables.situation(name, endpoint)] == []


def test_what_a_situation_refers_to_exists(tables: Tables) -> None:
    cited = {situation.requirement for situation in tables.situations} - {""}

    assert cited <= set(tables.requirements)


def test_no_situation_is_worded_twice_for_one_endpoint(tables: Tables) -> None:
    pairs = [(situation.name, where) for situation in tables.situations for where in situation.where]

    assert sorted(pairs) == sorted(set(pairs))


def test_every_point_of_latitude_that_a_case_names_exists(tables: Tables, cases: list[Collected]) -> None:
    assert {case.mark.latitude for case in cases} - {""} <= set(tables.latitude)


def test_every_suite_has_its_framework_references(tables: Tables) -> None:
    assert set(catalogue.suite_names()) <= set(tables.frameworks)


def test_every_need_is_a_capability_that_something_can_show(cases: list[Collected]) -> None:
    declared = set()
    for file in rooms.reference_impls().glob("*/target.toml"):
        document = tomllib.loads(file.read_text())
        declared |= set(document.get("capabilities", []))
        for variant in document.get("variants", {}).values():
            declared |= set(variant.get("capabilities_add", [])) | set(variant.get("capabilities", []))
    found = {"lab-ca", "mint", "forwards-nothing", "forwards-certificate", "encoding:rfc9440", "public-client"}
    found |= {"front-channel", "named-resource", "one-origin", "replicas", "second-resource", "several-scopes"}
    found |= {"par-required", "protected-resources", "signed-metadata", "two-metadata-documents", "user-agent"}
    found |= {"binding-shown", "forwards-chain", "http2", "hop:rfc9440", "known-hop", "mtls-aliases"}
    found |= {"backend", "direct", "judge", "other-host", "proves-itself", "re-encrypts"}
    of_no_target = {"unregistered-redirect-uri"}  # cases need its absence only
    needed = {need.removeprefix("no:") for case in cases for need in case.mark.needs if not need.startswith("alg:")}

    assert {need for need in needed if not need.startswith("alg:")} <= declared | found | of_no_target


def test_what_a_profile_raises_exists(tables: Tables) -> None:
    for name in profiles.names(rooms.suites()):
        profile = profiles.load(rooms.suites(), name)
        assert profile.name == name
        room = {entry.id for entry in tables.room} | set(tables.latitude)
        assert set(profile.raised) <= set(tables.requirements) | room
        assert set(profile.allows) <= room
        assert set(profile.includes) <= tables.under_profiles


def test_an_unknown_id_is_answered_with_near_ones(tables: Tables) -> None:
    with pytest.raises(UsageError, match=r"no requirement RFC9449-4\.2-99-RS \(did you mean RFC9449-4\.2-.*\?\)"):
        tables.requirement("RFC9449-4.2-99-RS")


def test_an_unknown_situation_and_latitude_are_mistakes(tables: Tables) -> None:
    with pytest.raises(UsageError, match=r"errors\.toml: no proof-invalidd \(did you mean proof-invalid\?\)"):
        tables.check_names("proof-invalidd", "")
    with pytest.raises(UsageError, match=r"latitude\.toml: no L99"):
        tables.check_names("", "L99")
    tables.check_names("", "")


@pytest.mark.parametrize(
    ("spec", "section", "link"),
    [
        ("RFC9449", "4.2", "https://www.rfc-editor.org/rfc/rfc9449.html#section-4.2"),
        ("RFC9449", "4.3, 7.1", "https://www.rfc-editor.org/rfc/rfc9449.html#section-4.3"),
        ("RFC9449", "Appendix", "https://www.rfc-editor.org/rfc/rfc9449.html"),
        ("FAPI2", "5.3", ""),
    ],
)
def test_a_requirement_links_to_its_text(spec: str, section: str, link: str) -> None:
    assert made(spec=spec, section=section).link == link


def made(**own: object) -> Requirement:
    plain: dict[str, object] = {"id": "X-1", "spec": "RFC1", "section": "1", "role": "RS", "level": "MUST"}
    plain |= {"summary": "holds", "testable": "black-box", "how": "ask"}
    return Requirement.model_validate(plain | own)


def test_a_table_of_broken_toml_is_one_line_with_its_place(suites: Path) -> None:
    (suites / "errors.toml").write_text("[[situation]\n")

    assert spoilt(suites).startswith("errors.toml: ")


def test_a_missing_table_is_one_line(suites: Path) -> None:
    (suites / "latitude.toml").unlink()

    assert "latitude.toml" in spoilt(suites)


@pytest.mark.parametrize("name", ["errors", "latitude", "frameworks"])
def test_a_table_without_its_rows_is_one_line(suites: Path, name: str) -> None:
    (suites / f"{name}.toml").write_text("other = 1\n")

    assert spoilt(suites).startswith(f"{name}.toml: ")


def test_a_file_without_its_catalogue_is_one_line(suites: Path) -> None:
    (suites / "requirements" / "more.toml").write_text("[[requirement]]\nid = 'X-1'\n")

    assert spoilt(suites).startswith("more.toml: [catalogue]: ")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("id = 'X-1'", "more.toml: X-1: spec: Field required"),
        ("section = '1'", "more.toml: 0: id: Field required"),
        (
            "id = 'X-1'\nspec = 'X'\nsection = '1'\nrole = 'RS'\nlevel = 'WILL'",
            "more.toml: X-1: level: Input should be",
        ),
    ],
)
def test_a_bad_entry_is_one_line_that_names_it(suites: Path, entry: str, said: str) -> None:
    head = "[catalogue]\nkey = 'X'\ntitle = 'X'\n[[requirement]]\n"
    (suites / "requirements" / "more.toml").write_text(head + entry + "\n")

    assert spoilt(suites).startswith(said)


def test_an_unknown_member_is_a_mistake(suites: Path) -> None:
    with (suites / "latitude.toml").open("a") as file:
        file.write("\n[[latitude]]\nid = 'L98'\ntopic = 'x'\nbroken = 'failed'\n")

    assert spoilt(suites) == "latitude.toml: L98: broken: Extra inputs are not permitted"


def test_an_id_that_is_there_twice_is_a_mistake(suites: Path) -> None:
    shutil.copy(suites / "requirements" / "rfc7800-cnf.toml", suites / "requirements" / "z.toml")

    assert "is there twice" in spoilt(suites)
