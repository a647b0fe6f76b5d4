"""What a field block of HTTP/2 has to be, and what it is in HTTP/1.1 (RFC 9113, section 8)."""

import re
from collections.abc import Callable

import h11
from headers import Headers, values, without

PSEUDO = (b":method", b":scheme", b":authority", b":path")
#: Fields of one connection of HTTP/1.1, which HTTP/2 does not have (section 8.2.2).
OF_A_CONNECTION = (b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade")

_NAME = re.compile(rb":?[!#$%&'*+.^_`|~0-9a-z-]+")
_VALUE = re.compile(rb"(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?")
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(rb"/[!-\"$-~]*")
_AUTHORITY = re.compile(rb"[A-Za-z0-9.:\[\]_~%!$&'()*+,;=-]+")


class Malformed(Exception):  # noqa: N818 - what a message is, not a bug
    """A request that HTTP/2 does not have: it is refused, and none of it goes on (section 8.1.1)."""


def _names(fields: Headers) -> str:
    return next((f"the name {name!r}" for name, _ in fields if not _NAME.fullmatch(name)), "")


def _values(fields: Headers) -> str:
    return next((f"the value of {name!r}" for name, value in fields if not _VALUE.fullmatch(value)), "")


def _pseudo(fields: Headers) -> str:
    """Section 8.3: each of the four once, no other, and all of them before the rest; for :authority Host may stand."""
    there = [name for name, _ in fields if name.startswith(b":")]
    wanted = [name for name in PSEUDO if name != b":authority" or name in there or len(values(fields, b"host")) != 1]
    if sorted(there) != sorted(wanted) or [name for name, _ in fields[: len(there)]] != there:
        return "its pseudo-header fields"
    return ""


def _authority(fields: Headers) -> bytes:
    return b"".join(values(fields, b":authority") or values(fields, b"host"))


def _line(fields: Headers) -> str:
    """What becomes the request line, and Host. This proxy knows no CONNECT, and no scheme but https (section 8.3.1)."""
    method, scheme, path = (b"".join(values(fields, name)) for name in (b":method", b":scheme", b":path"))
    good = {
        ":method": bool(_METHOD.fullmatch(method)) and method != b"CONNECT",
        ":scheme": scheme == b"https",
        ":authority": bool(_AUTHORITY.fullmatch(_authority(fields))),
        ":path": bool(_PATH.fullmatch(path)) or (path, method) == (b"*", b"OPTIONS"),
    }
    return next((name for name, holds in good.items() if not holds), "")


def _connection(fields: Headers) -> str:
    named = [name for name, value in fields if name == b"te" and value.lower() != b"trailers"]
    return next((f"{name!r}" for name in [*named, *(n for n, _ in fields if n in OF_A_CONNECTION)]), "")


def _host(fields: Headers) -> str:
    """Section 8.3.1: Host says what :authority says, or is not there."""
    authority = _authority(fields).lower()
    return "Host" if any(host.lower() != authority for host in values(fields, b"host")) else ""


def _length(fields: Headers) -> str:
    lengths = values(fields, b"content-length")
    return "" if not lengths or (len(lengths) == 1 and lengths[0].isdigit()) else "its length"


RULES: tuple[Callable[[Headers], str], ...] = (_names, _values, _pseudo, _line, _connection, _host, _length)


def request(fields: Headers, *, bodiless: bool) -> h11.Request:
    """Make a request of HTTP/1.1. bodiless: whether the field block ended the stream. Raises Malformed."""
    for rule in RULES:
        if why := rule(fields):
            raise Malformed(f"{why} makes it malformed")
    method, path = (values(fields, name)[0] for name in (b":method", b":path"))
    plain = without(fields, *PSEUDO, b"host", b"te", b"cookie", b"http2-settings")
    cookies = b"; ".join(values(fields, b"cookie"))
    headers = [(b"Host", _authority(fields)), *plain, *([(b"cookie", cookies)] if cookies else [])]
    if not bodiless and not values(plain, b"content-length"):
        headers.append((b"Transfer-Encoding", b"chunked"))
    try:
        return h11.Request(method=method, target=path, headers=headers)
    except h11.LocalProtocolError as error:
        raise Malformed(str(error)) from error


def answer(headers: Headers) -> Headers:
    """Make the fields of an answer: names in small letters, none that is for one connection."""
    small = [(name.lower(), value) for name, value in headers]
    return without(small, *OF_A_CONNECTION)
