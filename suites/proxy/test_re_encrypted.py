"""A proxy that speaks TLS with the server behind it: to whom it speaks, and that it says who it is (RFC 9440)."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone

HANDED_OVER = "RFC8705-6.5-02"
TOPIC = "TLS with the server behind"


@case(HANDED_OVER, also=("RFC9440-4-07",), impact="critical", needs=("re-encrypts",), serial=True)
@pytest.mark.parametrize(
    "why",
    [
        row("unknown-authority", "unknown authority"),
        row("same-name", "authority of the same name"),
        row("self-signed", "self-signed"),
        row("another-name", "another name"),
        row("expired", "expired"),
        row("not-for-servers", "not for servers"),
    ],
)
def test_who_is_not_the_server_behind_gets_nothing(alone: ProxyAlone, client: Client, why: str) -> None:
    """A request goes to nobody whose certificate is not that of the server behind.

    Who stands between the two would read the token, the proof and the certificate, and answer in the server's place.
    """
    alone.passes(client)
    with alone.pretended(why):
        seen = alone.tried(client)
    alone.passes(client)
    alone.observe(TOPIC, f"a server whose certificate is of this kind: {why}", seen.reached)

    assert not seen.arrivals


@case("RFC9440-4-07", impact="high", needs=("re-encrypts", "proves-itself"))
@pytest.mark.parametrize("with_one", [row("client-without-one", False), row("client-with-one", True)])
def test_proxy_proves_who_it_is(alone: ProxyAlone, bound: Client, with_one: bool) -> None:
    """The proxy shows the server behind its own certificate, whatever its client has shown.

    By that the server behind knows whose word on certificates it may take.
    """
    seen = alone.replied(bound, certificate=bound.certificate if with_one else None)
    about = "a client with a certificate" if with_one else "a client without a certificate"
    alone.observe(TOPIC, about, alone.proven(seen))

    assert [arrival.certificate for arrival in seen.arrivals] == [alone.own_certificate]
