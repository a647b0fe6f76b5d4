"""RFC 9728: what a resource server publishes about itself, where, and whether it behaves as it says."""

from urllib.parse import urlsplit

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, ClearDoor, Client, ResourceMetadata, ResourceServer

PUBLISHED = ("resource-metadata",)


@case("RFC9728-1.2-01", impact="medium", needs=PUBLISHED)
def test_identifier_is_an_https_url(resource_metadata: ResourceMetadata) -> None:
    """The resource's name is an https URL without a fragment."""
    parts = urlsplit(resource_metadata.identifier)

    assert parts.scheme == "https" and parts.netloc and "#" not in resource_metadata.identifier


@case("RFC9728-1.2-02", impact="low", needs=PUBLISHED)
def test_identifier_has_no_query(resource_metadata: ResourceMetadata) -> None:
    """The resource's name has no query."""
    assert "?" not in resource_metadata.identifier


@case("RFC9728-3-01", impact="medium", needs=PUBLISHED)
def test_metadata_lies_where_its_identifier_says(resource_metadata: ResourceMetadata) -> None:
    """The well-known URL made of the resource's name answers with metadata of just that name.

    A client that finds another name there stops, or has been led to somebody else's resource.
    """
    seen = resource_metadata.at_its_place()

    assert seen.accepted and seen.json()["resource"] == resource_metadata.identifier


@case("RFC9728-3.2-01", impact="low", needs=PUBLISHED)
def test_metadata_is_a_json_object(resource_metadata: ResourceMetadata) -> None:
    """The metadata comes with 200, as application/json."""
    kind = (resource_metadata.seen.header("Content-Type") or "").partition(";")[0].strip().lower()

    assert resource_metadata.seen.status == 200 and kind == "application/json"


@case("RFC9728-3.2-03", impact="low", needs=PUBLISHED)
def test_members_without_a_value_are_left_out(resource_metadata: ResourceMetadata) -> None:
    """No member is null, an empty text or an empty list; only the ways to present a bearer token may be none."""
    empty = [name for name, value in resource_metadata.document.items() if value in (None, "", [], {})]

    assert set(empty) <= {"bearer_methods_supported"}


@case("RFC9728-2-04", impact="low", needs=PUBLISHED)
def test_scopes_are_listed(resource_metadata: ResourceMetadata) -> None:
    """The scopes that requests here may need are listed."""
    assert resource_metadata.listed("scopes_supported")


@case("RFC9728-2-11", impact="low", needs=PUBLISHED)
@pytest.mark.parametrize(
    ("member", "kind"),
    [
        row("authorization-servers", "authorization_servers", "https URLs", requirement="RFC9728-2-02"),
        row("jwks-uri", "jwks_uri", "an https URL", requirement="RFC9728-2-03"),
        row("scopes", "scopes_supported", "texts", requirement="RFC9728-2-04"),
        row("ways", "bearer_methods_supported", "ways to present a token", requirement="RFC9728-2-05"),
        row("certificates", "tls_client_certificate_bound_access_tokens", "true or false", requirement="RFC9728-2-07"),
        row("proof-required", "dpop_bound_access_tokens_required", "true or false", requirement="RFC9728-2-09"),
        row("proof-algorithms", "dpop_signing_alg_values_supported", "texts", requirement="RFC9728-2-08"),
    ],
)
def test_member_is_what_it_has_to_be(resource_metadata: ResourceMetadata, member: str, kind: str) -> None:
    """A member of the metadata, where it is there, has the type that a client expects."""
    assert resource_metadata.is_absent_or(member, kind)


@case("RFC9728-2-06", also=("RFC9728-2-08",), impact="high", needs=PUBLISHED)
def test_no_list_of_algorithms_names_an_unsafe_one(resource_metadata: ResourceMetadata) -> None:
    """Neither `none` nor a symmetric algorithm stands in any list of signing algorithms."""
    lists = [name for name in resource_metadata.document if name.endswith("signing_alg_values_supported")]
    named = [str(alg) for name in lists for alg in resource_metadata.listed(name)]

    assert not [alg for alg in named if alg.lower() == "none" or alg.startswith("HS")]


@case("RFC9728-2-08", impact="low", needs=(*PUBLISHED, "dpop"))
def test_algorithms_agree_with_the_challenge(resource_metadata: ResourceMetadata, rs: ResourceServer) -> None:
    """Metadata and challenge name the same algorithms for proofs, or a client follows the wrong one."""
    listed = {str(name) for name in resource_metadata.listed("dpop_signing_alg_values_supported")}

    assert not listed or not rs.algorithms or listed == rs.algorithms


@case("RFC9728-2-02", impact="medium", needs=PUBLISHED)
def test_authorization_servers_include_the_one_that_is_trusted(
    resource_metadata: ResourceMetadata, rs: ResourceServer, client: Client
) -> None:
    """A list of authorization servers names the one whose tokens are accepted here."""
    rs.accepts(client)
    listed = resource_metadata.listed("authorization_servers")

    assert not listed or resource_metadata.issuer in listed


