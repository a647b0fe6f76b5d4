"""Flaws in how everything is refused at an endpoint, whatever it is refused for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flawed_server.registry import Answer, answer

from .signal_parts import CHALLENGE, error, forget_error, is_refusal, rename, said, say

if TYPE_CHECKING:
    from starlette.types import Scope

Change = Callable[[Answer, "Scope"], None]

_WITHHELD_BY_TOKENS = ("access_token", "refresh_token", "id_token", "request_uri")
_WITHHELD_BY_STATE = ("sub", "scope", "client_id", "username", "cnf")
_TRACE = 'Traceback (most recent call last):\n  File "/srv/server/checks.py", line 41, in check'


# The status


def _status(new: int, *, of: int = 0, code: str = "") -> Change:
    def change(found: Answer, _scope: Scope) -> None:
        if is_refusal(found) and of in {0, found.status} and code in {"", error(found)}:
            found.status = new

    return change


answer("200 for every refusal")(_status(200))
answer("400 for 401")(_status(400, of=401))
answer("403 for 401")(_status(403, of=401))
answer("401 for 400")(_status(401, of=400))
for named in ("invalid_client", "invalid_token", "use_dpop_nonce"):
    answer(f"200 for {named}")(_status(200, code=named))


# The error


def _renamed(old: str, new: str) -> Change:
    def change(found: Answer, _scope: Scope) -> None:
        if error(found) == old:
            rename(found, new)

    return change


for before, after in (
    ("invalid_token", "invalid_dpop_proof"),
    ("invalid_client", "unauthorized_client"),
    ("insufficient_scope", "invalid_token"),
):
    answer(f"{after} for {before}")(_renamed(before, after))


@answer("an error of its own")
def of_its_own(found: Answer, _scope: Scope) -> None:
    """Call every error by a name that no specification knows."""
    rename(found, "unauthorized")


@answer("without an error")
def untold(found: Answer, _scope: Scope) -> None:
    """Say of no refusal what was wrong."""
    if is_refusal(found):
        forget_error(found)


@answer("an error where there is none")
def told_too_early(found: Answer, _scope: Scope) -> None:
    """Say that the token is invalid where none was presented."""
    if found.status == 401 and not error(found):
        lines = found.values(CHALLENGE)
        found.replace(CHALLENGE, *(f'{line}, error="invalid_token"' for line in lines))


# What stands beside it


@answer("odd characters")
def odd(found: Answer, _scope: Scope) -> None:
    """Write characters into the error's text that it may not have."""
    if is_refusal(found):
        say(found, error_description='what was sent is not "good" \u00e9')


@answer("repeats what was sent")
def repeats(found: Answer, scope: Scope) -> None:
    """Repeat in the error what the request held in its headers, secrets too."""
    if is_refusal(found):
        sent = [v.decode("latin-1") for k, v in scope["headers"] if k in {b"authorization", b"dpop"}]
        say(found, error_description=f"this is not good: {' '.join(sent)}")


@answer("shows a stack trace")
def shows_its_inside(found: Answer, _scope: Scope) -> None:
    """Show where in the program it was that the request was refused."""
    if is_refusal(found):
        say(found, detail=_TRACE)


@answer("a page")
def page(found: Answer, _scope: Scope) -> None:
    """Tell a person what was wrong, and no program."""
    if is_refusal(found):
        found.body = f"<!doctype html><title>{found.status}</title><p>{said(found).get('error_description')}".encode()
        found.replace("content-type", "text/html; charset=utf-8")


@answer("may be stored")
def stored(found: Answer, _scope: Scope) -> None:
    """Say nothing of caches in a refusal."""
    if is_refusal(found):
        found.replace("cache-control")


def _beside(names: tuple[str, ...], code: str = "") -> Change:
    def change(found: Answer, _scope: Scope) -> None:
        if error(found) and code in {"", error(found)}:
            say(found, **dict.fromkeys(names))

    return change


answer("empty tokens beside the error")(_beside(_WITHHELD_BY_TOKENS))
answer("empty tokens beside invalid_request")(_beside(_WITHHELD_BY_TOKENS, "invalid_request"))
answer("empty tokens beside use_dpop_nonce")(_beside(_WITHHELD_BY_TOKENS, "use_dpop_nonce"))
answer("a token's data beside the error")(_beside(_WITHHELD_BY_STATE))


# Introspection


def _is_inactive(found: Answer) -> bool:
    return said(found) == {"active": False}


@answer("404 for inactive")
def not_found(found: Answer, _scope: Scope) -> None:
    """Say that there is no such token, instead of that it is not active."""
    if _is_inactive(found):
        found.status = 404


@answer("inactive with its data")
def remembered(found: Answer, _scope: Scope) -> None:
    """Say of a token that is not active what it once was good for."""
    if _is_inactive(found):
        say(found, sub="alice", scope="read", client_id="main")
