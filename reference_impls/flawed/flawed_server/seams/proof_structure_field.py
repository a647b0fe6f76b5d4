"""Flaws in which header field holds a proof, and whether there is one: RFC 9449 sections 4.1 and 7.1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import h11
from strict_server import listener

from flawed_server.registry import request

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

_LIKE_ITS_OWN = frozenset({b"x-dpop", b"dpop-proof", b"dpop_"})
_NAMES = "names as they came"


class _RemembersNames(listener._Protocol):  # noqa: SLF001 - below it, all names are in small letters already
    """Tells the application how the names of header fields were written."""

    def data_received(self, data: bytes) -> None:
        begun = self.conn.their_state is not h11.IDLE or self.conn.trailing_data[0]
        names = set(re.findall(rb"(?m)^([\w-]+):", data)) | (self.app_state.get(_NAMES, set()) if begun else set())
        self.app_state = {**self.app_state, _NAMES: names}
        super().data_received(data)


listener._Protocol = _RemembersNames  # type: ignore[misc]  # noqa: SLF001


@request("names compared with their case")
def names_compared_with_their_case(scope: Scope) -> None:
    """Find a proof in a field whose name is written DPoP, and in no other."""
    if b"DPoP" not in scope["state"][_NAMES]:
        _drop(scope, lambda _value: True)


@request("names like its own")
def names_like_its_own(scope: Scope) -> None:
    """Find a proof in fields of similar names too."""
    scope["headers"] = [(b"dpop" if name in _LIKE_ITS_OWN else name, value) for name, value in scope["headers"]]


@request("empty counts as none")
def empty_counts_as_none(scope: Scope) -> None:
    """Overlook an empty DPoP field."""
    _drop(scope, lambda value: not value.strip())


@request("no JWT counts as none")
def no_jwt_counts_as_none(scope: Scope) -> None:
    """Overlook a DPoP field that does not look like a JWT."""
    _drop(scope, lambda value: value.count(b".") != 2)


def _drop(scope: Scope, drops: Callable[[bytes], bool]) -> None:
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"dpop" or not drops(value)]
