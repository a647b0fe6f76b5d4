"""RFC 9440, sections 2.3 and 3.3: what the server behind is told of a chain, and where a TLS session is taken up."""

import pytest

from holdfast import case, row
from holdfast.certificate_forms import rfc9440
from holdfast.handshakes import Handshake, Version
from holdfast.parties import Client, ProxyAlone

TOLD = "What is told of a client's certificate"
CHAIN = ("forwards-chain", "lab-ca")


@case("RFC9440-2.3-03", also=("RFC9440-2.3-02",), impact="medium", needs=CHAIN)
def test_chain_arrives_in_the_order_of_the_handshake(alone: ProxyAlone, bound: Client) -> None:
    """The authorities that a client sends arrive as byte sequences, the one that issued its certificate first."""
    upper = bound.trusted.intermediate("Holdfast upper")
    lower = upper.intermediate("Holdfast lower")
    sent = [rfc9440(one.der) for one in (lower, upper, bound.trusted)]
    told = alone.passes(bound, certificate=bound.certified(by=lower)).members("Client-Cert-Chain")

    assert told in (sent, sent[:2])


@case("RFC9440-2.3-05", impact="low", needs=CHAIN)
def test_chain_does_not_repeat_the_certificate(alone: ProxyAlone, bound: Client) -> None:
    """The client's own certificate is not told once more in the chain."""
    shown = bound.certified(by=bound.trusted.intermediate("Holdfast intermediate"))
    told = alone.passes(bound, certificate=shown).members("Client-Cert-Chain")

    assert told and rfc9440(shown.der) not in told


@case("RFC9440-3.3-01", impact="medium", needs=("forwards-certificate",))
@pytest.mark.parametrize("version", [row("tls-1.2", "1.2"), row("tls-1.3", "1.3")])
def test_session_that_is_taken_up_tells_of_the_same_certificate(
    alone: ProxyAlone, bound: Client, version: Version
) -> None:
    """Of a connection that takes up a TLS session the same certificate is told as of the one where that began.

    A proxy that does not keep the certificate with the session has to let none be taken up.
    """
    first = alone.passes(bound, certificate=bound.certificate, handshake=Handshake(version=version))
    again = Handshake(version=version, resumes=alone.origin)
    second = alone.passes(bound, certificate=bound.certificate, handshake=again)
    resumed = second.exchange.answer.tls is not None and second.exchange.answer.tls.resumed
    what = f"a session of TLS {version} that is taken up" if resumed else f"TLS {version}: no session is taken up"
    alone.observe(TOLD, what, f"told {len(second.values(alone.header))} x")

    assert first.values(alone.header) == second.values(alone.header) != []


@case("RFC9440-2.2-01", also=("RFC8705-3-09",), impact="critical", needs=("forwards-certificate", "lab-ca"))
def test_certificate_that_gave_way_to_another_is_not_told(alone: ProxyAlone, bound: Client, thief: Client) -> None:
    """After a second handshake on a connection its first certificate is not told, or nobody renegotiates at all.

    What was kept of the connection would name a certificate that its client shows no longer (RFC 9325, section 3.5).
    """
    alone.passes(bound, certificate=bound.certificate)
    again = Handshake(renegotiates=thief.certificate)
    seen = alone.tried(bound, certificate=bound.certificate, handshake=again)
    alone.observe(TOLD, "a second handshake, with another certificate", seen.reached)

    assert not seen.speaks(alone.header, alone.forged(bound))
