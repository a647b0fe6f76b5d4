"""The mark of a case and its rows, as pytest collects them."""

import itertools
from pathlib import Path

import pytest

from holdfast.cases import (
    ACCEPTED,
    ENDPOINT_ROLE,
    PLACE,
    REFUSED,
    Mark,
    at,
    at_every_endpoint,
    at_the_authorization_server,
    at_token_use,
    case,
    endpoint_of,
    mark_of,
    place_of,
    row,
)


@pytest.fixture
def collect(tmp_path: Path) -> "Collect":
    return Collect(tmp_path)


#: Python imports a module of one name once.
NUMBERS = itertools.count()


class Collect:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, text: str) -> list[pytest.Item]:
        """The items of one file of cases, collected by a pytest of its own."""
        file = self.folder / f"test_made{next(NUMBERS)}.py"
        file.write_text("import pytest\nfrom holdfast import at, case, row, ACCEPTED, REFUSED\n" + text)
        (self.folder / "pytest.toml").write_text(
            '[pytest]\naddopts = ["-p", "holdfast.plugin", "-p", "no:cacheprovider"]\n'
        )
        items: list[pytest.Item] = []

        class Keep:
            def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
                found.extend(items)

        found = items
        arguments = [
            "-c",
            str(self.folder / "pytest.toml"),
            "--collect-only",
            "-q",
            "--import-mode=importlib",
            str(file),
        ]
        assert pytest.main(arguments, plugins=[Keep()]) == 0
        return items


TABLE = """
@case("RFC-1-{role}", situation="proof-invalid", impact="high", needs=("dpop", "nonce-{role}"), latitude="L05")
@at("resource", "token")
@pytest.mark.parametrize(
    ("htu", "expected"),
    [
        row("plain", "a", ACCEPTED),
        row("own", "b", REFUSED, requirement="RFC-2", impact="critical", needs=("mtls",), serial=True),
    ],
)
def test_it(endpoint, htu, expected):
    '''It holds.'''
"""


def test_a_row_says_only_what_differs_from_the_mark(collect: Collect) -> None:
    marks = {item.name: mark_of(item) for item in collect(TABLE)}

    assert marks["test_it[plain-resource]"] == Mark(
        "RFC-1-RS", "proof-invalid", "high", ("dpop", "nonce-rs"), "L05", serial=False, waits=0
    )
    assert marks["test_it[own-token]"] == Mark(
        "RFC-2", "proof-invalid", "critical", ("dpop", "nonce-as", "mtls"), "L05", serial=True, waits=0
    )


def test_the_role_in_an_id_follows_the_endpoint(collect: Collect) -> None:
    items = {item.name: item for item in collect(TABLE)}

    assert (mark_of(items["test_it[plain-token]"]).requirement, endpoint_of(items["test_it[plain-token]"])) == (
        "RFC-1-AS",
        "token",
    )


def test_rows_of_two_tables_add_up(collect: Collect) -> None:
    text = """
@case("RFC-1", needs=("dpop",))
@pytest.mark.parametrize("one", [row("a", 1, needs=("mtls",))])
@pytest.mark.parametrize("two", [row("b", 2, impact="critical", needs=("par", "dpop"))])
def test_it(one, two):
    '''It holds.'''
"""
    mark = mark_of(collect(text)[0])

    assert (mark.impact, set(mark.needs), len(mark.needs)) == ("critical", {"dpop", "mtls", "par"}, 3)


def test_a_function_without_a_mark_is_no_case(collect: Collect) -> None:
    with pytest.raises(LookupError, match=r"test_made\d+\.py::test_it: has no @case mark"):
        mark_of(collect("def test_it():\n    pass\n")[0])


def test_a_case_without_an_endpoint_is_one_of_the_resource(collect: Collect) -> None:
    mark = mark_of(collect('@case("RFC-1-{role}")\ndef test_it():\n    pass\n')[0])

    assert mark.requirement == "RFC-1-RS"


@pytest.mark.parametrize(
    ("endpoint", "requirement", "also"),
    [
        ("token", "RFC-8", ("RFC-10", "RFC-1-AS")),
        ("par", "RFC-8", ("RFC-10", "RFC-1-AS")),
        ("userinfo", "RFC-9", ("RFC-11", "RFC-1-RS")),
    ],
)
def test_of_two_ids_each_role_has_its_own(
    collect: Collect, endpoint: str, requirement: str, also: tuple[str, ...]
) -> None:
    text = f"""
@case("RFC-8|RFC-9", also=("RFC-10|", "|RFC-11", "RFC-1-{{role}}"))
@at("{endpoint}")
def test_it(endpoint):
    '''It holds.'''
"""
    mark = mark_of(collect(text)[0])

    assert (mark.requirement, mark.also) == (requirement, also)


def test_a_row_refuses_a_word_that_no_mark_knows() -> None:
    with pytest.raises(TypeError, match=r"row 'x': unknown impakt; a row may say .*impact"):
        row("x", 1, impakt="high")


def test_an_endpoint_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="unknown endpoint tokne; known are resource"):
        at("tokne")


def test_every_endpoint_that_takes_a_proof_is_named_once() -> None:
    every, use, server = (mark.args[1] for mark in (at_every_endpoint, at_token_use, at_the_authorization_server))

    assert every == (*use, *server)
    assert len(set(every)) == 7
    assert {ENDPOINT_ROLE[name] for name in use} == {"RS"}
    assert {ENDPOINT_ROLE[name] for name in server} == {"AS"}


def test_an_endpoint_that_lies_at_anothers_place_has_its_role() -> None:
    assert {name: place_of(name) for name in ("resource-post", "token-refresh", "token", "par")} == {
        "resource-post": "resource",
        "token-refresh": "token",
        "token": "token",
        "par": "par",
    }
    assert all(ENDPOINT_ROLE[name] == ENDPOINT_ROLE[place] for name, place in PLACE.items())


@pytest.mark.parametrize("needs", ["dpop", ""])
def test_needs_are_never_a_bare_text(needs: str) -> None:
    with pytest.raises(TypeError, match=r"needs: .* write \("):
        case("RFC-1", needs=needs)
    with pytest.raises(TypeError, match=r"needs: .* write \("):
        row("x", 1, needs=needs)


def test_outcomes_read_as_words() -> None:
    assert (str(ACCEPTED), str(REFUSED)) == ("accepted", "refused")
