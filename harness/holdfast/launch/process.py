"""Services as processes: each under a keeper, in a group of its own, its output in a file."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from holdfast.errors import UsageError

_KEEPER = Path(__file__).with_name("keeper.py")
#: Seconds: the keeper needs its grace and a moment to see its child go.
_LET_GO = 3.0


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nothing listens on at this moment, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


class Process:
    """One started command. `folder` is its working directory, `log` gets all that it writes."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, once more after it ended; UsageError where the program is not there."""
        if shutil.which(self._command[0], path=self._environment.get("PATH")) is None:
            raise UsageError(
                f"service {self.name}: {self._command[0]}: no such program: install it, or use --launch container"
            )
        with self.log.open("ab") as output:
            self._keeper = subprocess.Popen(  # noqa: S603 - the command of a target file is what the person asked to start
                [sys.executable, "-I", "-S", str(_KEEPER), *self._command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """None while it runs; 128 + number where a signal ended it."""
        return None if self._keeper is None else self._keeper.poll()

    def let_go(self) -> None:
        """Begins its end; does not wait for it."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(OSError):
                self._keeper.stdin.close()

    def stop(self) -> None:
        """Ends it and waits until it is gone."""
        self.let_go()
        if self._keeper is None:
            return
        try:
            self._keeper.wait(_LET_GO)
        except subprocess.TimeoutExpired:  # pragma: no cover - somebody stopped the keeper itself
            self._keeper.kill()
            self._keeper.wait()

    def output(self, lines: int) -> str:
        """The last lines it wrote."""
        return tail(self.log, lines)


def tail(file: Path, lines: int) -> str:
    """The last lines of a file, or of its last 64 KiB; empty where there is no file."""
    try:
        with file.open("rb") as opened:
            opened.seek(max(0, file.stat().st_size - 65536))
            content = opened.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(content.splitlines()[-lines:])
