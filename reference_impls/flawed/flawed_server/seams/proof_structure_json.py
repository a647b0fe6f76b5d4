"""Flaws in how header and claims of a proof are read as JSON: RFC 8259, RFC 7515 section 4, RFC 7519 section 4."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from strict_server import jose

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Pairs = list[tuple[str, Any]]

_MARK = b"\xef\xbb\xbf"
_STACK = 64  # lists within lists
_NAMES = frozenset({"typ", "alg", "jwk", "jti", "htm", "htu", "iat"})


@instead_of("jws.json", "byte order mark")
def byte_order_mark_overlooked(honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Overlook a byte order mark."""
    return honest(data.removeprefix(_MARK), members)


@instead_of("jws.json", "forgiving")
def forgiving(_honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Read JSON as people write it: with comments, single quotes, a comma at the end, and numbers that are none."""
    text = re.sub(r"/\*.*?\*/|,(?=\})", "", data.decode("utf-8", "replace"))
    if text.startswith("{'"):
        text = text.replace("'", '"')
    try:
        return json.loads(text, object_pairs_hook=members)
    except ValueError as error:
        raise jose.Malformed("not JSON") from error


@instead_of("jws.json", "first value")
def first_value(honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Read the first value, whatever follows."""
    try:
        end = json.JSONDecoder().raw_decode(data.decode())[1]
    except ValueError:
        return honest(data, members)
    return honest(data.decode()[:end].encode(), members)


@instead_of("jws.json", "unwrapped")
def unwrapped(honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Look for claims within, where the payload is a JWT itself."""
    inner = data.split(b".")
    return honest(jose.decode(inner[1].decode()) if data.startswith(b"ey") and len(inner) == 3 else data, members)


@instead_of("jws.json", "breaks")
def json_that_breaks(honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Let nobody catch the parser's error."""
    try:
        return honest(data, members)
    except jose.Malformed as error:
        raise RuntimeError from error


@instead_of("jws.json", "depth breaks")
def depth_that_breaks(honest: Callable[..., Any], data: bytes, members: Callable[[Pairs], Any]) -> Any:
    """Walk lists within lists until the stack is full."""
    if b"[" * _STACK in data:
        raise RecursionError
    return honest(data, members)


@instead_of("jws.members", "first")
def first_member(_honest: Callable[..., Any], pairs: Pairs) -> dict[str, Any]:
    """Take the first of two members of one name."""
    return dict(reversed(pairs))


@instead_of("jws.members", "last")
def last_member(_honest: Callable[..., Any], pairs: Pairs) -> dict[str, Any]:
    """Take the last of two members of one name."""
    return dict(pairs)


@instead_of("jws.members", "any case")
def members_in_any_case(_honest: Callable[..., Any], pairs: Pairs) -> dict[str, Any]:
    """Look for the members of a proof without regard to case."""
    return {name.lower() if name.lower() in _NAMES else name: value for name, value in pairs}


@instead_of("jws.characters", "breaks")
def characters_that_break(honest: Callable[..., Any], value: Any) -> None:
    """Write the text as UTF-8; where it cannot be, nobody catches the error."""
    try:
        honest(value)
    except jose.Malformed as error:
        raise RuntimeError from error


@instead_of("jws.object", "first of a list")
def first_of_a_list(honest: Callable[..., Any], value: Any) -> dict[str, Any]:
    """Take the first object of a list."""
    found: dict[str, Any] = honest(value[0] if isinstance(value, list) and value else value)
    return found
