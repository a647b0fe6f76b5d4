"""RFC 9440, section 2: what the server behind is told of the certificate, seen by the suite in that server's place."""

import pytest

from holdfast import case, row
from holdfast.certificate_forms import rfc9440
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2

FORWARDS, TELLS = ("forwards-certificate",), ("forwards-certificate", "encoding:rfc9440")
STRIPPED, OVERWRITTEN = "RFC9440-2.4-04", "RFC9440-2.4-02"
WITHOUT, BESIDE = "Certificate header of a client that shows none", "Certificate header beside another certificate"
TOLD = "What is told of a client's certificate"
#: Of what is said over HTTP/2 the topics are the same: it is the server behind that reads it.
OVER_HTTP2 = "over HTTP/2: "

#: Ways to write a header line so that who strips it looks past it: sent as they are, where HTTP forbids them, too.
SHAPES = pytest.mark.parametrize(
    "shape",
    [
        row("as-is", "{name}: {value}"),
        row("small-letters", "{small}: {value}"),
        row("capitals", "{capitals}: {value}"),
        row("underscores", "{underscored}: {value}"),
        row("one-underscore", "{mixed}: {value}"),
        row("dots", "{dotted}: {value}"),
        row("twice", "{name}: {value}\r\n{name}: {value}"),
        row("empty-first", "{name}:\r\n{name}: {value}"),
        row("in-connection", "{name}: {value}\r\nConnection: close, {name}"),
        row("space-before-colon", "{name} : {value}"),
        row("tab-before-colon", "{name}\t: {value}"),
        row("folded", "{name}:\r\n {value}"),
        row("folded-into-another", "X-Holdfast: a\r\n {name}: {value}"),
        row("bare-line-feed", "X-Holdfast: a\n{name}: {value}"),
        row("bare-carriage-return", "X-Holdfast: a\r{name}: {value}"),
    ],
)

#: Texts that stand for "no certificate" where a proxy always tells something.
PLACEHOLDERS = pytest.mark.parametrize(
    "value", [row("null", "(null)"), row("dash", "-"), row("none", "NONE"), row("success", "SUCCESS")]
)

