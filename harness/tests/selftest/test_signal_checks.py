import pytest

from holdfast import profiles, rooms
from holdfast.requirements import Tables
from holdfast.selftest.signal_checks import declared, unasked, unbroken
from holdfast.selftest.twin_run import Check, Fact, Outcome

STATUS, WORDED = Check("E-1 status", "4xx", "token", held=True), Check("E-1 wording", "400", "token", held=True)
HONEST = [{"a": Fact("passed", "token", (STATUS, WORDED)), "b": Fact("passed", "par", (STATUS._replace(place="par"),))}]


@pytest.fixture(scope="module")
def tables() -> Tables:
    return Tables(rooms.suites())


def outcome(*checks: Check) -> dict[str, Outcome]:
    return {"twin": Outcome("twin", {"a": Fact("passed", "token", checks)})}


def test_every_word_of_every_entry_is_declared_at_each_of_its_places(tables: Tables) -> None:
    found = set(declared(tables, []))

    assert {("E-AS-02 wording", "par"), ("E-AS-02 nonce", "token"), ("E-ALL-05 challenge", "proxy")} <= found
    assert ("E-AS-02 challenge", "token") not in found


def test_a_profile_declares_its_own(tables: Tables) -> None:
    more = set(declared(tables, [profiles.load(rooms.suites(), "mcp")])) - set(declared(tables, []))

    assert {name for name, _ in more} == {"SEP1932-401 status", "SEP1932-401 challenge_error"}


def test_what_no_case_asks_is_told() -> None:
    tables = [("E-1 status", "token"), ("E-1 status", "par"), ("E-1 status", "userinfo")]

    assert list(unasked(tables, HONEST)) == ["E-1 status at userinfo: no case asks it"]


def test_what_no_twin_breaks_is_told_with_its_place() -> None:
    broken = outcome(STATUS._replace(held=False), WORDED)

    assert list(unbroken(HONEST, broken)) == [
        "E-1 status at par (4xx): no flaw breaks it",
        "E-1 wording at token (400): no flaw breaks it",
    ]


def test_what_is_broken_as_something_else_is_expected_is_not_broken() -> None:
    other = outcome(*(check._replace(held=False, expected="another") for check in (STATUS, WORDED)))

    assert len(list(unbroken(HONEST, other))) == 3


def test_what_an_honest_server_does_not_keep_need_not_be_broken() -> None:
    honest = [{"a": Fact("passed", "token", (STATUS._replace(held=False),))}]

    assert list(unbroken(honest, {})) == []
