"""Target URIs: what a request was sent to, and the normal form in which htu is compared (RFC 3986 section 6.2)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]\Z")
Normal = tuple[str, str, int, str]


def _unescape_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if _UNRESERVED.match(character) else match[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4) of an absolute path."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def normal_path(path: str) -> str:
    """Give the path in normal form: escapes in capitals, unreserved characters plain, no dot segments, never empty."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise ValueError("a broken escape")
    path = _ESCAPE.sub(_unescape_unreserved, path)
    return _without_dots(path) if path.startswith("/") else "/" + path


def normal(uri: str) -> Normal:
    """Give scheme, host, port and path of an absolute http(s) URI in normal form, without query and fragment.

    ValueError: not such a URI. Sources: RFC 3986 sections 6.2.2 and 6.2.3, RFC 9449 section 4.3.
    """
    if not _VISIBLE.match(uri) or "\\" in uri:
        raise ValueError("not a URI")
    parts = urlsplit(uri)
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        raise ValueError("not an absolute http URI")
    port = _DEFAULT_PORTS[scheme] if parts.port is None else parts.port
    return scheme, host, port, normal_path(parts.path or "/")


def raw_path(target: bytes) -> str:
    """Give the path of a request target as it was sent; absolute-form loses its scheme and authority."""
    text = target.decode("ascii", "replace").partition("?")[0]
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in _DEFAULT_PORTS:
        return "/" + rest.partition("/")[2]
    return text
