"""RFC 9113, section 10.3: what HTTP/2 can say and HTTP/1.1 cannot does not become something else behind the proxy.

A field of HTTP/2 may hold a line break, a request may name two hosts, and its end is told by frames. The server behind
reads lines; whoever makes lines of fields without looking lets a client write what only the proxy may say.
"""

import pytest

from holdfast import case, row
from holdfast.parties import Client, Proxy, ProxyAlone, ProxyOverHttp2

AUTHENTIC = "RFC9700-4.13-01"
CLAIMED, HOST = "Host, scheme and path that a client claims", "The host of a request"
WITHOUT = "Certificate header of a client that shows none"
ASKED = "Proof and token on the way in"
SHAPE = "Requests that HTTP/2 does not have"
EVIL = "evil.test"

#: Requests whose trailers come after a body, and after none.
TRAILED = pytest.mark.parametrize(("method", "body"), [row("post", "POST", "hf"), row("get", "GET", "")])


# Host, scheme and path


@case(AUTHENTIC, impact="critical")
@pytest.mark.parametrize(
    "fields",
    [
        row("another-authority", ((":authority", EVIL),)),
        row("another-authority-with-our-host", ((":authority", EVIL), ("host", "{host}"))),
        row("another-host", (("host", EVIL),)),
        row("another-host-twice", (("host", "{host}"), ("host", EVIL))),
        row("two-authorities", ((":authority", "{host}"), (":authority", EVIL))),
        row("two-authorities-other-first", ((":authority", EVIL), (":authority", "{host}"))),
        row("with-userinfo", ((":authority", "{host}@evil.test"),)),
        row("absolute-path", ((":path", "https://evil.test{path}"),)),
    ],
)
def test_over_http2_another_host_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, fields: tuple[tuple[str, str], ...]
) -> None:
    """A request for another host than that of the connection is refused, or arrives without that host's name.

    `:authority` decides (RFC 9113, section 8.3.1), and a connection is for the hosts of its certificate: 421 says so.
    Where the proxy looks at one of two hosts and the server at the other, a proof captured at evil.test would fit.
    """
    seen = over_http2.fielded(client, *fields)
    shown = ", ".join(f"{name}: {value}" for name, value in fields)
    over_http2.observe(HOST, f"over HTTP/2: {shown}", seen.told("Host", EVIL))

    assert not seen.says(EVIL)


@case(AUTHENTIC, impact="critical")
def test_over_http2_another_host_without_an_authority_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client
) -> None:
    """A request without `:authority` whose Host is another is refused, or arrives without that host's name."""
    seen = over_http2.fielded(client, ("host", EVIL), without=(":authority",))
    over_http2.observe(HOST, f"over HTTP/2: no :authority, host: {EVIL}", seen.told("Host", EVIL))

    assert not seen.says(EVIL)


@case(AUTHENTIC, impact="high")
@pytest.mark.parametrize("scheme", [row("http", "http"), row("gopher", "gopher"), row("capitals", "HTTP")])
def test_over_http2_server_is_told_the_scheme_of_the_connection(
    over_http2: ProxyOverHttp2, client: Client, scheme: str
) -> None:
    """The scheme that a server is told is the one of the connection, whatever `:scheme` says: `htu` begins with it."""
    seen = over_http2.fielded(client, (":scheme", scheme))
    over_http2.observe(CLAIMED, f":scheme: {scheme}", ", ".join(sorted(seen.schemes)) or "nothing")

    assert seen.schemes <= {"https"}


@case(AUTHENTIC, impact="high")
@pytest.mark.parametrize(
    "path",
    [
        row("absolute", "https://{host}{path}"),
        row("without-a-slash", "holdfast"),
        row("empty", ""),
        row("asterisk", "*"),
        row("space", "{path}a b"),
        row("tab", "{path}a\tb"),
        row("version", "{path} HTTP/1.0"),
        row("line-feed", "{path}a\nb"),
    ],
)
def test_over_http2_path_arrives_as_one_target_or_not_at_all(
    over_http2: ProxyOverHttp2, client: Client, path: str
) -> None:
    """What stands in `:path` arrives as one path of this server, or the request is refused.

    The server behind finds it between two spaces of a line, and takes what it finds for the path of `htu`.
    """
    seen = over_http2.fielded(client, (":path", path))
    arrived = " | ".join(arrival.start for arrival in seen.arrivals)
    over_http2.observe(CLAIMED, f":path: {over_http2.shown(path)}", arrived or "refused")

    assert seen.plain


