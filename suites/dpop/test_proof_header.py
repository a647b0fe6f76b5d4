"""RFC 9449, sections 4.2 and 4.3: the JOSE header of a proof, its algorithm, its key and its signature."""

import pytest

from holdfast import at_every_endpoint, case, row
from holdfast.parties import Client, KeyRing, ProofEndpoint
from holdfast.proofs import ABSENT, Literal

NONE, SYMMETRIC = "RFC9449-11.6-02-{role}", "RFC9449-11.6-01-{role}"


@case("RFC9449-4.3-04-{role}", situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "typ",
    [
        row("absent", ABSENT),
        row("jwt", "JWT"),
        row("access-token", "at+jwt", requirement="RFC9449-11.5-01-{role}"),
        row("longer", "xdpop+jwt"),
        row("number", Literal(7)),
    ],
)
def test_wrong_typ_is_refused(endpoint: ProofEndpoint, client: Client, typ: object) -> None:
    """A JWT that was not made as a proof is refused: its `typ` is not `dpop+jwt`."""
    assert endpoint.send(client, typ=typ).refused


@case(NONE, situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize(
    "alg",
    [
        row("none", "none"),
        row("none-in-capitals", "NONE"),
        row("none-mixed", "nOnE"),
        row("absent", ABSENT, requirement="RFC9449-4.3-05-{role}", impact="medium"),
        row("hs256-with-public-key", "HS256", requirement=SYMMETRIC),
    ],
)
def test_unsafe_alg_is_refused(endpoint: ProofEndpoint, client: Client, alg: object) -> None:
    """A proof is refused when its algorithm needs no private key: none at all, or a MAC with the public key.

    The key in `jwk` is the client's, and public: with such an algorithm everybody signs for everybody.
    """
    assert endpoint.send(client, alg=alg).refused


@case(SYMMETRIC, situation="proof-invalid", impact="high")
@at_every_endpoint
def test_symmetric_key_in_jwk_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with a symmetric key in `jwk` and a MAC as signature is refused."""
    assert endpoint.send(client, alg_symmetric_oct=True).refused


@case("RFC9449-4.3-09-{role}", situation="proof-invalid", impact="medium")
@at_every_endpoint
def test_private_key_in_jwk_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that carries its private key is refused, so that the leak is noticed."""
    assert endpoint.send(client, jwk="private").refused


@case("RFC9449-4.3-08-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "jwk", [row("absent", ABSENT), row("empty", {}), row("null", Literal(None)), row("text", Literal("a key"))]
)
def test_missing_jwk_is_refused(endpoint: ProofEndpoint, client: Client, jwk: object) -> None:
    """A proof without a usable public key in `jwk` is refused."""
    assert endpoint.send(client, jwk=jwk).refused


@case("RFC9449-4.3-08-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
def test_key_named_by_kid_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof that only names its key, by `kid`, is refused: the key comes from nowhere but `jwk`."""
    assert endpoint.send(client, kid_only=True).refused


@case("RFC6749-7515-4.1.11-01-{role}", situation="proof-invalid", impact="medium")
@at_every_endpoint
def test_critical_parameter_that_nobody_knows_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof whose `crit` demands that an unknown parameter be understood is refused."""
    assert endpoint.send(client, critical="holdfast-unknown").refused


@case("RFC9449-4.3-07-{role}", situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize("signature", [row("flipped", "flipped"), row("truncated", "truncated"), row("zero", "zero")])
def test_broken_signature_is_refused(endpoint: ProofEndpoint, client: Client, signature: str) -> None:
    """A proof whose signature does not verify is refused."""
    assert endpoint.send(client, signature=signature).refused


@case("RFC9449-4.3-06-{role}", impact="low")
@at_every_endpoint
@pytest.mark.parametrize(
    "algorithm",
    [row(name.lower(), name, needs=(f"alg:{name}",)) for name in ("ES256", "ES384", "ES512", "RS256", "PS256")]
    + [row(name.lower(), name, needs=(f"alg:{name}",)) for name in ("EdDSA", "Ed25519")],
)
def test_advertised_algorithm_works(endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str) -> None:
    """Every algorithm that the target advertises for proofs is accepted."""
    other = client.with_key(keys.of(algorithm))

    assert endpoint.send(other).accepted
