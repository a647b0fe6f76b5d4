"""What a service needs installed before it starts, kept in a per-user cache and never in site-packages."""

import contextlib
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.launch.ready import Stopped
from holdfast.target_model import Service
from holdfast.target_placeholders import fill_text

Prepare = Callable[[str, Service, Mapping[str, str], str], Path]

_MANIFESTS = ("package.json",)
#: Seconds between two looks at whether the run was told to stop.
_LOOK = 0.05


def cache() -> Path:
    """The per-user cache folder: XDG_CACHE_HOME or ~/.cache, and `holdfast` in it."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / "holdfast"


def folder_of(target: str, service: Service) -> Path:
    """{cache} of a service: named by the digest of its lock, manifest and commands, and the kind of machine."""
    total = hashlib.sha256(f"{platform.system()} {platform.machine()}\n{service.prepare}\n".encode())
    for file in _own(service):
        total.update(file.read_bytes())
    return cache() / "prepared" / f"{target}-{service.made_as}-{total.hexdigest()[:16]}"


def prepare(target: str, service: Service, values: Mapping[str, str], where: str, stop: threading.Event) -> Path:
    """Run the service's commands once, in a folder that appears under its name only when all of them went well.

    Lock and package.json are copied in first. Raises UsageError, with the last lines of a command that failed.
    """
    ready = folder_of(target, service)
    if ready.is_dir() or not service.prepare:
        return ready
    ready.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{ready.name}-", dir=ready.parent))
    try:
        for file in _own(service):
            shutil.copy(file, making)
        for command in service.prepare:
            run(
                [fill_text(word, {**values, "cache": str(making)}, lambda: where) for word in command],
                making,
                where,
                stop,
            )
        with contextlib.suppress(OSError):  # another run was quicker: its folder holds the same
            making.rename(ready)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return ready


def run(command: Sequence[str], folder: Path, where: str, stop: threading.Event) -> None:
    """Run one command to its end. Raises UsageError with its last lines where it fails, Stopped on the event."""
    if shutil.which(command[0]) is None:
        raise UsageError(f"{where}: {command[0]}: no such program: install it, or use --launch container")
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        started = subprocess.Popen(  # noqa: S603 - the command of a target file is what the person asked to start
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while started.poll() is None:
                if stop.wait(_LOOK):
                    raise Stopped(command[0])
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        if started.returncode:
            output.seek(0)
            last = "\n  ".join(output.read().strip().splitlines()[-8:])
            raise UsageError(f"{where}: {' '.join(command)}: exit code {started.returncode}\n  {last}")


def _own(service: Service) -> list[Path]:
    here = Path(service.here)
    wanted = [*([service.lock] if service.lock else []), *_MANIFESTS]
    return [here / name for name in wanted if (here / name).is_file()]
