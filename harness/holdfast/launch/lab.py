"""The lab: makes what a target needs, starts its services one after the other, and ends them on every way out."""

import os
import shutil
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from holdfast import pki
from holdfast.errors import UsageError
from holdfast.launch import material, prepare
from holdfast.launch.process_runner import ProcessRunner, files, subfolder
from holdfast.launch.ready import Probe, Resolve, address
from holdfast.launch.running import Ground, Kind, Runner, Running
from holdfast.target_document import shown
from holdfast.target_model import Service
from holdfast.target_placeholders import fill_template, fill_text
from holdfast.targets import Target, reveal

Suite = Callable[[Ground], str]

#: A free port can be taken by somebody else before the target listens on it; then all start again with others.
ATTEMPTS = 3
_TAKEN = ("address already in use", "eaddrinuse", "errno 98]", "bind() to", "port is already allocated")


class PortTakenError(UsageError):
    """A service ended because a port it was given, or one of its own, was taken."""


@contextmanager
def start(
    target: Target,
    kind: Kind | None = None,
    stop: threading.Event | None = None,
    *,
    suite: Suite | None = None,
    logs: Path | None = None,
    by: Callable[[Target, Path], Runner] | None = None,
) -> Iterator[Running]:
    """A target that answers; everything is ended when the block is left, in whatever way.

    kind: defaults to "process" where the file says how to start it, else to "running". stop: ends a start that is
    under way (raises ready.Stopped). suite: starts the party that the suite plays and gives its URL, {suite_url}.
    logs: folder where the output of services is kept; absent: gone with the run. by: makes another runner of a target
    and a folder than `kind` has. Raises UsageError.
    """
    kind = kind or ("process" if target.started_by_lab else "running")
    if kind != "running" and not target.started_by_lab:
        raise UsageError(f"{shown(target.file)}: it has no [[services]] to start: leave out --launch {kind}")
    with ExitStack() as ending:
        folder = Path(tempfile.mkdtemp(prefix="holdfast-"))
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
        lab = _Lab(target, kind, stop or threading.Event(), suite, folder, logs or folder, by)
        yield lab.attempt(ending)


def _containers(target: Target, folder: Path, logs: Path, stop: threading.Event) -> Runner:
    # testcontainers reads these when it is imported. The helper container that it would start is an image from a
    # registry; labels do its work here.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    try:
        from holdfast.launch.container import ContainerRunner
    except ImportError as problem:
        if (problem.name or "").split(".")[0] not in {"docker", "testcontainers"}:
            raise
        raise UsageError("--launch container: testcontainers is missing: pip install 'holdfast[containers]'") from None
    return ContainerRunner(target, folder, logs, stop)


def _with_form_secrets(target: Target) -> Target:
    """The target with what its [authorization] secrets point at among the fields that are filled into forms."""
    if target.authorization is not None:
        for name, secret in target.authorization.secrets.items():
            target.authorization.fields[name] = reveal(target, secret, "authorization", "secrets", name)
    return target


