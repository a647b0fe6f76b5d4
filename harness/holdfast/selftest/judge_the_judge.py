"""A whole selftest: the honest servers first, then every twin, then what does not hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from holdfast import profiles, rooms
from holdfast.cases import Mark
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.selftest import gates, matrix, signal_checks
from holdfast.selftest.alike import alike
from holdfast.selftest.expected import (
    DOUBTED,
    SAMPLED,
    candidates,
    checked_at,
    expected,
    idle_exceptions,
    reaches,
    sampled,
    visits,
)
from holdfast.selftest.flaws import Becomes, Twin
from holdfast.selftest.kept import Kept, digester
from holdfast.selftest.twin_run import Ask, Fact, Outcome, honest

Server = tuple[str, str]

#: So many twins are few.
FEW = 5
#: So many that do not wait for real time are begun after each that does.
BESIDE = 6


@dataclass
class Seen:
    """What was seen: of the honest servers by (target, variant), and of each twin by its id, beside what must be.

    guards: names of all guards of strict. reached: how many cases can meet the flaw of each twin.
    """

    marks: Mapping[str, Mark]
    guards: Sequence[str] = ()
    honest: dict[Server, Mapping[str, Fact]] = field(default_factory=dict)
    must: dict[str, Mapping[str, Becomes]] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    twins: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What to run. whole: all twins, so that nothing may stay unproven; what honest servers are asked says `_honest`.

    full: every case that can meet a flaw, and some of the others that come where it is, though they should not notice;
    else those that must catch it and one in `one_in` of the others that can meet it. kept: what need not be run again.
    """

    twins: Sequence[Twin]
    whole: bool = True
    full: bool = False
    one_in: int = SAMPLED
    processes: int = 2
    seed: str = "holdfast"
    said: Callable[[str], None] = lambda _text: None
    kept: Kept = field(default_factory=Kept)


def run(plan: Plan, found: Sequence[Collected], tables: Tables) -> Seen:
    """Run the honest servers and the twins."""
    seen = Seen({one.item.nodeid: one.mark for one in found}, matrix.guards())
    plan.kept.by_case = digester(found, tables)
    twins = Counter(server_of(twin) for twin in plan.twins)
    often = [server for server in twins if twins[server] > FEW]
    for servers in (often, [server for server in twins if server not in often]):
        shared = {one.ask.name: one for one in alike(_honest(plan, seen, servers))}
        asks = in_turn([one.ask for one in shared.values()])
        for done in matrix.outcomes(asks, found, tables, plan.processes):
            for told in shared[done.twin].told(done):
                target, _, variant = told.twin.partition("/")
                seen.honest[target, variant] = told.facts
            same = f", as {len(shared[done.twin].each)} variants" if len(shared[done.twin].each) > 1 else ""
            plan.said(f"honest {done.twin}{same}: {len(done.facts)} cases{_why(done)}")
    asks = [plan.kept.rest(one, seen.must[one.name]) for one in (ask(plan, twin, seen) for twin in plan.twins)]
    by_name = {ask.name: ask for ask in asks}
    known = [Outcome(ask.name, {}) for ask in asks if plan.kept.answers(ask)]
    left = in_turn([ask for ask in asks if not plan.kept.answers(ask)])
    for done in chain(known, matrix.outcomes(left, found, tables, plan.processes)):
        whole = seen.twins[done.twin] = plan.kept.whole(by_name[done.twin], done)
        plan.said(f"{len(seen.twins)}/{len(asks)} {done.twin}: {len(whole.facts)} cases{_why(done)}")
    return seen


def in_turn(asks: Sequence[Ask]) -> list[Ask]:
    """Put asks in the order in which all are over soonest: the longest first, and beside one that waits some others."""
    by_length = sorted(asks, key=lambda ask: -len(ask.cases or ()))
    waiting, others = ([ask for ask in by_length if ask.waits is waits] for waits in (True, False))
    found: list[Ask] = []
    for place, ask in enumerate(waiting):
        found += [ask, *others[place * BESIDE : (place + 1) * BESIDE]]
    return [*found, *others[len(waiting) * BESIDE :]]


def _why(done: Outcome) -> str:
    return f": {done.problem}" if done.problem else ""


