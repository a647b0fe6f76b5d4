"""The keeper of one lab: a process of its own that starts a target, holds it up, and ends it when it is told to.

It is started by `holdfast lab up`, which waits for one line of JSON from it: what to print, or why nothing is up.
As long as that has not been said, it ends when the command does, be that killed.
"""

import argparse
import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.lab import store
from holdfast.lab.store import Claim, State
from holdfast.launch import Kind, Running, Stopped, leftovers, start

#: Seconds between two looks at whether what was started still runs.
LOOK = 2.0


@dataclass
class Keeper:
    """Holds one lab. tell: the descriptor at which the command waits."""

    claim: Claim
    state: State
    tell: int
    stop: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)

    def keep(self) -> None:
        """Start the target, tell how to reach it, hold it until the stop, end it; the folder goes last."""
        with ExitStack() as ending:
            ending.callback(self.claim.clear)
            self.claim.write(self.state)
            try:
                running, lines = self.started(ending)
            except Stopped:
                self.say(error=f"{self.state.name} was ended while it started")
            except UsageError as why:
                self.say(error=str(why))
            else:
                self.say(lines=lines)
                detach(self.claim.folder / "keeper.log")
                self.hold(running)

    def started(self, ending: ExitStack) -> tuple[Running, list[str]]:
        """Give the target that answers, and the lines that say how to reach it."""
        from holdfast import rooms, targets
        from holdfast.assemble import bench_for
        from holdfast.lab import facts, guide
        from holdfast.played import Part, close_all, part_for
        from holdfast.requirements import Tables

        target = targets.load(self.state.file, variant=self.state.variant)
        kind: Kind = "container" if self.state.launch == "container" else "process"
        folder, parts = self.claim.folder, list[Part]()
        ending.callback(close_all, parts)
        running = ending.enter_context(
            start(target, kind, self.stop, suite=part_for(target, parts), logs=folder / "logs")
        )
        with ExitStack() as asking:
            bench = bench_for(running, Tables(rooms.suites()), self.stop, parts[0] if parts else None)
            asking.callback(bench.end)
            known = facts.gather(bench, folder, self.state.said)
        lines = guide.lines(known)
        script = folder / guide.SCRIPT
        script.touch(mode=0o600)
        script.write_text("".join(f"{line}\n" for line in lines))
        self.state = replace(self.state, phase="up", urls=known.urls, sessions=leftovers.sessions_below(os.getpid()))
        self.claim.write(self.state)
        return running, lines

    def hold(self, running: Running) -> None:
        """Wait for the stop, and write down what ends by itself meanwhile."""
        while not self.stop.wait(LOOK):
            if (ended := running.dead()) != list(self.state.ended):
                self.state = replace(self.state, ended=ended)
                self.claim.write(self.state)

    def say(self, **what: object) -> None:
        """Tell the command. Where it is gone, nobody knows of the lab, and so it ends."""
        self.told.set()
        try:
            with os.fdopen(self.tell, "w") as pipe:
                json.dump(what, pipe)
        except BrokenPipeError:
            self.stop.set()

    def watch(self) -> None:
        """Stop when the command ends before it was told; its end closes the standard input."""
        with contextlib.suppress(OSError):
            while os.read(0, 64):
                pass
        if not self.told.is_set():
            self.stop.set()


def detach(log: Path) -> None:
    """Let go of the terminal and of the folder that the command was called in."""
    nothing = os.open(os.devnull, os.O_RDWR)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, number in ((nothing, 0), (nothing, 1), (written, 2)):
        os.dup2(descriptor, number)
    os.close(nothing)
    os.close(written)
    os.chdir("/")


def main(arguments: Sequence[str]) -> None:
    """Keep one lab. Its lock is held already, and is handed over as a descriptor."""
    parser = argparse.ArgumentParser(prog="holdfast lab keeper")
    for name in ("name", "file", "variant", "launch"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("lock", "tell"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args(arguments)
    for descriptor in (given.lock, given.tell):
        os.set_inheritable(descriptor, False)
    mark = secrets.token_hex(8)
    os.environ[leftovers.MARK] = mark
    own = leftovers.seen(os.getpid())
    state = State(
        name=given.name,
        variant=given.variant,
        launch=given.launch,
        file=given.file,
        pid=os.getpid(),
        began=own.began if own else "",
        mark=mark,
        since=datetime.now().astimezone().isoformat(" ", "seconds"),
    )
    keeper = Keeper(Claim(given.name, given.lock), state, given.tell)
    tempfile.tempdir = str(store.place(given.name))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: keeper.stop.set())
    threading.Thread(target=keeper.watch, daemon=True, name="lifeline").start()
    keeper.keep()


if __name__ == "__main__":
    main(sys.argv[1:])
