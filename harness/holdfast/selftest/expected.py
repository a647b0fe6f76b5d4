"""Which cases must catch a twin: derived from the requirement and the endpoint that it breaks and the cases' marks.

Nothing here has seen the twin. Of a guard that is weakened or left out it is also asked, of the honest server, which
guard it is that refuses a case's request: a case cites a requirement, and several checks may stand for that one.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping

from holdfast.cases import Mark
from holdfast.selftest.flaws import Becomes, Twin
from holdfast.selftest.twin_run import Check, Fact

#: One in so many of the other cases that can meet a twin is run against it, where nobody says otherwise.
SAMPLED = 20
#: In a full run one in so many of those that cannot is run too, though none should notice anything.
DOUBTED = 40


def candidates(twin: Twin, marks: Mapping[str, Mark]) -> frozenset[str]:
    """Give the cases that may have to catch a twin, by their marks alone."""
    if twin.flaw.signals:
        return frozenset(marks)
    breaks = set(twin.flaw.breaks)
    return frozenset(c for c, mark in marks.items() if {mark.requirement, *mark.also} & breaks or twin.excepted(c))


def expected(twin: Twin, marks: Mapping[str, Mark], honest: Mapping[str, Fact]) -> dict[str, Becomes]:
    """Give what must become of each case. honest: what the honest server made of the candidates that apply to it."""
    found: dict[str, Becomes] = dict.fromkeys(marks, "passed")
    for case, fact in honest.items():
        entry = twin.excepted(case)
        caught = _caught(twin, case, marks[case], fact)
        found[case] = entry.becomes if entry else "caught" if caught else "passed"
    return found


def idle_exceptions(twin: Twin, marks: Mapping[str, Mark], honest: Mapping[str, Fact]) -> list[str]:
    """Give the reasons of exceptions that except nothing: no case, or none that would be otherwise without."""
    used = set()
    for case, fact in honest.items():
        entry = twin.excepted(case)
        if entry is not None:
            derived = "caught" if _caught(twin, case, marks[case], fact) else "passed"
            if entry.becomes != derived:
                used.add(entry.why)
    return [entry.why for entry in twin.exceptions if entry.why not in used]


def _caught(twin: Twin, case: str, mark: Mark, fact: Fact) -> bool:
    flaw = twin.flaw
    if flaw.equivalent:
        return False
    if flaw.signals and any(_spoilt(twin, check, fact) for check in fact.signals):
        return True
    meant = any(re.search(pattern, case) for pattern in flaw.only) if flaw.only else not flaw.signals
    if not meant or not {mark.requirement, *mark.also} & set(flaw.breaks):
        return False
    if flaw.seam == "guard" and not flaw.over_strict:
        return bool(_at(twin, fact.tripping))
    return twin.is_at(fact.endpoint)


def _spoilt(twin: Twin, check: Check, fact: Fact) -> bool:
    """Whether the flaw spoils what is asked of a refusal; that of a guard, where it is this guard that refuses."""
    said = f"{check.name}: {check.expected}"
    return (
        twin.is_at(check.at or check.place)
        and any(re.search(pattern, said) for pattern in twin.flaw.signals)
        and (twin.flaw.seam != "guard" or bool(_at(twin, fact.tripping)))
    )


def _at(twin: Twin, by_guard: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Give the endpoints of the guard that the flaw is about, as far as the twin has the flaw there."""
    found = by_guard.get(twin.flaw.guard, frozenset())
    return found.intersection(twin.places) if twin.places else found


#: Endpoints that a case asks only when it is about them; at the others it gets its tokens, or somebody did before it.
APART = frozenset(
    {"resource", "resource-post", "userinfo", "token-refresh", "par", "introspection", "revocation", "registration"}
)


def visits(twin: Twin, fact: Fact) -> bool:
    """Whether a case comes where the flaw is: a twin is strict itself at every endpoint where its flaw is not."""
    return not twin.places or not APART.issuperset(twin.places) or bool(fact.visits & set(twin.places))


def reaches(twin: Twin, fact: Fact, where: Collection[str] = ()) -> bool:
    """Whether a case can meet the flaw at all. where: endpoints at which strict asks the guard of the flaw at all.

    One that lets more pass than it should can be met where the guard refuses something that the case sends; one that is
    asked at few endpoints where the case comes to it.
    """
    if twin.flaw.guard and not twin.flaw.over_strict:
        return bool(_at(twin, fact.refusing))
    if where and APART.issuperset(where):
        return bool(_at(twin, fact.checking))
    if twin.flaw.met_at:
        return not fact.visits.isdisjoint(twin.flaw.met_places())
    return visits(twin, fact)


def checked_at(twin: Twin, honest: Iterable[Fact]) -> frozenset[str]:
    """Give the endpoints at which strict asks the guard of a flaw, as far as the twin has the flaw there."""
    return frozenset(place for fact in honest for place in _at(twin, fact.checking))


def sampled(twin: Twin, case: str, seed: str, one_in: int) -> bool:
    """Whether a case is one of so many that is run all the same, though it need not catch the twin.

    All rows of a function are drawn together: they stand on the same honest requests, so that they cost less.
    """
    digest = hashlib.sha256(f"{seed} {twin.id} {case.partition('[')[0]}".encode()).digest()
    return int.from_bytes(digest[:4]) % one_in == 0
