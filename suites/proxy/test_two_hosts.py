"""RFC 9440, sections 2.2 and 2.4: of two virtual hosts each tells of certificates that it has looked at itself.

Each asks its clients for certificates of an authority of its own, and the same server is behind both. Which rules a
connection has is decided by the name in its handshake (RFC 6066, section 3), where a request goes by its Host; and a
TLS session remembers a certificate that nobody looks at again (RFC 8446, section 2.2).
"""

import pytest

from holdfast import case, row
from holdfast.handshakes import Pieces, Version
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2

TOPIC = "Two hosts that have clients of their own"
VALIDATED = "RFC9440-2.4-01"
HOSTS = ("other-host", "forwards-certificate", "lab-ca")

#: Whose certificate it is, by the host whose client that is, and the host where it is not welcome.
STRAY = [row("guest-at-the-first", "other", "first"), row("client-at-the-other", "first", "other")]


@case(VALIDATED, also=("RFC9440-2.2-01",), impact="critical", needs=HOSTS)
@pytest.mark.parametrize(("home", "stray"), STRAY)
def test_certificate_for_another_host_is_not_told(
    alone: ProxyAlone, bound: Client, guest: Client, home: str, stray: str
) -> None:
    """Of a certificate that the other host's authority has issued nothing is told.

    What one authority may say is said for one host: where all of them count everywhere, the least of them decides who
    a client is.
    """
    visitor = guest if home == "other" else bound
    alone.tells(visitor, **alone.called(home))

    seen = alone.tried(visitor, certificate=visitor.certificate, **alone.called(stray))
    told = seen.told(alone.header, alone.forged(visitor))
    alone.observe(TOPIC, f"a certificate for the {home} host, shown to the {stray}", told)

    assert not seen.speaks(alone.header, alone.forged(visitor))


@case(VALIDATED, also=("RFC9440-2.2-01",), impact="critical", needs=HOSTS)
@pytest.mark.parametrize("pieces", [row("records", "records"), row("segments", "segments")])
@pytest.mark.parametrize(("home", "stray"), STRAY)
def test_certificate_for_another_host_is_not_told_after_a_hello_in_pieces(
    alone: ProxyAlone, bound: Client, guest: Client, home: str, stray: str, pieces: Pieces
) -> None:
    """A certificate is looked at by the host's own rules also where the ClientHello comes in pieces (RFC 8446, 5.1).

    Who looks for the name in the first piece finds none, and takes rules that are meant for nobody. CVE-2026-32305 is
    of that kind.
    """
    visitor = guest if home == "other" else bound
    alone.tells(visitor, **alone.called(home))

    seen = alone.tried(visitor, certificate=visitor.certificate, **alone.called(stray, pieces=pieces))
    told = seen.told(alone.header, alone.forged(visitor))
    alone.observe(TOPIC, f"a certificate for the {home} host, shown to the {stray} after a hello in {pieces}", told)

    assert not seen.speaks(alone.header, alone.forged(visitor))


@case(VALIDATED, also=("RFC9440-2.2-01",), impact="critical", needs=HOSTS)
@pytest.mark.parametrize(("greeted", "asked"), STRAY)
def test_certificate_for_the_name_in_the_handshake_is_not_told_where_another_host_is_asked(
    alone: ProxyAlone, bound: Client, guest: Client, greeted: str, asked: str
) -> None:
    """A certificate that was looked at for the name in the handshake is not told of a request for the other host.

    RFC 9110, section 7.4, has such a request answered with 421. CVE-2025-66614 is of that kind.
    """
    visitor = guest if greeted == "other" else bound
    alone.tells(visitor, **alone.called(greeted))

    seen = alone.tried(visitor, certificate=visitor.certificate, **alone.called(greeted, asks=asked))
    what = f"the {greeted} host in the handshake, the {asked} in Host"
    alone.observe(TOPIC, what, seen.told(alone.header, alone.forged(visitor)))

    assert not seen.speaks(alone.header, alone.forged(visitor))


@case(VALIDATED, also=("RFC9440-2.2-01",), impact="critical", needs=HOSTS)
@pytest.mark.parametrize(("greeted", "asked"), STRAY)
def test_over_http2_certificate_for_the_name_in_the_handshake_is_not_told_where_another_host_is_asked(
    over_http2: ProxyOverHttp2, bound: Client, guest: Client, greeted: str, asked: str
) -> None:
    """A certificate that was looked at for the name in the handshake is not told of a request for the other host.

    Clients of HTTP/2 use a connection for all hosts of the server's certificate (RFC 9113, section 9.1.1), so that an
    honest one may come here, too.
    """
    visitor = guest if greeted == "other" else bound
    over_http2.tells(visitor, **over_http2.called(greeted))

    seen = over_http2.tried(visitor, certificate=visitor.certificate, **over_http2.called(greeted, asks=asked))
    what = f"over HTTP/2: the {greeted} host in the handshake, the {asked} in :authority"
    over_http2.observe(TOPIC, what, seen.told(over_http2.header, over_http2.forged(visitor)))

    assert not seen.speaks(over_http2.header, over_http2.forged(visitor))


@case("RFC9440-2.4-04", also=("RFC9440-4-06",), situation="forged-certificate-header", impact="critical", needs=HOSTS)
@pytest.mark.parametrize("asked", [row("first", "first"), row("other", "other")])
def test_certificate_header_is_removed_where_the_handshake_names_the_other_host(
    alone: ProxyAlone, bound: Client, guest: Client, asked: str
) -> None:
    """A client's own word on its certificate does not arrive by way of the other host, where it shows none.

    Rules that only one host has do not count where a request comes in by the other. CVE-2022-23632 is of that kind.
    """
    value = alone.forged(bound)
    alone.tells(guest, **alone.called("other"))

    seen = alone.tried(bound, headers={alone.header: value}, **alone.called("other", asks=asked))
    what = f"certificate header of a client, the other host in the handshake, the {asked} in Host"
    alone.observe(TOPIC, what, seen.told(alone.header, value))

    assert not seen.speaks(alone.header, value)


@case(VALIDATED, also=("RFC9440-2.2-01", "RFC8705-3-09"), impact="critical", needs=HOSTS)
@pytest.mark.parametrize("version", [row("tls-1.2", "1.2"), row("tls-1.3", "1.3")])
@pytest.mark.parametrize(("began", "resumed"), STRAY)
def test_certificate_of_a_session_is_not_told_at_another_host_than_where_it_began(
    alone: ProxyAlone, bound: Client, guest: Client, version: Version, began: str, resumed: str
) -> None:
    """A TLS session that began at one host tells of no certificate where it is taken up at the other.

    With a session the certificate is not looked at again, and so what it opens has to stay at the host that did look.
    CVE-2025-23419 and CVE-2025-23048 are of that kind.
    """
    visitor = guest if began == "other" else bound
    alone.tells(visitor, **alone.called(began, version=version))

    again = alone.called(resumed, version=version, resumes=alone.origin)
    seen = alone.tried(visitor, certificate=visitor.certificate, **again)
    told = seen.told(alone.header, alone.forged(visitor))
    alone.observe(TOPIC, f"a session of TLS {version} from the {began} host at the {resumed}", told)

    assert not seen.speaks(alone.header, alone.forged(visitor))
