"""target.toml as data that knows its places: reading, laying variants over it, putting an upstream beneath it."""

import contextlib
import hashlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from holdfast import target_lines
from holdfast.errors import UsageError, one_line

Keys = target_lines.Path
Data = dict[str, object]

#: Tables that a proxy takes over from the target behind it.
FROM_UPSTREAM = (
    "issuer",
    "ca",
    "capabilities",
    "vars",
    "listeners",
    "services",
    "clients",
    "introspection",
    "registration",
    "authorization",
    "endpoints",
    "windows",
)

#: Levels of tables and lists inside one another that are read; a target.toml has six.
DEPTH = 64

_UNHASHED = {"node_modules", "__pycache__"}


@dataclass(frozen=True)
class Place:
    """A line of a file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{shown(self.file)}:{self.line}"


def shown(path: Path) -> str:
    """A path as a person at this prompt would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@dataclass(frozen=True)
class Document:
    """Merged TOML data, and where each key was written; the upper layers win."""

    data: Data
    layers: tuple[Mapping[Keys, Place], ...]

    def place(self, keys: Keys) -> Place:
        """The line of a key, or of the closest table around it."""
        for length in range(len(keys), -1, -1):
            for layer in self.layers:
                if keys[:length] in layer:
                    return layer[keys[:length]]
        raise KeyError(keys)  # pragma: no cover - every layer knows the whole file as ()


def read(file: Path) -> Document:
    """The document of one file, as it is written; UsageError if it is no TOML."""
    try:
        text = file.read_bytes().decode()
    except OSError as problem:
        raise UsageError(f"{shown(file)}: {problem.strerror or problem}: name a folder with a target.toml") from None
    except UnicodeDecodeError as problem:
        raise UsageError(f"{shown(file)}: byte {problem.start}: not UTF-8: save the file as UTF-8") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError(_broken(file, text, str(problem))) from None
    except (ValueError, RecursionError):
        raise UsageError(f"{shown(file)}: a number too long or a nesting too deep to be read: shorten it") from None
    for key, value in data.items():
        if _deeper_than(DEPTH, value):
            raise UsageError(one_line(f"{shown(file)}: {key}: nested deeper than {DEPTH} levels: make it flat"))
    found = target_lines.lines(text.replace("\r\n", "\n"))
    return Document(data, ({keys: Place(file, line) for keys, line in found.items()},))


def _deeper_than(levels: int, value: object) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(layer)


def _broken(file: Path, text: str, problem: str) -> str:
    what, _, where = problem.partition(" (at ")
    line, column = text.count("\n") + 1, 1
    numbers = [int(word) for word in where.replace(",", " ").replace(")", " ").split() if word.isdigit()]
    if len(numbers) == 2:
        line, column = numbers
    return f"{shown(file)}:{line}:{column}: broken TOML: {what[:1].lower()}{what[1:]}"


def with_variant(document: Document, name: str) -> Document:
    """The document with one of its variants laid over it.

    capabilities_add and capabilities_remove edit that list, and so do services_add and services_remove (by name).
    """
    variants = document.data.get("variants")
    overlay = variants.get(name) if isinstance(variants, dict) else None
    if not isinstance(overlay, dict):
        return document
    prefix = ("variants", name)
    layer = {
        keys[2:]: place for known in document.layers for keys, place in known.items() if keys[:2] == prefix and keys[2:]
    }
    below = {key: value for key, value in document.data.items() if key != "profiles"}  # each speaks for itself
    return _edited_services(Document(edited_capabilities(merged(below, overlay)), (layer, *document.layers)))


def above_upstream(document: Document, upstream: Document) -> Document:
    """The document of a proxy, laid over what it takes from the target behind it."""
    base = {key: upstream.data[key] for key in FROM_UPSTREAM if key in upstream.data}
    data = merged(base, document.data)
    for key in ("capabilities", "services"):
        below, own = base.get(key), document.data.get(key)
        if isinstance(below, list) and isinstance(own, list):
            data[key] = below + [item for item in own if item not in below]
    before = base.get("services")
    shift = len(before) if isinstance(before, list) else 0
    layers = tuple({_shifted(keys, shift): place for keys, place in layer.items()} for layer in document.layers)
    return Document(edited_capabilities(data), layers + upstream.layers)


def _shifted(keys: Keys, shift: int) -> Keys:
    if len(keys) > 1 and keys[0] == "services" and isinstance(keys[1], int):
        return ("services", keys[1] + shift, *keys[2:])
    return keys


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> Data:
    """Tables merged to any depth; everything else is replaced."""
    result: Data = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def edited_capabilities(data: Data) -> Data:
    """The data with capabilities_add and capabilities_remove carried out, where all three are lists."""
    result = dict(data)
    capabilities = result.get("capabilities", [])
    added, removed = result.get("capabilities_add", []), result.get("capabilities_remove", [])
    if not (isinstance(capabilities, list) and isinstance(added, list) and isinstance(removed, list)):
        return result
    result.pop("capabilities_add", None)
    result.pop("capabilities_remove", None)
    kept = [item for item in capabilities if item not in removed]
    result["capabilities"] = kept + [item for item in added if item not in kept]
    return result


