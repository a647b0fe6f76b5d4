"""Flaws in how nonces are supplied: header, error and body of the answers (RFC 9449 sections 8, 8.1, 8.2 and 9)."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from flawed_server.registry import Answer, answer, inside
from flawed_server.seams.nonce import Kept, both, nonce_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope
    from strict_server.main import Servers
    from strict_server.proof import Proofs

_NONCE, _CACHING, _EXPOSED = "dpop-nonce", "cache-control", "access-control-expose-headers"


def _said(found: Answer) -> dict[str, Any]:
    try:
        said = json.loads(found.body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _is_challenge(found: Answer) -> bool:
    return _said(found).get("error") == "use_dpop_nonce"


def _nonce_of(scope: Scope) -> object:
    """Give the nonce in the proof of a request; None where there is none."""
    proof = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"dpop"), "")
    return nonce_in(proof)


# The header


@answer("no nonce for a wrong one")
def silent(found: Answer, scope: Scope) -> None:
    """Supply no nonce to who came with a wrong one."""
    if _is_challenge(found) and isinstance(_nonce_of(scope), str):
        found.replace(_NONCE)


@answer("two nonces")
def two_lines(found: Answer, _scope: Scope) -> None:
    """Supply a nonce in two lines."""
    found.replace(_NONCE, *found.values(_NONCE) * 2)


@answer("no nonce with a success")
def only_when_asked(found: Answer, _scope: Scope) -> None:
    """Supply nonces in challenges only."""
    if found.status < 300:
        found.replace(_NONCE)


@answer("a nonce that may be stored")
def stored(found: Answer, _scope: Scope) -> None:
    """Let caches keep answers with a nonce."""
    if found.values(_NONCE):
        found.replace(_CACHING, "public, max-age=60")


@answer("a nonce that may be stored with a success")
def stored_success(found: Answer, scope: Scope) -> None:
    """Let caches keep successes with a nonce."""
    if found.status < 300:
        stored(found, scope)


@answer("a nonce that may be stored with an error")
def stored_error(found: Answer, scope: Scope) -> None:
    """Let caches keep errors with a nonce."""
    if found.status >= 400:
        stored(found, scope)


@answer("a nonce that no script sees")
def hidden(found: Answer, _scope: Scope) -> None:
    """Expose no nonce to scripts of other origins."""
    found.replace(_EXPOSED, "WWW-Authenticate")


# The challenge


@answer("a challenge with the other status")
def other_status(found: Answer, _scope: Scope) -> None:
    """Challenge with 400 at the resource server, with 401 at the authorization server."""
    if _is_challenge(found):
        found.status = {400: 401, 401: 400}[found.status]


@answer("a challenge in quotation marks")
def quoted(found: Answer, _scope: Scope) -> None:
    """Write a character into the text of a challenge that it may not have."""
    if _is_challenge(found):
        found.body = json.dumps({**_said(found), "error_description": 'no "fresh" nonce'}).encode()


# The value


class _Counted(Kept):
    """One after the other."""

    def made(self) -> str:
        return f"holdfast-server-{id(self)}-{len(self.issued):08}-nonce"


class _Few(Kept):
    """Random, of few bits."""

    def made(self) -> str:
        return f"n{secrets.token_hex(5)}"  # so that it has a letter


class _Marked(Kept):
    """With a character that none may have."""

    def made(self) -> str:
        return f"\\{super().made()}"


def _of_that_kind(kind: Callable[[Proofs], Kept]) -> Callable[[Servers], None]:
    def change(servers: Servers) -> None:
        for proofs in both(servers):
            proofs.nonces = kind(proofs)

    return change


for name, kind in {"counted": _Counted, "few": _Few, "with a backslash": _Marked}.items():
    inside(f"nonces: {name}")(_of_that_kind(kind))
