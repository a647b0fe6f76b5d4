"""Where the three other rooms lie: beside the code in a wheel, at the top of a checkout."""

from pathlib import Path

from holdfast.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def suites() -> Path:
    """Folder of the cases and their tables; UsageError if this installation has none."""
    return _room("suites")


def reports() -> Path:
    """Folder of the templates, style and results schema; UsageError if this installation has none."""
    return _room("reports")


def reference_impls() -> Path:
    """Folder of the targets that ship with Holdfast; UsageError if this installation has none."""
    return _room("reference_impls")


def _room(name: str) -> Path:
    shipped = _PACKAGE / f"_{name}"
    if shipped.is_dir():
        return shipped
    checkout = _PACKAGE.parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise UsageError(f"{name}: not found beside {_PACKAGE}: install the wheel again, or run from a whole checkout")
