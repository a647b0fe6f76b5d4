"""What the authorization server says of a token later: introspection and revocation (RFC 7662, RFC 7009)."""

from holdfast import case
from holdfast.parties import AuthorizationServer, Client, Clock, ResourceServer
from holdfast.parties.authorization import read_confirmation

INTROSPECTION, REVOCATION = ("introspection",), ("revocation",)


@case("RFC9449-6.2-01", impact="critical", needs=INTROSPECTION)
def test_introspection_shows_the_key_of_a_bound_token(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """Introspection of a bound token names its key in `cnf.jkt`; a resource server has nothing else to check by."""
    token = authorization_server.token(client)
    said = authorization_server.introspected(token, client)

    assert read_confirmation(said).get("jkt") == client.jkt


@case("RFC9449-6.2-02", impact="medium", needs=INTROSPECTION)
def test_introspection_does_not_call_a_bound_token_bearer(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """If introspection says a bound token's type, it says `DPoP`."""
    token = authorization_server.token(client)
    said = authorization_server.introspected(token, client)

    assert str(said.get("token_type", "DPoP")).lower() == "dpop"


@case("RFC8705-3.2-01", impact="critical", needs=(*INTROSPECTION, "mtls"))
def test_introspection_shows_the_certificate_of_a_bound_token(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """Introspection of a certificate-bound token names the certificate in `cnf.x5t#S256`."""
    token = authorization_server.token(bound)
    said = authorization_server.introspected(token, bound)

    assert read_confirmation(said).get("x5t#S256") == (bound.certificate and bound.certificate.thumbprint)


@case("RFC7662-2.2-04", impact="medium", needs=INTROSPECTION)
def test_unknown_token_is_inactive(authorization_server: AuthorizationServer, client: Client) -> None:
    """Introspection of a token that was never issued says that it is not active, where a real one is."""
    authorization_server.introspected(authorization_server.token(client), client)
    said = authorization_server.state("holdfast-never-issued", client)

    assert said.get("active") is False


@case("RFC7662-2.1-04", situation="caller-not-authenticated", impact="high", needs=INTROSPECTION)
def test_introspection_by_a_stranger_is_refused(authorization_server: AuthorizationServer, client: Client) -> None:
    """Introspection is refused to a caller whose secret is wrong: it would be told about stolen tokens."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)

    assert authorization_server.introspect(token.value, client, secret="holdfast-wrong-secret").refused


@case("RFC7009-2.1-04", impact="high", needs=(*REVOCATION, "introspection"))
def test_revoked_token_is_inactive(authorization_server: AuthorizationServer, client: Client) -> None:
    """An access token that was active is not active any more once it is revoked."""
    token = authorization_server.token(client)
    authorization_server.introspected(token, client)
    authorization_server.revoked(token, client)

    assert authorization_server.introspect(token.value, client).refused


@case("RFC7009-2.2-01", impact="low", needs=REVOCATION)
def test_revoking_an_unknown_token_is_no_error(authorization_server: AuthorizationServer, client: Client) -> None:
    """Revoking a token that does not exist is answered with 200: it is as revoked as can be."""
    assert authorization_server.revoke("holdfast-never-issued", client).accepted


@case("RFC9068-4-08", situation="token-invalid", impact="high", waits="token")
def test_expired_token_is_refused(rs: ResourceServer, client: Client, clock: Clock) -> None:
    """A token whose time has passed is refused, with a fresh proof by its key. Real time passes here."""
    token = rs.fresh_token(client)
    clock.outlast("token")

    assert rs.send(client, token=token.value).refused
