"""Known failures of a target: which case, why, whose, until when. A stale or expired entry fails the run."""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from holdfast.errors import UsageError, one_line
from holdfast.results import CaseResult, KnownFailure

FINDINGS = {"failed", "warning", "noted"}


class Entry(BaseModel):
    """One known failure. variant: empty for every variant. expires: the last day on which it counts."""

    model_config = ConfigDict(extra="forbid")

    case: str
    variant: str = ""
    reason: str
    owner: str
    expires: date
    link: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    known: list[Entry] = []


def load(path: Path) -> list[Entry]:
    """Give the entries of a baseline file. Raises UsageError naming what is wrong in it."""
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).known
    except OSError as error:
        raise UsageError(f"--baseline {path}: {error.strerror}") from None
    except RecursionError:
        raise UsageError(f"{path}: nested too deeply to be read") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = one_line(".".join(str(part) for part in first["loc"]))
        hint = "each [[known]] has case, reason, owner, expires = 2030-12-31, and perhaps variant and link"
        raise UsageError(f"{path}: {place}: {first['msg']} ({hint})") from None
    except ValueError as error:  # broken TOML, a number of thousands of digits, bytes that are no UTF-8
        raise UsageError(f"{path}: {one_line(str(error))}") from None


def apply(entries: Sequence[Entry], results: Sequence[CaseResult], today: date) -> Iterator[str]:
    """Mark the results that are known; one line for each entry that is expired or that nothing matches any more."""
    for entry in entries:
        ran = [r for r in results if r.case == entry.case and entry.variant in {"", r.variant}]
        found = [r for r in ran if r.verdict in FINDINGS]
        if entry.expires < today:
            yield f"baseline: {entry.case}: expired on {entry.expires}: mend it or set a new day"
        elif ran and not found and any(r.verdict == "passed" for r in ran):
            yield f"baseline: {entry.case}: is stale, the case passes now: delete the entry"
        else:
            for result in found:
                result.known = KnownFailure(
                    reason=entry.reason, owner=entry.owner, expires=str(entry.expires), link=entry.link
                )
