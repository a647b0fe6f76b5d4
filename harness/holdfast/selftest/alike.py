"""Honest servers that are the same one: variants that differ in nothing but a leak are, without it, asked once."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from holdfast.selftest.twin_run import Ask, Outcome, loaded


@dataclass(frozen=True)
class Alike:
    """Asks of one server under several names. ask: what all of them want to know, by the name of the first."""

    ask: Ask
    each: tuple[Ask, ...]

    def told(self, done: Outcome) -> list[Outcome]:
        """Give what came of it to each that asked, as far as it asked for it."""
        return [
            Outcome(one.name, {case: done.facts[case] for case in one.cases or () if case in done.facts}, done.problem)
            for one in self.each
        ]


def alike(asks: Iterable[Ask]) -> list[Alike]:
    """Put asks of honest servers together where the servers are the same. Each names the cases that it is about."""
    found: dict[str, list[Ask]] = {}
    for ask in asks:
        found.setdefault(_made_of(ask), []).append(ask)
    return [Alike(_joined(same), tuple(same)) for same in found.values()]


def _joined(same: list[Ask]) -> Ask:
    cases = frozenset(case for one in same for case in one.cases or ())
    return replace(same[0], cases=cases, waits=any(one.waits for one in same))


def _made_of(ask: Ask) -> str:
    """Give all that says what an honest server is."""
    target = loaded(ask.target)[ask.variant]
    document = target.model_dump(mode="json", exclude={"variants", "summary"})
    document["vars"] = {**document["vars"], **ask.vars}
    return json.dumps([ask.target, document, sorted(ask.endpoints.items())], sort_keys=True)