#: Forms of a whole request in which the same has to hold: request line, and the lines after the certificate header.
FORMS = pytest.mark.parametrize(
    ("line", "rest"),
    [
        row("http-1.0", "GET {path} HTTP/1.0", "\r\n"),
        row("absolute-form", "GET {url} HTTP/1.1", "\r\n"),
        row("options", "OPTIONS {path} HTTP/1.1", "\r\n"),
        row("chunked", "POST {path} HTTP/1.1", "Transfer-Encoding: chunked\r\n\r\n2\r\nhf\r\n0\r\n\r\n"),
        row("expect", "POST {path} HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhf"),
        row("upgrade", "GET {path} HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ],
)


# What the proxy says


@case("RFC9440-2.1-01", also=("RFC9440-2.2-01", "RFC9440-2.1-02", "RFC9440-2.2-03"), impact="high", needs=TELLS)
def test_certificate_arrives_byte_for_byte(alone: ProxyAlone, bound: Client) -> None:
    """The certificate of the handshake arrives as a byte sequence of its DER, once."""
    seen = alone.passes(bound, certificate=bound.certificate)

    assert bound.certificate
    assert seen.values(alone.header) == [rfc9440(bound.certificate.der)]


@case("RFC9440-2.2-01", impact="high", needs=FORWARDS)
def test_certificate_is_told_of_each_connection_anew(alone: ProxyAlone, bound: Client, thief: Client) -> None:
    """Two clients with two certificates are told apart, each by one header line: nothing of one is said of another."""
    first = alone.passes(bound, certificate=bound.certificate).values(alone.header)
    second = alone.passes(thief, certificate=thief.certificate).values(alone.header)
    alone.observe(TOLD, "a certificate", f"{len(first)} x {alone.header}: {first[0][:24] if first else ''}…")

    assert len(first) == len(second) == 1
    assert first != second


@case("RFC9440-2.2-01", impact="medium", needs=FORWARDS)
def test_certificate_is_told_although_connection_names_the_header(alone: ProxyAlone, bound: Client) -> None:
    """The proxy's own certificate header arrives although the client names it in Connection: that is for the client's.

    Who could take it away could make a server behind believe that there is no certificate to look at.
    """
    lines = {"Connection": f"close, {alone.header}"}
    seen = alone.send(bound, f"Connection: close, {alone.header}", headers=lines, certificate=bound.certificate)
    alone.observe(TOLD, "a certificate, the header named in Connection", f"told {len(seen.values(alone.header))} x")

    assert len(seen.values(alone.header)) == 1


@case(STRIPPED, also=("RFC9440-2.3-04",), impact="high")
def test_without_a_certificate_none_is_told(alone: ProxyAlone, client: Client) -> None:
    """Without a certificate nothing but an empty value arrives under the header's name: no placeholder, no chain."""
    seen = alone.passes(client)
    told = [*filter(None, seen.values(alone.header)), *seen.values("Client-Cert-Chain")]
    alone.observe(TOLD, "no certificate", " | ".join(told) or "nothing")

    assert told == []


# What the client says


@case(STRIPPED, also=("RFC9440-4-06",), impact="critical")
@SHAPES
def test_certificate_header_of_a_client_without_one_does_not_arrive(
    alone: ProxyAlone, client: Client, bound: Client, shape: str
) -> None:
    """A certificate header that a client without a certificate wrote does not arrive, however it is spelt.

    Servers that read headers as CGI does take `_` for `-`, and one of them is behind some proxy.
    """
    seen = alone.shaped(client, shape, alone.forged(bound))
    alone.observe(WITHOUT, alone.spelt(shape), seen.told(alone.header, alone.forged(bound)))

    assert not seen.speaks(alone.header, alone.forged(bound))


@case(OVERWRITTEN, also=("RFC9440-4-06",), impact="critical")
@SHAPES
def test_certificate_header_beside_another_certificate_does_not_arrive(
    alone: ProxyAlone, thief: Client, bound: Client, shape: str
) -> None:
    """A certificate header does not arrive that was written by a client with another certificate."""
    seen = alone.shaped(thief, shape, alone.forged(bound), certificate=thief.certificate)
    alone.observe(BESIDE, alone.spelt(shape), seen.told(alone.header, alone.forged(bound)))

    assert not seen.speaks(alone.header, alone.forged(bound))


@case(STRIPPED, also=("RFC9440-4-06",), impact="critical")
@FORMS
def test_certificate_header_does_not_arrive_in_any_form_of_request(
    alone: ProxyAlone, client: Client, bound: Client, line: str, rest: str
) -> None:
    """A certificate header of the client does not arrive whatever the form and the version of its request."""
    seen = alone.formed(client, line, f"{alone.header}: {alone.forged(bound)}\r\n{rest}")
    alone.observe(WITHOUT, alone.shown(line), seen.told(alone.header, alone.forged(bound)))

    assert not seen.speaks(alone.header, alone.forged(bound))


@case(STRIPPED, also=("RFC9440-4-06",), impact="critical")
def test_certificate_header_in_a_trailer_does_not_arrive(alone: ProxyAlone, client: Client, bound: Client) -> None:
    """A certificate header in the trailer section of a request does not arrive: some servers merge it into the rest."""
    trailer = f"2\r\nhf\r\n0\r\n{alone.header}: {alone.forged(bound)}\r\n\r\n"
    seen = alone.formed(client, "POST {path} HTTP/1.1", f"Transfer-Encoding: chunked\r\n\r\n{trailer}")
    alone.observe(WITHOUT, "in a trailer", seen.told(alone.header, alone.forged(bound)))

    assert not seen.speaks(alone.header, alone.forged(bound))


@case(STRIPPED, impact="critical")
def test_chain_of_the_client_does_not_arrive(alone: ProxyAlone, client: Client, bound: Client) -> None:
    """A Client-Cert-Chain that the client wrote does not arrive."""
    seen = alone.send(client, "header Client-Cert-Chain", headers={"Client-Cert-Chain": alone.forged(bound)})
    alone.observe(WITHOUT, "Client-Cert-Chain", seen.told("Client-Cert-Chain", alone.forged(bound)))

    assert not seen.speaks("Client-Cert-Chain", alone.forged(bound))


@case(STRIPPED, impact="high")
@PLACEHOLDERS
def test_placeholder_of_the_client_does_not_arrive(alone: ProxyAlone, client: Client, value: str) -> None:
    """A certificate header with a placeholder in it does not arrive either: the name is the proxy's."""
    seen = alone.send(client, f"header {alone.header}: {value}", headers={alone.header: value})
    alone.observe(WITHOUT, f"Cert-Header: {value}", seen.told(alone.header, value))

    assert not seen.speaks(alone.header, value)


# The same over HTTP/2: before the server behind reads a field, somebody has made a line of it


@case("RFC9440-2.1-01", also=("RFC9440-2.2-01", "RFC9440-2.1-02", "RFC9440-2.2-03"), impact="high", needs=TELLS)
def test_over_http2_certificate_arrives_byte_for_byte(over_http2: ProxyOverHttp2, bound: Client) -> None:
    """Over HTTP/2 the certificate of the handshake arrives as a byte sequence of its DER, once."""
    seen = over_http2.passes(bound, certificate=bound.certificate)

    assert bound.certificate
    assert seen.values(over_http2.header) == [rfc9440(bound.certificate.der)]


@case("RFC9440-2.2-01", impact="high", needs=FORWARDS)
def test_over_http2_certificate_is_told_of_each_connection_anew(
    over_http2: ProxyOverHttp2, bound: Client, thief: Client
) -> None:
    """Over HTTP/2 two clients with two certificates are told apart, each by one header line."""
    first = over_http2.passes(bound, certificate=bound.certificate).values(over_http2.header)
    second = over_http2.passes(thief, certificate=thief.certificate).values(over_http2.header)

    assert len(first) == len(second) == 1
    assert first != second


@case("RFC9440-2.2-01", impact="high", needs=FORWARDS)
def test_over_http2_certificate_is_told_of_each_stream(over_http2: ProxyOverHttp2, bound: Client) -> None:
    """Of each stream on a connection the certificate of that connection is told, once, though they come at once."""
    change = {"certificate": bound.certificate}
    told = [seen.values(over_http2.header) for seen in over_http2.together(bound, change, change, change)]

    assert [len(values) for values in told] == [1, 1, 1]
    assert told[0] == told[1] == told[2] != [""]


@case(STRIPPED, also=("RFC9440-2.3-04",), impact="high")
def test_over_http2_without_a_certificate_none_is_told(over_http2: ProxyOverHttp2, client: Client) -> None:
    """Over HTTP/2 nothing but an empty value arrives under the header's name where there is no certificate."""
    seen = over_http2.passes(client)

    assert [*filter(None, seen.values(over_http2.header)), *seen.values("Client-Cert-Chain")] == []


@case(STRIPPED, also=("RFC9440-4-06",), impact="critical")
@SHAPES
def test_over_http2_certificate_header_of_a_client_without_one_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, bound: Client, shape: str
) -> None:
    """Over HTTP/2 a certificate header that a client without a certificate wrote does not arrive, however it is spelt.

    What HTTP/1.1 has two lines for may be one field here, with a line break in it.
    """
    seen = over_http2.shaped(client, shape, over_http2.forged(bound))
    told = seen.told(over_http2.header, over_http2.forged(bound))
    over_http2.observe(WITHOUT, OVER_HTTP2 + over_http2.spelt(shape), told)

    assert not seen.speaks(over_http2.header, over_http2.forged(bound))


@case(OVERWRITTEN, also=("RFC9440-4-06",), impact="critical")
@SHAPES
def test_over_http2_certificate_header_beside_another_certificate_does_not_arrive(
    over_http2: ProxyOverHttp2, thief: Client, bound: Client, shape: str
) -> None:
    """Over HTTP/2 a certificate header does not arrive that was written by a client with another certificate."""
    seen = over_http2.shaped(thief, shape, over_http2.forged(bound), certificate=thief.certificate)
    told = seen.told(over_http2.header, over_http2.forged(bound))
    over_http2.observe(BESIDE, OVER_HTTP2 + over_http2.spelt(shape), told)

    assert not seen.speaks(over_http2.header, over_http2.forged(bound))


@case(STRIPPED, impact="critical")
def test_over_http2_chain_of_the_client_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, bound: Client
) -> None:
    """Over HTTP/2 a Client-Cert-Chain that the client wrote does not arrive."""
    seen = over_http2.send(client, "header Client-Cert-Chain", headers={"Client-Cert-Chain": over_http2.forged(bound)})

    assert not seen.speaks("Client-Cert-Chain", over_http2.forged(bound))


@case(STRIPPED, impact="high")
@PLACEHOLDERS
def test_over_http2_placeholder_of_the_client_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, value: str
) -> None:
    """Over HTTP/2 a certificate header with a placeholder in it does not arrive either."""
    seen = over_http2.send(client, f"header {over_http2.header}: {value}", headers={over_http2.header: value})

    assert not seen.speaks(over_http2.header, value)
