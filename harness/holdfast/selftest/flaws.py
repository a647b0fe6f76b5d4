"""The table of flaws: what each one is, where it is, which requirements it breaks, and what is an exception to that."""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from holdfast.errors import UsageError
from holdfast.places import AUTHORIZATION_SERVER, EVERY, TOKEN_USE, behind_hop
from holdfast.requirements import Table

Becomes = Literal["caught", "passed", "undecided"]
Pattern = Annotated[str, Field(min_length=1)]

#: Names for several endpoints at once.
SEVERAL: Mapping[str, tuple[str, ...]] = {
    "every": EVERY,
    "token use": TOKEN_USE,
    "authorization server": AUTHORIZATION_SERVER,
}


class Exceptional(Table):
    """Cases with which it is otherwise than derived, each group with its reason.

    cases: regular expressions, searched in case ids. at: only for the twins at these endpoints; empty: all.
    """

    cases: tuple[Pattern, ...]
    becomes: Becomes
    why: str = Field(min_length=20)
    at: tuple[str, ...] = ()


class Flaw(Table):
    """One flaw.

    seam: where it goes in: a guard (then `guard` names it), a request, an answer, inside (the server objects), doors
        (how it listens), settings (fields of strict's settings), or leak (a variant of the leaky proxy). does: what
        happens there.
    at: endpoints, for each of which there is a twin that has it there only; none: one twin that has it everywhere.
    together: one twin that has it at all of `at`.
    met_at: of one that is everywhere, the endpoints outside of which nothing of it is met; none: it is met anywhere.
    breaks: requirements; the cases that cite one of them, at the endpoint of the twin, must catch it.
    only: of these cases those in whose id one of these regular expressions is found; none: all.
    over_strict: it refuses what has to be accepted. Of a guard that refuses too little, on the other hand, those cases
        must catch it, of the ones above, whose request strict refuses by that guard.
    signals: regular expressions for what is asked of refusals, as in "E-RS-02 wording: 401, DPoP challenge, error ...";
        every case in which strict is asked one of them there (of a guard: where that is what refuses) must catch it.
        `breaks` says what they rest on; of the cases that cite that, only those of `only` must catch it besides.
    target, variant: which configuration of which reference implementation it is put into.
    vars: placeholders of the target file with other values.
    endpoints: URLs that the target file names itself, so that a lie of the metadata about them leads nobody astray.
    waits: cases that wait for real time are among those that catch it.
    nothing_else: why only the cases that must catch it are asked: nothing honest gets through where it is, say.
    equivalent: why nobody can see it from outside; no case may catch it then.
    precedent: a public report of such a flaw in the world.
    """

    id: str = Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")
    says: str
    seam: Literal["guard", "request", "answer", "inside", "doors", "settings", "leak"] = "guard"
    guard: str = ""
    does: str = "left out"
    settings: Mapping[str, Any] = {}
    at: tuple[str, ...] = ()
    together: bool = False
    met_at: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    only: tuple[Pattern, ...] = ()
    over_strict: bool = False
    signals: tuple[Pattern, ...] = ()
    target: Literal["strict", "strict_rs", "proxy", "gateway"] = "strict"
    variant: str = "default"
    vars: Mapping[str, str] = {}
    endpoints: Mapping[str, str] = {}
    waits: bool = False
    nothing_else: str = ""
    equivalent: str = ""
    precedent: str = ""
    exceptions: tuple[Exceptional, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "Flaw":
        if (self.seam == "guard") != bool(self.guard):
            raise ValueError("seam guard needs a guard, and no other seam has one")
        if bool(self.breaks) == bool(self.equivalent):
            raise ValueError("write breaks, or equivalent with the argument")
        for name, places in (("at", self.places()), ("met_at", self.met_places())):
            if unknown := sorted(set(places) - {*EVERY, *OTHER_PLACES}):
                raise ValueError(f"{name}: unknown {', '.join(unknown)}")
        return self

    def places(self) -> tuple[str, ...]:
        """Give the endpoints where it is, names for several resolved."""
        return _resolved(self.at)

    def met_places(self) -> tuple[str, ...]:
        """Give the endpoints of `met_at`, in the same way."""
        return _resolved(self.met_at)


OTHER_PLACES = ("introspection", "revocation", "registration", "authorization", "metadata", "jwks")


def _resolved(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for name in names for place in SEVERAL.get(name, (name,))))


@dataclass(frozen=True)
class Twin:
    """A flaw at one place, at several together, or everywhere (no places)."""

    flaw: Flaw
    places: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its name in the matrix."""
        return self.flaw.id if self.flaw.together or not self.places else f"{self.flaw.id}@{self.places[0]}"

    def is_at(self, endpoint: str) -> bool:
        """Whether the flaw is at an endpoint, however it is reached; what is at none in particular is at each."""
        return not self.places or not endpoint or behind_hop(endpoint) in self.places

    @functools.cached_property
    def exceptions(self) -> list[Exceptional]:
        """Give the exceptions that are meant for its place."""
        return [one for one in self.flaw.exceptions if not one.at or set(one.at) & set(self.places)]

    def excepted(self, case: str) -> Exceptional | None:
        """Give the exception that is made for a case, if one is."""
        for entry in self.exceptions:
            if any(re.search(pattern, case) for pattern in entry.cases):
                return entry
        return None


def twins(flaws: Mapping[str, Flaw]) -> Iterator[Twin]:
    """Give every twin of these flaws."""
    for flaw in flaws.values():
        places = flaw.places()
        if flaw.together or not places:
            yield Twin(flaw, places)
        else:
            yield from (Twin(flaw, (place,)) for place in places)


def load(folder: Path) -> dict[str, Flaw]:
    """Read all tables of flaws in a folder. Raises UsageError naming file and entry for a mistake.

    `[guards."NAME"] breaks = [...]` in a file says what each of its flaws at that guard breaks that does not say it.
    """
    found: dict[str, Flaw] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{path.name}: {error}") from None
        shared = document.get("guards", {})
        for number, entry in enumerate(document.get("flaw", [])):
            broken = shared.get(entry.get("guard"), {}) if not entry.get("equivalent") else {}
            flaw = _checked(path, str(entry.get("id", number)), {**broken, **entry})
            if flaw.id in found:
                raise UsageError(f"{path.name}: {flaw.id}: is there twice: give one of them another id")
            found[flaw.id] = flaw
    if not found:
        raise UsageError(f"{folder}: holds no flaws: write [[flaw]] into a file there")
    return found


def _checked(path: Path, name: str, entry: object) -> Flaw:
    try:
        return Flaw.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(": ".join(filter(None, (path.name, name, place, first["msg"])))) from None
