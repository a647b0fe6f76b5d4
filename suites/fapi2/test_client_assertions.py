"""FAPI 2.0 Security Profile, sections 5.3.2.1 and 5.4.1: whom a client assertion is for, when it is made, and how."""

import pytest

from holdfast import ACCEPTED, REFUSED, Outcome, at, case, row
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint

KEYS = ("private_key_jwt",)
PLACES = at("token", "par")
AHEAD, FAR_AHEAD = "FAPI2SP-5.3.2.1-12", "FAPI2SP-5.3.2.1-13"


@case("FAPI2SP-5.3.2.1-07", situation="client-authentication-failed", impact="high", needs=KEYS)
@PLACES
@pytest.mark.parametrize(
    "audience",
    [
        row("token-endpoint", "{token}"),
        row("par-endpoint", "{par}", needs=("par",)),
        row("issuer-with-a-path", "{issuer}/holdfast"),
        row("issuer-of-another", "https://holdfast-other.test", impact="critical"),
    ],
)
def test_assertion_for_anything_but_the_issuer_is_refused(
    endpoint: ProofEndpoint, signing: Client, authorization_server: AuthorizationServer, audience: str
) -> None:
    """A client assertion whose audience is not the issuer's identifier is refused, also when it is this endpoint's URL.

    A server that another one made the client believe in could pass on an assertion for its own endpoint's URL.
    """
    assert endpoint.send(signing, audience=authorization_server.filled(audience)).refused


@case("FAPI2SP-5.3.2.1-07", situation="client-authentication-failed", impact="high", needs=KEYS)
@PLACES
@pytest.mark.parametrize(
    "audiences",
    [
        row("issuer-alone", ("{issuer}",), impact="medium"),
        row("issuer-first", ("{issuer}", "https://holdfast-other.test")),
        row("issuer-last", ("https://holdfast-other.test", "{issuer}")),
    ],
)
def test_assertion_for_a_list_of_audiences_is_refused(
    endpoint: ProofEndpoint, signing: Client, authorization_server: AuthorizationServer, audiences: tuple[str, ...]
) -> None:
    """A client assertion whose audience is a list is refused, also when the issuer is in it, or alone in it.

    What is good at several servers can be used at one by the other.
    """
    named = [authorization_server.filled(audience) for audience in audiences]

    assert endpoint.send(signing, assertion={"aud": named}).refused


@case(AHEAD, situation="client-authentication-failed", impact="medium", needs=KEYS)
@PLACES
@pytest.mark.parametrize("claim", [row("iat", "iat"), row("nbf", "nbf")])
@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        row("five-seconds", 5, ACCEPTED, impact="low"),
        row("nine-seconds", 9, ACCEPTED, impact="low"),
        row("sixty-five-seconds", 65, REFUSED, requirement=FAR_AHEAD),
        row("five-minutes", 300, REFUSED, requirement=FAR_AHEAD),
    ],
)
def test_assertion_ahead_of_its_time(
    endpoint: ProofEndpoint, signing: Client, claim: str, ahead: int, expected: Outcome
) -> None:
    """A client assertion is accepted up to ten seconds before its `iat` or `nbf`, and refused more than sixty before.

    Clocks differ a little. What may be made long before it is good can be stolen long before it is good.
    """
    life = {"exp": ahead + 60}

    assert endpoint.send(signing, assertion={claim: ahead, **life}).outcome is expected


@case("FAPI2SP-5.4.1-02-AS", situation="client-authentication-failed", impact="critical", needs=KEYS)
@PLACES
def test_assertion_without_a_signature_is_refused(endpoint: ProofEndpoint, signing: Client) -> None:
    """A client assertion with `alg` none is refused: everybody can write one."""
    assert endpoint.send(signing, assertion={"alg": "none"}).refused


@case("FAPI2SP-5.4.1-01-AS", impact="medium", needs=(*KEYS, "as-metadata"))
@pytest.mark.parametrize(
    "member",
    [
        row("assertions", "token_endpoint_auth_signing_alg_values_supported"),
        row("proofs", "dpop_signing_alg_values_supported", needs=("dpop",)),
    ],
)
def test_only_the_algorithms_of_the_profile_are_announced(
    authorization_server: AuthorizationServer, member: str
) -> None:
    """The server announces PS256, ES256 and EdDSA for what clients sign, or some of them, and nothing else."""
    announced = set(authorization_server.listed(member))

    assert announced and announced <= {"PS256", "ES256", "EdDSA", "Ed25519"}
