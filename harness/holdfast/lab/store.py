"""What is known of the labs of this user: a folder for each, which its keeper holds locked as long as it lives.

The lock says whether there is a keeper: it ends with the process, however that ends, and with the machine.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from holdfast.launch import prepare
from holdfast.launch.leftovers import until

Phase = Literal["starting", "up"]

_LOCK, _STATE = "lock", "state.json"


def root() -> Path:
    """The folder of the labs, in the cache of this user."""
    return prepare.cache() / "labs"


def place(name: str) -> Path:
    """The folder of a lab."""
    return root() / name


def names() -> list[str]:
    """Names of the labs that there is anything of, up or not."""
    try:
        return sorted(entry.name for entry in root().iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        return []


@dataclass(frozen=True)
class State:
    """What a keeper writes down of itself.

    pid and began: which process it is. mark: what all that it starts is known by. sessions: those of its services.
    ended: services that ended by themselves.
    """

    name: str
    variant: str
    launch: str
    file: str
    pid: int
    began: str
    mark: str
    since: str
    phase: Phase = "starting"
    urls: Mapping[str, str] = field(default_factory=dict)
    sessions: Sequence[int] = ()
    ended: Sequence[str] = ()

    @property
    def said(self) -> str:
        """Say how it runs."""
        return f"variant {self.variant}, as {self.launch}, since {self.since}"


def read(name: str) -> State | None:
    """Read what the last keeper of a lab wrote; None where there is nothing to be read."""
    known = {one.name for one in dataclasses.fields(State)}
    try:
        document = json.loads((place(name) / _STATE).read_text())
        return State(**{key: value for key, value in document.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def held(name: str) -> bool:
    """Whether a keeper lives."""
    try:
        lock = os.open(place(name) / _LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


class Claim:
    """The lock of a lab, as long as its descriptor is open in any process that it was handed to."""

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self.descriptor = descriptor
        self.folder = place(name)

    def write(self, state: State) -> None:
        """Write the state, whole or not at all, for the user's eyes only."""
        draft = self.folder / f".{_STATE}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(dataclasses.asdict(state), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / _STATE)

    def untouched(self) -> bool:
        """Whether there is nothing but the lock."""
        return [entry.name for entry in self.folder.iterdir()] == [_LOCK]

    def release(self) -> None:
        """Let go of the lock and leave the folder as it is."""
        os.close(self.descriptor)

    def clear(self) -> None:
        """Remove the folder, then let go. Nobody can claim a folder that is half removed: it has another name then."""
        away = root() / f".{self.name}-{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):
            self.folder.rename(away)
            shutil.rmtree(away, ignore_errors=True)
        self.release()
        for folder in (root(), root().parent):
            with contextlib.suppress(OSError):  # others have something there
                folder.rmdir()


def claim(name: str, seconds: float = 0.3) -> Claim | None:
    """Take the lock of a lab, making its folder; None where a keeper has it and keeps it for these seconds."""
    taken: list[Claim] = []

    def tried() -> bool:
        taken.extend(_tried(name))
        return bool(taken)

    return taken[0] if until(tried, seconds) else None


def _tried(name: str) -> Iterator[Claim]:
    file = place(name) / _LOCK
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:  # it was removed in this moment
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = file.stat()
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return
    if os.path.samestat(os.fstat(descriptor), there):
        yield Claim(name, descriptor)
    else:
        os.close(descriptor)


def sweep() -> None:
    """Remove folders whose removal was cut short."""
    with contextlib.suppress(FileNotFoundError):
        for entry in root().iterdir():
            if entry.name.startswith("."):
                shutil.rmtree(entry, ignore_errors=True)
