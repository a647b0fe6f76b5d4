"""RFC 9449, section 4.3 (items 3 and 6), and RFC 8725, section 3.10: the key lies in the proof and nowhere else.

A listener waits at the address that the proof names. It must never be called, whatever the answer is: a server that
fetches what a proof tells it to fetch can be sent anywhere, by anybody, before anything was verified.
"""

import pytest

from holdfast import ACCEPTED, REFUSED, at_every_endpoint, case, row
from holdfast.parties import Client, Listener, ProofEndpoint

VERIFIES = "RFC9449-4.3-07-{role}"
ONLY_KEY = "RFC9449-4.3-08-{role}"

URL_PARAMETERS = pytest.mark.parametrize("parameter", [row("set-url", "jku"), row("certificate-url", "x5u")])


@case(ONLY_KEY, impact="high")
@at_every_endpoint
@URL_PARAMETERS
def test_address_beside_the_key_is_never_asked(
    endpoint: ProofEndpoint, client: Client, listener: Listener, parameter: str
) -> None:
    """Nobody asks at the address that the header of a proof names beside its `jwk`."""
    seen = endpoint.send(client, header={parameter: listener.url})

    assert seen.outcome in {ACCEPTED, REFUSED} and not listener.called


@case(ONLY_KEY, impact="high")
@at_every_endpoint
@URL_PARAMETERS
def test_address_inside_the_key_is_never_asked(
    endpoint: ProofEndpoint, client: Client, listener: Listener, parameter: str
) -> None:
    """Nobody asks at the address that a member of the `jwk` names."""
    seen = endpoint.send(client, jwk_members={parameter: listener.url})

    assert seen.outcome in {ACCEPTED, REFUSED} and not listener.called


@case(ONLY_KEY, situation="proof-invalid", impact="critical")
@at_every_endpoint
@URL_PARAMETERS
def test_address_in_place_of_the_key_is_never_asked(
    endpoint: ProofEndpoint, client: Client, listener: Listener, parameter: str
) -> None:
    """A proof that says where its key lies, and does not hold it, is refused, and nobody asks there."""
    seen = endpoint.send(client, key_elsewhere={parameter: listener.url})

    assert seen.refused and not listener.called


@case(VERIFIES, situation="proof-invalid", impact="critical")
@at_every_endpoint
def test_certificate_of_another_beside_the_key_does_not_verify(
    endpoint: ProofEndpoint, client: Client, thief: Client
) -> None:
    """A proof signed by the key of a certificate that its header carries is refused: only `jwk` verifies."""
    assert endpoint.send(client, certified_by=thief.certificate).refused
