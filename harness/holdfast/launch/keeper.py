"""Runs one command and outlives it: started as a script of its own, it ends the command's whole group in every case.

Its standard input is a lifeline. When the other end closes, be it that the harness lets go or that it was killed, the
group gets SIGTERM and after a grace SIGKILL. When the command ends by itself, what is left of its group
is ended too, and the keeper exits with the command's code (128 + the signal's number where a signal ended it).
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

#: Seconds between SIGTERM and SIGKILL: a run that is told to stop has two for everything.
GRACE = 1.5


def main(command: list[str]) -> int:
    """The command's exit code; 127 where it cannot be started."""
    try:
        # S603: the command of a target file is what the person asked to start
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603
    except OSError as problem:
        sys.stderr.write(f"{command[0]}: {problem.strerror}\n")
        return 127
    signal.signal(signal.SIGTERM, lambda *_: _end_later(child.pid))
    threading.Thread(target=_watch, args=(child.pid,), daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)
    return 128 - code if code < 0 else code


def _watch(group: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    _end(group)


def _end_later(group: int) -> None:
    threading.Thread(target=_end, args=(group,), daemon=True).start()


def _end(group: int) -> None:
    _signal(group, signal.SIGTERM)
    time.sleep(GRACE)
    _signal(group, signal.SIGKILL)


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
