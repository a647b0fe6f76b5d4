"""All services of a target as containers on a bridge network of their own, published to 127.0.0.1 only.

Imported only when containers are wanted: it needs the extra `containers`.
"""

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
from docker.constants import DEFAULT_UNIX_SOCKET  # type: ignore[import-untyped]
from docker.errors import DockerException, ImageNotFound  # type: ignore[import-untyped]
from testcontainers.core.container import DockerContainer

from holdfast.errors import UsageError
from holdfast.launch import images, prepare
from holdfast.launch.leftovers import MARK
from holdfast.launch.leftovers import RUN as _RUN
from holdfast.launch.process import tail
from holdfast.launch.process_runner import files, subfolder
from holdfast.target_model import Image, Service
from holdfast.target_placeholders import fill_text
from holdfast.targets import Target

_PROCESS, _MACHINE = "holdfast.process", "holdfast.machine"
_HERE, _WORK = Path("/target"), Path("/lab")
_KEPT_LINES = 5000
_UNIX = ("http+unix://", "unix://")
#: Seconds: a local socket answers at once or not at all.
_KNOCK = 2.0


class ContainerRunner:
    """Makes the network when it is made; `folder` is copied into each container as /lab.

    Raises UsageError where no engine answers.
    """

    suite_host = "suite.test"

    def __init__(self, target: Target, folder: Path, logs: Path, stop: threading.Event) -> None:
        self._target = target
        self._folder = folder
        self._logs = logs
        self._stop = stop
        self._engine = engine()
        sweep(self._engine)
        self._labels = {
            _RUN: os.environ.get(MARK) or secrets.token_hex(8),
            _PROCESS: str(os.getpid()),
            _MACHINE: socket.gethostname(),
        }
        self._started: dict[str, Any] = {}
        self._ended: dict[str, int] = {}
        domain = f"{target.name}.test".replace("_", "-")
        owner = {listener: service.name for service in target.services for listener in service.listeners}
        self.hosts: Mapping[str, str] = {
            listener: f"{name}.{domain}".replace("_", "-").lower() for listener, name in owner.items()
        }
        self.ports: Mapping[str, int] = {name: target.listeners[name].port or 0 for name in owner}
        self.urls: Mapping[str, str] = {
            name: f"{target.listeners[name].scheme}://{self.hosts[name]}:{self.ports[name]}" for name in owner
        }
        self.resolve: dict[tuple[str, int], tuple[str, int]] = {}
        self._network = self._engine.networks.create(
            f"holdfast-{self._labels[_RUN]}", driver="bridge", labels=self._labels
        )
        self._network.reload()
        #: Under the gateway's address containers reach this machine.
        self.suite_bind = str(self._network.attrs["IPAM"]["Config"][0]["Gateway"])

    def inside(self, service: Service) -> Mapping[str, str]:
        """The container has its folder as /target and what the lab wrote as /lab."""
        return {
            **files(_WORK),
            "here": str(_HERE),
            "work": str(_WORK / subfolder(service)),
            "python": "python3",
            "cache": str(_HERE),
            "bind": "0.0.0.0",  # noqa: S104 - inside the container; only 127.0.0.1 is published
        }

    def prepare(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Only what its image takes from the cache; everything else is in its Dockerfile."""
        del values
        if service.image and any("{cache}" in entry for entry in service.image.context):
            outside = {"here": service.here, "work": str(self._folder)}
            prepare.prepare(self._target.name, service, outside, where, self._stop)

    def launch(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Build its image if need be, copy /lab in and start it."""
        if service.image is None:
            raise UsageError(f"{where}: has no image = {{ ... }}: use --launch process")
        outside = {"here": service.here, "cache": str(prepare.folder_of(self._target.name, service))}
        name = images.build(
            self._engine,
            self._target.name,
            service,
            where,
            lambda text: fill_text(text, outside, lambda: f"{where}.image.context"),
            self._stop,
        )
        container = self._configured(DockerContainer(name), service, service.image, values, where)
        self._copy_lab(container)
        self._started[service.name] = container
        try:
            container.start()
        except ImageNotFound:
            raise UsageError(f"{where}: {name}: no such image here, and it cannot be pulled") from None
        except DockerException as problem:
            raise UsageError(f"{where}: {service.name} cannot be started: {problem}") from None
        self._publish(service.name)

    def _configured(self, container: Any, service: Service, image: Image, values: Mapping[str, str], where: str) -> Any:
        aliases = sorted({self.hosts[each] for each in service.listeners})
        container.with_kwargs(
            labels=self._labels,
            extra_hosts={self.suite_host: self.suite_bind},
            network=self._network.name,
            networking_config={self._network.name: self._engine.api.create_endpoint_config(aliases=aliases)},
        )
        for key, text in service.environment.items():
            container.with_env(key, fill_text(text, values, lambda: f"{where}.environment"))
        if image.command:
            container.with_command([fill_text(word, values, lambda: f"{where}.image") for word in image.command])
        for listener in service.listeners:
            container.ports[f"{self.ports[listener]}/tcp"] = ("127.0.0.1", None)
        return container

    def _copy_lab(self, container: Any) -> None:
        for path in sorted(self._folder.rglob("*")):
            if path.is_file() and path.suffix != ".log":
                inside = _WORK / path.relative_to(self._folder)
                # Readable for whatever user the image runs as: nobody else is in that container.
                container.with_copy_into_container(path.read_bytes(), str(inside), 0o644)

    def _publish(self, name: str) -> None:
        """Note where its ports lie; an engine hands out others at each start."""
        wrapped = self._wrapped(name)
        wrapped.reload()
        published = wrapped.attrs["NetworkSettings"]["Ports"] or {}
        for listener in next(one.listeners for one in self._target.services if one.name == name):
            lies = published.get(f"{self.ports[listener]}/tcp")
            if lies:
                self.resolve[self.hosts[listener], self.ports[listener]] = (lies[0]["HostIp"], int(lies[0]["HostPort"]))

    def _wrapped(self, name: str) -> Any:
        return self._started[name].get_wrapped_container()

    def relaunch(self, name: str) -> None:
        """Start the same container again."""
        wrapped = self._wrapped(name)
        wrapped.restart(timeout=1)
        self._publish(name)

    def exit_code(self, name: str) -> int | None:
        """None while it runs."""
        try:
            wrapped = self._wrapped(name)
            wrapped.reload()
        except DockerException:
            return -1
        state = wrapped.attrs["State"]
        return None if state["Running"] else int(state["ExitCode"])

    def output(self, name: str, lines: int) -> str:
        """The last lines it wrote; after its end, from the log that was kept."""
        try:
            return str(self._wrapped(name).logs(tail=lines).decode(errors="replace")).rstrip()
        except (DockerException, KeyError, AttributeError):
            return tail(self._logs / f"{name}.log", lines)

    def stop(self) -> None:
        """Keep the logs, then remove containers with their volumes, and the network."""
        for name, container in self._started.items():
            if container.get_wrapped_container() is not None:
                (self._logs / f"{name}.log").write_text(self.output(name, _KEPT_LINES) + "\n")
            with contextlib.suppress(DockerException):
                container.stop()
        with contextlib.suppress(DockerException):
            self._network.remove()
        remove(self._engine, {_RUN: self._labels[_RUN]})
        self._engine.close()


def engine() -> Any:
    """A client of the Docker engine; UsageError where none answers."""
    base = str(docker.utils.kwargs_from_env().get("base_url") or DEFAULT_UNIX_SOCKET)
    if not (base.startswith(_UNIX) and not _listens(base)):
        with contextlib.suppress(DockerException):
            return docker.from_env()
    raise UsageError(
        "--launch container: no Docker engine answers: install docker.io and start it (or set DOCKER_HOST),"
        " or use --launch process"
    )


def _listens(base: str) -> bool:
    """Whether something listens at a Unix socket. The client itself leaks one where nothing does."""
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(_KNOCK)
        try:
            knocking.connect(base.partition("://")[2])
        except OSError:
            return False
    return True


def sweep(client: Any) -> None:
    """Remove what runs on this machine left behind whose process is gone."""
    for container in client.containers.list(all=True, filters={"label": f"{_MACHINE}={socket.gethostname()}"}):
        if not _lives(container.labels.get(_PROCESS, "")):
            remove(client, {_RUN: container.labels.get(_RUN, "")})


def remove(client: Any, labels: Mapping[str, str]) -> None:
    """Remove every container and network with these labels."""
    wanted = {"label": [f"{key}={value}" for key, value in labels.items()]}
    for container in client.containers.list(all=True, filters=wanted):
        with contextlib.suppress(DockerException):
            container.remove(force=True, v=True)
    for network in client.networks.list(filters=wanted):
        with contextlib.suppress(DockerException):
            network.remove()


def _lives(process: str) -> bool:
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
