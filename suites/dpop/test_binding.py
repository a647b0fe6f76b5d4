"""RFC 9449, section 6: the key that a token names in `cnf` is the key that has to sign, and nothing near it.

The suite mints these tokens; each comes with a valid proof by the client's key, for that very token.
"""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ResourceServer
from holdfast.proofs import ABSENT

MINT = ("mint",)
UNEVALUATED = "RFC9449-6.1-04"


@case("RFC9449-6.1-03", situation="key-does-not-match", impact="high", needs=MINT)
@pytest.mark.parametrize(
    "cnf",
    [
        row("small-letters", '{"jkt": "$lower"}'),
        row("case-swapped", '{"jkt": "$swapped"}'),
        row("last-letter-cut", '{"jkt": "$shorter"}'),
        row("half", '{"jkt": "$half"}'),
        row("one-letter-more", '{"jkt": "${longer}"}'),
        row("in-hexadecimal", '{"jkt": "$hex"}', impact="low"),
        row("as-uri", '{"jkt": "$uri"}', impact="low"),
        row("padded", '{"jkt": "$padded"}', impact="low"),
        row("stray-bits", '{"jkt": "$stray"}', impact="low"),
        row("space-before", '{"jkt": " $jkt"}', impact="low"),
        row("two-in-one", '{"jkt": "$jkt $jkt"}', impact="low"),
        row("wildcard", '{"jkt": "*"}', impact="critical"),
        row("sha-1", '{"jkt": "$sha1"}', requirement="RFC7638-3.4-01-RS", impact="medium"),
        row("sha-512", '{"jkt": "$sha512"}', requirement="RFC7638-3.4-01-RS", impact="low"),
    ],
)
def test_thumbprint_that_is_nearly_right_is_refused(rs: ResourceServer, client: Client, cnf: str) -> None:
    """A token is refused when its `jkt` is not, letter for letter, the thumbprint of the proof's key.

    Where the comparison is loose, another key will do that agrees in what is compared.
    """
    assert rs.send(client, token=rs.mint(client, cnf=client.confirmation(cnf))).refused


@case("RFC9449-6-02", situation="key-does-not-match", impact="critical", needs=MINT)
def test_token_of_another_key_is_refused(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A token whose `jkt` names another key is refused, though all else in it says that it is the sender's."""
    token = rs.mint(client, cnf=thief.confirmation('{"jkt": "$jkt"}'))

    assert rs.send(client, token=token).refused


@case(UNEVALUATED, situation="key-does-not-match", impact="high", needs=MINT)
@pytest.mark.parametrize(
    "cnf",
    [
        row("empty", "{}"),
        row("null", "null"),
        row("text", '"$jkt"'),
        row("list", '[{"jkt": "$jkt"}]'),
        row("true", "true"),
        row("jkt-empty", '{"jkt": ""}'),
        row("jkt-null", '{"jkt": null}'),
        row("jkt-number", '{"jkt": 7}'),
        row("jkt-true", '{"jkt": true}'),
        row("jkt-list", '{"jkt": ["$jkt"]}'),
        row("jkt-empty-list", '{"jkt": []}'),
        row("jkt-object", '{"jkt": {"S256": "$jkt"}}'),
        row("nested", '{"cnf": {"jkt": "$jkt"}}'),
        row("member-in-capitals", '{"JKT": "$jkt"}', requirement="RFC7800-3.1-02"),
        row("unknown-member-only", '{"holdfast": "$jkt"}', requirement="RFC7800-3.1-02"),
        row("kid-only", '{"kid": "$jkt"}', requirement="RFC7800-3.4-01"),
        row("member-of-certificates-with-jkt", '{"x5t#S256": "$jkt"}', requirement="RFC7800-3.1-02"),
    ],
)
def test_confirmation_that_names_no_key_is_refused(rs: ResourceServer, client: Client, cnf: str) -> None:
    """A token is refused under the DPoP scheme when its `cnf` does not name a key in `jkt`.

    What cannot be evaluated is not the same as what is not there: otherwise every key opens such a token.
    """
    assert rs.send(client, token=rs.mint(client, cnf=client.confirmation(cnf))).refused


@case("RFC7800-3.1-02", situation="key-does-not-match", impact="high", needs=MINT)
def test_whole_key_of_another_in_place_of_a_thumbprint_is_refused(
    rs: ResourceServer, client: Client, thief: Client
) -> None:
    """A token whose `cnf` has no `jkt` but another key in `jwk` is refused: understood or not, the key is not there."""
    token = rs.mint(client, cnf=thief.confirmation('{"jwk": $jwk}'))

    assert rs.send(client, token=token).refused


@case(UNEVALUATED, situation="bound-token-as-bearer", impact="high", needs=MINT)
@pytest.mark.parametrize(
    "cnf",
    [
        row("empty", "{}", latitude="L56"),
        row("text", '"$jkt"'),
        row("jkt-null", '{"jkt": null}'),
        row("jkt-empty", '{"jkt": ""}'),
        row("jkt-number", '{"jkt": 7}'),
        row("jkt-list", '{"jkt": ["$jkt"]}'),
    ],
)
def test_confirmation_that_names_no_key_does_not_make_a_bearer_token(
    rs: ResourceServer, client: Client, cnf: str
) -> None:
    """A token with a `cnf` that cannot be evaluated is refused as a Bearer token too.

    Somebody meant to bind it; whoever finds it must not be served as if nobody had.
    """
    token = rs.mint(client, cnf=client.confirmation(cnf))

    assert rs.send(client, token=token, downgraded="Bearer").refused


@case("RFC9449-7.1-08", situation="key-does-not-match", impact="medium", latitude="L16", needs=MINT)
def test_unbound_token_under_the_dpop_scheme_is_refused(rs: ResourceServer, client: Client) -> None:
    """A token without `cnf` is refused under the DPoP scheme, with a perfect proof beside it.

    Otherwise whoever finds a plain token dresses it up with a key of their own.
    """
    assert rs.send(client, token=rs.mint(client, cnf=ABSENT)).refused


@case("RFC9449-7.1-08", situation="key-does-not-match", impact="medium", latitude="L16", needs=MINT)
def test_claim_in_capitals_is_no_confirmation(rs: ResourceServer, client: Client) -> None:
    """A token with its confirmation in `CNF` is a token without one: names of claims have a case."""
    token = rs.mint(client, cnf=ABSENT, CNF=client.confirmation('{"jkt": "$jkt"}'))

    assert rs.send(client, token=token).refused


@case("RFC7800-3.1-01", impact="medium", needs=MINT)
@pytest.mark.parametrize(
    "cnf",
    [
        row("text", '{"jkt": "$jkt", "holdfast": "unknown"}'),
        row("object", '{"jkt": "$jkt", "holdfast": {"a": [1]}}'),
        row("first", '{"holdfast": null, "jkt": "$jkt"}'),
        row("jkt-in-capitals-too", '{"JKT": "other", "jkt": "$jkt"}'),
    ],
)
def test_unknown_member_beside_the_thumbprint_is_ignored(rs: ResourceServer, client: Client, cnf: str) -> None:
    """A token whose `cnf` has an unknown member beside the right `jkt` is accepted; some servers issue such tokens."""
    assert rs.send(client, token=rs.mint(client, cnf=client.confirmation(cnf))).accepted


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="high", needs=("mint", "mtls"))
def test_token_that_names_a_certificate_too_is_refused_without_it(
    rs: ResourceServer, client: Client, doubly_bound: Client
) -> None:
    """A token with the right `jkt` and a certificate in `x5t#S256` is refused when no certificate is shown.

    Both methods were asked for; the second is not an ornament.
    """
    both = doubly_bound.with_key(client.key)
    token = rs.mint(client, cnf=both.confirmation('{"jkt": "$jkt", "x5t#S256": "$x5t"}'))

    assert rs.send(client, token=token).refused


