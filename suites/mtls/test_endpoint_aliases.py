"""RFC 8705, section 5: other URLs of the endpoints for clients that show certificates, and the way around them."""

from urllib.parse import urlsplit

from holdfast import case
from holdfast.discover import ENDPOINT_MEMBERS
from holdfast.parties import AuthorizationServer, Client

ALIASES = ("mtls-aliases",)
FAILED = "client-authentication-failed"
MEMBER = "mtls_endpoint_aliases"


@case("RFC8705-5-02", impact="medium", needs=ALIASES)
def test_aliases_are_urls_of_endpoints(authorization_server: AuthorizationServer) -> None:
    """`mtls_endpoint_aliases` is an object; what it says of endpoints is said by https URLs."""
    said = authorization_server.metadata.get(MEMBER)

    assert isinstance(said, dict)
    assert {urlsplit(str(url)).scheme for name, url in said.items() if name in ENDPOINT_MEMBERS} == {"https"}


@case("RFC8705-5-02", impact="medium", needs=ALIASES)
def test_each_alias_is_of_an_endpoint_that_there_is(authorization_server: AuthorizationServer) -> None:
    """Each endpoint with an alias is in the metadata as well: clients without certificates find it there."""
    said = authorization_server.metadata.get(MEMBER)

    assert isinstance(said, dict)
    assert set(said) & set(ENDPOINT_MEMBERS) <= set(authorization_server.metadata)


@case("RFC8705-5-02", impact="high", needs=(*ALIASES, "tls_client_auth"))
def test_client_is_authenticated_at_the_alias(authorization_server: AuthorizationServer, tls_client: Client) -> None:
    """A client that authenticates with its certificate does so at the alias of the token endpoint."""
    assert authorization_server.ask(tls_client).accepted


@case("RFC8705-5-06", impact="medium", needs=(*ALIASES, "jwt-access-token"))
def test_issuer_is_the_same_at_the_alias(authorization_server: AuthorizationServer, bound: Client) -> None:
    """A token that is asked for at the alias names the issuer of the metadata."""
    assert authorization_server.token(bound).claims.get("iss") == authorization_server.metadata.get("issuer")


@case("RFC8705-5-06", impact="medium", needs=(*ALIASES, "mtls", "jwt-access-token"))
def test_token_of_the_alias_is_bound(authorization_server: AuthorizationServer, bound: Client) -> None:
    """A client of certificate-bound tokens gets one at the alias that names its certificate."""
    named = authorization_server.token(bound).confirmation.get("x5t#S256")

    assert named == (bound.certificate and bound.certificate.thumbprint)


@case("RFC8705-5-06", impact="low", needs=(*ALIASES, "private_key_jwt"))
def test_client_that_signs_is_authenticated_at_the_alias_by_the_issuer(
    authorization_server: AuthorizationServer, signing: Client
) -> None:
    """A signed assertion for the issuer authenticates at the alias as it does elsewhere: the server is the same."""
    assert authorization_server.ask(signing, aliased=True).accepted


# The way around


@case("RFC8705-2-05", situation=FAILED, impact="critical", needs=(*ALIASES, "tls_client_auth"))
def test_client_is_not_authenticated_beside_the_alias_without_its_certificate(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """At the URL for everybody a client is refused that authenticates with its certificate at the alias."""
    assert authorization_server.ask(tls_client, certificate=None, aliased=False).refused


@case("RFC8705-6.1-02", situation="certificate-missing", impact="critical", latitude="L30", needs=(*ALIASES, "mtls"))
def test_no_token_claims_a_binding_that_is_asked_for_beside_the_alias(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """At the URL for everybody, where no certificate is asked for, no token is had that claims to be bound to one."""
    seen = authorization_server.ask(bound, certificate=None, aliased=False)

    assert seen.refused or "x5t#S256" not in authorization_server.read(seen).confirmation


@case("RFC8705-6.1-01", impact="medium", needs=ALIASES)
def test_client_without_a_certificate_is_served_beside_the_alias(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A client that shows no certificate is served at the URL for everybody."""
    assert authorization_server.ask(client).accepted
