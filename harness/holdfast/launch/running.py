"""What a case run knows of a target that has been started: addresses, material, output, and how to bring it back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from holdfast import pki
from holdfast.launch.material import ClientMaterial
from holdfast.launch.ready import Resolve, address
from holdfast.target_model import Resource, Service
from holdfast.targets import Target

Kind = Literal["process", "container", "running"]
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Ground:
    """What a party that the suite plays needs before the target starts.

    host: the name under which the target reaches the suite. bind: the local address to listen on.
    authority: the CA the target trusts. resource_server: what an introspection request authenticates with.
    """

    kind: Kind
    host: str
    bind: str
    authority: pki.Authority
    resource_server: ClientMaterial
    folder: Path


class Runner(Protocol):
    """Starts services in one way; `urls`, `hosts`, `ports` by listener, `resolve` for the wire."""

    urls: Mapping[str, str]
    hosts: Mapping[str, str]
    ports: Mapping[str, int]
    resolve: dict[tuple[str, int], tuple[str, int]]
    suite_host: str
    suite_bind: str

    def inside(self, service: Service) -> Mapping[str, str]:
        """The placeholders that differ where the service runs: here, work, python, cache, bind and the files."""
        ...

    def prepare(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Install what the service needs."""
        ...

    def launch(self, service: Service, values: Mapping[str, str], where: str) -> None:
        """Start the service; it need not answer yet."""
        ...

    def relaunch(self, name: str) -> None:
        """Start a service again that has ended, at the same addresses."""
        ...

    def exit_code(self, name: str) -> int | None:
        """None while it runs."""
        ...

    def output(self, name: str, lines: int) -> str:
        """The last lines it wrote."""
        ...

    def stop(self) -> None:
        """End everything that was started."""
        ...


@dataclass
class Running:
    """A target that answers; its placeholders are filled (those of services excepted).

    urls: base URL by listener. resolve: (name, port) of a URL -> address to connect to. ca_pem: CA bundle, b"" for the
    system's. clients: by the name in the file. authority: the lab's CA, also where the lab started nothing. guests: the
    one of those who are clients of a proxy's second virtual host.
    other_resource_server: one for which the tokens are not meant, where the file names it. suite_url: where the target
    reaches the party that the suite plays, or "". folder: ca.pem, server.pem and the like.
    """

    target: Target
    kind: Kind
    urls: Mapping[str, str]
    ca_pem: bytes
    clients: Mapping[str, ClientMaterial]
    resource_server: ClientMaterial
    authority: pki.Authority
    guests: pki.Authority
    resolve: Resolve
    folder: Path
    suite_url: str = ""
    runner: Runner | None = field(default=None, repr=False)
    again: Callable[[str], None] | None = field(default=None, repr=False)
    other_resource_server: ClientMaterial | None = None

    @property
    def services(self) -> Sequence[str]:
        """Names of what the lab started."""
        return [service.name for service in self.target.services] if self.runner else []

    def logs(self, lines: int = 200) -> dict[str, str]:
        """The last lines that each service wrote."""
        return {name: self.runner.output(name, lines) for name in self.services} if self.runner else {}

    def dead(self) -> list[str]:
        """Names of services that have ended by themselves."""
        return [name for name in self.services if self.runner and self.runner.exit_code(name) is not None]

    def alive(self) -> bool:
        """Whether all that the lab started still runs."""
        return not self.dead()

    def restart(self, name: str) -> None:
        """Start a service again and wait until it answers. Raises UsageError where it does not."""
        if self.again is not None:
            self.again(name)

    def allowed(self, host: str, port: int) -> bool:
        """Whether the target file names this host; on loopback the port counts too."""
        return (host, port) in self._named or (host not in _LOOPBACK and host in {known for known, _ in self._named})

    @cached_property
    def _named(self) -> set[tuple[str, int]]:
        return _named(self.target, [*self.urls.values(), self.suite_url])


def _named(target: Target, more: Sequence[str]) -> set[tuple[str, int]]:
    urls = [target.issuer, *target.endpoints.model_dump().values(), *more]
    for resource in target.resources.values():
        urls += _of_resource(resource)
    if target.proxy is not None:
        urls += [target.proxy.direct, target.proxy.alone, target.proxy.backend]
    if target.trusted_hop is not None:
        urls += [target.trusted_hop.resource, target.trusted_hop.token]
    return {address(url) for url in urls if url and urlsplit(url).hostname}


def _of_resource(resource: Resource) -> list[str | None]:
    return [resource.url, resource.plain, resource.readback.url if resource.readback else None, *resource.replicas]
