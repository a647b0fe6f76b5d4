"""Flaws in which requests the guards of a resource stand before at all (RFC 9449 sections 2 and 7)."""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING

from strict_server import jose, uris
from strict_server.resource_server import CANARY

from flawed_server.registry import answer

if TYPE_CHECKING:
    from starlette.types import Scope

    from flawed_server.registry import Answer

_ADDRESSES = {"/resource", "/userinfo"}
_SEEN_BY_A_ROUTER = re.compile(r"(;[^/]*|[/?\s]+|\.\w+)$")


def _serve(answered: Answer) -> None:
    """Answer with what is protected."""
    answered.status = 200
    answered.body = json.dumps({"canary": CANARY, "sub": "alice"}).encode()
    answered.replace("content-type", "application/json")
    answered.replace("www-authenticate")


def _names(scope: Scope) -> set[bytes]:
    return {name.lower() for name, _ in scope["headers"]}


@answer("forgiving routes")
def forgiving_routes(answered: Answer, scope: Scope) -> None:
    """Find the resource at other spellings of its path too, where no guard stands."""
    path = posixpath.normpath(re.sub("/+", "/", scope["path"].lower()))
    if scope["path"] not in _ADDRESSES and _SEEN_BY_A_ROUTER.sub("", path) in _ADDRESSES:
        _serve(answered)


@answer("paths as they are written")
def paths_as_written(answered: Answer, scope: Scope) -> None:
    """Guard a path as it is written, and find the resource by the path that is decoded."""
    if scope["path"] in _ADDRESSES and uris.raw_path(scope["raw_path"]).partition("?")[0] != scope["path"]:
        _serve(answered)


@answer("unlisted methods")
def unlisted_methods(answered: Answer, scope: Scope) -> None:
    """Guard GET and POST, and answer to every method."""
    if scope["path"] in _ADDRESSES and scope["method"] not in {"GET", "POST"}:
        _serve(answered)


@answer("unusual bodies")
def unusual_bodies(answered: Answer, scope: Scope) -> None:
    """Guard a GET without a body and a POST of a form, since nothing else was thought of."""
    unusual = {("GET", True), ("POST", False)}
    if scope["path"] in _ADDRESSES and (scope["method"], b"content-type" in _names(scope)) in unusual:
        _serve(answered)


@answer("forgotten resource")
def forgotten_resource(answered: Answer, scope: Scope) -> None:
    """Look only whether there are credentials, at a resource that was added later."""
    if scope["path"] == "/greeting" and {b"authorization", b"dpop"} & _names(scope):
        _serve(answered)


@answer("nobody is an error")
def nobody_is_an_error(answered: Answer, scope: Scope) -> None:
    """Read credentials at a resource that was added later, and never think of requests that have none."""
    if scope["path"] == "/greeting" and not {b"authorization", b"dpop"} & _names(scope):
        answered.status = 500


@answer("clear text")
def clear_text(answered: Answer, scope: Scope) -> None:
    """Serve without TLS, too, whoever has a token."""
    if scope["path"] in _ADDRESSES and b"use https" in answered.body and b"authorization" in _names(scope):
        _serve(answered)


def _clear_text_for(scheme: str) -> None:
    """Register that who comes without TLS is served with a proof for an address of that scheme."""

    @answer(f"clear text, for a proof of {scheme}")
    def serve_in_clear(answered: Answer, scope: Scope) -> None:
        refused = scope["path"] in _ADDRESSES and b"use https" in answered.body
        proofs = [value.decode("latin-1") for name, value in scope["headers"] if refused and name.lower() == b"dpop"]
        if len(proofs) == 1 and str(jose.read(proofs[0]).claims.get("htu")).startswith(f"{scheme}://"):
            _serve(answered)


for scheme in ("http", "https"):
    _clear_text_for(scheme)
