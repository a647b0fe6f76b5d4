"""The matrix as a file: which case caught which twin, what nothing caught, and of what state of the tree it is true."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast import rooms
from holdfast.errors import UsageError
from holdfast.results import Score

NAME = "kill-matrix.json"

#: What a matrix is true of: the rooms by which it grows stale.
ROOMS: Mapping[str, Sequence[str]] = {
    "cases": ("suites",),
    "flaws": ("reference_impls/flawed",),
    "strict": (
        "reference_impls/strict",
        "reference_impls/strict_rs",
        "reference_impls/proxy",
        "reference_impls/gateway",
    ),
}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Row(_Model):
    """One twin.

    caught, undecided: places in `Matrix.cases`. asked: how many cases were run. reached: how many could meet the flaw.
    nothing_else: why no more were asked. exceptions: what was written down by hand, and why.
    """

    id: str
    flaw: str
    says: str
    seam: str
    guard: str = ""
    places: list[str] = Field(default_factory=list)
    target: str
    variant: str
    breaks: list[str]
    precedent: str = ""
    equivalent: str = ""
    nothing_else: str = ""
    exceptions: list[str] = Field(default_factory=list)
    asked: int
    reached: int
    caught: list[int]
    undecided: list[int] = Field(default_factory=list)


class Matrix(_Model):
    """The whole of it.

    full: every case that can meet a flaw was run, and one in forty of the others; else those that must catch it, and as
    many of the others that can meet it as the score says.
    pairs: twins times cases that were run; kept: how many of them in an earlier sitting, on the same state of the tree.
    digests: SHA-256 of each part of the tree that it is true of. unkilled: cases that caught nothing.
    """

    format: Literal["holdfast-kill-matrix/1"] = "holdfast-kill-matrix/1"
    score: Score
    digests: dict[str, str]
    full: bool
    seconds: float
    pairs: int
    kept: int = 0
    cases: list[str]
    twins: list[Row]
    unkilled: list[str] = Field(default_factory=list)
    wrong: list[str] = Field(default_factory=list)


def digests() -> dict[str, str]:
    """Give the digest of each part of the tree as it is now: names and contents of its files."""
    return {part: digest_of(folders) for part, folders in ROOMS.items()}


def digest_of(folders: Sequence[str], suffixes: Collection[str] = (".py", ".toml")) -> str:
    """Give the digest of the files of these folders, named as in ROOMS: SHA-256 over names and contents."""
    top = {"suites": rooms.suites(), "reference_impls": rooms.reference_impls()}
    digest = hashlib.sha256()
    for folder in folders:
        name, _, below = folder.partition("/")
        for path in _files(top[name] / below, suffixes):
            digest.update(f"{path.relative_to(top[name])}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    kept = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return sorted(path for path in kept if path.suffix in suffixes)


def stale(matrix: Matrix) -> list[str]:
    """Give the parts of the tree that are no longer what the matrix is true of."""
    now = digests()
    return [part for part in ROOMS if matrix.digests.get(part) != now[part]]


def read(path: Path) -> Matrix:
    """Read a matrix. Raises UsageError where there is none, or another format."""
    try:
        return Matrix.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: run holdfast selftest --full") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {place}: {first['msg']}: run holdfast selftest --full") from None


def score() -> Score | None:
    """Give the suite's own score as it was published, None where it was not; nothing else of the matrix is read."""
    try:
        with (rooms.reports() / NAME).open(encoding="utf-8") as file:
            return Score.model_validate(json.loads(file.readline().removesuffix(",\n").partition('"score": ')[2]))
    except (OSError, ValueError):
        return None


def dumps(matrix: Matrix) -> str:
    """Give the text of a matrix, the score on its first line, so that a reader of it alone reads one line."""
    document = matrix.model_dump(mode="json", exclude_defaults=False)
    first = json.dumps(document.pop("score"), ensure_ascii=False)
    lines = [f'"{name}": {_value(value)}' for name, value in document.items()]
    return '{"score": ' + first + ",\n" + ",\n".join(lines) + "}\n"


def _value(value: object) -> str:
    if isinstance(value, list) and value and not isinstance(value[0], int):
        return "[\n" + ",\n".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def now() -> str:
    """Give the moment, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
