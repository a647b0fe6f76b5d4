"""Profiles: named sets of what a target must claim, and the only place where a level may be raised."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast.errors import UsageError
from holdfast.requirements import Broken


class Profile(BaseModel):
    """One profile.

    requires: capabilities whose absence is a failure, not "not applicable".
    raised: requirement id -> what a broken property is called under this profile.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str
    requires: tuple[str, ...] = ()
    raised: Mapping[str, Broken] = Field(default_factory=dict)


def names(suites: Path) -> list[str]:
    """Give the profiles there are."""
    return sorted(path.stem for path in (suites / "profiles").glob("*.toml"))


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
