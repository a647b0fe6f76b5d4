"""What is asked of refusals, word by word and place by place: whether any case asks it, and any flaw breaks it."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from holdfast import hard
from holdfast.profiles import Profile
from holdfast.requirements import Hard, Tables
from holdfast.selftest.twin_run import Fact, Outcome

#: An entry of suites/errors.toml or of a profile with one of its words, and a place: ("E-RS-02 wording", "resource").
Asked = tuple[str, str]


def declared(tables: Tables, profiles: Iterable[Profile]) -> Iterator[Asked]:
    """Give everything that the tables ask of refusals."""
    for situation in tables.situations:
        for place in situation.where:
            yield f"{situation.id} wording", place
            yield from ((f"{situation.id} {word}", place) for word in _words(situation.hard))
    for rule in [*tables.always, *(rule for profile in profiles for rule in profile.always)]:
        for place in rule.where:
            yield from ((f"{rule.id} {word}", place) for word in _words(rule.hard))


def _words(found: Hard) -> list[str]:
    return [word for word in hard.WORDS if getattr(found, word)]


def unasked(declared_checks: Iterable[Asked], honest: Collection[Mapping[str, Fact]]) -> Iterator[str]:
    """Say what stands in the tables and no case ever asks of an honest server."""
    asked = {(check.name, check.place) for facts in honest for fact in facts.values() for check in fact.signals}
    for name, place in declared_checks:
        if (name, place) not in asked:
            yield f"{name} at {place}: no case asks it"


def unbroken(honest: Collection[Mapping[str, Fact]], twins: Mapping[str, Outcome]) -> Iterator[str]:
    """Say what holds of an honest server, by what is expected and where, and is broken by no twin."""
    asked = {(c.name, c.expected, c.place) for facts in honest for f in facts.values() for c in f.signals if c.held}
    broken = {
        (check.name, check.expected, check.place)
        for done in twins.values()
        for fact in done.facts.values()
        for check in fact.signals
        if not check.held
    }
    for name, expected, place in sorted(asked - broken):
        yield f"{name} at {place} ({expected}): no flaw breaks it"
