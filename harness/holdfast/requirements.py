"""The tables under suites/: requirements, expected errors and points of latitude."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast.errors import UsageError
from holdfast.places import place_of

Level = Literal["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "SECURITY-CONSIDERATION"]
Broken = Literal["failed", "warning", "noted"]


#: The suites to come; `deferred` names one, and after a colon what it needs.
LATER = (
    r"^(((agent|client|mtls|proxy|request object|robustness|telemetry|token exchange|workload) suite|kill matrix)"
    r"(: .+)?)?$"
)


class Table(BaseModel):
    """Strict: a member that nobody reads is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Row = TypeVar("Row", bound=Table)


class Requirement(Table):
    """One normative statement of a specification, in our own words.

    excluded: why nobody can see from outside whether it is kept. deferred: the later suite that will test it.
    general: it says nothing about bound tokens, so that it is not in force where only what concerns those is.
    """

    id: str
    spec: str
    section: str
    role: str
    level: Level
    implied: bool = False
    summary: str
    testable: Literal["black-box", "needs-config", "needs-time", "not-observable"]
    how: str
    expect: str = ""
    broken_as: Broken | None = None
    excluded: str = ""
    deferred: Annotated[str, Field(pattern=LATER)] = ""
    general: bool = False
    source: str = "text"

    @property
    def link(self) -> str:
        """Where the text stands; empty for what is not an RFC."""
        number = self.spec.removeprefix("RFC")
        if not number.isdigit():
            return ""
        page = f"https://www.rfc-editor.org/rfc/rfc{number}.html"
        section = self.section.split(",")[0].strip()
        return f"{page}#section-{section}" if section.replace(".", "").isdigit() else page


class Wording(Table):
    """One way of answering: status codes, scheme of the challenge, error code (empty: none given)."""

    status: tuple[int, ...] = ()
    scheme: str | None = None
    error: tuple[str, ...] | None = None
    nonce: bool | None = None
    challenge: bool | None = None
    tls: bool = False


#: Status codes, or "4xx" for all of a class.
Statuses = tuple[int | Annotated[str, Field(pattern="^[1-5]xx$")], ...]


class Hard(Table):
    """What a refusal must be like, however it is worded. Each member is one assertion, made where it is given.

    status: it is one of these. withheld: none of these members stands in its JSON body.
    json_error, no_store, challenge, challenge_error: an answer of one of these statuses is a JSON object with an error
        code; may be kept by no cache; has a challenge; has a challenge with an error code.
    nonce: it has exactly one DPoP-Nonce. characters: its error texts keep to their characters (RFC 6749 section 5.2).
    silent: it repeats no secret of the request. traceless: it shows no stack trace.
    requirement: what all this rests on. broken_as: what it is called when it is not so, whatever that one's level is.
    """

    requirement: str = ""
    broken_as: Broken | None = None
    status: Statuses = ()
    withheld: tuple[str, ...] = ()
    json_error: Statuses = ()
    no_store: Statuses = ()
    challenge: Statuses = ()
    challenge_error: Statuses = ()
    nonce: bool = False
    characters: bool = False
    silent: bool = False
    traceless: bool = False


class Situation(Table):
    """How a refusal is worded in one situation, at some endpoints.

    expected: as the text or its example has it. tolerated: let pass with a remark. requirement: what that rests on.
    hard: what holds in any wording; it rests on the same requirement where it names none.
    strict: how much the expected wording is worth: fixed by the text, shown by an example only, or left open.
    """

    id: str
    name: str
    where: tuple[str, ...]
    summary: str
    expected: Wording
    tolerated: tuple[Wording, ...] = ()
    hard: Hard
    strict: Literal["spec", "example", "open"]
    requirement: str
    basis: str


class Always(Table):
    """What a refusal must be like for whatever reason it was refused, at some endpoints.

    situations: ids of the only situations it is asked in; empty: all, and refusals without one.
    """

    id: str
    where: tuple[str, ...]
    summary: str
    hard: Hard
    situations: tuple[str, ...] = ()
    basis: str


class Point(Table):
    """One of several outcomes. when: what the target does; broken_as: what that is called."""

    name: str
    when: str
    broken_as: Broken