def _honest(plan: Plan, seen: Seen, servers: Sequence[Server]) -> Iterator[Ask]:
    """Ask honest servers the cases on which it depends what must become of their twins.

    In a whole run that is every case: but where a server has few twins, and no full run is wanted, only those that its
    twins are asked, and those that have passed nowhere else.
    """
    passed = {case for facts in seen.honest.values() for case, fact in facts.items() if fact.seen == "passed"}
    for server in servers:
        twins = [twin for twin in plan.twins if server_of(twin) == server]
        wanted = {case for twin in twins for case in candidates(twin, seen.marks)}
        if plan.whole and (plan.full or len(twins) > FEW):
            wanted = set(seen.marks)
        elif plan.whole:
            wanted |= seen.marks.keys() - passed
            wanted |= {case for twin in twins for case in seen.marks if sampled(twin, case, plan.seed, plan.one_in)}
        yield honest(*server, wanted, waits=any(twin.flaw.waits for twin in twins))


def server_of(twin: Twin) -> Server:
    """Give target and variant that a flaw is put into."""
    return twin.flaw.target, twin.flaw.variant


def ask(plan: Plan, twin: Twin, seen: Seen) -> Ask:
    """Choose the cases that a twin is asked, and keep in `seen` what must become of each."""
    facts = seen.honest[server_of(twin)]
    must = seen.must[twin.id] = expected(twin, seen.marks, facts)
    within = _meeting(twin, facts) if plan.whole or twin.flaw.nothing_else else set(must)
    chosen = {case for case, becomes in must.items() if becomes != "passed" or twin.excepted(case)}
    seen.reached[twin.id] = len(within | chosen)
    if not plan.full:
        chosen |= {case for case in within if sampled(twin, case, plan.seed, plan.one_in)}
    elif not twin.flaw.nothing_else:
        come = {case for case, fact in facts.items() if visits(twin, fact)}
        chosen |= within | {case for case in come if sampled(twin, case, plan.seed, DOUBTED)}
    return Ask.of(twin, frozenset(chosen))


def _meeting(twin: Twin, facts: Mapping[str, Fact]) -> set[str]:
    if twin.flaw.nothing_else:
        return set()
    where = checked_at(twin, facts.values()) if twin.flaw.guard else ()
    return {case for case, fact in facts.items() if reaches(twin, fact, where)}


def wrong(plan: Plan, seen: Seen, tables: Tables) -> Iterator[str]:
    """Give everything that does not hold of what was run, a line each."""
    for (target, variant), facts in seen.honest.items():
        odd = [f"{case}: {fact.verdict} {fact.reason}" for case, fact in facts.items() if fact.seen != "passed"]
        yield from (f"{target}/{variant} is honest, and {line}" for line in odd)
    for twin in plan.twins:
        yield from wrong_with(twin, seen)
    if plan.whole:
        yield from _unproven(plan, seen, tables)


def _unproven(plan: Plan, seen: Seen, tables: Tables) -> Iterator[str]:
    """Give the guards that no flaw is about, and the cases and the checks of refusals that no flaw shows to work."""
    honest = seen.honest.values()
    yield from gates.unflawed(seen.guards, honest, plan.twins)
    for case in gates.unkilled(honest, seen.twins):
        yield f"{case}: catches no flaw, so that it proves nothing"
    every = [profiles.load(rooms.suites(), name) for name in profiles.names(rooms.suites())]
    yield from signal_checks.unasked(signal_checks.declared(tables, every), honest)
    yield from signal_checks.unbroken(honest, seen.twins)


def wrong_with(twin: Twin, seen: Seen) -> Iterator[str]:
    """Give what does not hold of one twin: cases that caught it and need not, or did not and must."""
    done, must = seen.twins[twin.id], seen.must[twin.id]
    if done.problem:
        yield f"{twin.id}: could not be asked: {done.problem}"
        return
    for case, fact in done.facts.items():
        if fact.seen != must[case]:
            broken = f" ({', '.join(fact.broken)})" if fact.broken else ""
            yield f"{twin.id}: {case}: must be {must[case]}, was {fact.seen}: {fact.verdict}{broken} {fact.reason}"
    for why in idle_exceptions(twin, seen.marks, seen.honest[server_of(twin)]):
        yield f"{twin.id}: an exception excepts nothing: {why}"
    if "caught" not in must.values() and not twin.flaw.equivalent:
        yield f"{twin.id}: no case has to catch it"
