"""What an authorization server announces about sender-constrained tokens (RFC 8414, RFC 9449 section 5.1)."""

from urllib.parse import urlsplit

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer

METADATA = ("as-metadata",)


@case("RFC8414-2-01", also=("FAPI2SP-5.3.2.1-01", "MCP-overview-03"), impact="medium", needs=METADATA)
def test_issuer_is_the_one_that_was_configured(authorization_server: AuthorizationServer) -> None:
    """The metadata names exactly the issuer that it was fetched for, or another server could speak for it."""
    assert authorization_server.metadata.get("issuer") == authorization_server.issuer


@case("RFC9449-5.1-01", also=("SEP1932-as-01",), impact="medium", needs=(*METADATA, "dpop"))
def test_proof_algorithms_are_announced(authorization_server: AuthorizationServer) -> None:
    """A server that takes proofs says with which algorithms."""
    assert authorization_server.metadata.get("dpop_signing_alg_values_supported")


@case("RFC9449-11.6-02-AS", also=("SEP1932-as-01",), impact="high", needs=(*METADATA, "dpop"))
def test_no_unsafe_proof_algorithm_is_announced(authorization_server: AuthorizationServer) -> None:
    """Neither `none` nor a symmetric algorithm is announced for proofs."""
    announced = [str(name) for name in authorization_server.listed("dpop_signing_alg_values_supported")]

    assert announced and not [name for name in announced if name.lower() == "none" or name.startswith("HS")]


@case("RFC8414-2-04", impact="medium", needs=(*METADATA, "private_key_jwt"))
def test_no_unsafe_assertion_algorithm_is_announced(authorization_server: AuthorizationServer) -> None:
    """A server that takes signed client assertions says with which algorithms, and `none` is not among them."""
    announced = authorization_server.listed("token_endpoint_auth_signing_alg_values_supported")

    assert announced and "none" not in announced


@case("RFC9449-2-01-AS", also=("MCP-security-03",), impact="high", needs=METADATA)
def test_every_announced_endpoint_is_on_tls(authorization_server: AuthorizationServer) -> None:
    """Every endpoint that the metadata names is an https URL."""
    announced = [str(url) for name, url in authorization_server.metadata.items() if name.endswith("_endpoint")]

    assert {urlsplit(url).scheme for url in announced} == {"https"}


@case("RFC8414-2-02", impact="high", needs=METADATA)
@pytest.mark.parametrize(
    "member",
    [
        row("token", "token_endpoint"),
        row("introspection", "introspection_endpoint", requirement="RFC7662-2-01", needs=("introspection",)),
        row("revocation", "revocation_endpoint", requirement="RFC7009-2-05", needs=("revocation",)),
        row("keys", "jwks_uri", requirement="RFC8414-2-03", needs=("jwt-access-token",)),
    ],
)
def test_endpoint_is_announced_with_https(authorization_server: AuthorizationServer, member: str) -> None:
    """The metadata name each endpoint that secrets or keys are fetched from or sent to, and by https."""
    assert authorization_server.kind(member) == "url"


@case("RFC8414-2-03", impact="medium", needs=(*METADATA, "jwt-access-token"))
def test_key_set_holds_no_private_key(authorization_server: AuthorizationServer) -> None:
    """The published key set has keys in it, and only public ones."""
    keys = authorization_server.key_set()

    assert keys and not [key for key in keys if {"d", "k"} & set(key)]


@case("RFC8414-2-05", impact="low", needs=(*METADATA, "private_key_jwt", "alg:RS256"))
def test_rs256_is_announced_for_assertions(authorization_server: AuthorizationServer) -> None:
    """A server that takes RS256 for proofs takes it for client assertions too, since every client can do that.

    Profiles forbid RS256 (FAPI 2.0 for one); a server that keeps to such a one takes it nowhere.
    """
    assert "RS256" in authorization_server.listed("token_endpoint_auth_signing_alg_values_supported")
