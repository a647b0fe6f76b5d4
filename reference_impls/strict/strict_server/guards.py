"""The table of guards: every check and every decision about a binding has a name and is looked up when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Check = TypeVar("Check", bound=Callable[..., Any])
_HONEST: dict[str, Callable[..., Any]] = {}


def guard(name: str) -> Callable[[Check], Check]:
    """Register the decorated function as the honest guard `name`; a name is taken once."""

    def register(check: Check) -> Check:
        if name in _HONEST:
            raise ValueError(f"two guards are called {name}")
        _HONEST[name] = check
        return check

    return register


class Guards:
    """The guards of one server object: the honest ones, some of them replaced.

    `guards("proof.htu", check)` calls the guard of that name. Most guards raise `Refused`, a few answer a value.
    """

    def __init__(self, replaced: Mapping[str, Callable[..., Any]] | None = None) -> None:
        unknown = set(replaced or {}) - set(_HONEST)
        if unknown:
            raise ValueError(f"no such guard: {', '.join(sorted(unknown))}")
        self._table = {**_HONEST, **(replaced or {})}

    def __call__(self, name: str, *arguments: Any) -> Any:
        return self._table[name](*arguments)

    @staticmethod
    def names() -> list[str]:
        """All names, sorted."""
        return sorted(_HONEST)
