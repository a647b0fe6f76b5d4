"""RFC 8705, sections 3 and 3.1: which certificate a token names, how, and which connection has to show it."""

import pytest

from holdfast import at_token_use, case, row
from holdfast.jose import certificate_thumbprint
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint, ResourceServer
from holdfast.pki import self_signed

DIFFERS = "certificate-does-not-match"
NAMED = "RFC8705-3.1-05"
MINTED = ("mtls", "mint")


# What the authorization server writes


@case(
    "RFC8705-3.1-03",
    also=("RFC8705-3.1-01", "RFC8705-3.1-04", "RFC8705-3-01"),
    impact="high",
    needs=("jwt-access-token", "lab-ca"),
)
def test_thumbprint_is_the_same_by_any_count(authorization_server: AuthorizationServer, bound: Client) -> None:
    """Tokens for three certificates name each as 43 characters of base64url, without padding, and nothing else.

    One thumbprint of base64 may look like base64url by chance, three seldom do.
    """
    shown = [bound.certified() for _ in range(3)]
    named = [authorization_server.granted(bound, certificate=one).confirmation for one in shown]

    assert named == [{"x5t#S256": one.thumbprint} for one in shown]


@case("RFC8705-3.2-01", impact="high", needs=("mtls", "introspection"))
def test_introspection_names_the_certificate_at_the_top(
    authorization_server: AuthorizationServer, bound: Client, introspector: Client
) -> None:
    """Introspection of a bound token names the certificate in `cnf`, which is a member of the answer itself."""
    said = authorization_server.introspected(authorization_server.token(bound), introspector).get("cnf")

    assert isinstance(said, dict) and said.get("x5t#S256") == (bound.certificate and bound.certificate.thumbprint)