def _edited_services(document: Document) -> Document:
    """The document with services_add and services_remove carried out; listeners go with the services that have them."""
    services, listeners = document.data.get("services"), document.data.get("listeners", {})
    added, removed = document.data.get("services_add", []), document.data.get("services_remove", [])
    if not (isinstance(services, list) and isinstance(listeners, dict)):
        return document
    if not (isinstance(added, list) and isinstance(removed, list)):
        return document
    stays = [not isinstance(service, dict) or service.get("name") not in removed for service in services]
    kept, gone = (
        [one for one, here in zip(services, stays, strict=True) if here is wanted] for wanted in (True, False)
    )
    unheard = _heard(gone) - _heard([*kept, *added])
    data = {key: value for key, value in document.data.items() if key not in {"services_add", "services_remove"}}
    data |= {
        "services": [*kept, *added],
        "listeners": {name: listener for name, listener in listeners.items() if name not in unheard},
    }
    order: list[Keys] = [("services", index) for index, here in enumerate(stays) if here]
    order += [("services_add", index) for index in range(len(added))]
    moved = {keys: place for place, keys in enumerate(order)}
    return Document(data, tuple(_moved(layer, moved) for layer in document.layers))


def _moved(layer: Mapping[Keys, Place], moved: Mapping[Keys, int]) -> Mapping[Keys, Place]:
    """Give a layer in which services stand at other places of the list, or nowhere."""
    found: dict[Keys, Place] = {}
    for keys, place in layer.items():
        if len(keys) > 1 and keys[0] in {"services", "services_add"}:
            if keys[:2] in moved:
                found["services", moved[keys[:2]], *keys[2:]] = place
        else:
            found[keys] = place
    return found


def _heard(services: Iterable[object]) -> set[str]:
    """Names of the listeners of these services."""
    lists = [service.get("listeners") for service in services if isinstance(service, dict)]
    return {str(name) for names in lists if isinstance(names, list) for name in names}


def grounded(document: Document, folder: Path) -> Document:
    """The document with every path made absolute and {here} outside of services replaced by the folder."""
    data = {
        key: value if key in {"services", "variants"} else _replaced(value, str(folder))
        for key, value in document.data.items()
    }
    _absolute(data, "ca", folder)
    for client in _tables(data.get("clients")):
        for key in ("key", "certificate", "certificate_key"):
            _absolute(client, key, folder)
    for between in _tables({name: data.get(name) for name in ("trusted_hop", "proxy")}):
        _absolute(between, "certificate", folder)
    for secret in _secrets(data):
        _absolute(secret, "file", folder)
    services = data.get("services")
    if isinstance(services, list):
        data["services"] = [
            {**service, "here": _joined(service.get("here", "."), folder)} if isinstance(service, dict) else service
            for service in map(_alike(services), services)
        ]
    return Document(data, document.layers)


def _alike(services: list[object]) -> Callable[[object], object]:
    """Give what completes a service that is like another one of the list."""
    named = {str(service.get("name")): service for service in services if isinstance(service, dict)}

    def completed(service: object) -> object:
        like = service.get("like") if isinstance(service, dict) else None
        other = named.get(like) if isinstance(like, str) else None
        return {**other, "values": {}, **cast("Data", service)} if other else service

    return completed


def _secrets(data: Data) -> Iterator[Data]:
    holders = [*_tables(data.get("clients")), *_tables({"": data.get("introspection")})]
    yield from _tables({number: holder.get("secret") for number, holder in enumerate(holders)})
    authorization = data.get("authorization")
    yield from _tables(authorization.get("secrets") if isinstance(authorization, dict) else None)


def _tables(value: object) -> list[Data]:
    return [item for item in value.values() if isinstance(item, dict)] if isinstance(value, dict) else []


def _absolute(table: Data, key: str, folder: Path) -> None:
    if table.get(key):
        table[key] = _joined(table[key], folder)


def _joined(value: object, folder: Path) -> object:
    if not isinstance(value, str) or value.startswith("{"):
        return value
    with contextlib.suppress(ValueError):  # a NUL, which `targets` tells with its place
        return str((folder / expanded(value)).resolve())
    return value


def expanded(path: str) -> Path:
    """A path with the home folder it begins with; as it is written where nobody has that name."""
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def _replaced(value: object, folder: str) -> object:
    if isinstance(value, str):
        return value.replace("{here}", folder)
    if isinstance(value, list):
        return [_replaced(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, folder) for key, item in value.items()}
    return value


def digest(files: Iterable[Path], variant: str, *, whole_folders: bool) -> str:
    """SHA-256 over the target files, each with its folder's content where the lab starts what lies there."""
    total = hashlib.sha256(variant.encode())
    for file in files:
        listed = _content(file.parent) if whole_folders else [file]
        for path in listed:
            total.update(f"\n{path.relative_to(file.parent).as_posix()}\n".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _content(folder: Path) -> list[Path]:
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _UNHASHED or path.is_symlink():
            continue
        found += _content(path) if path.is_dir() else [path] if path.is_file() else []
    return found
