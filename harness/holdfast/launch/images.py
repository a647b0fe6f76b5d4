"""Images of services: built once from a target's folder, found again by the digest of what went in."""

import contextlib
import hashlib
import platform
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker.errors  # type: ignore[import-untyped]

from holdfast.errors import UsageError
from holdfast.launch import prepare
from holdfast.launch.ready import Stopped
from holdfast.target_model import Image, Service

_LEFT_OUT = shutil.ignore_patterns(".*", "node_modules", "__pycache__")
#: glibc of Debian 12 is 2.36; wheels name the oldest glibc they run on.
_PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")


def build(
    engine: Any, target: str, service: Service, where: str, fill: Callable[[str], str], stop: threading.Event
) -> str:
    """Name of the service's image, built if it is not there yet. Raises UsageError with the end of a failed build.

    engine: docker.DockerClient. fill: replaces placeholders in the entries of the build's context.
    """
    image = service.image
    assert image is not None
    if image.name is not None:
        return image.name
    with tempfile.TemporaryDirectory(prefix="holdfast-build-") as made:
        context = Path(made)
        _lay_out(context, service, image, fill)
        if image.wheels:
            shutil.copytree(wheels(image, where, stop), context / "wheels")
        tag = f"holdfast-{target}-{service.made_as}:{_digest(context, image)}".lower()
        if not _exists(engine, tag):
            _build(engine, context, image, tag, where, stop)
    return tag


def wheels(image: Image, where: str, stop: threading.Event) -> Path:
    """A folder in the cache with the wheels of these requirements and all they need, for the image's Python."""
    machine = platform.machine()
    named = hashlib.sha256("\n".join([machine, image.python, *sorted(image.wheels)]).encode()).hexdigest()[:16]
    ready = prepare.cache() / "wheels" / named
    if ready.is_dir():
        return ready
    ready.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{named}-", dir=ready.parent))
    platforms = [word for each in _PLATFORMS for word in ("--platform", f"{each}_{machine}")]
    download = ["download", "--quiet", "--only-binary=:all:", "--python-version", image.python, *platforms]
    try:
        prepare.run([sys.executable, "-m", "pip", *download, "--dest", ".", *image.wheels], making, where, stop)
        with contextlib.suppress(OSError):  # another run was quicker: its folder holds the same
            making.rename(ready)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return ready


def _lay_out(context: Path, service: Service, image: Image, fill: Callable[[str], str]) -> None:
    here = Path(service.here)
    if not image.context:
        shutil.copytree(here, context, dirs_exist_ok=True, ignore=_LEFT_OUT)
        return
    for entry in dict.fromkeys([*image.context, image.dockerfile or ""]):
        source = here / fill(entry)
        inside = not Path(fill(entry)).is_absolute()
        destination = context / (entry if inside else source.name)
        destination.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, destination, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.is_file():
            shutil.copy(source, destination)
        else:
            raise UsageError(f"{source}: not found: image.context of service {service.name} names it")


def _digest(context: Path, image: Image) -> str:
    total = hashlib.sha256(f"{image.dockerfile} {sorted(image.arguments.items())}".encode())
    for path in sorted(context.rglob("*")):
        total.update(f"\n{path.relative_to(context).as_posix()}\n".encode())
        if path.is_symlink():
            total.update(str(path.readlink()).encode())
        elif path.is_file():
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def _exists(engine: Any, tag: str) -> bool:
    try:
        engine.images.get(tag)
    except docker.errors.ImageNotFound:
        return False
    return True


def _build(engine: Any, context: Path, image: Image, tag: str, where: str, stop: threading.Event) -> None:
    said: list[str] = []
    problem = ""
    try:
        for part in engine.api.build(
            path=str(context),
            dockerfile=image.dockerfile,
            tag=tag,
            buildargs=dict(image.arguments),
            rm=True,
            forcerm=True,
            decode=True,
        ):
            if stop.is_set():
                raise Stopped(tag)
            said.append(part.get("stream", ""))
            problem = part.get("error", "") or problem
    except docker.errors.DockerException as failure:
        problem = str(failure)
    if problem:
        last = "\n  ".join("".join(said).strip().splitlines()[-8:])
        raise UsageError(f"{where}: the image cannot be built: {problem.strip()}\n  {last}")
