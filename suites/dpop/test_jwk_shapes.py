"""RFC 9449, section 4.3 (items 6 and 7), RFC 7517, RFC 7518 section 6 and RFC 7638: the key in a proof's header."""

import base64
import json

import pytest

from holdfast import ACCEPTED, REFUSED, at_every_endpoint, case, row
from holdfast.parties import Client, KeyRing, ProofEndpoint
from holdfast.proofs import Literal

KEY = "RFC9449-4.3-08-{role}"
PUBLIC = "RFC9449-4.3-09-{role}"
ONE_SPELLING = "RFC7638-4-01-{role}"
IGNORED = "RFC9449-4.2-18-{role}"
NOWHERE = "https://nowhere.invalid/keys"


@case(PUBLIC, situation="proof-invalid", impact="medium", needs=("alg:RS256",))
@at_every_endpoint
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi"])
def test_any_private_member_of_an_rsa_key_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, member: str
) -> None:
    """A proof whose `jwk` has any one private member of an RSA key is refused, so that the leak is noticed.

    Each of them gives the whole key away; a server that only looks for `d` lets five leaks pass.
    """
    rsa = client.with_key(keys.of("RS256"))

    assert endpoint.send(rsa, jwk_members={member: rsa.key.private_jwk[member]}).refused


@case(PUBLIC, situation="proof-invalid", impact="medium", needs=("alg:RS256",))
@at_every_endpoint
def test_further_primes_of_an_rsa_key_are_refused(endpoint: ProofEndpoint, client: Client, keys: KeyRing) -> None:
    """A proof whose `jwk` has `oth`, the further primes of an RSA key, is refused (RFC 7518, section 6.3.2.7)."""
    rsa = client.with_key(keys.of("RS256"))

    assert endpoint.send(rsa, jwk_members={"oth": [{"r": "Aw", "d": "AQ", "t": "AQ"}]}).refused


@case(PUBLIC, situation="proof-invalid", impact="medium", needs=("alg:EdDSA",))
@at_every_endpoint
def test_private_member_of_an_ed25519_key_is_refused(endpoint: ProofEndpoint, client: Client, keys: KeyRing) -> None:
    """A proof whose `jwk` has the private member of an Ed25519 key is refused."""
    edwards = client.with_key(keys.of("EdDSA"))

    assert endpoint.send(edwards, jwk="private").refused


@case(KEY, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "template",
    [
        row("in-a-list", "[{jwk}]"),
        row("as-a-set", '{{"keys": [{jwk}]}}'),
        row("a-level-down", '{{"jwk": {jwk}}}'),
        row("number", "1"),
        row("true", "true"),
        row("empty-text", '""'),
        row("empty-list", "[]"),
    ],
)
def test_jwk_of_another_shape_is_refused(endpoint: ProofEndpoint, client: Client, template: str) -> None:
    """A proof whose `jwk` is anything but one JSON object with a key is refused, and is no reason to fall over."""
    shape = json.loads(template.format(jwk=json.dumps(client.key.public_jwk)))

    assert endpoint.send(client, jwk=Literal(shape)).refused


@case(KEY, situation="proof-invalid", impact="medium")
@at_every_endpoint
def test_jwk_as_text_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof whose `jwk` is the key's JSON as a text, and no object, is refused."""
    assert endpoint.send(client, jwk=Literal(json.dumps(client.key.public_jwk))).refused


