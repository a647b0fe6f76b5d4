"""What earlier selftests saw of the same twins with the same cases, so that a long one can go on where it was ended.

A pair of twin and case is the same as before while nothing has changed by which it could come out otherwise: strict,
the code of the flaws, the tables of the suites, what the twin is asked to be, and the file of the case.
"""

import contextlib
import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast import rooms
from holdfast.selftest.flaws import Becomes
from holdfast.selftest.published import ROOMS, digest_of
from holdfast.selftest.twin_run import Ask, Check, Fact, Outcome

#: What stands for all of a twin but what it is asked to be: the code, and the tables by which answers are judged.
_CODE = (*ROOMS["strict"], *ROOMS["flaws"])


@dataclass
class Kept:
    """A folder of outcomes, a file for each twin; without a folder nothing is kept.

    pairs: how many were not run once more.
    """

    folder: Path | None = None
    pairs: int = 0
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
                    for file, of_file in document["cases"].items()
                    for case, one in of_file.items()
                    if file == _of_file(case)
                }
        return {}

    def _write(self, ask: Ask, facts: Mapping[str, Fact]) -> None:
        cases: dict[str, dict[str, object]] = {}
        for case, fact in facts.items():
            cases.setdefault(_of_file(case), {})[case] = _lines(fact)
        path = self._file(ask)
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        half.write_text(json.dumps({"twin": _twin(ask), "cases": cases}), encoding="utf-8")
        half.replace(path)


@functools.cache
def _ground() -> str:
    return digest_of(_CODE, {".py"}) + digest_of(ROOMS["strict"], {".toml"}) + digest_of(ROOMS["cases"], {".toml"})


@functools.cache
def _of_file(case: str) -> str:
    """Give the digest of the file that a case lies in."""
    return hashlib.sha256((rooms.suites() / case.partition("::")[0]).read_bytes()).hexdigest()


def _twin(ask: Ask) -> str:
    """Give the digest of everything but the case."""
    is_asked = [ask.target, ask.variant, ask.flaw, dict(ask.vars), dict(ask.endpoints), ask.waits, ask.hosted]
    return hashlib.sha256((_ground() + json.dumps(is_asked, sort_keys=True)).encode()).hexdigest()


def _lines(fact: Fact) -> list[object]:
    return [fact.verdict, fact.endpoint, fact.reason, *(list(check) for check in fact.signals)]


def _fact(one: list[object]) -> Fact:
    verdict, endpoint, reason, *signals = one
    return Fact(str(verdict), str(endpoint), tuple(Check(*signal) for signal in signals), str(reason))  # type: ignore[misc]  # as _lines put it
