"""RFC 9440: only the proxy says which certificate was shown, and a client cannot say it for itself."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, Proxy

FORWARDS = ("forwards-certificate",)

SPELLINGS = pytest.mark.parametrize(
    "name",
    [
        row("as-configured", "{header}"),
        row("small-letters", "{small}"),
        row("capitals", "{capitals}"),
        row("underscores", "{underscored}"),
        row("rfc9440", "Client-Cert"),
        row("rfc9440-underscores", "Client_Cert"),
        row("x-client-cert", "X-Client-Cert"),
        row("x-ssl-client-cert", "X-SSL-Client-Cert"),
        row("ssl-client-cert", "SSL-Client-Cert"),
    ],
)


@case("RFC9440-2.2-01", impact="medium", needs=FORWARDS)
def test_token_with_its_certificate_is_accepted_through_the_proxy(proxy: Proxy, bound: Client) -> None:
    """A certificate-bound token is accepted through the proxy when its certificate was shown to the proxy."""
    assert proxy.send(bound).accepted


@case("RFC9440-2.1-01", impact="medium", needs=(*FORWARDS, "encoding:rfc9440"))
def test_certificate_arrives_as_a_byte_sequence(proxy: Proxy, bound: Client) -> None:
    """The certificate reaches a server that reads RFC 9440 to the letter, also after a renewal.

    A token is asked for with the renewed certificate and used with it, so that nothing remembered helps.
    """
    assert proxy.send(bound.renewed()).accepted


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical", needs=FORWARDS)
def test_token_without_a_certificate_is_refused_through_the_proxy(proxy: Proxy, bound: Client) -> None:
    """A certificate-bound token is refused through the proxy when no certificate was shown."""
    assert proxy.send(bound, certificate=None).refused


@case("RFC8705-3-06", situation="certificate-does-not-match", impact="critical", needs=FORWARDS)
def test_token_with_another_certificate_is_refused_through_the_proxy(
    proxy: Proxy, bound: Client, thief: Client
) -> None:
    """A certificate-bound token is refused through the proxy with another certificate."""
    assert proxy.send(bound, certificate=thief.certificate).refused


@case("RFC9440-2.4-04", also=("RFC8705-6.5-02",), situation="forged-certificate-header", impact="critical")
@SPELLINGS
def test_forged_header_without_a_certificate_is_refused(proxy: Proxy, bound: Client, name: str) -> None:
    """A thief without any certificate, who pastes the victim's into a header, is refused.

    Certificates are public; only the handshake proves the key. A proxy that passes the client's own header lets
    everybody be anybody.
    """
    assert proxy.send(bound, certificate=None, headers=proxy.forged(bound, name)).refused


@case("RFC9440-2.4-02", situation="forged-certificate-header", impact="critical")
@SPELLINGS
def test_forged_header_beside_another_certificate_is_refused(
    proxy: Proxy, bound: Client, thief: Client, name: str
) -> None:
    """A thief with a certificate of their own, who pastes the victim's into a header, is refused."""
    headers = proxy.forged(bound, name)

    assert proxy.send(bound, certificate=thief.certificate, headers=headers).refused


@case("RFC9440-2.4-04", situation="forged-certificate-header", impact="critical")
def test_forged_header_named_in_connection_is_refused(proxy: Proxy, bound: Client) -> None:
    """A forged header that `Connection` names is refused too: naming it must not spare it from being stripped."""
    headers = {**proxy.forged(bound, "{header}"), "Connection": f"close, {proxy.header}"}

    assert proxy.send(bound, certificate=None, headers=headers).refused


@case("RFC9440-2.4-02", impact="medium", needs=FORWARDS)
def test_forged_header_does_not_displace_the_real_certificate(proxy: Proxy, bound: Client, thief: Client) -> None:
    """The holder of the right certificate is served although a foreign one is pasted into the header.

    The proxy overwrites or strips what the client says; it may also answer 400.
    """
    seen = proxy.send(bound, headers=proxy.forged(thief, "{header}"))

    assert seen.accepted or seen.status == 400


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical", needs=("forwards-nothing",))
def test_token_is_refused_where_the_proxy_forwards_no_certificate(proxy: Proxy, bound: Client) -> None:
    """Behind a proxy that ends TLS and forwards nothing, a bound token is refused even with its certificate.

    The server cannot know who is there; to let the token pass would make it a bearer token.
    """
    assert proxy.send(bound).refused


@case("RFC9440-2.2-02-proxy", impact="low")
def test_answer_carries_no_certificate_header(proxy: Proxy, client: Client) -> None:
    """The certificate header is for requests: the answer does not bring it back."""
    seen = proxy.passes(client)

    assert not seen.headers(proxy.header)
