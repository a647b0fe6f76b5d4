"""The seams at which a flaw goes in, and what may be put there: functions by name, registered by modules of seams/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from starlette.types import Scope
    from strict_server.main import Bound, Servers

Function = TypeVar("Function", bound=Callable[..., Any])
_FUNCTIONS: dict[tuple[str, str], Callable[..., Any]] = {}


@dataclass
class Answer:
    """An answer before it is sent. header names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Give the values of all fields of that name."""
        return [value for key, value in self.headers if key == name]

    def replace(self, name: str, *values: str) -> None:
        """Give the answer these values under that name, and no others."""
        self.headers = [(key, value) for key, value in self.headers if key != name]
        self.headers += [(name, value) for value in values]


def _registered(seam: str, name: str) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        if (seam, name) in _FUNCTIONS:
            raise ValueError(f"{seam}: two are called {name}")
        _FUNCTIONS[seam, name] = function
        return function

    return register


def instead_of(guard: str, name: str) -> Callable[[Function], Function]:
    """Register what a flaw does instead of a guard: called with the honest guard first, then as that is."""
    return _registered(f"guard {guard}", name)


def request(name: str) -> Callable[[Callable[[Scope], None]], Callable[[Scope], None]]:
    """Register a change of the ASGI scope before the server reads it."""
    return _registered("request", name)


def answer(name: str) -> Callable[[Callable[[Answer, Scope], None]], Callable[[Answer, Scope], None]]:
    """Register a change of an answer before it is sent."""
    return _registered("answer", name)


def inside(name: str) -> Callable[[Callable[[Servers], None]], Callable[[Servers], None]]:
    """Register a change of the server objects before they listen."""
    return _registered("inside", name)


def doors(name: str) -> Callable[[Callable[[Bound], Bound]], Callable[[Bound], Bound]]:
    """Register a change of applications, ports and TLS before anybody listens there."""
    return _registered("doors", name)


def function(seam: str, name: str) -> Callable[..., Any]:
    """Give what is registered; LookupError where nothing is."""
    try:
        return _FUNCTIONS[seam, name]
    except KeyError:
        known = ", ".join(sorted(other for at, other in _FUNCTIONS if at == seam)) or "nothing"
        raise LookupError(f"{seam}: no {name}; there is {known}") from None


def left_out(_honest: Callable[..., Any], *_arguments: Any) -> None:
    """Do nothing instead of a guard that only refuses."""
