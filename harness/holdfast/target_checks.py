"""What no single table of a target.toml can know: names that point nowhere, and parts that need each other."""

from collections.abc import Iterator

from holdfast import profiles, rooms
from holdfast.target_model import Client, Service, TargetTable
from holdfast.target_placeholders import known, near

Keys = tuple[str | int, ...]
Problem = tuple[Keys, str]

_WITH_SECRET = {"client_secret_basic", "client_secret_post"}
_WITH_CERTIFICATE = {"tls_client_auth", "self_signed_tls_client_auth"}


def contradictions(target: TargetTable) -> Iterator[Problem]:
    """Path and message of each."""
    yield from _roles(target)
    yield from _other_host(target)
    yield from _services(target)
    for name, client in target.clients.items():
        yield from _client(target, ("clients", name), client)
    yield from _variants(target)
    profiled = profiles.names(rooms.suites()) if target.profiles else []
    for index, name in enumerate(target.profiles):
        if name not in profiled:
            yield ("profiles", index), f"no profile is named {name!r}{near(name, profiled)}"


def _roles(target: TargetTable) -> Iterator[Problem]:
    if "as" in target.roles and not (target.issuer or target.endpoints.token):
        yield ("roles",), 'an authorization server needs issuer = "https://..." (or endpoints.token)'
    if "as" in target.roles and not target.clients:
        yield ("roles",), "an authorization server needs a client: write [clients.main]"
    if {"rs", "proxy"} & set(target.roles) and not target.resources:
        yield ("roles",), "a resource server or proxy needs a resource: write [resources.main] with url and canary"
    if "proxy" in target.roles and target.proxy is None:
        yield ("roles",), 'a proxy needs [proxy] with encoding and upstream = "target" or direct = "https://..."'


def _other_host(target: TargetTable) -> Iterator[Problem]:
    proxy = target.proxy
    if proxy is None or proxy.other_host is None:
        return
    if not proxy.alone:
        yield ("proxy", "other_host"), 'needs alone = "https://...": it is a second host at that door'
    if not target.services:
        yield (
            ("proxy", "other_host"),
            "needs a target that the lab starts: nobody else knows who certifies its guests",
        )


def _services(target: TargetTable) -> Iterator[Problem]:
    names: set[str] = set()
    owned: dict[str, str] = {}
    for index, service in enumerate(target.services):
        keys: Keys = ("services", index)
        if service.name in names:
            yield (*keys, "name"), f"a second service is named {service.name!r}"
        names.add(service.name)
        yield from _alike(target, keys, service)
        if service.process is None and service.image is None:
            yield keys, "needs process = [...] or image = { ... }"
        yield from _listeners(target, keys, service, owned)
    for name in target.listeners.keys() - owned.keys() if target.services else ():
        yield ("listeners", name), "no service has it in its listeners"


def _alike(target: TargetTable, keys: Keys, service: Service) -> Iterator[Problem]:
    others = {other.name: other for other in target.services if other.name != service.name}
    if service.like is not None and service.like not in others:
        yield (*keys, "like"), f"no other service is named {service.like!r}{near(service.like, others)}"
    elif service.like is not None and len(service.listeners) != len(others[service.like].listeners):
        yield (*keys, "listeners"), f"needs as many listeners as {service.like}, each in the place of one of its"
    places = known(target.listeners, target.vars)
    for name in service.values:
        if name not in places:
            yield (*keys, "values", name), f"no placeholder is called {name!r}{near(name, places)}"


def _listeners(target: TargetTable, keys: Keys, service: Service, owned: dict[str, str]) -> Iterator[Problem]:
    for position, name in enumerate(service.listeners):
        where = (*keys, "listeners", position)
        if name not in target.listeners:
            yield where, f"no listener is named {name!r}{near(name, target.listeners)}"
        elif name in owned:
            yield where, f"listener {name!r} belongs to service {owned[name]!r} already"
        elif service.image and target.listeners[name].port is None:
            yield ("listeners", name), "needs a port inside the container, since its service has an image"
        owned.setdefault(name, service.name)


def _client(target: TargetTable, keys: Keys, client: Client) -> Iterator[Problem]:
    if "authorization_code" in client.grants and target.authorization is None:
        yield (*keys, "grants"), 'authorization_code needs [authorization] with driver = "redirect"'
    if target.services:
        return
    if client.id is None:
        yield (*keys, "id"), "is missing: the lab makes clients only for targets it starts"
    if client.auth in _WITH_SECRET and client.secret is None:
        yield (*keys, "secret"), f'is missing: {client.auth} needs {{ env = "NAME" }} or {{ file = "path" }}'
    if client.auth == "private_key_jwt" and client.key is None:
        yield (*keys, "key"), "is missing: private_key_jwt needs the path of a PEM file"
    if client.auth in _WITH_CERTIFICATE and client.certificate is None:
        yield (*keys, "certificate"), f"is missing: {client.auth} needs the path of a PEM file"


def _variants(target: TargetTable) -> Iterator[Problem]:
    for name, overlay in target.variants.items():
        if name == "default":
            yield ("variants", name), "default is the file as written: choose another name"
        for never in {"name", "variants"} & overlay.keys():
            yield ("variants", name, never), "a variant cannot change this"
        changed = overlay.get("vars")
        for key in changed if isinstance(changed, dict) else ():
            if key not in target.vars:
                yield ("variants", name, "vars", key), f"[vars] has no {key!r} to change{near(key, target.vars)}"
