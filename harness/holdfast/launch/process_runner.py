"""All services of a target as processes on loopback ports of this machine."""

import sys
from collections.abc import Mapping
from pathlib import Path

from holdfast.errors import UsageError
from holdfast.launch import prepare
from holdfast.launch.process import Process, free_ports
from holdfast.target_model import Service
from holdfast.target_placeholders import fill_text
from holdfast.targets import Target


class ProcessRunner:
    """Free ports are chosen when it is made. `folder` is {work}, the output of each service goes to `logs`."""

    suite_host = "localhost"
    suite_bind = "127.0.0.1"

    def __init__(self, target: Target, folder: Path, logs: Path, prepared: prepare.Prepare) -> None:
        self._target = target
        self._folder = folder
        self._logs = logs
        self._prepare = prepared
        self._processes: dict[str, Process] = {}
        free = free_ports(len(target.listeners))
        self.ports: Mapping[str, int] = dict(zip(target.listeners, free, strict=True))
        self.hosts: Mapping[str, str] = dict.fromkeys(target.listeners, "localhost")
        self.urls: Mapping[str, str] = {
            name: f"{listener.scheme}://localhost:{self.ports[name]}" for name, listener in target.listeners.items()
        }
        self.resolve = {("localhost", port): ("127.0.0.1", port) for port in free}

    def inside(self, service: Service) -> Mapping[str, str]:
        """A process sees the same files as the suite."""
        return {
            **files(self._folder),
            "here": service.here,
            "work": str(self._folder / subfolder(service)),
            "python": sys.executable,
            "cache": str(prepare.folder_of(self._target.name, service)),
            "bind": "127.0.0.1",
        }

    def prepare(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Run its commands once, into the cache."""
        self._prepare(self._target.name, service, values, where)

    def launch(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Start its command."""
        if service.process is None:
            raise UsageError(f"{where}: has no process = [...]: use --launch container")
        (self._folder / subfolder(service)).mkdir(parents=True, exist_ok=True)
        self._processes[service.name] = process = Process(
            service.name,
            [fill_text(word, values, lambda: f"{where}.process") for word in service.process],
            environment={
                name: fill_text(value, values, lambda: f"{where}.environment")
                for name, value in service.environment.items()
            },
            folder=self._folder / subfolder(service),
            log=self._logs / f"{service.name}.log",
        )
        process.start()

    def relaunch(self, name: str) -> None:
        """Start its command again."""
        self._processes[name].stop()
        self._processes[name].start()

    def exit_code(self, name: str) -> int | None:
        """None while it runs."""
        return self._processes[name].exit_code()

    def output(self, name: str, lines: int) -> str:
        """The last lines of its log."""
        return self._processes[name].output(lines) if name in self._processes else ""

    def stop(self) -> None:
        """End all, at the same time."""
        for process in self._processes.values():
            process.let_go()
        for process in self._processes.values():
            process.stop()


def subfolder(service: Service) -> str:
    """The folder of a service below that of the lab: its own where it is like another one."""
    return service.name if service.like is not None else "."


def files(folder: Path) -> dict[str, str]:
    """Placeholders of the files that the lab wrote into a folder."""
    names = {"ca": "ca.pem", "guests": "guests.pem", "clients": "clients.json"}
    return {
        **{name: str(folder / file) for name, file in names.items()},
        **{
            f"{name}.{suffix}": str(folder / f"{name}.{suffix}")
            for name in ("server", "hop")
            for suffix in ("pem", "crt", "key")
        },
    }
