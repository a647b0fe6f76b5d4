"""RFC 9700, section 4.13: what a client says of host, scheme, port and path is not passed on as the proxy's word.

A server behind a proxy believes such headers, since it cannot know the truth itself (RFC 7239, section 8).
"""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2

AUTHENTIC = "RFC9700-4.13-01"
CLAIMED, HOST = "Host, scheme and path that a client claims", "The host of a request"
EVIL = "evil.test"

HOSTS = pytest.mark.parametrize(
    ("name", "value"),
    [
        row("x-forwarded-host", "X-Forwarded-Host", EVIL),
        row("x-forwarded-host-list", "X-Forwarded-Host", f"{EVIL}, other.test"),
        row("x-forwarded-host-underscores", "X_Forwarded_Host", EVIL),
        row("x-forwarded-server", "X-Forwarded-Server", EVIL),
        row("x-original-host", "X-Original-Host", EVIL),
        row("x-host", "X-Host", EVIL, latitude="L59"),
        row("forwarded", "Forwarded", f"host={EVIL};proto=https"),
        row("forwarded-list", "Forwarded", f'for=192.0.2.1;host="{EVIL}";proto=http, for=192.0.2.2'),
    ],
)
SCHEMES_AND_PATHS = pytest.mark.parametrize(
    ("name", "value"),
    [
        row("x-forwarded-proto", "X-Forwarded-Proto", "gopher"),
        row("x-forwarded-scheme", "X-Forwarded-Scheme", "gopher"),
        row("x-forwarded-ssl", "X-Forwarded-Ssl", "gopher"),
        row("x-scheme", "X-Scheme", "gopher", latitude="L59"),
        row("x-url-scheme", "X-Url-Scheme", "gopher", latitude="L59"),
        row("front-end-https", "Front-End-Https", "gopher", latitude="L59"),
        row("x-forwarded-port", "X-Forwarded-Port", "70707"),
        row("x-forwarded-prefix", "X-Forwarded-Prefix", "/elsewhere"),
        row("x-script-name", "X-Script-Name", "/elsewhere", latitude="L59"),
        row("x-forwarded-uri", "X-Forwarded-Uri", "/elsewhere"),
        row("x-forwarded-path", "X-Forwarded-Path", "/elsewhere"),
        row("x-forwarded-method", "X-Forwarded-Method", "DELETE"),
        row("x-original-method", "X-Original-Method", "DELETE"),
        row("x-original-uri", "X-Original-URI", "/elsewhere"),
        row("x-original-url", "X-Original-URL", "/elsewhere"),
        row("x-rewrite-url", "X-Rewrite-URL", "/elsewhere"),
        row("x-envoy-original-path", "X-Envoy-Original-Path", "/elsewhere", latitude="L59"),
    ],
)


@case(AUTHENTIC, impact="critical")
@HOSTS
def test_host_that_the_client_claims_does_not_arrive(alone: ProxyAlone, client: Client, name: str, value: str) -> None:
    """A host that a client claims in a header does not arrive: a proof for that host would fit it."""
    seen = alone.send(client, f"header {name}: {value}", headers={name: value})
    alone.observe(CLAIMED, f"{name}: {value}", seen.told(name, EVIL))

    assert not seen.says(EVIL)


@case(AUTHENTIC, impact="high")
@SCHEMES_AND_PATHS
def test_scheme_or_path_that_the_client_claims_does_not_arrive(
    alone: ProxyAlone, client: Client, name: str, value: str
) -> None:
    """A scheme, port, path or method that a client claims does not arrive: `htu` and `htm` are compared with them."""
    seen = alone.send(client, f"header {name}: {value}", headers={name: value})
    alone.observe(CLAIMED, f"{name}: {value}", seen.told(name, value))

    assert not seen.speaks(name, value)


@case("RFC9700-4.13-01", impact="critical")
@pytest.mark.parametrize(
    ("line", "host"),
    [
        row("host", "GET {path} HTTP/1.1", "Host: evil.test"),
        row("two-hosts", "GET {path} HTTP/1.1", "Host: {host}\r\nHost: evil.test"),
        row("two-hosts-other-first", "GET {path} HTTP/1.1", "Host: evil.test\r\nHost: {host}"),
        row("absolute-form", "GET https://evil.test{path} HTTP/1.1", "Host: {host}"),
        row("userinfo", "GET {path} HTTP/1.1", "Host: {host}@evil.test"),
        row("http-1.0", "GET {path} HTTP/1.0", "Host: evil.test"),
    ],
)
def test_another_host_does_not_arrive(alone: ProxyAlone, client: Client, line: str, host: str) -> None:
    """A request for another host than the proxy's is refused, or arrives without that host's name.

    A server that trusts its proxy compares `htu` with Host: a proof captured at evil.test would fit.
    """
    seen = alone.formed(client, line, "\r\n", host=host)
    shown = f"{alone.shown(line)}, {alone.shown(host)}"
    alone.observe(HOST, shown, seen.told("Host", EVIL))

    assert not seen.says(EVIL)


@case("RFC9449-12.8-01-proxy", impact="medium")
def test_host_that_the_client_used_arrives(alone: ProxyAlone, client: Client) -> None:
    """The name and port by which the client called arrive in some header: `htu` is compared with them."""
    seen = alone.passes(client)
    told = [f"{name}: {value}" for name, value in seen.arrival.fields if alone.host in value]
    alone.observe(HOST, "what arrives", " | ".join(told) or f"Host: {', '.join(seen.values('Host'))}")

    assert told


@case(AUTHENTIC, impact="critical")
@HOSTS
def test_over_http2_host_that_the_client_claims_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, name: str, value: str
) -> None:
    """Over HTTP/2 a host that a client claims in a header does not arrive."""
    seen = over_http2.send(client, f"header {name}: {value}", headers={name: value})

    assert not seen.says(EVIL)


@case(AUTHENTIC, impact="high")
@SCHEMES_AND_PATHS
def test_over_http2_scheme_or_path_that_the_client_claims_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, name: str, value: str
) -> None:
    """Over HTTP/2 a scheme, port, path or method that a client claims in a header does not arrive."""
    seen = over_http2.send(client, f"header {name}: {value}", headers={name: value})

    assert not seen.speaks(name, value)


@case("RFC9449-12.8-01-proxy", impact="medium")
def test_over_http2_host_that_the_client_used_arrives(over_http2: ProxyOverHttp2, client: Client) -> None:
    """Over HTTP/2 the name and port of `:authority` arrive in some header: `htu` is compared with them."""
    seen = over_http2.passes(client)
    told = [f"{name}: {value}" for name, value in seen.arrival.fields if over_http2.host in value]
    over_http2.observe(HOST, "what arrives over HTTP/2", " | ".join(told) or f"Host: {', '.join(seen.values('Host'))}")

    assert told
