"""One twin: the servers of strict with one flaw, at one of the seams."""

from __future__ import annotations

import traceback
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strict_server import options
from strict_server.guards import Guards
from strict_server.main import Bound, Servers, bound, servers
from strict_server.refusals import Refused

from . import seams
from .places import HERE, Located
from .registry import Answer, function, left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

seams.load()

#: Which guards refused something of the request that is being answered, each as `guard@endpoint`.
TRIPPED: ContextVar[list[str]] = ContextVar("TRIPPED")
#: Which guards were asked about it, in the same words.
ASKED: ContextVar[set[str]] = ContextVar("ASKED")


@dataclass(frozen=True)
class Flaw:
    """What is wrong: what happens (`does`) at one seam, at these places only; no places: everywhere.

    guard: the name of a guard that is replaced, else `seam` is request, answer, inside, doors, settings, trace or none.
    settings: fields of `Settings` with other values.
    """

    seam: str
    guard: str = ""
    does: str = ""
    places: frozenset[str] = frozenset()
    settings: Mapping[str, Any] | None = None

    @property
    def here(self) -> bool:
        """Whether the request that is being answered is at one of its places."""
        return not self.places or HERE.get() in self.places


def made(flaw: Flaw, arguments: Sequence[str], slips: list[str]) -> Bound:
    """Make the twin's servers from a command line of strict and take its ports.

    slips: gets what went wrong in a flaw that was not meant: a server that falls over by our mistake is caught by any
    case, which then proves nothing. Raises strict's `ConfigurationError` for a bad command line, LookupError for a flaw
    that does not exist.
    """
    settings, listeners = options.read(options.parser().parse_args(arguments))
    settings = replace(settings, guards=_guards(flaw, slips), **(flaw.settings or {}))
    both = servers(settings, listeners)
    if flaw.seam == "inside":
        function("inside", flaw.does)(both)
    doors = bound(both, listeners, lambda app: Located(_Changed(app, flaw)))
    return function("doors", flaw.does)(doors) if flaw.seam == "doors" else doors


#: Errors that no flaw makes on purpose. A TypeError is how some break: a list is no name that could be looked up.
_SLIPS = (AttributeError, ImportError, NameError)
_SEAMS = str(Path(seams.__file__).parent)


def _is_ours(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return frames[-1].filename.startswith(_SEAMS)


def _guards(flaw: Flaw, slips: list[str]) -> Guards:
    if flaw.seam == "trace":
        return Guards({name: _traced(name) for name in Guards.names()})
    if flaw.seam != "guard":
        return Guards()
    does = left_out if flaw.does == "left out" else function(f"guard {flaw.guard}", flaw.does)
    honest = Guards()

    def check(*arguments: Any) -> Any:
        if not flaw.here:
            return honest(flaw.guard, *arguments)
        try:
            return does(lambda *again: honest(flaw.guard, *again), *arguments)
        except _SLIPS as error:
            if _is_ours(error):
                slips.append(f"{type(error).__name__}: {error}")
            raise

    return Guards({flaw.guard: check})


def _traced(name: str) -> Callable[..., Any]:
    honest = Guards()

    def check(*arguments: Any) -> Any:
        ASKED.get(set[str]()).add(f"{name}@{HERE.get()}")
        try:
            return honest(name, *arguments)
        except Refused:
            TRIPPED.get().append(f"{name}@{HERE.get()}")
            raise

    return check


class _Changed:
    """Wraps an application: requests and answers are changed as the flaw has it."""

    def __init__(self, app: ASGIApp, flaw: Flaw) -> None:
        self._app = app
        self._flaw = flaw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._flaw.seam not in {"request", "answer", "trace"} or not self._flaw.here:
            await self._app(scope, receive, send)
            return
        TRIPPED.set([])
        ASKED.set(set())
        if self._flaw.seam == "request":
            function("request", self._flaw.does)(scope)
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        for message in self._changed(kept, scope):
            await send(message)

    def _changed(self, kept: Sequence[Message], scope: Scope) -> list[Message]:
        start = kept[0]
        headers = [(key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in start["headers"]]
        body = b"".join(message.get("body", b"") for message in kept[1:])
        answer = Answer(start["status"], headers, body)
        if self._flaw.seam == "trace":
            answer.replace("answered-at", HERE.get())
            answer.replace("refused-by", *TRIPPED.get())
            answer.replace("checked-by", " ".join(sorted(ASKED.get())))
        else:
            function("answer", self._flaw.does)(answer, scope)
        if answer.values("content-length"):
            answer.replace("content-length", str(len(answer.body)))
        raw = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in answer.headers]
        return [
            {"type": "http.response.start", "status": answer.status, "headers": raw},
            {"type": "http.response.body", "body": answer.body},
        ]


__all__ = ["Flaw", "Servers", "made"]
