"""The outermost layer of both servers: request targets, CORS, the Date header, one line of log, and the last resort."""

from __future__ import annotations

import sys
import time
import traceback
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.responses import JSONResponse

from . import cross_origin, uris
from .incoming import Connection

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .refusals import Refused


def refusal(refused: Refused) -> Response:
    """Give the JSON answer of a refusal (RFC 6749 section 5.2)."""
    status = refused.status or (401 if refused.error == "invalid_client" else 400)
    return JSONResponse({"error": refused.error, "error_description": refused.description}, status)


async def only_over_tls(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer whatever comes without TLS: nothing is read, and no redirect hides the mistake (RFC 9449 section 2)."""
    if scope["type"] == "http":
        answer = JSONResponse({"error": "invalid_request", "error_description": "use https"}, 403)
        await answer(scope, receive, send)


class Frame:
    """Wraps an ASGI application. Log lines name method, path and status, never a query or a header."""

    def __init__(self, role: str, app: ASGIApp) -> None:
        self._role = role
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        raw = uris.raw_path(scope["raw_path"])
        if raw.encode("ascii", "replace") != scope["raw_path"]:  # absolute-form
            scope["path"] = unquote(raw)
        scope.setdefault("state", {}).setdefault("connection", Connection())
        started = time.monotonic()
        preflight = cross_origin.preflight(scope)
        status = 0

        async def send_dated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = {"date": formatdate(usegmt=True), **(cross_origin.shared(scope) if preflight is None else {})}
                message["headers"] = [
                    *message["headers"],
                    *((k.lower().encode(), v.encode()) for k, v in added.items()),
                ]
            await send(message)

        try:
            await (preflight or self._app)(scope, receive, send_dated)
        except Exception:  # noqa: BLE001 - the last resort: the trace goes to this server's own log only
            traceback.print_exc(file=sys.stderr)
            if not status:
                await JSONResponse({"error": "server_error"}, 500)(scope, receive, send_dated)
        finally:
            milliseconds = (time.monotonic() - started) * 1000
            print(f"{self._role} {scope['method']} {raw} {status} {milliseconds:.1f} ms", file=sys.stderr, flush=True)
