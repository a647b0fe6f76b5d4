"""The ways in which this proxy can be wrong about HTTP/2 alone, one at a time: each makes a field block look well.

What has to come through the rest of the proxy unseen is written as `~x0d~`, a byte in hexadecimal, which `spoilt` makes
a byte again behind all rules. A header line whose name begins with one stands in the place of the proxy's own.
"""

import re
from collections.abc import Callable, Mapping

from h2 import stream
from headers import Headers, nominated, values, without
from http2_fields import OF_A_CONNECTION, PSEUDO

_DISGUISED = re.compile(rb"~x([0-9a-f]{2})~")
_OF_NO_NAME = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
_NOT_SMALL = re.compile(rb"[^!#$%&'*+.^_`|~0-9a-z-]")
_OF_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_OF_NO_PATH = re.compile(rb"[^!-\"$-~]")
#: A byte that takes the one before it away.
_BACK = b"/~x08~"


def _disguised(text: bytes, unwanted: re.Pattern[bytes]) -> bytes:
    return unwanted.sub(lambda found: b"~x%02x~" % ord(found[0]), text)


def disguised(name: bytes) -> bytes:
    """Disguise a name, so that no rule knows it."""
    return b"~x%02x~%s" % (name[0], name[1:])


def _undisguised(text: bytes) -> bytes:
    return _DISGUISED.sub(lambda found: bytes([int(found[1], 16)]), text).replace(b"/\x08", b"")


def spoilt(data: bytes) -> bytes:
    """Give bytes for upstream as they were meant."""
    if not _DISGUISED.search(data):
        return data
    lines = data.split(b"\r\n")
    won = {_undisguised(line).partition(b":")[0].lower() for line in lines if line.startswith(b"~x")}
    kept = [line for line in lines if line.startswith(b"~x") or line.partition(b":")[0].lower() not in won]
    return _undisguised(b"\r\n".join(kept))


def _changed(fields: Headers, change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> Headers:
    return [change(name, value) for name, value in fields]


def capitals(fields: Headers) -> Headers:
    """Take a name with a capital as it comes, and look past it in every rule."""
    return _changed(fields, lambda name, value: (name if name == name.lower() else disguised(name.lower()), value))


def loose_names(fields: Headers) -> Headers:
    """Write a name into HTTP/1.1 as it is where there is a colon, white space or a line break in it."""

    def written(name: bytes, value: bytes) -> tuple[bytes, bytes]:
        loose = _OF_NO_NAME.search(name[1:]) is not None
        return (name[:1] + _disguised(name[1:], _NOT_SMALL) if loose else name), value

    return _changed(fields, written)


def loose_values(fields: Headers) -> Headers:
    """Write a value into HTTP/1.1 as it is: with a line break or a NUL in it."""
    return [(n, v if n.startswith(b":") else _disguised(v, _OF_NO_VALUE)) for n, v in fields]


def folds(fields: Headers) -> Headers:
    """Take a value with a line break for two lines of one field, put them into one, and look past its name."""
    return [(disguised(n), b" ".join(v.split(b"\r\n ")).strip()) if b"\r\n " in v else (n, v) for n, v in fields]


def loose_line(fields: Headers) -> Headers:
    """Make the request line, and Host, of whatever stands in :method, :path and :authority."""

    def written(name: bytes, value: bytes) -> tuple[bytes, bytes]:
        if name == b":path":
            return name, (b"" if value.startswith(b"/") else _BACK) + _disguised(value, _OF_NO_PATH)
        return (name, _disguised(value, _OF_NO_NAME)) if name == b":method" else (name, value)

    whole = b"".join(values(fields, b":authority"))
    authority = re.split(rb"[\r@]", whole, maxsplit=1)[0]
    if authority == whole:
        return _changed(fields, written)
    host = _disguised(whole, _OF_NO_VALUE)
    own = [(n, authority if n == b":authority" else v) for n, v in fields]
    return [*_changed(own, written), (disguised(b"host"), host)]


def loose_pseudo(fields: Headers) -> Headers:
    """Take the first of several pseudo-header fields wherever it stands, guess what is missing, overlook the others."""
    usual = {b":method": b"GET", b":scheme": b"https", b":path": b"/"}
    usual[b":authority"] = b"".join(values(fields, b"host")[:1])
    found = {name: next(iter(values(fields, name)), usual[name]) for name in PSEUDO}
    return [*found.items(), *((name, value) for name, value in fields if not name.startswith(b":"))]


def _hosts(fields: Headers, checked: int, told: int) -> Headers:
    names = [*values(fields, b":authority"), *values(fields, b"host")]
    rest = [(name, value) for name, value in without(fields, b":authority", b"host") if name]
    return [(b":authority", names[checked]), *rest, (disguised(b"host"), names[told])] if len(names) > 1 else fields


def last_host(fields: Headers) -> Headers:
    """Choose the server by the first name that a client says is the host, and tell it the last."""
    return _hosts(fields, 0, -1)


def first_host(fields: Headers) -> Headers:
    """Choose the server by the last name that a client says is the host, and tell it the first."""
    return _hosts(fields, -1, 0)


def any_scheme(fields: Headers) -> Headers:
    """Tell upstream of the scheme that the client claims in :scheme."""
    claimed = b"".join(values(fields, b":scheme"))
    own = [(name, b"https" if name == b":scheme" else value) for name, value in fields]
    return [*own, (disguised(b"x-forwarded-proto"), claimed)]


def connection_fields(fields: Headers) -> Headers:
    """Pass on fields of one connection of HTTP/1.1, and those that they name, as if they were for upstream."""
    known = {*OF_A_CONNECTION, b"te", *nominated(fields)}
    return _changed(fields, lambda name, value: (disguised(name) if name in known else name, value))


def loose_length(fields: Headers) -> Headers:
    """Pass on what a client says of the length of its body, and not look whether it is true."""
    stream.H2Stream._initialize_content_length = lambda *_: None  # noqa: SLF001 - h2 compares by itself otherwise
    lengths = values(fields, b"content-length")
    return [*without(fields, b"content-length"), *((disguised(b"content-length"), length) for length in lengths)]


def unruled(fields: Headers) -> Headers:
    """Have rules on headers for requests of HTTP/1.1 only."""
    others = {*OF_A_CONNECTION, b"te", b"host", b"content-length", b"cookie", b"http2-settings"}
    return [
        (name if name.startswith(b":") or name in others or not name else disguised(name), value)
        for name, value in fields
    ]


def _as_it_is(fields: Headers) -> Headers:
    return fields


#: The last three are wrong in what they do with whole streams: see http2.py.
HTTP2_LEAKS: Mapping[str, Callable[[Headers], Headers]] = {
    "h2-capitals": capitals,
    "h2-loose-names": loose_names,
    "h2-loose-values": loose_values,
    "h2-loose-line": loose_line,
    "h2-loose-pseudo": loose_pseudo,
    "h2-first-host": first_host,
    "h2-last-host": last_host,
    "h2-folds": folds,
    "h2-any-scheme": any_scheme,
    "h2-connection-fields": connection_fields,
    "h2-loose-length": loose_length,
    "h2-unruled": unruled,
    "h2-trailers-join": _as_it_is,
    "h2-first-proof": _as_it_is,
    "h2-one-for-all": _as_it_is,
}