@case("RFC8705-3-06", situation="certificate-does-not-match", impact="high", needs=("mint", "mtls"))
def test_right_key_with_a_foreign_certificate_in_the_token_is_refused(
    rs: ResourceServer, doubly_bound: Client, thief: Client
) -> None:
    """A token that names the sender's key and another's certificate is refused with the sender's own certificate."""
    mixed = thief.with_key(doubly_bound.key)
    token = rs.mint(doubly_bound, cnf=mixed.confirmation('{"jkt": "$jkt", "x5t#S256": "$x5t"}'))

    assert rs.send(doubly_bound, token=token).refused


@case("RFC9449-6-02", situation="key-does-not-match", impact="critical", needs=("mint", "mtls"))
def test_right_certificate_with_a_foreign_key_in_the_token_is_refused(
    rs: ResourceServer, doubly_bound: Client, thief: Client
) -> None:
    """A token that names the sender's certificate and another's key is refused with the sender's own key."""
    mixed = doubly_bound.with_key(thief.key)
    token = rs.mint(doubly_bound, cnf=mixed.confirmation('{"jkt": "$jkt", "x5t#S256": "$x5t"}'))

    assert rs.send(doubly_bound, token=token).refused


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical", needs=("mint", "mtls"))
def test_certificate_bound_token_is_refused_with_a_proof_in_place_of_the_certificate(
    rs: ResourceServer, client: Client, bound: Client
) -> None:
    """A token bound to a certificate only is refused under the DPoP scheme without the certificate.

    Anybody can make a proof by a key of their own; the token asks for a certificate.
    """
    token = rs.mint(client, cnf=bound.confirmation('{"x5t#S256": "$x5t"}'))

    assert rs.send(client, token=token).refused


@case("RFC9449-7.1-08", situation="key-does-not-match", impact="low", latitude="L16", needs=("mint", "mtls"))
def test_certificate_bound_token_under_the_dpop_scheme_is_refused(rs: ResourceServer, doubly_bound: Client) -> None:
    """A token bound to a certificate only is refused under the DPoP scheme, even with certificate and proof."""
    token = rs.mint(doubly_bound, cnf=doubly_bound.confirmation('{"x5t#S256": "$x5t"}'))

    assert rs.send(doubly_bound, token=token).refused


@case("RFC9449-6.2-05", situation="bound-token-as-bearer", impact="critical", needs=("mint", "opaque-access-token"))
@pytest.mark.parametrize("token_type", [row("bearer", "Bearer"), row("absent", ABSENT)])
def test_type_of_a_token_does_not_outweigh_its_confirmation(
    rs: ResourceServer, client: Client, token_type: object
) -> None:
    """A bound token is refused as Bearer when introspection shows its key and calls it a Bearer token, or nothing.

    The type is a label; `cnf` is the binding.
    """
    token = rs.mint(client, introspection={"token_type": token_type})

    assert rs.send(client, token=token, downgraded="Bearer").refused


@case("RFC9449-6.2-05", situation="key-does-not-match", impact="critical", needs=("mint", "opaque-access-token"))
def test_key_that_introspection_names_is_the_one_that_counts(rs: ResourceServer, client: Client, thief: Client) -> None:
    """A resource server that asks about a token compares the proof's key with the answer's `cnf.jkt`."""
    token = rs.mint(client, introspection={"cnf": thief.confirmation('{"jkt": "$jkt"}')})

    assert rs.send(client, token=token).refused
