"""Honest servers under several names are asked once, and each name is told what was asked for it."""

from holdfast.selftest.alike import alike
from holdfast.selftest.twin_run import Ask, Fact, Outcome, honest

BOTH, FIRST, SECOND = "proxy/test_a.py::test_both", "proxy/test_a.py::test_first", "proxy/test_a.py::test_second"


def asked(variant: str, *cases: str, waits: bool = False) -> Ask:
    return honest("proxy", variant, cases, waits=waits)


def test_variants_that_differ_in_a_leak_alone_are_one_honest_server() -> None:
    leak, other, chain = asked("no-strip", BOTH, FIRST), asked("cache", BOTH, SECOND, waits=True), asked("chain", BOTH)
    shared = alike([leak, other, chain])

    assert [one.each for one in shared] == [(leak, other), (chain,)]
    assert shared[0].ask.name == "proxy/no-strip"
    assert shared[0].ask.cases == frozenset({BOTH, FIRST, SECOND})
    assert shared[0].ask.waits


def test_each_is_told_of_the_cases_that_it_asked() -> None:
    (shared,) = alike([asked("no-strip", BOTH, FIRST), asked("cache", BOTH, SECOND)])
    facts = {case: Fact("passed", "proxy") for case in (BOTH, FIRST)}

    told = shared.told(Outcome("proxy/no-strip", facts, "a problem"))

    assert [(one.twin, set(one.facts), one.problem) for one in told] == [
        ("proxy/no-strip", {BOTH, FIRST}, "a problem"),
        ("proxy/cache", {BOTH}, "a problem"),
    ]


def test_variants_of_strict_are_servers_of_their_own() -> None:
    variants = ("default", "opaque", "nonce-required", "fapi2")

    assert len(alike(honest("strict", name, [BOTH], waits=False) for name in variants)) == len(variants)
