"""RFC 9449, section 4.3 (items 5 to 7), RFC 7518 and RFC 8725: algorithms, keys that do not fit them, signatures."""

import pytest

from holdfast import at, at_every_endpoint, case, row
from holdfast.jose import generate
from holdfast.parties import Client, KeyRing, ProofEndpoint
from holdfast.proofs import Literal

REGISTERED = "RFC9449-4.3-05-{role}"
VERIFIES = "RFC9449-4.3-07-{role}"
# Not where a refresh token is used: it may be bound to the key that it was issued for, and be refused for that.
NEW_KEYS = at("token", "token-code", "par")
NO_NONE, NO_MAC = "RFC9449-11.6-02-{role}", "RFC9449-11.6-01-{role}"


@case(NO_NONE, also=("FAPI2SP-5.4.1-02-{role}",), situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize(
    "alg", [row("capitalised", "None"), row("kept-signature", Literal("none")), row("trailing-space", Literal("none "))]
)
def test_more_spellings_of_none_are_refused(endpoint: ProofEndpoint, client: Client, alg: object) -> None:
    """A proof with `alg` none is refused in every spelling, also when a good signature is left in place."""
    assert endpoint.send(client, alg=alg).refused


@case(REGISTERED, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "alg",
    [
        row("empty", ""),
        row("null", Literal(None)),
        row("number", Literal(256)),
        row("true", Literal(True)),
        row("list", Literal(["ES256"])),
        row("object", Literal({"ES256": "ES256"})),
        row("small-letters", "es256"),
        row("trailing-space", "ES256 "),
        row("two-in-one", "ES256 none"),
    ],
)
def test_alg_that_is_no_algorithm_is_refused(endpoint: ProofEndpoint, client: Client, alg: object) -> None:
    """A proof is refused when its `alg` is no name of an algorithm; names are text, and have a case.

    The header is read before anything is verified, so that nobody needs a key to send this.
    """
    assert endpoint.send(client, alg=alg).refused


@case(REGISTERED, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "alg",
    [
        row("rsa-oaep", "RSA-OAEP"),
        row("rsa-oaep-256", "RSA-OAEP-256"),
        row("direct", "dir"),
        row("ecdh-es", "ECDH-ES"),
        row("key-wrap", "A128KW"),
        row("password", "PBES2-HS256+A128KW"),
        row("content-encryption", "A256GCM"),
        row("rs1", "RS1"),
        row("unheard-of", "holdfast"),
    ],
)
def test_alg_that_signs_nothing_is_refused(endpoint: ProofEndpoint, client: Client, alg: str) -> None:
    """A proof is refused when `alg` names an encryption, a broken signature, or nothing anybody knows.

    A library that finds an encryption algorithm by the same look-up may take the public key for a secret.
    """
    assert endpoint.send(client, alg=alg).refused


@case(VERIFIES, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "alg",
    [
        row("other-curve", "ES384"),
        row("larger-curve", "ES512"),
        row("curve-of-another-name", "ES256K"),
        row("rsa", "RS256"),
        row("rsa-pss", "PS256"),
        row("eddsa", "EdDSA"),
        row("ed25519", "Ed25519"),
    ],
)
def test_alg_that_does_not_fit_a_p256_key_is_refused(endpoint: ProofEndpoint, client: Client, alg: str) -> None:
    """A proof is refused when its key is on P-256 and its `alg` belongs to another curve or another kind of key.

    Each ES algorithm has one curve (RFC 7518, section 3.4); the key and not the header must decide what is checked.
    """
    assert endpoint.send(client, alg=alg).refused


@case(VERIFIES, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    ("algorithm", "alg"),
    [
        row("es256-with-a-p384-key", "ES384", "ES256", needs=("alg:ES384",)),
        row("es256-with-a-p521-key", "ES512", "ES256", needs=("alg:ES512",)),
        row("es256-with-an-rsa-key", "RS256", "ES256", needs=("alg:RS256",)),
        row("eddsa-with-an-rsa-key", "RS256", "EdDSA", needs=("alg:RS256",)),
        row("es256-with-an-ed25519-key", "EdDSA", "ES256", needs=("alg:EdDSA",)),
        row("rs256-with-an-ed25519-key", "EdDSA", "RS256", needs=("alg:EdDSA",)),
    ],
)
def test_alg_that_does_not_fit_the_key_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str, alg: str
) -> None:
    """A proof is refused when its `alg` is not one for the key in `jwk`, whatever kind of key the client has."""
    other = client.with_key(keys.of(algorithm))

    assert endpoint.send(other, alg=alg).refused


