"""FAPI 2.0 Security Profile, section 5.3.4: what a resource server takes for a token, and where it looks for it."""

from holdfast import at_token_use, case
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint, ResourceServer


@case("FAPI2SP-5.3.4-02", impact="high")
@at_token_use
def test_token_in_the_query_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A token in the query of the URL is refused, with a valid proof beside it.

    URLs end in logs, histories and the Referer header.
    """
    assert endpoint.send(client, token_in="query").refused


@case("FAPI2SP-5.3.4-03", situation="token-invalid", impact="high", needs=("revocation",))
def test_revoked_token_is_refused_at_the_resource(
    rs: ResourceServer, client: Client, authorization_server: AuthorizationServer
) -> None:
    """A token that was accepted is refused once it is revoked."""
    token = rs.fresh_token(client)
    rs.accepts(client, token=token)
    authorization_server.revoked(token.value, client)

    assert rs.send(client, token=token).refused
