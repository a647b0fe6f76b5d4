"""RFC 9440, section 2.4: what a proxy does to a certificate's header does not hang on the name in the handshake."""

import pytest

from holdfast import case, row
from holdfast.handshakes import Handshake, Pieces
from holdfast.parties import Client, ProxyAlone

TOPIC = "Names of servers in the handshake"


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), situation="forged-certificate-header", impact="critical")
@pytest.mark.parametrize(
    "name",
    [
        row("none", ""),
        row("other", "other.test"),
        row("capitals", "{HOST}"),
        row("dot-at-its-end", "{host}."),
    ],
)
def test_certificate_header_is_removed_under_any_server_name(alone: ProxyAlone, bound: Client, name: str) -> None:
    """A client's own word on its certificate does not arrive, whichever server's name its handshake has.

    The rules of a virtual host apply to requests for it, and by another name a request may come to another host's, and
    from there to the same server. CVE-2022-23632 is of that kind.
    """
    host = alone.host.partition(":")[0]
    handshake = Handshake(server_name=name.format(host=host, HOST=host.upper()))
    value = alone.forged(bound)
    alone.passes(bound)

    seen = alone.tried(bound, headers={alone.header: value}, handshake=handshake)
    alone.observe(TOPIC, f"certificate header of a client, under {name or 'no name'}", seen.told(alone.header, value))

    assert not seen.speaks(alone.header, value)


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), situation="forged-certificate-header", impact="critical")
@pytest.mark.parametrize("pieces", [row("records", "records"), row("segments", "segments")])
def test_certificate_header_is_removed_after_a_hello_in_pieces(
    alone: ProxyAlone, bound: Client, pieces: Pieces
) -> None:
    """A client's own word on its certificate does not arrive where its ClientHello comes in pieces (RFC 8446, 5.1).

    Who looks for the server's name in the first piece alone finds none, and takes rules that are meant for nobody.
    CVE-2026-32305 is of that kind.
    """
    value = alone.forged(bound)
    alone.passes(bound)

    seen = alone.tried(bound, headers={alone.header: value}, handshake=Handshake(pieces=pieces))
    what = f"certificate header of a client, after a hello in {pieces}"
    alone.observe(TOPIC, what, seen.told(alone.header, value))

    assert not seen.speaks(alone.header, value)