@case(KEY, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
def test_jwk_without_a_required_member_is_refused(endpoint: ProofEndpoint, client: Client, member: str) -> None:
    """A proof whose `jwk` lacks a member that makes the key is refused, and is no reason to fall over."""
    incomplete = {name: value for name, value in client.key.public_jwk.items() if name != member}

    assert endpoint.send(client, jwk=incomplete).refused


@case(KEY, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    ("member", "value"),
    [
        row("kty-rsa", "kty", "RSA"),
        row("kty-okp", "kty", "OKP"),
        row("kty-oct", "kty", "oct"),
        row("kty-in-small-letters", "kty", "ec"),
        row("kty-unheard-of", "kty", "holdfast"),
        row("kty-number", "kty", 1),
        row("kty-null", "kty", None),
        row("crv-another", "crv", "P-384"),
        row("crv-outside-jose", "crv", "P-224"),
        row("crv-by-its-other-name", "crv", "secp256r1"),
        row("crv-in-small-letters", "crv", "p-256"),
        row("crv-null", "crv", None),
        row("crv-list", "crv", ["P-256"]),
        row("x-number", "x", 1),
        row("x-empty", "x", ""),
        row("x-list", "x", ["AQ"]),
        row("x-no-base64url", "x", "!" * 43),
        row("y-null", "y", None),
        row("y-enormous", "y", "A" * 4000),
    ],
)
def test_jwk_that_makes_no_key_is_refused(endpoint: ProofEndpoint, client: Client, member: str, value: object) -> None:
    """A proof is refused when a member of its `jwk` is of a wrong value or type, and the server stays up.

    Everybody can send such a key, and it is read before anything is verified.
    """
    assert endpoint.send(client, jwk={**client.key.public_jwk, member: value}).refused


@case("RFC9449-4.3-07-{role}", situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "change",
    [
        row("off-the-curve", {"y": "A" * 42 + "E"}),
        row("x-zero", {"x": "A" * 43}),
        row("y-zero", {"y": "A" * 43}),
        row("both-zero", {"x": "A" * 43, "y": "A" * 43}),
        row("x-above-the-prime", {"x": "_" * 42 + "8"}),
        row("y-above-the-prime", {"y": "_" * 42 + "8"}),
    ],
)
def test_point_off_the_curve_is_refused(endpoint: ProofEndpoint, client: Client, change: dict[str, str]) -> None:
    """A proof is refused when its `jwk` holds a point off the curve or out of range.

    Arithmetic with such points gives answers that an attacker can foresee (RFC 8725, section 3.4).
    """
    assert endpoint.send(client, jwk={**client.key.public_jwk, **change}).refused


@case("RFC9449-4.3-07-{role}", situation="proof-invalid", impact="high", needs=("alg:RS256",))
@at_every_endpoint
@pytest.mark.parametrize(
    "change",
    [
        row("exponent-one", {"e": "AQ"}),
        row("exponent-two", {"e": "Ag"}),
        row("exponent-zero", {"e": "AA"}),
        row("exponent-empty", {"e": ""}),
        row("modulus-zero", {"n": "AA"}),
        row("modulus-one", {"n": "AQ"}),
        row("modulus-empty", {"n": ""}),
        row("exponent-enormous", {"e": "_" * 2000}),
    ],
)
def test_degenerate_rsa_key_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, change: dict[str, str]
) -> None:
    """A proof is refused when its RSA key has a modulus or an exponent that makes no key, and the server stays up."""
    rsa = client.with_key(keys.of("RS256"))

    assert endpoint.send(rsa, jwk={**rsa.key.public_jwk, **change}).refused


@case(ONE_SPELLING, impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    ("member", "template"),
    [
        row("x-padded", "x", "{x}="),
        row("y-padded", "y", "{y}="),
        row("x-three-octets-too-long", "x", "AAAA{x}"),
        row("y-three-octets-too-long", "y", "AAAA{y}"),
        row("x-spaced", "x", " {x}"),
    ],
)
def test_coordinate_in_another_spelling_is_refused(
    endpoint: ProofEndpoint, client: Client, member: str, template: str
) -> None:
    """A proof is refused when a coordinate of its key is padded or longer than the curve's field.

    One key in two spellings has two thumbprints; RFC 7518, section 6.2.1.2, gives a coordinate one length.
    """
    jwk = client.key.public_jwk

    assert endpoint.send(client, jwk={**jwk, member: template.format(**jwk)}).refused


@case(ONE_SPELLING, impact="medium", needs=("alg:RS256",))
@at_every_endpoint
@pytest.mark.parametrize(
    ("member", "template"),
    [
        row("n-with-leading-zeros", "n", "AAAA{n}"),
        row("e-with-leading-zeros", "e", "AAAA{e}"),
        row("n-padded", "n", "{n}=="),
    ],
)
def test_rsa_number_in_another_spelling_is_refused(
    endpoint: ProofEndpoint, client: Client, keys: KeyRing, member: str, template: str
) -> None:
    """A proof is refused when a number of its RSA key has leading zeros or padding (RFC 7518, section 2)."""
    rsa = client.with_key(keys.of("RS256"))
    jwk = rsa.key.public_jwk

    assert endpoint.send(rsa, jwk={**jwk, member: template.format(**jwk)}).refused


