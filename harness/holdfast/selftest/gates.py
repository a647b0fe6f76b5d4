"""What must hold of a selftest, beside each twin being caught by exactly its cases: nothing is left unproven."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from holdfast.selftest.flaws import Twin
from holdfast.selftest.twin_run import Fact, Outcome


def killed(twins: Mapping[str, Outcome]) -> dict[str, list[str]]:
    """Give by case the twins that it caught."""
    found: dict[str, list[str]] = {}
    for twin, done in twins.items():
        for case, fact in done.facts.items():
            if fact.seen == "caught":
                found.setdefault(case, []).append(twin)
    return found


def unkilled(honest: Collection[Mapping[str, Fact]], twins: Mapping[str, Outcome]) -> list[str]:
    """Give the cases that pass on some honest server and caught no twin: they prove nothing."""
    asked = {case for facts in honest for case, fact in facts.items() if fact.seen == "passed"}
    return sorted(asked - killed(twins).keys())


def unflawed(guards: Sequence[str], honest: Collection[Mapping[str, Fact]], twins: Sequence[Twin]) -> Iterator[str]:
    """Give the guards that no twin lacks or has weakened, and the endpoints at which they refuse and are whole."""
    stands: dict[str, set[str]] = {guard: set() for guard in guards}
    for facts in honest:
        for fact in facts.values():
            for name in fact.trips:
                guard, _, place = name.partition("@")
                stands[guard].add(place)
    for guard, places in stands.items():
        flawed = [twin for twin in twins if twin.flaw.guard == guard]
        if not flawed:
            yield f"guard {guard}: no flaw"
        elif all(twin.places for twin in flawed):
            for place in sorted(places - {place for twin in flawed for place in twin.places}):
                yield f"guard {guard}: no flaw at {place}"
