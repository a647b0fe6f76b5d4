"""Targets: a target.toml becomes a checked model, or every error in it at once with file, line and what to write."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from pydantic import PrivateAttr, ValidationError

from holdfast import rooms, target_placeholders
from holdfast.errors import UsageError, one_line
from holdfast.target_checks import contradictions
from holdfast.target_document import (
    Data,
    Document,
    above_upstream,
    digest,
    edited_capabilities,
    expanded,
    grounded,
    read,
    shown,
    with_variant,
)
from holdfast.target_errors import described, line
from holdfast.target_model import (
    Authorization,
    Binding,
    Client,
    Endpoints,
    Image,
    Listener,
    Proxy,
    Readback,
    Resource,
    Secret,
    Service,
    TargetTable,
    Windows,
)

__all__ = [
    "DEFAULT",
    "Authorization",
    "Binding",
    "Client",
    "Endpoints",
    "Image",
    "Listener",
    "Proxy",
    "Readback",
    "Resource",
    "Secret",
    "Service",
    "Target",
    "Windows",
    "load",
    "names",
    "reveal",
    "schema",
    "variants",
]

#: Name of a target's configuration as written, without any of its [variants.NAME].
DEFAULT = "default"
FILE = "target.toml"


class Target(TargetTable):
    """One variant of a target, merged and checked; placeholders stand as they were written until `filled`."""

    _document: Document = PrivateAttr()
    _file: Path = PrivateAttr()
    _variant: str = PrivateAttr(default=DEFAULT)
    _digest: str = PrivateAttr(default="")

    @property
    def file(self) -> Path:
        """The target.toml it was read from."""
        return self._file

    @property
    def variant(self) -> str:
        """Name of the variant, "default" for the file as written."""
        return self._variant

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the variant's name and the files of the target and of the targets behind it."""
        return self._digest

    @property
    def started_by_lab(self) -> bool:
        """Whether there is anything to start; otherwise the target runs already."""
        return bool(self.services)

    @property
    def resource(self) -> Resource:
        """The resource that cases use: "main", or the first. KeyError where there is none."""
        return self.resources.get("main") or self.resources[next(iter(self.resources), "main")]

    def where(self, *keys: str | int) -> str:
        """`file:line: path` of a key, for messages."""
        return line(self._document, keys, "")

    def filled(self, values: Mapping[str, str]) -> "Target":
        """The same target with its placeholders replaced, except inside services; UsageError where one has no value."""
        held = {"services", "variants"}
        document = {key: value for key, value in self.model_dump(exclude_unset=True).items() if key not in held}
        data = target_placeholders.fill(document, values, lambda keys: self.where(*keys))
        kept = self.model_dump(include=held, exclude_unset=True)
        return _with_facts(Target.model_validate({**cast("Data", data), **kept}), self)


def load(name_or_path: str | Path, *, variant: str | None = None) -> Target:
    """A target by the name of a bundled one or by the path of a target.toml or its folder.

    All variants are checked, whichever is asked for. Raises UsageError: one line for each thing that is wrong.
    """
    file = _file(str(name_or_path))
    known = [DEFAULT, *_variants_of(read(file))]
    if variant is not None and variant not in known:
        hint = target_placeholders.near(variant, known)
        raise UsageError(one_line(f"{shown(file)}: no variant {variant!r}{hint}; it has {', '.join(known)}"))
    return load_every(file)[variant or DEFAULT]


def load_every(name_or_path: str | Path) -> dict[str, Target]:
    """A target, found as `load` does, in each of its variants, by their names, "default" first.

    Raises UsageError: one line for each thing that is wrong.
    """
    file = _file(str(name_or_path))
    document = read(file)
    targets: dict[str, Target] = {}
    problems: dict[str, None] = {}
    for each in [DEFAULT, *_variants_of(document)]:
        merged, files = _composed(file, document, each, [])
        found = _checked(merged)
        if isinstance(found, Target):
            targets[each] = found
            found._document, found._file, found._variant = merged, file, each  # noqa: SLF001
            found._digest = digest(files, each, whole_folders=found.started_by_lab)  # noqa: SLF001
        else:
            problems.update(dict.fromkeys(found))
    if problems:
        raise UsageError("\n".join(sorted(problems, key=_by_place)))
    return targets


def names() -> list[str]:
    """Bundled targets: the folders of reference_impls that hold a target.toml."""
    return sorted(folder.name for folder in rooms.reference_impls().iterdir() if (folder / FILE).is_file())


def variants(target: Target) -> list[str]:
    """Names of the target's configurations, "default" first."""
    return [DEFAULT, *target.variants]


