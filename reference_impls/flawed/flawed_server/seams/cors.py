"""Flaws in what scripts of other origins may do (Fetch section 3.2, RFC 9449 section 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flawed_server.registry import Answer, answer

from .signal_parts import CHALLENGE, is_refusal

if TYPE_CHECKING:
    from starlette.types import Scope

_ORIGIN, _EXPOSED = "access-control-allow-origin", "access-control-expose-headers"
_HEADERS, _METHODS = "access-control-allow-headers", "access-control-allow-methods"


def _close(found: Answer) -> None:
    found.headers = [(name, value) for name, value in found.headers if not name.startswith("access-control-")]


@answer("nothing exposed")
def hidden(found: Answer, _scope: Scope) -> None:
    """Let scripts read no header of an answer."""
    found.replace(_EXPOSED)


@answer("successes only may be read")
def refusals_hidden(found: Answer, _scope: Scope) -> None:
    """Let scripts read what they are given, and not why they are refused."""
    if is_refusal(found):
        _close(found)


@answer("refusals only may be read")
def successes_hidden(found: Answer, scope: Scope) -> None:
    """Let scripts read why they are refused, and not what they are given."""
    if found.status < 300 and scope["method"] != "OPTIONS":
        _close(found)


@answer("preflights need a token")
def preflight_refused(found: Answer, scope: Scope) -> None:
    """Ask for a token in a preflight, which has none."""
    if scope["method"] == "OPTIONS":
        _close(found)
        found.status, found.body = 401, b"{}"
        found.replace(CHALLENGE, 'DPoP algs="ES256"')


@answer("preflights allow no proof")
def no_proof_allowed(found: Answer, _scope: Scope) -> None:
    """Let scripts send a token without a proof."""
    if found.values(_HEADERS):
        found.replace(_HEADERS, "Authorization, Content-Type")


@answer("preflights allow everything")
def star_allowed(found: Answer, _scope: Scope) -> None:
    """Allow headers by a star, which stands for all but Authorization."""
    if found.values(_HEADERS):
        found.replace(_HEADERS, "*")


@answer("everything everywhere")
def opened(found: Answer, _scope: Scope) -> None:
    """Let scripts ask at an endpoint that is for browsers alone."""
    found.replace(_ORIGIN, "*")
    found.replace(_METHODS, "GET, POST")
