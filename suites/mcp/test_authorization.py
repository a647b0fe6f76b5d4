"""Model Context Protocol, Authorization: what it asks of the two servers beside SEP-1932."""

from holdfast import case
from holdfast.parties import AuthorizationServer, Client, ResourceServer

RESOURCE = ("resource-metadata",)


@case("MCP-discovery-01", impact="medium", needs=RESOURCE)
def test_resource_metadata_names_an_authorization_server(rs: ResourceServer) -> None:
    """The resource's metadata names at least one authorization server, so that a client knows whom to ask."""
    named = rs.published().get("authorization_servers")

    assert isinstance(named, list) and named


@case("MCP-authorization-response-02", impact="medium", needs=("authorization_code", "front-channel"))
def test_answer_to_an_authorization_request_names_the_issuer(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """What comes back to the client with the code names the issuer in `iss` (RFC 9207).

    A client of two servers must not be made to bring one's code to the other.
    """
    seen = authorization_server.authorize(client)

    assert authorization_server.returned(client, seen).get("iss") == authorization_server.issuer


@case("MCP-security-01", impact="high", needs=("authorization_code", "refresh_token"))
def test_public_clients_refresh_token_is_rotated(authorization_server: AuthorizationServer, public: Client) -> None:
    """A public client gets a new refresh token with each refresh, and the one that it used is refused afterwards.

    A stolen refresh token then gives itself away when both its holders use it.
    """
    token = authorization_server.token(public, user=True)
    refreshed = authorization_server.refreshed(public, token)
    again = authorization_server.refresh(public, token)

    assert refreshed.refresh != token.refresh and again.refused


@case("MCP-security-02", impact="medium")
def test_access_token_is_good_for_an_hour_at_most(authorization_server: AuthorizationServer, client: Client) -> None:
    """An access token is good for an hour or less."""
    assert authorization_server.token(client).lifetime <= 3600