def meant_for(target: Target, profile: str) -> list[str]:
    """Names of the configurations that judge a profile: those that name it, or all where none does.

    target: its configuration as written, without a variant.
    """
    naming = {
        DEFAULT: target.profiles,
        **{name: overlay.get("profiles", []) for name, overlay in target.variants.items()},
    }
    named = [name for name, profiles in naming.items() if profile in cast("list[str]", profiles)]
    return named or variants(target)


def schema() -> dict[str, object]:
    """JSON Schema (2020-12) of target.toml, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **TargetTable.model_json_schema()}


def reveal(target: Target, secret: Secret, *keys: str | int) -> str:
    """What a reference to a secret points at, surrounding blanks cut; UsageError where it points at nothing."""
    import os

    if secret.env is not None:
        value = os.environ.get(secret.env, "").strip()
        if not value:
            raise UsageError(
                f"{target.where(*keys)}: the environment variable {secret.env} is not set: export it first"
            )
        return value
    try:
        return Path(secret.file or "").read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise UsageError(f"{target.where(*keys)}: {secret.file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{target.where(*keys)}: {secret.file}: not UTF-8: save the file as UTF-8") from None


def _file(name: str) -> Path:
    path = expanded(name)
    if "/" not in name and (rooms.reference_impls() / name / FILE).is_file():
        return rooms.reference_impls() / name / FILE
    if path.is_dir() and (path / FILE).is_file():
        return (path / FILE).resolve()
    if path.is_file():
        return path.resolve()
    if "/" in name or path.suffix == ".toml":
        raise UsageError(
            f"{one_line(name)}: no such file: name a target.toml, its folder, or one of {', '.join(names())}"
        )
    hint = target_placeholders.near(name, names())
    raise UsageError(f"target {name!r} is not known{hint}; known are {', '.join(names())}, or a path to a target.toml")


def _variants_of(document: Document) -> list[str]:
    declared = document.data.get("variants")
    return list(declared) if isinstance(declared, dict) else []


def _composed(file: Path, document: Document, variant: str, seen: Sequence[Path]) -> tuple[Document, list[Path]]:
    """The document of one variant with everything from the targets behind it, and the files it was made of."""
    if file in seen:
        raise UsageError(f"{shown(file)}: proxy.upstream leads back to itself: name the target behind the proxy")
    own = grounded(with_variant(document, variant), file.parent)
    proxy = own.data.get("proxy")
    behind = proxy.get("upstream") if isinstance(proxy, dict) else None
    if not isinstance(behind, str):
        return Document(edited_capabilities(own.data), own.layers), [file]
    try:
        upstream_file = _file(str(file.parent / behind) if "/" in behind else behind)
    except UsageError as problem:
        raise UsageError(line(own, ("proxy", "upstream"), str(problem))) from None
    upstream = read(upstream_file)
    wanted = cast("Data", proxy).get("upstream_variant", DEFAULT)
    if wanted not in [DEFAULT, *_variants_of(upstream)]:
        hint = target_placeholders.near(str(wanted), _variants_of(upstream))
        raise UsageError(line(own, ("proxy", "upstream_variant"), f"{behind} has no variant {wanted!r}{hint}"))
    below, files = _composed(upstream_file, upstream, str(wanted), [*seen, file])
    return above_upstream(own, below), [*files, file]


def _checked(document: Document) -> Target | list[str]:
    try:
        target = Target.model_validate(document.data)
    except ValidationError as problem:
        return [*described(problem, document), *_unusable_texts(document)]
    found = [*_unusable_texts(document), *(line(document, *one) for one in contradictions(target))]
    return found or target


def _unusable_texts(document: Document) -> Iterator[str]:
    listeners, variables = document.data.get("listeners"), document.data.get("vars")
    known = target_placeholders.known(
        listeners if isinstance(listeners, dict) else (), variables if isinstance(variables, dict) else ()
    )
    checked = {key: value for key, value in document.data.items() if key != "variants"}
    for keys, text in target_placeholders.texts(checked):
        if "\0" in text:
            yield line(document, keys, "holds a NUL character, which no path, URL or command can have")
        for name in target_placeholders.used(text):
            if name not in known:
                hint = target_placeholders.near(name, known)
                yield line(document, keys, f"placeholder {{{name}}} is not known{hint}")


def _with_facts(target: Target, source: Target) -> Target:
    for name in ("_document", "_file", "_variant", "_digest"):
        setattr(target, name, getattr(source, name))
    return target


def _by_place(problem: str) -> tuple[str, int, str]:
    file, number, rest = (*problem.split(":", 2), "", "")[:3]
    return file, int(number) if number.isdecimal() else 0, rest
