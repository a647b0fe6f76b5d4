"""The child process that hosts the twins, driven over its standard input and output."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from holdfast.errors import UsageError
from holdfast.launch.lab import PortTakenError
from holdfast.launch.process_runner import ProcessRunner
from holdfast.target_model import Service
from holdfast.target_placeholders import fill_text
from holdfast.targets import Target


class Host:
    """One host; used by one thread at a time. `log` gets what the servers write about their requests."""

    def __init__(self, implementations: Path, log: IO[bytes] | int = subprocess.DEVNULL) -> None:
        self._child = subprocess.Popen(  # noqa: S603 - our own reference implementation
            [sys.executable, str(implementations / "flawed" / "serve.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def _told(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(message) + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise UsageError(f"the host of the flawed twins ended with exit code {self._child.wait()}")
        said: dict[str, Any] = json.loads(line)
        return said

    def guards(self) -> list[str]:
        """Names of all guards of strict."""
        return list(self._told({"guards": True})["guards"])

    def start(self, name: str, flaw: Mapping[str, Any], arguments: Sequence[str]) -> None:
        """Have a twin listen. Raises UsageError with the host's reason; PortTakenError where a port was taken."""
        error = self._told({"start": name, "flaw": flaw, "arguments": list(arguments)}).get("error")
        if error and "cannot listen" in error:
            raise PortTakenError(f"{name}: {error}")
        if error:
            raise UsageError(f"flaw {name}: {error}")

    def stop(self, name: str) -> None:
        """Have a twin listen no longer. Raises UsageError where its flaw fell over by a mistake of ours."""
        if slips := self._told({"stop": name}).get("slips"):
            raise UsageError(f"flaw {name}: fell over by itself: {slips[0]}")

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    def close(self) -> None:
        """End the process."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(10)


class HostRunner(ProcessRunner):
    """Starts the service that is strict as a twin in a host instead of as a process of its own.

    What stands before it, a proxy, is a process as ever.
    """

    def __init__(self, target: Target, folder: Path, host: Host, name: str, flaw: Mapping[str, Any]) -> None:
        super().__init__(target, folder, folder, lambda *_: folder)
        self._host = host
        self._name = name
        self._flaw = flaw
        self._hosted = ""

    def prepare(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Nothing: neither strict nor our own proxy needs anything made."""

    def launch(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Start the twin with the command line that strict would be started with, program and script left out."""
        if Path(service.here).name != "strict":
            super().launch(service, values, where)
            return
        words = [fill_text(word, values, lambda: f"{where}.process") for word in (service.process or [])[2:]]
        self._host.start(self._name, self._flaw, words)
        self._hosted = service.name

    def exit_code(self, name: str) -> int | None:
        """That of the host, where it is the twin."""
        return self._host.exit_code() if name == self._hosted else super().exit_code(name)

    def relaunch(self, name: str) -> None:
        """Start it again; a twin does not end by itself."""
        if name == self._hosted:
            raise UsageError(f"{name}: the host of the flawed twins has ended")
        super().relaunch(name)

    def stop(self) -> None:
        """End the twin, and what is a process."""
        if self._hosted:
            self._host.stop(self._name)
            self._hosted = ""
        super().stop()
