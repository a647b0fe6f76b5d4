"""What earlier selftests saw of the same twins with the same cases, so that a long one can go on where it was ended.

A pair of twin and case is the same as before while nothing has changed by which it could come out otherwise: the
honest server, the code of the flaws, what the twin is asked to be, how refusals are to be worded, the profiles, the
file of the case, and what the tables say of the requirements and the point of latitude that it cites.
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast import rooms
from holdfast.plugin import Collected
from holdfast.requirements import Tables
from holdfast.selftest.flaws import Becomes
from holdfast.selftest.published import ROOMS, digest_of
from holdfast.selftest.twin_run import Ask, Check, Fact, Outcome

#: What an honest server of each name is made of.
_SERVERS: Mapping[str, Sequence[str]] = {
    "strict": ["reference_impls/strict"],
    "strict_rs": ["reference_impls/strict", "reference_impls/strict_rs"],
    "proxy": ["reference_impls/strict", "reference_impls/proxy"],
    "gateway": ["reference_impls/strict", "reference_impls/proxy", "reference_impls/gateway"],
}


@dataclass
class Kept:
    """A folder of outcomes, a file for each twin; without a folder nothing is kept.

    pairs: how many were not run once more. by_case: gives the digest of all that says what a case is.
    """

    folder: Path | None = None
    pairs: int = 0
    by_case: Callable[[str], str] = str
    _known: dict[str, dict[str, Fact]] = field(default_factory=dict)

    def rest(self, ask: Ask, must: Mapping[str, Becomes]) -> Ask:
        """Give what is left to ask: the cases of which nothing is kept, or something that must not be."""
        if self.folder is None or ask.cases is None:
            return ask
        found = self._read(ask)
        known = {case: found[case] for case in ask.cases & found.keys() if found[case].seen == must[case]}
        self._known[ask.name] = known
        self.pairs += len(known)
        return replace(ask, cases=ask.cases - known.keys())

    def answers(self, ask: Ask) -> bool:
        """Whether all of it is kept, so that the twin need not be started. ask: as `rest` gave it."""
        return not ask.cases and bool(self._known.get(ask.name))

    def whole(self, ask: Ask, done: Outcome) -> Outcome:
        """Join what was seen now of a twin to what is kept of it, and keep it all."""
        facts = {**self._known.pop(ask.name, {}), **done.facts}
        if self.folder is not None and not done.problem:
            self._write(ask, {**self._read(ask), **facts})
        return replace(done, facts=facts)

    def _file(self, ask: Ask) -> Path:
        assert self.folder is not None
        return self.folder / f"{ask.name}.json"

    def _read(self, ask: Ask) -> dict[str, Fact]:
        """Give by case what is kept and still true of it; nothing where the file is another twin's or not ours."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            document = json.loads(self._file(ask).read_bytes())
            if document["twin"] == _twin(ask):
                return {
                    case: _fact(one)
                    for digest, of_digest in document["cases"].items()
                    for case, one in of_digest.items()
                    if digest == self.by_case(case)
                }
        return {}

    def _write(self, ask: Ask, facts: Mapping[str, Fact]) -> None:
        cases: dict[str, dict[str, object]] = {}
        for case, fact in facts.items():
            cases.setdefault(self.by_case(case), {})[case] = _lines(fact)
        path = self._file(ask)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_text(json.dumps({"twin": _twin(ask), "cases": cases}), encoding="utf-8")
        half.replace(path)


def digester(found: Iterable[Collected], tables: Tables) -> Callable[[str], str]:
    """Give what makes the digest of a case: its file, and what the tables say of what it cites."""
    marks = {one.item.nodeid: one.mark for one in found}

    @functools.cache
    def of_file(name: str) -> bytes:
        return (rooms.suites() / name).read_bytes()

    @functools.cache
    def digest(case: str) -> str:
        mark = marks.get(case)
        cited = [tables.requirement(name) for name in (mark.requirement, *mark.also)] if mark else []
        point = tables.latitude.get(mark.latitude) if mark else None
        said = "".join(entry.model_dump_json() for entry in [*cited, *([point] if point else [])])
        return hashlib.sha256(of_file(case.partition("::")[0]) + said.encode()).hexdigest()

    return digest


@functools.cache
def _ground(target: str) -> str:
    """Give the digest of what stands behind every twin of a server and every verdict on it."""
    wordings = (rooms.suites() / "errors.toml").read_bytes()
    judged_by = digest_of(["suites/profiles"]) + hashlib.sha256(wordings).hexdigest()
    return digest_of(_SERVERS[target]) + digest_of(ROOMS["flaws"], {".py"}) + judged_by


def _twin(ask: Ask) -> str:
    """Give the digest of everything but the case."""
    is_asked = [ask.target, ask.variant, ask.flaw, dict(ask.vars), dict(ask.endpoints), ask.waits, ask.hosted]
    return hashlib.sha256((_ground(ask.target) + json.dumps(is_asked, sort_keys=True)).encode()).hexdigest()


def _lines(fact: Fact) -> list[object]:
    return [fact.verdict, fact.endpoint, fact.reason, *(list(check) for check in fact.signals)]


def _fact(one: list[object]) -> Fact:
    verdict, endpoint, reason, *signals = one
    return Fact(str(verdict), str(endpoint), tuple(Check(*signal) for signal in signals), str(reason))  # type: ignore[misc]  # as _lines put it