# Fields that would be others


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), impact="critical")
@pytest.mark.parametrize(
    "field",
    [
        row("line-break-in-a-value", ("x-holdfast", "a\r\n{name}: {value}")),
        row("line-feed-in-a-value", ("x-holdfast", "a\n{name}: {value}")),
        row("carriage-return-in-a-value", ("x-holdfast", "a\r{name}: {value}")),
        row("line-break-in-a-proof", ("dpop", "a\r\n{name}: {value}")),
        row("line-break-and-capitals", ("x-holdfast", "a\r\nClient-Cert: {value}\r\n{name}: {value}")),
        row("nul-in-a-value", ("x-holdfast", "a\x00\r\n{name}: {value}")),
        row("line-break-in-a-name", ("x-holdfast: a\r\n{name}", "{value}")),
        row("line-feed-in-a-name", ("x-holdfast: a\n{name}", "{value}")),
        row("colon-in-a-name", ("{name}:", "{value}")),
        row("colon-and-value-in-a-name", ("{name}: {value}\r\nx-holdfast", "a")),
        row("space-behind-a-name", ("{name} ", "{value}")),
        row("tab-behind-a-name", ("{name}\t", "{value}")),
        row("line-break-in-the-path", (":path", "/ HTTP/1.1\r\n{name}: {value}\r\nx-holdfast: ")),
        row("line-break-in-the-authority", (":authority", "{host}\r\n{name}: {value}")),
    ],
)
def test_over_http2_field_in_a_field_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, bound: Client, field: tuple[str, str]
) -> None:
    """A certificate header that is hidden in another field, or in a name, does not arrive as one.

    RFC 9113, section 8.2.1, has such a request refused; what counts is what the server behind is told.
    """
    forged = over_http2.forged(bound)
    seen = over_http2.fielded(client, field, value=forged)
    over_http2.observe(
        WITHOUT, f"over HTTP/2: {over_http2.shown(f'{field[0]}: {field[1]}')}", seen.told(over_http2.header, forged)
    )

    assert not seen.speaks(over_http2.header, forged)


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), impact="critical")
def test_over_http2_field_in_the_method_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, bound: Client
) -> None:
    """A certificate header that is hidden in `:method` does not arrive. An unknown method may be answered with 501."""
    over_http2.passes(client)
    forged = over_http2.forged(bound)
    field = (":method", "GET / HTTP/1.1\r\n{name}: {value}\r\nx-holdfast: ")
    seen = over_http2.fielded(client, field, value=forged, judged=False)
    over_http2.observe(WITHOUT, "over HTTP/2: a line break in :method", seen.told(over_http2.header, forged))

    assert not seen.speaks(over_http2.header, forged)


@case(AUTHENTIC, also=("RFC9440-4-06",), impact="medium")
@pytest.mark.parametrize(
    "name", [row("capitals", "X-HOLDFAST"), row("one-capital", "x-Holdfast"), row("proof", "DPoP")]
)
def test_over_http2_name_with_a_capital_is_refused(over_http2: ProxyOverHttp2, client: Client, name: str) -> None:
    """A request with a field name that is not in small letters is refused (RFC 9113, section 8.2.1).

    Rules on names are written for the small ones: what is let through in another spelling is looked past.
    """
    seen = over_http2.fielded(client, (name, "holdfast"))
    over_http2.observe(SHAPE, f"{name}: …", seen.told(name, "holdfast"))

    assert seen.stopped


@case(AUTHENTIC, also=("RFC9440-4-06",), impact="high")
@pytest.mark.parametrize(
    ("fields", "without"),
    [
        row("no-method", (), (":method",)),
        row("no-path", (), (":path",)),
        row("two-methods", ((":method", "GET"), (":method", "DELETE")), ()),
        row("two-paths", ((":path", "{path}"), (":path", "/elsewhere")), ()),
        row("two-schemes", ((":scheme", "https"), (":scheme", "http")), ()),
        row("unknown", ((":holdfast", "a"),), ()),
        row("of-an-answer", ((":status", "200"),), ()),
        row("behind-a-field", (("x-holdfast", "a"), (":path", "/elsewhere")), ()),
    ],
)
def test_over_http2_request_without_one_line_is_refused(
    over_http2: ProxyOverHttp2, client: Client, fields: tuple[tuple[str, str], ...], without: tuple[str, ...]
) -> None:
    """A request is refused whose pseudo-header fields are missing, there twice, unknown, or behind other fields.

    Of two paths the proxy would judge one, and the server behind be asked for the other (RFC 9113, section 8.3).
    """
    seen = over_http2.fielded(client, *fields, without=without)
    shown = ", ".join([*(f"{name}: {value}" for name, value in fields), *(f"no {name}" for name in without)])
    over_http2.observe(SHAPE, shown, "arrives" if seen.arrivals else "refused")

    assert seen.stopped


