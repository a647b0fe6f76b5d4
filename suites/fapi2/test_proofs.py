"""FAPI 2.0 Security Profile, sections 5.3.2.1 and 5.4.1: when a proof is made, and with which algorithm."""

import pytest

from holdfast import ACCEPTED, REFUSED, Outcome, at_the_authorization_server, case, row
from holdfast.jose import generate
from holdfast.parties import Client, KeyRing, ProofEndpoint, ResourceServer

AHEAD, FAR_AHEAD = "FAPI2SP-5.3.2.1-12", "FAPI2SP-5.3.2.1-13"

OTHERS = pytest.mark.parametrize(
    "algorithm",
    [
        row("rs256", "RS256"),
        row("rs512", "RS512"),
        row("ps384", "PS384"),
        row("ps512", "PS512"),
        row("es384", "ES384"),
        row("es512", "ES512"),
    ],
)


@case(AHEAD, situation="proof-invalid", impact="medium", needs=("no:nonce-as",))
@at_the_authorization_server
@pytest.mark.parametrize("claim", [row("iat", "iat"), row("nbf", "nbf")])
@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        row("five-seconds", 5, ACCEPTED, impact="low"),
        row("nine-seconds", 9, ACCEPTED, impact="low"),
        row("sixty-five-seconds", 65, REFUSED, requirement=FAR_AHEAD),
        row("an-hour", 3600, REFUSED, requirement=FAR_AHEAD),
    ],
)
def test_proof_ahead_of_its_time(
    endpoint: ProofEndpoint, client: Client, claim: str, ahead: int, expected: Outcome
) -> None:
    """A proof is accepted up to ten seconds before its `iat` or `nbf`, and refused more than sixty seconds before.

    Clocks differ a little. What may be made long before it is good can be stolen long before it is good.
    """
    assert endpoint.send(client, **{claim: ahead}).outcome is expected


@case("FAPI2SP-5.4.1-01-AS", situation="proof-invalid", impact="medium")
@at_the_authorization_server
@OTHERS
def test_proof_with_an_algorithm_that_the_profile_does_not_name_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """A proof is refused when it is signed with anything but PS256, ES256 or EdDSA, however good the signature is."""
    assert endpoint.send(client, key=keys.of(algorithm)).refused


@case("FAPI2SP-5.4.1-01-RS", situation="proof-invalid", impact="medium", needs=("mint",))
@OTHERS
def test_bound_proof_with_an_algorithm_that_the_profile_does_not_name_is_refused(
    rs: ResourceServer, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """A resource server refuses a proof that is signed with anything but PS256, ES256 or EdDSA.

    The token is bound to the very key that signs, so that nothing but the algorithm is wrong.
    """
    key = keys.of(algorithm)
    token = rs.mint(client.with_key(key))

    assert rs.send(client, key=key, token=token).refused


@case("FAPI2SP-5.4.1-01-RS", impact="low", needs=("dpop",))
def test_challenge_announces_the_algorithms_of_the_profile_only(rs: ResourceServer) -> None:
    """The DPoP challenge announces PS256, ES256 and EdDSA, or some of them, and nothing else."""
    announced = rs.algorithms

    assert announced and announced <= {"PS256", "ES256", "EdDSA", "Ed25519"}


@case("FAPI2SP-5.4.1-03-AS", situation="proof-invalid", impact="medium", needs=("alg:PS256",))
@at_the_authorization_server
def test_proof_by_a_short_rsa_key_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof by an RSA key of less than 2048 bits is refused, under an algorithm that is announced."""
    assert endpoint.send(client, key=generate("PS256", bits=2040)).refused


@case("FAPI2SP-5.4.1-03-RS", situation="proof-invalid", impact="medium", needs=("mint",))
def test_bound_proof_by_a_short_rsa_key_is_refused(rs: ResourceServer, client: Client) -> None:
    """A resource server refuses a proof by an RSA key of less than 2048 bits, to which the token is bound."""
    short = generate("PS256", bits=2040)
    token = rs.mint(client.with_key(short))

    assert rs.send(client, key=short, token=token).refused
