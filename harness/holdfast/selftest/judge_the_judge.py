"""A whole selftest: the honest servers first, then every twin, then what does not hold."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from holdfast.cases import Mark
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.selftest import matrix
from holdfast.selftest.expected import candidates, expected, idle_exceptions, sampled
from holdfast.selftest.flaws import Becomes, Twin
from holdfast.selftest.twin_run import Ask, Fact, Outcome, honest

Server = tuple[str, str]


@dataclass
class Seen:
    """What was seen: of the honest servers by (target, variant), and of each twin by its id, beside what must be."""

    honest: dict[Server, Mapping[str, Fact]] = field(default_factory=dict)
    must: dict[str, Mapping[str, Becomes]] = field(default_factory=dict)
    twins: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What to run. full: every case against every twin; else what must catch it and a tenth of the rest."""

    twins: Sequence[Twin]
    full: bool = False
    processes: int = 2
    seed: str = "holdfast"
    said: Callable[[str], None] = lambda _text: None


def run(plan: Plan, found: Sequence[Collected], tables: Tables) -> Seen:
    """Run the honest servers and the twins."""
    seen = Seen()
    marks = {one.item.nodeid: one.mark for one in found}
    asks = list(_honest(plan, marks))
    for done in matrix.outcomes(asks, found, tables, plan.processes):
        target, _, variant = done.twin.partition("/")
        seen.honest[target, variant] = done.facts
        plan.said(f"honest {done.twin}: {len(done.facts)} cases" + (f": {done.problem}" if done.problem else ""))
    for twin in plan.twins:
        seen.must[twin.id] = expected(twin, marks, seen.honest[_server(twin)])
    twins = [Ask.of(twin, _chosen(plan, twin, seen.must[twin.id])) for twin in plan.twins]
    twins.sort(key=lambda ask: (not ask.waits, -len(ask.cases or ())))
    for done in matrix.outcomes(twins, found, tables, plan.processes):
        seen.twins[done.twin] = done
        plan.said(f"{len(seen.twins)}/{len(twins)} {done.twin}{f': {done.problem}' if done.problem else ''}")
    return seen


def _honest(plan: Plan, marks: Mapping[str, Mark]) -> Iterator[Ask]:
    """Ask each honest server the cases on which it depends what must become of its twins; all in a full run."""
    cases: dict[Server, set[str]] = defaultdict(set)
    for twin in plan.twins:
        cases[_server(twin)] |= set(marks) if plan.full else candidates(twin, marks)
    for server, wanted in cases.items():
        waits = any(twin.flaw.waits for twin in plan.twins if _server(twin) == server)
        yield honest(*server, wanted, waits=waits)


def _server(twin: Twin) -> Server:
    return twin.flaw.target, twin.flaw.variant


def _chosen(plan: Plan, twin: Twin, must: Mapping[str, Becomes]) -> frozenset[str]:
    return frozenset(
        case
        for case, becomes in must.items()
        if plan.full or becomes != "passed" or twin.excepted(case) or sampled(twin, case, plan.seed)
    )


def wrong(plan: Plan, seen: Seen, marks: Mapping[str, Mark]) -> Iterator[str]:
    """Give everything that does not hold of what was run, a line each."""
    for (target, variant), facts in seen.honest.items():
        odd = [f"{case}: {fact.verdict} {fact.reason}" for case, fact in facts.items() if fact.seen != "passed"]
        yield from (f"{target}/{variant} is honest, and {line}" for line in odd)
    for twin in plan.twins:
        done, must = seen.twins[twin.id], seen.must[twin.id]
        if done.problem:
            yield f"{twin.id}: could not be asked: {done.problem}"
            continue
        for case, fact in done.facts.items():
            if fact.seen != must[case]:
                broken = f" ({', '.join(fact.broken)})" if fact.broken else ""
                yield f"{twin.id}: {case}: must be {must[case]}, was {fact.seen}: {fact.verdict}{broken} {fact.reason}"
        for why in idle_exceptions(twin, marks, seen.honest[_server(twin)]):
            yield f"{twin.id}: an exception excepts nothing: {why}"
        if "caught" not in must.values() and not twin.flaw.equivalent:
            yield f"{twin.id}: no case has to catch it"
