"""Profiles: named sets of what a target must claim, and the only place where a level may be raised."""

import difflib
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast.errors import UsageError
from holdfast.requirements import Always, Broken


class Profile(BaseModel):
    """One profile.

    requires: capabilities whose absence is a failure, not "not applicable".
    includes: specifications (by the name their ids begin with) that are in force under this profile only.
    allows: points of latitude about which nothing is asked under this profile.
    raised: requirement, or entry or point of latitude -> what a broken property is called under this profile.
    always: what refusals must be like under this profile, beside what is always asked of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    requires: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    raised: Mapping[str, Broken] = Field(default_factory=dict)
    always: tuple[Always, ...] = ()

    def raises(self, requirement: str, latitude: str) -> Broken | None:
        """Say what is called here what breaks a requirement, judged by that point of latitude; None: as elsewhere.

        An entry of latitude is raised with all its points.
        """
        entry = latitude.partition("-")[0]
        return next((self.raised[name] for name in (requirement, latitude, entry) if name in self.raised), None)


def names(suites: Path) -> list[str]:
    """Give the profiles there are."""
    return sorted(path.stem for path in (suites / "profiles").glob("*.toml"))


@functools.cache
def of(suites: Path, specification: str) -> list[str]:
    """Give the profiles under which a specification is in force that is in force under profiles only."""
    return [name for name in names(suites) if specification in load(suites, name).includes]


def load(suites: Path, name: str) -> Profile:
    """Give the profile of that name. Raises UsageError for an unknown name or a mistake in its file."""
    known = names(suites)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise UsageError(f"--profile: no profile {name!r} ({hint})")
    path = suites / "profiles" / f"{name}.toml"
    try:
        return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path.name}: {place}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path.name}: {error}") from None
