"""Ending what a lab's keeper left behind when it was killed, and nothing else.

All that a keeper starts has its mark: processes in their environment, containers and networks as their label. A program
that writes over its own environment is known by its session and by the lab's folder.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import UsageError

#: Environment variable that holds the mark; the label of a run, which is the mark where a keeper started it.
MARK, RUN = "HOLDFAST_LAB", "holdfast.run"
#: Seconds: services end by themselves when who started them is gone; after that they are killed.
BY_THEMSELVES, KILLED = 4.0, 5.0
_LOOK = 0.02
_PROC = Path("/proc")


@dataclass(frozen=True)
class Seen:
    """A process as /proc shows it. began: in ticks since the machine started; with `pid` it names one process."""

    pid: int
    parent: int
    session: int
    began: str


def seen(pid: int) -> Seen | None:
    """Look at a process; None where there is none, or only what is left of one that has ended."""
    try:
        words = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in {"Z", "X"} else Seen(pid, int(words[1]), int(words[3]), words[19])


def every() -> Iterator[Seen]:
    """Give all processes of this machine."""
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if entry.name.isdigit() and (found := seen(int(entry.name))):
            yield found


class Handle:
    """One process, which signals cannot miss for another one that was given its id after its end."""

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError where there is none."""
        self._fd = _descriptor(pid)
        there = seen(pid)
        if there is None:
            self.close()
            raise ProcessLookupError(pid)
        self.process = there

    def send(self, number: signal.Signals) -> None:
        """Signal it; nothing where it is gone."""
        with contextlib.suppress(ProcessLookupError):
            if self._fd is not None:
                signal.pidfd_send_signal(self._fd, number)
            elif not self._ended():
                os.kill(self.process.pid, number)

    def gone(self, seconds: float) -> bool:
        """Whether it ends within these seconds."""
        return until(self._ended, seconds)

    def close(self) -> None:
        """Let go of it."""
        if self._fd is not None:
            os.close(self._fd)

    def _ended(self) -> bool:
        now = seen(self.process.pid)
        return now is None or now.began != self.process.began


def _descriptor(pid: int) -> int | None:
    """A descriptor that stays with this one process; None where the system has none (Linux before 5.3)."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except (AttributeError, OSError):
        return None


def until(happened: Callable[[], bool], seconds: float) -> bool:
    """Whether something happens within these seconds."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK)
    return True


def sessions_below(pid: int) -> list[int]:
    """Give the sessions of all that a process started, its own excepted."""
    all_of_them = list(every())
    below, grown = {pid}, True
    while grown:
        more = {one.pid for one in all_of_them if one.parent in below} - below
        below, grown = below | more, bool(more)
    own = {one.session for one in all_of_them if one.pid == pid}
    return sorted({one.session for one in all_of_them if one.pid in below} - own)


def end_processes(mark: str, sessions: Sequence[int], folder: Path) -> None:
    """See to it that every process with the mark, or of these sessions and of the folder, is gone."""

    def left() -> list[int]:
        return [one.pid for one in every() if one.pid != os.getpid() and _belongs(one, mark, sessions, folder)]

    if until(lambda: not left(), BY_THEMSELVES):
        return
    for pid in left():
        with contextlib.suppress(ProcessLookupError):
            handle = Handle(pid)
            try:
                if _belongs(handle.process, mark, sessions, folder):
                    handle.send(signal.SIGKILL)
            finally:
                handle.close()
    until(lambda: not left(), KILLED)


def _belongs(process: Seen, mark: str, sessions: Sequence[int], folder: Path) -> bool:
    own = _PROC / str(process.pid)
    try:
        if f"{MARK}={mark}".encode() in (own / "environ").read_bytes().split(b"\0"):
            return True
        if process.session not in sessions:
            return False
        place = os.fsencode(folder)
        return os.fsencode((own / "cwd").readlink()).startswith(place) or place in (own / "cmdline").read_bytes()
    except OSError:
        return False


def remove_containers(mark: str) -> None:
    """Remove every container and network with the mark. Raises UsageError where no engine answers."""
    try:
        from holdfast.launch import container
    except ImportError:
        raise UsageError("testcontainers is missing: pip install 'holdfast[containers]'") from None
    engine = container.engine()
    try:
        container.remove(engine, {RUN: mark})
    finally:
        engine.close()
