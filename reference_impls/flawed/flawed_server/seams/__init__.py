"""What flaws do, by family. Each module registers its functions when it is imported."""

import importlib
import pkgutil


def load() -> None:
    """Import all modules of this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
