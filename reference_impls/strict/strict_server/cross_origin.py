"""What a script of another origin may do: send tokens and proofs, and read why it was refused.

Fetch, section 3.2 (CORS); RFC 9449, sections 7.1, 8 and 9, name the header fields that such a client has to see. Any
origin may ask, since nothing here is decided by cookies. Endpoints that a browser visits as a page, or that no browser
has a reason to ask, are left out (RFC 9700 section 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

CLOSED = frozenset({"/authorize", "/introspect"})
_ANSWERED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "WWW-Authenticate, DPoP-Nonce",
}
_ALLOWED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "600",
}


def preflight(scope: Scope) -> Response | None:
    """Give the answer to a preflight, for which nothing is looked at and nothing done; None for any other request."""
    names = {name for name, _ in scope["headers"]}
    asks = scope["method"] == "OPTIONS" and {b"origin", b"access-control-request-method"} <= names
    return Response(status_code=204, headers=_ALLOWED) if asks and scope["path"] not in CLOSED else None


def shared(scope: Scope) -> Mapping[str, str]:
    """Give the header fields by which a script may read an answer, an error too."""
    return {} if scope["path"] in CLOSED else _ANSWERED
