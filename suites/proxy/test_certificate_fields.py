"""RFC 9440, section 2: what the server behind is told of the certificate, seen by the suite in that server's place."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone
from holdfast.pki import rfc9440

FORWARDS, TELLS = ("forwards-certificate",), ("forwards-certificate", "encoding:rfc9440")
STRIPPED, OVERWRITTEN = "RFC9440-2.4-04", "RFC9440-2.4-02"
WITHOUT, BESIDE = "Certificate header of a client that shows none", "Certificate header beside another certificate"
TOLD = "What is told of a client's certificate"

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
    """Without a certificate nothing arrives under the header's name: no placeholder, no chain."""
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
@pytest.mark.parametrize(
    "value", [row("null", "(null)"), row("dash", "-"), row("none", "NONE"), row("success", "SUCCESS")]
)
def test_placeholder_of_the_client_does_not_arrive(alone: ProxyAlone, client: Client, value: str) -> None:
    """A certificate header with a placeholder in it does not arrive either: the name is the proxy's."""
    seen = alone.send(client, f"header {alone.header}: {value}", headers={alone.header: value})
    alone.observe(WITHOUT, f"Cert-Header: {value}", seen.told(alone.header, value))

    assert not seen.speaks(alone.header, value)
