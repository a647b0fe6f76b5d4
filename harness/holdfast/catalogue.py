"""All cases there are, collected without any target: for lists, checks of ids, and the traceability matrix."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from holdfast import profiles, rooms, session
from holdfast.errors import UsageError
from holdfast.plugin import Collected, collected
from holdfast.requirements import Requirement, Tables
from holdfast.results import RequirementRow


@dataclass
class _Lister:
    tables: Tables
    found: list[Collected]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found.extend(collected(items, self.tables))

    def pytest_runtestloop(self) -> bool:
        return True


def collect(tables: Tables, *, suites: Sequence[str] = (), keyword: str = "") -> list[Collected]:
    """Every case, in the order of the files. Raises UsageError for one that breaks a rule of the suites."""
    lister = _Lister(tables, [])
    options = session.Options(profiles.load(rooms.suites(), "base"), suites=suites, keyword=keyword)
    session.run_pytest(options, lister)
    return lister.found


def known_ids(wanted: Sequence[str], cases: Sequence[Collected]) -> frozenset[str]:
    """Give the ids asked for, checked; a table without its row's name means all of its rows.

    Raises UsageError for an unknown one, with the nearest that there are.
    """
    ids = [case.item.nodeid for case in cases]
    chosen: set[str] = set()
    for name in wanted:
        found = [i for i in ids if i == name or i.startswith(f"{name}[")]
        if not found:
            bases = list(dict.fromkeys(i.split("[")[0] for i in ids))
            short = name.split("::")[-1].split("[")[0]
            near = [base for base in bases if short in base][:2] or difflib.get_close_matches(name, bases, 2, 0.5)
            hint = f" (did you mean {' or '.join(near)}?)" if near else "; `holdfast list cases` shows all"
            raise UsageError(f"--case: no case {name!r}{hint}")
        chosen.update(found)
    return frozenset(chosen)


def suite_names() -> list[str]:
    """Folders of suites/ that hold cases."""
    return sorted(folder.name for folder in rooms.suites().iterdir() if list(folder.glob("test_*.py")))


def known_suites(wanted: Sequence[str]) -> tuple[str, ...]:
    """Give the suites asked for, checked. Raises UsageError for an unknown one."""
    names = suite_names()
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise UsageError(f"--suite: no suite {name!r} ({hint})")
    return tuple(wanted)


def traceability(
    tables: Tables, cases: Sequence[Collected], profile: profiles.Profile | None = None
) -> list[RequirementRow]:
    """Each requirement with the cases that cite it, or why there are none.

    profile: what is in force under another profile only is said to be so, whatever cites it.
    """
    citing: dict[str, list[str]] = {}
    for case in cases:
        for cited in (case.requirement.id, *case.mark.also):
            citing.setdefault(cited, []).append(case.item.nodeid)
    return [
        RequirementRow(
            id=requirement.id,
            spec=requirement.spec,
            section=requirement.section,
            role=requirement.role,
            level=requirement.level,
            implied=requirement.implied,
            summary=requirement.summary,
            link=requirement.link,
            cases=citing.get(requirement.id, []),
            untested=_of_another_profile(requirement, tables, profile)
            or (
                ""
                if requirement.id in citing
                else why_untested(requirement, in_force=requirement.id in tables.in_force)
            ),
        )
        for requirement in tables.requirements.values()
    ]


def _of_another_profile(requirement: Requirement, tables: Tables, profile: profiles.Profile | None) -> str:
    spec = requirement.spec
    if profile is None or spec not in tables.under_profiles or spec in profile.includes:
        return ""
    return f"not in force: belongs to profile {' or '.join(profiles.of(rooms.suites(), spec))}"


def why_untested(requirement: Requirement, *, in_force: bool = True) -> str:
    """Why no case cites a requirement; empty where one is missing."""
    if requirement.excluded:
        return f"excluded: {requirement.excluded}"
    if requirement.deferred:
        return f"deferred: to the {requirement.deferred}"
    if in_force:
        return ""
    return "not in force: says nothing about bound tokens" if requirement.general else "not in force yet"
