"""Flaws at the authorization endpoint, in what is asked through the browser (RFC 9700 section 2.1, RFC 9449 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from strict_server.refusals import Refused

from flawed_server.registry import Answer, answer, instead_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope
    from strict_server.clients import Client
    from strict_server.incoming import Incoming

Pairs = tuple[tuple[str, str], ...]

# Which redirect_uri is taken


def _taken_if(name: str) -> Callable[[Callable[[str, str], bool]], Callable[[str, str], bool]]:
    """Register a comparison that takes a redirect_uri for a registered one."""

    def register(same: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
        @instead_of("authorize.redirect_uri", name)
        def compare(honest: Callable[..., Any], client: Client, parameters: Mapping[str, str]) -> str:
            uri = parameters.get("redirect_uri", "")
            if any(same(uri, known) for known in client.redirect_uris):
                return uri
            return str(honest(client, parameters))

        return same

    return register


@instead_of("authorize.redirect_uri", "any")
def any_redirect_uri(_honest: Callable[..., Any], _client: Client, parameters: Mapping[str, str]) -> str:
    """Take every redirect_uri."""
    return parameters.get("redirect_uri", "")


@_taken_if("prefix")
def begins_alike(uri: str, known: str) -> bool:
    """Take what begins like a registered one."""
    return uri.startswith(known)


@_taken_if("prefix of the origin")
def origin_begins_alike(uri: str, known: str) -> bool:
    """Take what begins like the origin of a registered one."""
    parts = urlsplit(known)
    return uri.startswith(f"{parts.scheme}://{parts.netloc}")


@_taken_if("any sub-domain")
def of_a_sub_domain(uri: str, known: str) -> bool:
    """Take what is on a sub-domain of a registered one."""
    return (urlsplit(uri).hostname or "").endswith("." + (urlsplit(known).hostname or "."))


@_taken_if("any scheme")
def of_any_scheme(uri: str, known: str) -> bool:
    """Take a registered one also without TLS."""
    return urlsplit(uri)[1:] == urlsplit(known)[1:]


@_taken_if("any port")
def of_any_port(uri: str, known: str) -> bool:
    """Take a registered one on any port, as only loopback addresses may be (RFC 8252 section 7.3)."""
    asked, registered = urlsplit(uri), urlsplit(known)
    return (asked.scheme, asked.hostname, asked.path) == (registered.scheme, registered.hostname, registered.path)


@_taken_if("any case")
def in_any_case(uri: str, known: str) -> bool:
    """Take a registered one in any spelling of its letters."""
    return uri.lower() == known.lower()


# What the request has to have


@instead_of("authorize.pkce", "any method")
def any_challenge_method(honest: Callable[..., Any], parameters: Mapping[str, str]) -> None:
    """Take every method for S256."""
    honest({**parameters, "code_challenge_method": "S256"})


@instead_of("authorize.dpop_jkt", "passed over")
def odd_key_is_passed_over(honest: Callable[..., Any], parameters: Mapping[str, str]) -> str | None:
    """Take a dpop_jkt that is no thumbprint for none."""
    try:
        return honest(parameters)  # type: ignore[no-any-return]
    except Refused:
        return None


@instead_of("authorize.dpop_jkt", "not known")
def no_key_is_announced(_honest: Callable[..., Any], _parameters: Mapping[str, str]) -> str | None:
    """Know no dpop_jkt."""
    return None


@instead_of("authorize.dpop_jkt", "in lower case")
def announced_key_in_lower_case(honest: Callable[..., Any], parameters: Mapping[str, str]) -> str | None:
    """Keep a dpop_jkt in lower case, so that no key has it."""
    value: str | None = honest(parameters)
    return value and value.lower()


@instead_of("authorize.dpop_jkt", "refused")
def announced_keys_are_refused(_honest: Callable[..., Any], parameters: Mapping[str, str]) -> str | None:
    """Refuse parameters that stand in no list, and dpop_jkt with them."""
    if "dpop_jkt" in parameters:
        raise Refused("invalid_request", "a parameter is not known")
    return None


@instead_of("authorize.scope", "whatever is asked for")
def any_scope(_honest: Callable[..., Any], parameters: Mapping[str, str], client: Client) -> frozenset[str]:
    """Give whatever scope is asked for."""
    return frozenset(parameters.get("scope", "").split()) or client.scope


@instead_of("authorize.scope", "all that the client may have")
def whole_scope(honest: Callable[..., Any], parameters: Mapping[str, str], client: Client) -> frozenset[str]:
    """Give the client's whole scope, also where less is asked for."""
    honest(parameters, client)
    return client.scope


# Parameters


def _not_empty(pairs: Pairs) -> Pairs:
    return tuple((name, value) for name, value in pairs if value)


@instead_of("parameters.single", "the last")
def last_of_several(_honest: Callable[..., Any], pairs: Pairs) -> Mapping[str, str]:
    """Read the last of several parameters of one name."""
    return dict(_not_empty(pairs))


@instead_of("parameters.single", "the first")
def first_of_several(_honest: Callable[..., Any], pairs: Pairs) -> Mapping[str, str]:
    """Read the first of several parameters of one name."""
    return dict(reversed(_not_empty(pairs)))


@instead_of("parameters.single", "none empty")
def none_empty(honest: Callable[..., Any], pairs: Pairs) -> Mapping[str, str]:
    """Refuse empty parameters."""
    if any(not value for _, value in pairs):
        raise Refused("invalid_request", "a parameter is empty")
    return honest(pairs)  # type: ignore[no-any-return]


@instead_of("parameters.place", "also in the URL")
def also_in_the_url(_honest: Callable[..., Any], incoming: Incoming) -> Pairs:
    """Take the parameters of a GET from its URL."""
    return incoming.form or incoming.query


# What comes back


def _asked(scope: Scope, name: str) -> str:
    return parse_qs(scope["query_string"].decode("latin-1")).get(name, [""])[0]


@answer("without iss")
def without_issuer(answer: Answer, _scope: Scope) -> None:
    """Do not say who answers."""
    for location in answer.values("location"):
        place, _, query = location.partition("?")
        answer.replace("location", place + "?" + "&".join(p for p in query.split("&") if not p.startswith("iss=")))


@answer("a token in the redirect")
def token_in_the_redirect(answer: Answer, scope: Scope) -> None:
    """Issue an unbound token in the redirect where one is asked for there."""
    if "token" in _asked(scope, "response_type").split():
        location = answer.values("location")[0].partition("?")[0]
        answer.replace("location", f"{location}#access_token=issued-to-whoever-reads-this&token_type=Bearer")


@answer("for scripts")
def for_scripts(answer: Answer, scope: Scope) -> None:
    """Let scripts of every origin read the answer."""
    origin = dict(scope["headers"]).get(b"origin", b"*").decode("latin-1")
    answer.replace("access-control-allow-origin", origin)
