"""The endpoints that cases know by name: which role answers there, where they lie, and what a client needs for them."""

from collections.abc import Mapping

#: Which role answers at an endpoint; `{role}` in a requirement id becomes this.
ENDPOINT_ROLE: Mapping[str, str] = {
    "resource": "RS",
    "resource-post": "RS",
    "userinfo": "RS",
    "token": "AS",
    "token-code": "AS",
    "token-refresh": "AS",
    "par": "AS",
    "introspection": "AS",
    "revocation": "AS",
    "registration": "AS",
    "proxy": "RS",
    "hop-resource": "RS",
    "hop-token": "AS",
}

#: Endpoints that take a proof together with a token (RFC 9449 section 7).
TOKEN_USE = ("resource", "resource-post", "userinfo")

#: Endpoints of the authorization server that take one (sections 5 and 10.1), the token endpoint once for each grant.
AUTHORIZATION_SERVER = ("token", "token-code", "token-refresh", "par")

#: Every endpoint that takes a proof.
EVERY = (*TOKEN_USE, *AUTHORIZATION_SERVER)

#: Endpoints that lie at another one's place, and word their refusals as that one does.
PLACE: Mapping[str, str] = {
    "resource-post": "resource",
    "token-code": "token",
    "token-refresh": "token",
    "hop-resource": "resource",
    "hop-token": "token",
}

#: Where a trusted proxy hands requests on to a server (RFC 9440).
HOPS = ("hop-resource", "hop-token")


def behind_hop(endpoint: str) -> str:
    """Give the endpoint that a trusted proxy hands on to, or the endpoint itself where it is asked directly."""
    return PLACE[endpoint] if endpoint in HOPS else endpoint


#: Grants that a client has to be registered for, to be let in at an endpoint as an honest client.
GRANTS_AT: Mapping[str, frozenset[str]] = {
    "userinfo": frozenset({"authorization_code"}),
    "token": frozenset({"client_credentials"}),
    "hop-token": frozenset({"client_credentials"}),
    "token-code": frozenset({"authorization_code"}),
    "token-refresh": frozenset({"authorization_code", "refresh_token"}),
}

#: The grant that is asked at each endpoint that stands for one.
GRANT: Mapping[str, str] = {"token-code": "authorization_code", "token-refresh": "refresh_token"}


def place_of(endpoint: str) -> str:
    """Give the endpoint at whose place this one lies: the same one for most."""
    return PLACE.get(endpoint, endpoint)
