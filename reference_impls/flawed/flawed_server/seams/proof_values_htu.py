"""Flaws in how htu is compared with the URI of the request (RFC 9449 section 4.3 item 9, RFC 3986 section 6)."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from strict_server import uris
from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def _or(name: str) -> Callable[[Callable[[str, str], bool]], Callable[[str, str], bool]]:
    """Register a guard that also takes an htu which is alike in some way: alike(htu, url of the request).

    What cannot be read in that way is left to the honest guard.
    """

    def register(alike: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
        def check_htu(honest: Callable[..., Any], check: ProofCheck) -> None:
            try:
                taken = alike(check.claims["htu"], check.incoming.url)
            except ValueError:
                taken = False
            if taken:
                check.claims["htu"] = check.incoming.url
            honest(check)

        instead_of("proof.htu", name)(check_htu)
        return alike

    return register


def _same(parts: SplitResult, url: str, **changed: str) -> bool:
    """Compare what an htu was split into, some parts replaced, with the URI of the request."""
    return uris.normal(parts._replace(**changed).geturl()) == uris.normal(url)


def _at_a_host(htu: str, url: str) -> tuple[SplitResult, SplitResult]:
    """Split htu and the URI of the request; ValueError where htu has a user before its host."""
    parts = urlsplit(htu)
    if "@" in parts.netloc:
        raise ValueError("a user")
    return parts, urlsplit(url)


@_or("not compared")
def not_compared(_htu: str, _url: str) -> bool:
    """Take any."""
    return True


# Text compared with text


@_or("begins with it")
def begins_with_it(htu: str, url: str) -> bool:
    """Look whether htu begins like the URI."""
    return htu.startswith(url)


@_or("contains it")
def contains_it(htu: str, url: str) -> bool:
    """Look for the URI anywhere in htu."""
    return url in htu


@_or("begins it")
def begins_it(htu: str, url: str) -> bool:
    """Take htu for a base under which the URI lies."""
    return htu.startswith("https://") and url.startswith(htu) and bool(urlsplit(htu).netloc)


@_or("in any case")
def in_any_case(htu: str, url: str) -> bool:
    """Compare without regard to case, that of the path included."""
    return htu.lower() == url.lower()


@_or("trimmed")
def trimmed(htu: str, url: str) -> bool:
    """Take white space and a slash off the end."""
    return htu.strip().removesuffix("/") == url.removesuffix("/")


@_or("until NUL")
def until_nul(htu: str, url: str) -> bool:
    """Compare as C does: a NUL ends a text."""
    return htu.partition("\0")[0] == url


@_or("wildcards")
def wildcards(htu: str, url: str) -> bool:
    """Take htu for a pattern."""
    return fnmatch.fnmatchcase(url, htu)


# Parts left out


@_or("origin only")
def origin_only(htu: str, url: str) -> bool:
    """Compare scheme, host and port."""
    return uris.normal(htu)[:3] == uris.normal(url)[:3]


@_or("path only")
def path_only(htu: str, url: str) -> bool:
    """Compare the path."""
    return "\0" not in htu and htu.strip() == htu and uris.normal_path(urlsplit(htu).path) == uris.normal(url)[3]


@_or("without scheme")
def without_scheme(htu: str, url: str) -> bool:
    """Compare all but the scheme."""
    return _same(urlsplit(htu), url, scheme="https")


@_or("without port")
def without_port(htu: str, url: str) -> bool:
    """Compare all but the port, whatever stands there."""
    parts, own = _at_a_host(htu, url)
    return parts.hostname == own.hostname and _same(parts, url, netloc=own.netloc)


@_or("without user")
def without_user(htu: str, url: str) -> bool:
    """Compare all but the user before the host."""
    parts = urlsplit(htu)
    return _same(parts, url, netloc=parts.netloc.rpartition("@")[2])


@_or("without parameters")
def without_parameters(htu: str, url: str) -> bool:
    """Compare all but the parameters of a segment of the path."""
    parts = urlsplit(htu)
    return _same(parts, url, path=re.sub(r";[^/]*", "", parts.path))


# Read in another way


@_or("resolved")
def resolved(htu: str, url: str) -> bool:
    """Take htu for a reference, and resolve it against the URI of the request."""
    return uris.normal(urljoin(url, htu)) == uris.normal(url)


@_or("host until the user")
def host_until_the_user(htu: str, url: str) -> bool:
    """Take for the host what stands before the @."""
    parts = urlsplit(htu)
    return _same(parts, url, netloc=parts.netloc.partition("@")[0])


@_or("host begins alike")
def host_begins_alike(htu: str, url: str) -> bool:
    """Look whether the host begins like one's own."""
    parts, own = _at_a_host(htu, url)
    begins = str(parts.hostname).startswith(str(own.hostname)) and parts.port == own.port
    return begins and _same(parts, url, netloc=own.netloc)


@_or("subdomains")
def subdomains(htu: str, url: str) -> bool:
    """Take a host within one's own."""
    parts, own = _at_a_host(htu, url)
    return parts.netloc.endswith("." + own.netloc) and _same(parts, url, netloc=own.netloc)


@_or("names of this machine")
def names_of_this_machine(htu: str, url: str) -> bool:
    """Compare where names lead, and not the names."""
    parts, own = _at_a_host(htu, url)
    here = {parts.hostname, own.hostname} <= _LOOPBACK and parts.port == own.port
    return here and _same(parts, url, netloc=own.netloc)


@_or("slashes merged")
def slashes_merged(htu: str, url: str) -> bool:
    """Take several slashes for one."""
    parts = urlsplit(htu)
    return _same(parts, url, path=re.sub("/+", "/", parts.path))


@_or("decoded")
def decoded(htu: str, url: str) -> bool:
    """Decode the path until nothing changes, and take slashes off its end."""
    parts = urlsplit(htu)
    return _same(parts, url, path=unquote(unquote(parts.path)).rstrip("/"))


@_or("as browsers do")
def as_browsers_do(htu: str, url: str) -> bool:
    """Forgive what an address bar forgives: spaces around, backslashes, one slash too few."""
    return uris.normal(re.sub(r"^(https?):/+", r"\1://", htu.strip().replace("\\", "/"))) == uris.normal(url)


@instead_of("proof.htu", "unreadable is none")
def unreadable_is_none(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare an htu only where it can be read."""
    try:
        uris.normal(check.claims["htu"])
    except ValueError:
        check.claims["htu"] = check.incoming.url
    honest(check)


# Too strict


@instead_of("proof.htu", "as written")
def as_written(_honest: Callable[..., Any], check: ProofCheck) -> None:
    """Compare character by character."""
    if check.claims["htu"] != check.incoming.url:
        raise invalid_proof("htu is not the URI of this request")


@instead_of("proof.htu", "with the query")
def with_the_query(honest: Callable[..., Any], check: ProofCheck) -> None:
    """Ask that htu has the query of the request as well."""
    honest(check)
    if bool(urlsplit(check.claims["htu"]).query) != bool(check.incoming.query):
        raise invalid_proof("htu is not the URI of this request")