@case("RFC8705-3.1-02", impact="critical", needs=("jwt-access-token", "lab-ca"))
def test_token_names_the_clients_certificate_and_no_other_of_its_chain(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """A token that is asked for with a chain names the client's own certificate, not that of an authority."""
    shown = bound.certified(by=bound.trusted.intermediate("Holdfast intermediate"))
    named = authorization_server.granted(bound, certificate=shown).confirmation.get("x5t#S256")

    assert named == shown.thumbprint


@case("RFC8705-3.3-01", impact="medium", needs=("as-metadata", "mtls", "jwt-access-token"))
def test_tokens_are_bound_where_the_metadata_say_so(authorization_server: AuthorizationServer, bound: Client) -> None:
    """An authorization server that announces bound tokens issues them to a client that registered for them."""
    announced = authorization_server.metadata.get("tls_client_certificate_bound_access_tokens") is True
    named = "x5t#S256" in authorization_server.token(bound).confirmation

    assert announced and named


# What the resource server takes for it


@case(NAMED, situation=DIFFERS, impact="critical", needs=MINTED)
@pytest.mark.parametrize(
    "cnf",
    [
        row("padded", '{"x5t#S256": "$x5t="}'),
        row("small-letters", '{"x5t#S256": "$x5t_lower"}'),
        row("hexadecimal", '{"x5t#S256": "$x5t_hex"}'),
        row("base64", '{"x5t#S256": "$x5t_base64"}'),
        row("cut", '{"x5t#S256": "$x5t_half"}'),
        row("longer", '{"x5t#S256": "${x5t}A"}'),
        row("empty", '{"x5t#S256": ""}'),
        row("null", '{"x5t#S256": null}'),
        row("list", '{"x5t#S256": ["$x5t"]}'),
        row("object", '{"x5t#S256": {"value": "$x5t"}}'),
        row("of-the-key", '{"x5t#S256": "$x5t_key"}'),
        row("of-the-text", '{"x5t#S256": "$x5t_pem"}'),
        row("sha-1-in-its-place", '{"x5t#S256": "$x5t_sha1"}', also=("RFC8705-7.2-01",)),
        row("sha-1", '{"x5t": "$x5t_sha1"}', requirement="RFC8705-7.2-01"),
        row("sha-512", '{"x5t#S512": "$x5t_sha512"}', requirement="RFC8705-7.2-01"),
        row("member-of-another-name", '{"x5t": "$x5t"}'),
        row("member-in-small-letters", '{"x5t#s256": "$x5t"}'),
    ],
)
def test_thumbprint_that_is_written_otherwise_is_refused(rs: ResourceServer, bound: Client, cnf: str) -> None:
    """A token is refused with its certificate where it names that in a form which is none of `x5t#S256`.

    Taken for no binding at all, the token would be good for anybody.
    """
    assert rs.send(bound, token=rs.mint(bound, cnf=bound.confirmation(cnf))).refused


@case("RFC8705-3.2-02", situation=DIFFERS, impact="critical", needs=(*MINTED, "opaque-access-token"))
@pytest.mark.parametrize(
    "cnf",
    [row("of-another", '{"x5t#S256": "$x5t_sha1"}'), row("no-thumbprint", '{"other": "holdfast"}')],
)
def test_certificate_that_introspection_does_not_name_is_refused(rs: ResourceServer, bound: Client, cnf: str) -> None:
    """A token is refused with a certificate that the introspection of it does not name."""
    token = rs.mint(bound, introspection={"cnf": bound.confirmation(cnf)})

    assert rs.send(bound, token=token).refused


@case(NAMED, situation=DIFFERS, impact="critical", needs=("mtls", "mint", "lab-ca"))
def test_certificate_of_an_authority_that_the_token_names_lets_nobody_in(rs: ResourceServer, bound: Client) -> None:
    """A token that names the certificate of an intermediate authority is refused with a certificate beneath it."""
    authority = bound.trusted.intermediate("Holdfast intermediate")
    shown = bound.certified(by=authority)
    token = rs.mint(bound, cnf={"x5t#S256": certificate_thumbprint(authority.der)})

    assert rs.send(bound, token=token, certificate=shown).refused


# Which connection


@case("RFC8705-3-06", situation=DIFFERS, impact="critical")
@at_token_use
def test_certificate_of_the_token_behind_another_is_refused(
    endpoint: ProofEndpoint, bound: Client, thief: Client
) -> None:
    """A bound token is refused with a thief's certificate that has the right one behind it in its chain.

    Anybody may send anybody's certificates there: only the first one's key is proven (RFC 8446, section 4.4.2).
    """
    assert thief.certificate and bound.certificate

    assert endpoint.send(bound, certificate=thief.certificate.followed_by(bound.certificate)).refused


@case("RFC8705-3-06", impact="medium", needs=("lab-ca",))
@at_token_use
def test_chain_behind_the_certificate_of_the_token_changes_nothing(
    endpoint: ProofEndpoint, bound: Client, thief: Client
) -> None:
    """A bound token is accepted with its certificate, though another one that nobody asked for stands behind it."""
    assert thief.certificate and bound.certificate

    assert endpoint.send(bound, certificate=bound.certificate.followed_by(thief.certificate)).accepted


@case("RFC8705-3-09", situation=DIFFERS, impact="critical", needs=("lab-ca",))
@at_token_use
def test_token_of_another_certificate_on_a_kept_connection_is_refused(endpoint: ResourceServer, bound: Client) -> None:
    """On a connection over which a token was accepted, a token of another certificate is refused.

    Certificates are shown once for a connection; tokens come with each request.
    """
    token = endpoint.token(bound.renewed())
    endpoint.accepts(bound)

    assert endpoint.send(bound, token=token).refused


@case("RFC8705-6.2-01", impact="medium", latitude="L32", needs=("binding-shown",))
def test_token_that_is_bound_to_a_self_signed_certificate_is_accepted(
    rs: ResourceServer, authorization_server: AuthorizationServer, bound: Client
) -> None:
    """A token that was asked for with a self-signed certificate is accepted with that: its chain is not looked at."""
    own = self_signed("holdfast")
    token = authorization_server.granted(bound, certificate=own)

    assert rs.send(bound, token=token, certificate=own).accepted