@case("RFC7638-3.2-01-{role}", impact="low")
@at_every_endpoint
@pytest.mark.parametrize(
    "members",
    [
        row("kid", {"kid": "holdfast"}),
        row("use", {"use": "sig"}),
        row("alg", {"alg": "ES256"}),
        row("key-ops", {"key_ops": ["verify"]}),
        row("ext", {"ext": True}),
        row("unheard-of", {"holdfast": {"unknown": [1]}}),
        row("all-that-browsers-write", {"ext": True, "key_ops": ["verify"], "alg": "ES256", "use": "sig"}),
    ],
)
def test_optional_members_of_a_key_are_harmless(
    endpoint: ProofEndpoint, client: Client, members: dict[str, object]
) -> None:
    """A proof is accepted when its `jwk` has optional members: the thumbprint is made of the required ones alone."""
    assert endpoint.send(client, jwk_members=members).accepted


@case("RFC7638-3-01-{role}", impact="low")
@at_every_endpoint
def test_order_of_the_members_of_a_key_is_free(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is accepted when the members of its `jwk` stand in another order: the thumbprint sorts them itself."""
    backwards = dict(reversed(list(client.key.public_jwk.items())))

    assert endpoint.send(client, jwk=backwards).accepted


@case(IGNORED, impact="low", latitude="L55")
@at_every_endpoint
@pytest.mark.parametrize(
    "member", [row("certificate-url", "x5u"), row("set-url", "jku"), row("thumbprint", "x5t#S256")]
)
def test_other_sources_inside_the_key_are_ignored(endpoint: ProofEndpoint, client: Client, member: str) -> None:
    """A proof is accepted, and nothing is fetched, when its `jwk` says that the key lies elsewhere too.

    A server that follows such a link reaches whatever an attacker writes into it.
    """
    assert endpoint.send(client, jwk_members={member: NOWHERE}).accepted


@case(IGNORED, impact="low", latitude="L55")
@at_every_endpoint
@pytest.mark.parametrize(
    "header",
    [
        row("set-url", {"jku": NOWHERE}),
        row("certificate-url", {"x5u": NOWHERE}),
        row("kid-like-a-path", {"kid": "../../../dev/null"}),
        row("kid-like-a-url", {"kid": NOWHERE}),
        row("kid-like-a-query", {"kid": "x' or '1'='1"}),
        row("kid-empty", {"kid": ""}),
        row("kid-with-nul", {"kid": "a\x00b"}),
    ],
)
def test_other_sources_beside_the_key_are_ignored(
    endpoint: ProofEndpoint, client: Client, header: dict[str, str]
) -> None:
    """A proof is accepted, and nothing is looked up, when its header names the key in other ways beside `jwk`.

    The key in `jwk` is the only one; what fetches or looks up another can be led to the attacker's.
    """
    assert endpoint.send(client, header=header).accepted


@case(IGNORED, impact="low")
@at_every_endpoint
def test_kid_beside_the_key_is_ignored(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is accepted when its header has a `kid` beside the `jwk`, as many libraries write it."""
    assert endpoint.send(client, header={"kid": client.jkt}).accepted


@case(KEY, impact="medium")
@at_every_endpoint
def test_certificate_beside_the_key_breaks_nothing(endpoint: ProofEndpoint, client: Client, thief: Client) -> None:
    """A proof whose header carries somebody else's certificate (`x5c`) is taken by its `jwk` or refused, cleanly.

    A certificate that does not fit the signature may be refused (RFC 7515, section 4.1.6); it may not be followed.
    """
    foreign = base64.b64encode(thief.certificate.der).decode() if thief.certificate else ""

    assert endpoint.send(client, header={"x5c": [foreign]}).outcome in {ACCEPTED, REFUSED}