@case(VERIFIES, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "algorithm",
    [row("pss-under-rs256", "RS256", needs=("alg:RS256",)), row("pkcs1-under-ps256", "PS256", needs=("alg:PS256",))],
)
def test_other_rsa_padding_is_refused(endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str) -> None:
    """A proof is refused when its RSA signature has the padding of the other family: RS is PKCS #1 v1.5, PS is PSS."""
    other = client.with_key(keys.of(algorithm))

    assert endpoint.send(other, signature="other-padding").refused


@case(NO_MAC, situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize(
    "spelling",
    [
        row("pem-without-last-newline", "pem-trimmed"),
        row("der", "der"),
        row("jwk", "jwk"),
        row("point", "point"),
    ],
)
def test_mac_with_the_public_key_is_refused(endpoint: ProofEndpoint, client: Client, spelling: str) -> None:
    """A proof is refused when it is signed by a MAC with the public key as secret, in any spelling of that key.

    The public key is in every proof: where it is a secret, everybody signs for everybody.
    """
    assert endpoint.send(client, hmac_key=spelling).refused


@case(NO_MAC, situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize("alg", [row("hs384", "HS384"), row("hs512", "HS512")])
def test_longer_mac_is_refused(endpoint: ProofEndpoint, client: Client, alg: str) -> None:
    """A proof is refused under the longer MACs too, with the public key as their secret."""
    assert endpoint.send(client, alg=alg).refused


@case("RFC9449-5.1-02", situation="proof-invalid", impact="medium", needs=("alg:ES256",))
@NEW_KEYS
@pytest.mark.parametrize(
    "algorithm",
    [row(name.lower(), name, needs=(f"no:alg:{name}",)) for name in ("RS384", "RS512", "PS384", "PS512")],
)
def test_algorithm_that_is_not_advertised_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str
) -> None:
    """An honest proof is refused when its algorithm is not among those that the server's metadata lists.

    What is not listed is not maintained, and nobody looks whether it is still safe.
    """
    assert endpoint.send(client, key=keys.of(algorithm)).refused


@case(NO_MAC, situation="proof-invalid", impact="medium", needs=("alg:RS256",))
@NEW_KEYS
@pytest.mark.parametrize("bits", [row("1024-bits", 1024), row("2040-bits", 2040)])
def test_short_rsa_key_is_refused(endpoint: ProofEndpoint, client: Client, bits: int) -> None:
    """A proof by an RSA key of less than 2048 bits (RFC 7518, section 3.3) is refused, and no token bound to it."""
    short = generate("RS256", bits=bits)

    assert endpoint.send(client, key=short).refused


@case(VERIFIES, situation="proof-invalid", impact="critical")
@at_every_endpoint
@pytest.mark.parametrize(
    "signature",
    [
        row("empty", "empty"),
        row("ones", "ones"),
        row("r-zero", "r-zero"),
        row("s-zero", "s-zero"),
        row("r-is-the-order", "r-order"),
        row("s-is-the-order", "s-order"),
        row("by-another-key", "other-key"),
        row("before-an-edit", "edited"),
        row("der", "der", impact="medium"),
        row("trailing-byte", "trailing", impact="medium"),
    ],
)
def test_signature_that_is_none_is_refused(endpoint: ProofEndpoint, client: Client, signature: str) -> None:
    """A proof is refused when its ECDSA signature is out of range, of another form or length, or for another text.

    Verifiers have taken zeros for the signature of anybody over anything.
    """
    assert endpoint.send(client, signature=signature).refused


@case(VERIFIES, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize("signature", [row("empty", "empty"), row("zero", "zero"), row("ones", "ones")])
@pytest.mark.parametrize(
    "algorithm",
    [row("rs256", "RS256", needs=("alg:RS256",)), row("eddsa", "EdDSA", needs=("alg:EdDSA",))],
)
def test_signature_of_other_kinds_that_is_none_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str, signature: str
) -> None:
    """A proof is refused when its RSA or EdDSA signature is empty, all zeros or all ones."""
    other = client.with_key(keys.of(algorithm))

    assert endpoint.send(other, signature=signature).refused


@case(VERIFIES, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("signature", [row("truncated", "truncated"), row("trailing-byte", "trailing")])
@pytest.mark.parametrize(
    "algorithm",
    [row("rs256", "RS256", needs=("alg:RS256",)), row("eddsa", "EdDSA", needs=("alg:EdDSA",))],
)
def test_signature_of_other_length_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, algorithm: str, signature: str
) -> None:
    """A proof is refused when its RSA or EdDSA signature is a byte too short or too long."""
    other = client.with_key(keys.of(algorithm))

    assert endpoint.send(other, signature=signature).refused
