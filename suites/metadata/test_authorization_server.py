"""What an authorization server announces about sender-constrained tokens (RFC 8414, RFC 9449 section 5.1)."""

from urllib.parse import urlsplit

from holdfast import case
from holdfast.parties import AuthorizationServer, Client

METADATA = ("as-metadata",)


@case("RFC8414-2-01", impact="medium", needs=METADATA)
def test_issuer_is_the_one_that_was_configured(authorization_server: AuthorizationServer) -> None:
    """The metadata names exactly the issuer that it was fetched for, or another server could speak for it."""
    assert authorization_server.metadata.get("issuer") == authorization_server.issuer


@case("RFC9449-5.1-01", impact="medium", needs=(*METADATA, "dpop"))
def test_proof_algorithms_are_announced(authorization_server: AuthorizationServer) -> None:
    """A server that takes proofs says with which algorithms."""
    assert authorization_server.metadata.get("dpop_signing_alg_values_supported")


@case("RFC9449-11.6-02-AS", impact="high", needs=(*METADATA, "dpop"))
def test_no_unsafe_proof_algorithm_is_announced(authorization_server: AuthorizationServer) -> None:
    """Neither `none` nor a symmetric algorithm is announced for proofs."""
    announced = [str(name) for name in authorization_server.listed("dpop_signing_alg_values_supported")]

    assert announced and not [name for name in announced if name.lower() == "none" or name.startswith("HS")]


@case("RFC8414-2-04", impact="medium", needs=(*METADATA, "private_key_jwt"))
def test_no_unsafe_assertion_algorithm_is_announced(authorization_server: AuthorizationServer) -> None:
    """A server that takes signed client assertions says with which algorithms, and `none` is not among them."""
    announced = authorization_server.listed("token_endpoint_auth_signing_alg_values_supported")

    assert announced and "none" not in announced


@case("RFC9449-2-01-AS", impact="high", needs=METADATA)
def test_every_announced_endpoint_is_on_tls(authorization_server: AuthorizationServer) -> None:
    """Every endpoint that the metadata names is an https URL."""
    announced = [str(url) for name, url in authorization_server.metadata.items() if name.endswith("_endpoint")]

    assert {urlsplit(url).scheme for url in announced} == {"https"}


@case("RFC8414-2-03", impact="medium", needs=(*METADATA, "jwt-access-token"))
def test_key_set_holds_no_private_key(authorization_server: AuthorizationServer) -> None:
    """The published key set has keys in it, and only public ones."""
    keys = authorization_server.key_set()

    assert keys and not [key for key in keys if {"d", "k"} & set(key)]


@case("RFC9068-2.1-05", impact="medium", needs=("jwt-access-token",))
def test_jwt_access_token_is_typed(authorization_server: AuthorizationServer, client: Client) -> None:
    """A JWT access token says that it is one (`typ` at+jwt), so that nothing else is taken for it."""
    token = authorization_server.token(client)

    assert str(token.header.get("typ", "")).lower().removeprefix("application/") == "at+jwt"