@case("RFC9728-4-01", impact="low", needs=(*PUBLISHED, "as-metadata", "protected-resources"))
def test_both_servers_name_each_other(
    authorization_server: AuthorizationServer, resource_metadata: ResourceMetadata
) -> None:
    """A resource that names its authorization server is named by it, where that one lists its resources."""
    named = authorization_server.issuer in resource_metadata.listed("authorization_servers")

    assert not named or resource_metadata.identifier in authorization_server.listed("protected_resources")


@case("RFC9728-2-05", impact="low", needs=PUBLISHED)
@pytest.mark.parametrize("place", [row("query", "query"), row("form", "form", also=("RFC6750-2.2-02",))])
def test_way_that_is_not_listed_is_not_taken(
    resource_metadata: ResourceMetadata, rs: ResourceServer, client: Client, place: str
) -> None:
    """A token is not accepted in a way that the metadata leaves out of its list, though the proof is good."""
    named = {"query": "query", "form": "body"}[place]
    ways = resource_metadata.document.get("bearer_methods_supported")
    seen = rs.send(client, token_in=place)

    assert seen.refused or ways is None or named in resource_metadata.listed("bearer_methods_supported")


@case("RFC9728-2-09", impact="high", needs=PUBLISHED)
def test_who_demands_bound_tokens_takes_no_other(
    resource_metadata: ResourceMetadata, rs: ResourceServer, client: Client, plain: Client
) -> None:
    """Where the metadata says that tokens have to be bound to a key, one that is bound to nothing is refused.

    The words are for clients; for a thief only the deed counts.
    """
    seen = rs.send(client, token=rs.token(plain), downgraded="Bearer")

    assert seen.refused or resource_metadata.document.get("dpop_bound_access_tokens_required") is not True


@case("RFC9728-2-07", impact="high", needs=(*PUBLISHED, "mtls"))
def test_who_takes_certificate_bound_tokens_asks_for_the_certificate(
    resource_metadata: ResourceMetadata, rs: ResourceServer, bound: Client
) -> None:
    """Where the metadata says that tokens are bound to certificates, such a token is refused without its own."""
    seen = rs.send(bound, certificate=None)

    assert seen.refused or resource_metadata.document.get("tls_client_certificate_bound_access_tokens") is not True


@case("RFC9728-2-07", impact="low", needs=(*PUBLISHED, "mtls"))
def test_certificate_bound_tokens_are_announced(
    resource_metadata: ResourceMetadata, rs: ResourceServer, bound: Client
) -> None:
    """A resource server that takes tokens bound to certificates says so: what is not said is read as no."""
    rs.accepts(bound)

    assert resource_metadata.document.get("tls_client_certificate_bound_access_tokens") is True


@case("RFC9728-5.1-01", also=("MCP-discovery-02",), impact="medium", needs=PUBLISHED)
@pytest.mark.parametrize("scheme", [row("dpop", "DPoP"), row("bearer", "Bearer", requirement="RFC9728-5-01")])
def test_challenge_leads_to_the_metadata(resource_metadata: ResourceMetadata, rs: ResourceServer, scheme: str) -> None:
    """A challenge that names a metadata URL leads to metadata, by https and at the resource's own origin.

    Whoever controls that URL chooses the authorization server that a client goes to.
    """
    seen = rs.anonymous()
    found = resource_metadata.led_to(seen, scheme)

    assert seen.refused and all(found.values())


@case("RFC9728-7.1-01", impact="high", needs=PUBLISHED)
def test_metadata_is_not_had_without_tls(clear_door: ClearDoor) -> None:
    """Metadata is not served without TLS: whoever stands on the way would name another authorization server."""
    assert clear_door.document().refused


@case("RFC9728-2.2-01", impact="medium", needs=(*PUBLISHED, "signed-resource-metadata"))
def test_signed_metadata_is_signed_and_says_by_whom(resource_metadata: ResourceMetadata) -> None:
    """Signed metadata is a JWT whose signature a published key verifies, and it names who signed it."""
    assert resource_metadata.signed_claims().get("iss")


@case("RFC9728-2.2-03", impact="low", needs=(*PUBLISHED, "signed-resource-metadata"))
def test_signed_metadata_does_not_hold_itself(resource_metadata: ResourceMetadata) -> None:
    """The claims of the signed metadata hold no signed metadata in turn."""
    claims = resource_metadata.signed_claims()

    assert claims and "signed_metadata" not in claims


@case("RFC9728-7.4-02", impact="medium", needs=("resource-indicators", "jwt-access-token", "client_credentials"))
def test_token_can_be_had_for_one_audience(
    authorization_server: AuthorizationServer, resource_metadata: ResourceMetadata, client: Client
) -> None:
    """A token that was asked for one resource server names that one, and no other, as its audience.

    A token for several is a token that each of them can use at the others.
    """
    granted = authorization_server.ask(client, parameters={"resource": resource_metadata.audience})
    audience = authorization_server.read(granted).claims.get("aud")

    assert audience in (resource_metadata.audience, [resource_metadata.audience])
