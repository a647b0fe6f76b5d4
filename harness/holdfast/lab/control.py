"""What `holdfast lab` does: start a keeper and wait for it, end one, see which there are."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from holdfast.errors import UsageError
from holdfast.lab import store
from holdfast.lab.store import Claim, State
from holdfast.launch import leftovers
from holdfast.launch.leftovers import Handle, until
from holdfast.target_document import shown
from holdfast.targets import Target

#: Seconds: for a keeper to write down who it is, to end what it started, and to be gone once it was killed.
APPEARS, ENDS, DIES = 5.0, 30.0, 5.0


def up(target: Target, launch: str) -> list[str]:
    """Start the target in the background; the lines that say how to reach it, once it answers. Raises UsageError."""
    if not target.started_by_lab:
        raise UsageError(f"{shown(target.file)}: it has no [[services]], so that there is nothing to start")
    claim = _fresh(target.name)
    try:
        keeper, hear = _keeper(target, launch, claim)
    except BaseException:
        claim.clear()
        raise
    claim.release()  # the keeper has it
    assert keeper.stdin is not None
    with keeper.stdin:
        try:
            with os.fdopen(hear) as pipe:
                said = json.loads(pipe.read() or "{}")
        except BaseException:
            _ended(keeper)
            raise
    if "lines" in said:
        return [str(line) for line in said["lines"]]
    code = _ended(keeper)
    if (left := store.claim(target.name, 0)) is not None:
        _cleared(left)
    raise UsageError(said.get("error") or f"{target.name}: its keeper ended with exit code {code} before it was up")


def down(name: str) -> str:
    """End a lab, or remove what is left of one; what was done, in words. Raises UsageError where it does not end."""
    claim = store.claim(name)
    gone = claim is not None and store.read(name) is not None
    _cleared(claim or _asked_to_end(name))
    store.sweep()
    return f"{name} had no keeper any more; what was left of it is removed" if gone else f"{name} is ended"


def known() -> Iterator[tuple[str, State | None, bool]]:
    """Give for each lab its name, what its keeper wrote, and whether that lives."""
    for name in store.names():
        state = store.read(name)
        yield name, state, store.held(name)


def _fresh(name: str) -> Claim:
    """Claim a lab of which nothing is left. Raises UsageError where it has a keeper."""
    for _ in range(2):
        claim = store.claim(name)
        if claim is None:
            break
        if claim.untouched():
            return claim
        _cleared(claim)
    state = store.read(name)
    how = f"up already ({state.said})" if state and state.phase == "up" else "being started, or ended"
    raise UsageError(f"{name} is {how}; to end it: holdfast lab down {name}")


def _keeper(target: Target, launch: str, claim: Claim) -> tuple[subprocess.Popen[bytes], int]:
    """Start a keeper and hand it the lock; give it, and the descriptor at which it says how things are."""
    hear, tell = os.pipe()
    words = ["--name", target.name, "--file", str(target.file), "--variant", target.variant, "--launch", launch]
    words += ["--lock", str(claim.descriptor), "--tell", str(tell)]
    try:
        keeper = subprocess.Popen(  # noqa: S603 - it is our own module
            [sys.executable, "-P", "-m", "holdfast.lab.keeper", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(claim.descriptor, tell),
            start_new_session=True,
        )
    except BaseException:
        os.close(hear)
        raise
    finally:
        os.close(tell)
    return keeper, hear


def _ended(keeper: subprocess.Popen[bytes]) -> int | None:
    """End a keeper of our own; its exit code."""
    keeper.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.wait(ENDS)
    return keeper.returncode


def _asked_to_end(name: str) -> Claim:
    """Ask the keeper that holds a lab to end, kill it if it does not, and take its place. Raises UsageError."""
    until(lambda: store.read(name) is not None or not store.held(name), APPEARS)
    state = store.read(name)
    claim = None
    if state is not None:
        with contextlib.suppress(ProcessLookupError), contextlib.closing(Handle(state.pid)) as keeper:
            if keeper.process.began == state.began and store.held(name):
                keeper.send(signal.SIGTERM)
                keeper.send(signal.SIGCONT)  # one that was stopped hears nothing else
                claim = store.claim(name, ENDS)
                if claim is None:
                    keeper.send(signal.SIGKILL)
                keeper.gone(DIES)
    claim = claim or store.claim(name, DIES)
    if claim is None:
        raise UsageError(f"{name}: its keeper does not end{f': process {state.pid}' if state else ''}")
    return claim


def _cleared(claim: Claim) -> None:
    """Remove all that is left of a lab whose keeper is gone."""
    left = store.read(claim.name)
    try:
        if left is not None:
            leftovers.end_processes(left.mark, left.sessions, claim.folder)
            if left.launch == "container":
                _remove_containers(left)
    except BaseException:
        claim.release()
        raise
    claim.clear()


def _remove_containers(left: State) -> None:
    try:
        leftovers.remove_containers(left.mark)
    except UsageError as why:
        raise UsageError(f"{left.name} ran in containers, which cannot be looked for: {why}") from None
