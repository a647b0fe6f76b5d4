"""Which cases must catch a twin: derived from the requirement and the endpoint that it breaks and the cases' marks.

Nothing here has seen the twin. Of a guard that is weakened or left out it is also asked, of the honest server, which
guard it is that refuses a case's request: a case cites a requirement, and several checks may stand for that one.
"""

import hashlib
import re
from collections.abc import Mapping

from holdfast.cases import Mark
from holdfast.selftest.flaws import Becomes, Twin
from holdfast.selftest.twin_run import Check, Fact

#: One in so many of the other cases is run against each twin.
SAMPLED = 10


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
    meant = [e for e in twin.flaw.exceptions if not e.at or set(e.at) & set(twin.places)]
    return [entry.why for entry in meant if entry.why not in used]


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
        return any(_trips(twin, name) for name in fact.trips)
    return twin.is_at(fact.endpoint)


def _spoilt(twin: Twin, check: Check, fact: Fact) -> bool:
    """Whether the flaw spoils what is asked of a refusal; that of a guard, where it is this guard that refuses."""
    said = f"{check.name}: {check.expected}"
    return (
        twin.is_at(check.at or check.place)
        and any(re.search(pattern, said) for pattern in twin.flaw.signals)
        and (twin.flaw.seam != "guard" or any(_trips(twin, name) for name in fact.trips))
    )


def _trips(twin: Twin, name: str) -> bool:
    guard, _, place = name.partition("@")
    return guard == twin.flaw.guard and (not twin.places or place in twin.places)


#: Endpoints that a case asks only when it is about them; at the others it gets its tokens, or somebody did before it.
APART = frozenset(
    {"resource", "resource-post", "userinfo", "token-refresh", "par", "introspection", "revocation", "registration"}
)


def visits(twin: Twin, fact: Fact) -> bool:
    """Whether a case comes where the flaw is: a twin is strict itself at every endpoint where its flaw is not."""
    return not twin.places or not APART.issuperset(twin.places) or bool(fact.visits & set(twin.places))


def reaches(twin: Twin, fact: Fact) -> bool:
    """Whether a case can meet the flaw at all.

    Of a guard that lets more pass than it should, it can where the guard refuses something that the case sends.
    """
    if twin.flaw.seam == "guard" and not twin.flaw.over_strict:
        return any(_trips(twin, name) for name in fact.refusals)
    return visits(twin, fact)


def sampled(twin: Twin, case: str, seed: str) -> bool:
    """Whether a case that need not catch the twin is one of the tenth that is run all the same."""
    digest = hashlib.sha256(f"{seed} {twin.id} {case}".encode()).digest()
    return digest[0] % SAMPLED == 0