class Latitude(Table):
    """Something on which the specifications leave room, and what a broken property is then called.

    points: where several outcomes are called differently, each by a name of its own; a case cites `L07-past-300`.
    deferred: the later suite whose cases will cite it.
    """

    id: str
    topic: str
    broken_as: Broken | None = None
    points: tuple[Point, ...] = ()
    deferred: Annotated[str, Field(pattern=LATER)] = ""
    evidence: str = ""

    def citable(self) -> "Iterable[Latitude]":
        """Give what a case may cite: the entry where it says what a broken property is called, and its points."""
        if self.broken_as is not None:
            yield self
        for point in self.points:
            topic = f"{self.topic}: {point.when}"
            yield Latitude(id=f"{self.id}-{point.name}", topic=topic, broken_as=point.broken_as, evidence=self.evidence)


class Catalogue(Table):
    """What a file of requirements is about: the name its ids begin with, and the specification's title.

    in_force: which entries must be cited by a case, excluded or deferred: all, those on bound tokens, or none yet;
        "under a profile": all of them, and their cases are asked only under a profile that includes the specification.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str
    title: str
    in_force: Literal["all", "bound tokens", "under a profile", "none"] = "none"


class Frameworks(Table):
    """References to frameworks by suite."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    suites: Mapping[str, list[str]]


class Tables:
    """All tables, checked. Raises UsageError naming file and entry for a mistake in one."""

    def __init__(self, suites: Path) -> None:
        self.requirements: dict[str, Requirement] = {}
        self.titles: dict[str, str] = {}
        self.in_force: frozenset[str] = frozenset()
        #: Specifications that are in force under a profile only.
        self.under_profiles: frozenset[str] = frozenset()
        for path in sorted((suites / "requirements").glob("*.toml")):
            document = _read(path)
            catalogue = _checked(path, "[catalogue]", document.get("catalogue"), Catalogue)
            self.titles[catalogue.key] = catalogue.title
            for entry in _entries(path, document, "requirement", Requirement):
                if entry.id in self.requirements:
                    raise UsageError(f"{path.name}: {entry.id}: is there twice: give one of them another id")
                self.requirements[entry.id] = entry
                if catalogue.in_force in {"all", "under a profile"} or (
                    catalogue.in_force == "bound tokens" and not entry.general
                ):
                    self.in_force |= {entry.id}
            if catalogue.in_force == "under a profile":
                self.under_profiles |= {catalogue.key}
        errors, latitude, frameworks = (suites / f"{name}.toml" for name in ("errors", "latitude", "frameworks"))
        wordings = _read(errors)
        self.situations = list(_entries(errors, wordings, "situation", Situation))
        self.always = list(_entries(errors, wordings, "always", Always))
        self.room = list(_entries(latitude, _read(latitude), "latitude", Latitude))
        self.latitude = {citable.id: citable for entry in self.room for citable in entry.citable()}
        self.frameworks: Mapping[str, list[str]] = _checked(
            frameworks, "[suites]", _read(frameworks), Frameworks
        ).suites

    def requirement(self, identifier: str) -> Requirement:
        """Give the entry of that id. Raises UsageError with the nearest ids when there is none."""
        if (found := self.requirements.get(identifier)) is not None:
            return found
        near = difflib.get_close_matches(identifier, self.requirements, 3)
        hint = f" (did you mean {', '.join(near)}?)" if near else ""
        raise UsageError(f"suites/requirements: no requirement {identifier}{hint}")

    def check_names(self, situation: str, latitude: str) -> None:
        """Raise UsageError where a situation or a point of latitude is named and does not exist."""
        situations = {known.name for known in self.situations}
        for file, name, known in (("errors", situation, situations), ("latitude", latitude, set(self.latitude))):
            if name and name not in known:
                near = difflib.get_close_matches(name, known, 1)
                raise UsageError(f"suites/{file}.toml: no {name}{f' (did you mean {near[0]}?)' if near else ''}")

    def situation(self, name: str, endpoint: str) -> Situation | None:
        """How a refusal is worded in that situation at that endpoint, where it is said."""
        return next((s for s in self.situations if s.name == name and place_of(endpoint) in s.where), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path.name}: {error}") from None


def _entries(path: Path, document: Mapping[str, object], table: str, model: type[Row]) -> Iterable[Row]:
    rows = document.get(table)
    if not isinstance(rows, list):
        raise UsageError(f"{path.name}: has no [[{table}]]: write at least one")
    for number, row in enumerate(rows):
        name = row.get("id", number) if isinstance(row, dict) else number
        yield _checked(path, str(name), row, model)


def _checked(path: Path, name: str, value: object, model: type[Row]) -> Row:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(": ".join(filter(None, (path.name, name, place, first["msg"])))) from None
