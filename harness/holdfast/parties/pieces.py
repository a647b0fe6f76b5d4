"""The pieces of a URL and of a method, and other spellings of them, for rows that write them otherwise."""

from collections.abc import Mapping
from urllib.parse import urlsplit


def method_parts(method: str) -> Mapping[str, str]:
    """Give the method and spellings of it; `wide` has letters of double width, `other` is POST for GET or GET for POST.

    Unicode's compatibility forms (NFKC) make the wide letters the plain ones.
    """
    return {
        "method": method,
        "small": method.lower(),
        "capitalised": method.capitalize(),
        "wide": "".join(chr(ord(letter) + 0xFEE0) for letter in method),
        "other": "GET" if method.upper() == "POST" else "POST",
    }


def url_parts(url: str) -> Mapping[str, str]:
    """scheme, host (with port), name, port, path, and other spellings of them.

    Capitals stand for capitals; `escaped` is the path with a letter percent-encoded; `elsewhere` is the same name at
    another port.
    """
    parts = urlsplit(url)
    name = parts.hostname or ""
    path = parts.path or "/"
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    return {
        "scheme": parts.scheme,
        "SCHEME": parts.scheme.upper(),
        "host": parts.netloc,
        "HOST": parts.netloc.upper(),
        "name": name,
        "port": str(port),
        "path": path,
        "PATH": path.upper() if path != path.upper() else f"{path}X",
        "escaped": escaped(path),
        "elsewhere": name if parts.port else f"{name}:8443",
    }


def listener(url: str) -> str:
    """Give the origin of a URL with its port, which is always there: where connections for it go."""
    return "{scheme}://{name}:{port}".format(**url_parts(url))


def escaped(path: str) -> str:
    """Give the path with its last letter percent-encoded, which RFC 3986 section 6.2.2.2 holds to be the same."""
    for at in range(len(path) - 1, -1, -1):
        if path[at].isalnum():
            return f"{path[:at]}%{ord(path[at]):02X}{path[at + 1 :]}"
    return path
