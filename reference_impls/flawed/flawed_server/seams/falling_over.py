"""What several families of flaws share: a check that ends in an error of the server's own instead of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from strict_server.refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable


def fall_over(honest: Callable[..., Any], *arguments: Any) -> Any:
    """Let what the guard refuses end in an error that nobody expected, which is answered with 500."""
    try:
        return honest(*arguments)
    except Refused as refused:
        raise RuntimeError("what was not foreseen") from refused