@case(AUTHENTIC, also=("RFC9449-12.8-01-proxy",), impact="high")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("connection", "connection", "holdfast, dpop"),
        row("connection-certificate", "connection", "holdfast, {name}"),
        row("keep-alive", "keep-alive", "holdfast"),
        row("proxy-connection", "proxy-connection", "holdfast"),
        row("upgrade", "upgrade", "h2c"),
        row("te", "te", "holdfast"),
    ],
)
def test_over_http2_field_of_one_connection_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, name: str, value: str
) -> None:
    """A field that belongs to a connection of HTTP/1.1 does not arrive from a client of HTTP/2.

    The server behind takes it for the proxy's own word on their connection (RFC 9113, section 8.2.2).
    """
    seen = over_http2.fielded(client, (name, value))
    told = value.partition(",")[0]
    over_http2.observe(SHAPE, f"{name}: {value}", seen.told(name, told))

    assert not seen.speaks(name, told)


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), impact="critical")
@TRAILED
def test_over_http2_certificate_header_in_a_trailer_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, bound: Client, method: str, body: str
) -> None:
    """A certificate header in the trailer section of a request over HTTP/2 does not arrive, in no section."""
    forged = over_http2.forged(bound)
    seen = over_http2.fielded(client, method=method, body=body, trailers=(("{name}", "{value}"),), value=forged)
    over_http2.observe(WITHOUT, f"over HTTP/2: in a trailer of {method}", seen.told(over_http2.header, forged))

    assert not seen.speaks(over_http2.header, forged)


@case("RFC9449-12.8-01-proxy", also=(AUTHENTIC,), impact="high")
@pytest.mark.parametrize("name", [row("dpop", "dpop"), row("authorization", "authorization")])
def test_over_http2_trailer_does_not_become_a_header(over_http2: ProxyOverHttp2, client: Client, name: str) -> None:
    """A proof or a token in the trailer section of a request over HTTP/2 does not arrive in its header section.

    What was judged before the body came would not be what the server reads.
    """
    seen = over_http2.fielded(client, method="POST", body="hf", trailers=((name, "DPoP holdfast"),))
    over_http2.observe(ASKED, f"{name} in a trailer over HTTP/2", seen.became(["DPoP holdfast"], name))

    assert seen.values(name) == []


# Streams


@case("RFC9449-12.8-01-proxy", impact="critical")
def test_over_http2_proofs_of_two_streams_are_not_mixed_up(over_http2: ProxyOverHttp2, client: Client) -> None:
    """Of streams that are under way at once each arrives with its own proof and token, and gets its own answer."""
    told = [{"DPoP": f"proof-{number}", "Authorization": f"DPoP token-{number}"} for number in range(4)]
    changes = [{"path": over_http2.somewhere(), "headers": headers} for headers in told]
    seen = over_http2.together(client, *changes)
    arrived = [{name: ", ".join(one.values(name)) for name in ("DPoP", "Authorization")} for one in seen]

    assert (arrived, [one.answered for one in seen]) == (told, [True] * 4)


# The other way round


@case(AUTHENTIC, impact="high")
@pytest.mark.parametrize(
    "lines",
    [
        row("settings-named", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
        row("settings-unnamed", "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
        row("unnamed", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
    ],
)
def test_upgrade_to_http2_does_not_arrive(alone: ProxyAlone, client: Client, lines: str) -> None:
    """The wish to go on in HTTP/2 without TLS does not reach the server behind (RFC 9113, section 3.1).

    A server that grants it speaks with the client past every rule of the proxy.
    """
    seen = alone.formed(client, "GET {path} HTTP/1.1", f"{lines}\r\n\r\n")
    alone.observe(SHAPE, f"HTTP/1.1: {alone.shown(lines)}", seen.told("Upgrade", "h2c"))

    assert not seen.speaks("Upgrade", "h2c")


# The whole chain


@case("RFC9449-12.8-01-proxy", impact="medium", needs=("dpop", "http2"))
def test_over_http2_honest_request_is_accepted(proxy: Proxy, client: Client) -> None:
    """A bound token with its proof is accepted through the proxy over HTTP/2: the URI is the same there."""
    assert proxy.over_http2.send(client).accepted


@case("RFC9449-4.3-01-RS", situation="proof-invalid", impact="high", needs=("dpop", "http2"))
def test_over_http2_two_proofs_are_refused_by_the_server(proxy: Proxy, client: Client) -> None:
    """Two proofs in a request over HTTP/2 are refused: the server behind sees that two came, or the proxy does."""
    assert proxy.over_http2.send(client, proofs="valid then invalid").refused


@case("RFC9440-2.4-04", situation="forged-certificate-header", impact="critical", needs=("mtls", "http2"))
def test_over_http2_forged_certificate_header_is_refused_by_the_server(proxy: Proxy, bound: Client) -> None:
    """A thief over HTTP/2 without any certificate, who pastes the victim's into a field, is refused."""
    assert proxy.over_http2.send(bound, certificate=None, headers=proxy.forged(bound, "{small}")).refused