class _Lab:
    def __init__(
        self,
        target: Target,
        kind: Kind,
        stop: threading.Event,
        suite: Suite | None,
        folder: Path,
        logs: Path,
        by: Callable[[Target, Path], Runner] | None,
    ) -> None:
        self.target = target
        self.kind = kind
        self.stop = stop
        self.suite = suite
        self.folder = folder
        self.logs = logs
        self.by = by
        self.authority = pki.new_authority("Holdfast lab")
        self.guests = pki.new_authority("Holdfast guests")
        self.resource_server = material.resource_server(target, by_lab=kind != "running")
        self.suite_url = ""

    def attempt(self, ending: ExitStack) -> Running:
        """Start all services; from the beginning with other ports where one was taken meanwhile."""
        for attempt in range(1, ATTEMPTS + 1):
            with ExitStack() as started:
                runner = self.runner()
                if runner is not None:
                    started.callback(runner.stop)
                try:
                    running = self.started(runner)
                except PortTakenError:
                    if attempt == ATTEMPTS or self.kind != "process" or not self.target.listeners:
                        raise
                else:
                    ending.push(started.pop_all())
                    return running
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def runner(self) -> Runner | None:
        if self.by is not None:
            return self.by(self.target, self.folder)
        if self.kind == "running":
            return None
        if self.kind == "container":
            return _containers(self.target, self.folder, self.logs, self.stop)
        return ProcessRunner(self.target, self.folder, self.logs, self.prepare)

    def prepare(self, name: str, service: Service, values: Mapping[str, str], where: str) -> Path:
        return prepare.prepare(name, service, values, where, self.stop)

    def started(self, runner: Runner | None) -> Running:
        if self.suite is not None and not self.suite_url:
            self.suite_url = self.suite(self.ground(runner))
        values = self.values(runner, files(self.folder) if runner else {})
        target = _with_form_secrets(self.target.filled(values))
        made = material.make(target, self.authority, self.guests, self.resource_server, by_lab=runner is not None)
        running = Running(
            target=target,
            kind=self.kind,
            urls=runner.urls if runner else {},
            ca_pem=self.authorities(target, runner),
            clients=made.clients,
            resource_server=made.resource_server,
            other_resource_server=made.other,
            authority=self.authority,
            guests=self.guests,
            resolve=self.resolve(runner),
            folder=self.folder,
            suite_url=self.suite_url,
            runner=runner,
        )
        if runner is not None:
            other = target.proxy.other_host if target.proxy else None
            made.write(self.folder, sorted({*runner.hosts.values(), *([other] if other else [])}))
            self.all_services(runner)
            running.again = lambda name: self.restart(runner, name)
        return running

    def ground(self, runner: Runner | None) -> Ground:
        host = runner.suite_host if runner else "localhost"
        bind = runner.suite_bind if runner else "127.0.0.1"
        return Ground(self.kind, host, bind, self.authority, self.resource_server, self.folder)

    def resolve(self, runner: Runner | None) -> Resolve:
        """The runner's own mapping, with the suite's name beside it where it is no name of this machine."""
        if runner is None:
            return {}
        if self.suite_url:
            host, port = address(self.suite_url)
            runner.resolve[host, port] = (runner.suite_bind, port)
        return runner.resolve

    def values(self, runner: Runner | None, own: Mapping[str, str]) -> dict[str, str]:
        """All placeholders, as they are where `own` comes from."""
        values = dict(own)
        if runner is not None:
            values.update({f"url.{name}": url for name, url in runner.urls.items()})
            values.update({f"port.{name}": str(port) for name, port in runner.ports.items()})
            values.update({f"host.{name}": host for name, host in runner.hosts.items()})
        if self.suite_url:
            host, port = address(self.suite_url)
            values.update(suite_url=self.suite_url, suite_host=host, suite_port=str(port))
        for name, text in self.target.vars.items():
            values[f"vars.{name}"] = fill_text(text, values, lambda name=name: self.target.where("vars", name))  # type: ignore[misc]
        issuer = self.target.issuer or self.suite_url
        if issuer:
            values["issuer"] = fill_text(issuer, values, lambda: self.target.where("issuer"))
        return values

    def of_service(self, runner: Runner, service: Service) -> dict[str, str]:
        """All placeholders as a service sees them; one that is like another has its own in the place of the other's."""
        values = self.values(runner, runner.inside(service))
        own: dict[str, str] = {}
        for other in (one for one in self.target.services if one.name == service.like):
            for theirs, ours in zip(other.listeners, service.listeners, strict=True):
                own |= {f"{kind}.{theirs}": values[f"{kind}.{ours}"] for kind in ("url", "port", "host")}
        where = self.target.where("services", [one.name for one in self.target.services].index(service.name))
        said = {name: fill_text(text, values, lambda: f"{where}.values") for name, text in service.values.items()}
        return {**values, **own, **said}

    def authorities(self, target: Target, runner: Runner | None) -> bytes:
        """CA bundle for the wire: the file's `ca`, the lab's own where the lab starts the target, or the system's."""
        if runner is not None and target.ca in {None, str(self.folder / "ca.pem")}:
            return self.authority.pem
        if target.ca is None:
            return b""
        try:
            pem = Path(target.ca).read_bytes()
            ssl.create_default_context(cadata=pem.decode("ascii"))
        except OSError as problem:
            reason = problem.strerror if not isinstance(problem, ssl.SSLError) else "holds no PEM certificate"
            raise UsageError(f"{target.where('ca')}: {shown(Path(target.ca))}: {reason}") from None
        except ValueError:
            raise UsageError(f"{target.where('ca')}: {shown(Path(target.ca))}: holds no PEM certificate") from None
        return pem

    def all_services(self, runner: Runner) -> None:
        for index, service in enumerate(self.target.services):
            where = self.target.where("services", index)
            values = self.of_service(runner, service)
            runner.prepare(service, values, where)
            self.render(service, values, where)
            runner.launch(service, values, where)
            self.wait(runner, service)

    def render(self, service: Service, values: Mapping[str, str], where: str) -> None:
        for name, template in service.files.items():
            source = Path(service.here) / template
            try:
                text = source.read_text()
            except OSError as problem:
                raise UsageError(f"{where}.files: {shown(source)}: {problem.strerror}") from None
            destination = self.folder / subfolder(service) / name
            destination.parent.mkdir(parents=True, exist_ok=True)
            destination.write_text(fill_template(text, values, shown(source)))

    def wait(self, runner: Runner, service: Service) -> None:
        """Until the service answers; UsageError with its last lines where it ends or stays silent."""
        where = self.target.where("services", [one.name for one in self.target.services].index(service.name))
        url = self.ready_url(runner, service, where)
        if url is None:
            return
        probe = Probe(url, service.ready_status, self.context(), runner.resolve)
        if probe.wait(service.ready_seconds, self.stop, lambda: runner.exit_code(service.name) is not None):
            return
        code = runner.exit_code(service.name)
        said = runner.output(service.name, 12)
        quoted = "".join(f"\n  {line}" for line in said.splitlines())
        if code is None:
            waited = f"{service.ready_seconds:g} s"
            raise UsageError(
                f"{where}: {service.name} did not answer at {url} within {waited}: {probe.problem}{quoted}"
            )
        if any(sign in said.lower() for sign in _TAKEN):
            line = next(line for line in said.splitlines() if any(sign in line.lower() for sign in _TAKEN))
            raise PortTakenError(f"{where}: {service.name}: a port is taken: {line.strip()}")
        raise UsageError(f"{where}: {service.name} ended with exit code {code} before it answered{quoted}")

    def ready_url(self, runner: Runner, service: Service, where: str) -> str | None:
        if service.ready is not None:
            return fill_text(service.ready, self.of_service(runner, service), lambda: f"{where}.ready")
        return f"{runner.urls[service.listeners[0]]}/" if service.listeners else None

    def context(self) -> ssl.SSLContext:
        """The lab's CA, and a client certificate for a service that asks for one already in the handshake."""
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        file = self.folder / "probe.pem"
        if not file.exists():
            self.authority.issue_client("probe").write(self.folder, "probe")
        context.load_cert_chain(file)
        return context

    def restart(self, runner: Runner, name: str) -> None:
        runner.relaunch(name)
        self.wait(runner, next(service for service in self.target.services if service.name == name))
