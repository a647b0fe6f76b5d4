"""RFC 8414: where the authorization server's metadata lie, what form they have, and that they agree with each other."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client
from holdfast.parties.token_life import claims_of

METADATA = ("as-metadata",)
SIGNED = ("as-metadata", "signed-metadata")


def signed_metadata(authorization_server: AuthorizationServer) -> str:
    """Give what should be a JWT; an empty text where it is no text at all."""
    found = authorization_server.metadata.get("signed_metadata")
    return found if isinstance(found, str) else ""


@case("RFC8414-3-01", also=("RFC9700-2.6-01",), impact="low", needs=METADATA)
def test_metadata_lies_where_the_issuer_says(authorization_server: AuthorizationServer) -> None:
    """The metadata is found by whoever knows the issuer only: the well-known suffix stands before the issuer's path."""
    assert authorization_server.document("oauth-authorization-server").accepted


@case("RFC8414-3.2-01", impact="low", needs=METADATA)
def test_metadata_is_told_as_json(authorization_server: AuthorizationServer) -> None:
    """The metadata comes with 200 and is called JSON, so that no client has to guess."""
    seen = authorization_server.metadata_as_sent()

    assert seen.status == 200 and (seen.header("Content-Type") or "").lower().startswith("application/json")


@case("RFC8414-3.2-02", impact="low", needs=METADATA)
def test_metadata_has_no_empty_lists(authorization_server: AuthorizationServer) -> None:
    """No member of the metadata is an empty list: what there is none of is left out.

    An empty list of proof algorithms means "none" to one client and "any" to another.
    """
    assert authorization_server.metadata and [] not in authorization_server.metadata.values()


@case("RFC9068-4-02", impact="medium", needs=("as-metadata", "two-metadata-documents"))
def test_both_metadata_documents_agree(authorization_server: AuthorizationServer) -> None:
    """Where a server publishes metadata for OAuth and for OpenID Connect, what stands in both is the same in both."""
    oauth, openid = authorization_server.documents()

    assert not [name for name in oauth.keys() & openid.keys() - {"signed_metadata"} if oauth[name] != openid[name]]


@case("RFC8414-2-06", impact="medium", needs=METADATA)
@pytest.mark.parametrize(
    ("member", "kind"),
    [
        row("proof-algorithms", "dpop_signing_alg_values_supported", "list", needs=("dpop",)),
        row("certificate-bound", "tls_client_certificate_bound_access_tokens", "boolean", needs=("mtls",)),
        row("pushed", "pushed_authorization_request_endpoint", "url", needs=("par",)),
        row("introspection", "introspection_endpoint", "url", needs=("introspection",)),
        row("revocation", "revocation_endpoint", "url", needs=("revocation",)),
        row("registration", "registration_endpoint", "url", needs=("dynamic-registration",)),
        row("resources", "protected_resources", "list", needs=("protected-resources",)),
        row("signed", "signed_metadata", "string", needs=("signed-metadata",)),
    ],
)
def test_member_of_the_metadata_is_of_its_kind(
    authorization_server: AuthorizationServer, member: str, kind: str
) -> None:
    """What the metadata says of bound tokens has the form that its specification gives it: a list, a boolean, a URL.

    The text "false" is true to some clients.
    """
    assert authorization_server.kind(member) == kind


@case("RFC8414-2.1-01", impact="high", needs=SIGNED)
def test_signed_metadata_is_signed_by_the_server(authorization_server: AuthorizationServer) -> None:
    """Signed metadata is a JWT that one of the published keys verifies."""
    assert authorization_server.signed(signed_metadata(authorization_server))


@case("RFC8414-2.1-01", impact="medium", needs=SIGNED)
def test_signed_metadata_says_who_signed_it(authorization_server: AuthorizationServer) -> None:
    """Signed metadata has an `iss`: whoever attests to what stands in it."""
    assert claims_of(signed_metadata(authorization_server)).get("iss")


@case("RFC8414-2.1-01", impact="medium", needs=SIGNED)
def test_signed_metadata_agrees_with_the_plain(authorization_server: AuthorizationServer) -> None:
    """What stands in the signed metadata and beside it is the same: clients believe the one or the other."""
    plain = authorization_server.metadata
    signed = claims_of(signed_metadata(authorization_server))

    assert signed and not [name for name in signed.keys() & plain.keys() if signed[name] != plain[name]]


@case("RFC9700-2.5-01", impact="low", needs=METADATA)
def test_an_asymmetric_way_of_client_authentication_is_offered(authorization_server: AuthorizationServer) -> None:
    """Clients can authenticate with a private key or a certificate, so that no secret of theirs lies at the server."""
    offered = authorization_server.listed("token_endpoint_auth_methods_supported")

    assert {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"} & set(map(str, offered))


@case("RFC9449-2-01-AS", impact="high")
@pytest.mark.parametrize(
    "endpoint_name",
    [
        row("token", "token"),
        row("introspection", "introspection", requirement="RFC7662-2-01", needs=("introspection",)),
        row("revocation", "revocation", requirement="RFC7009-2-04", needs=("revocation",)),
    ],
)
def test_endpoint_does_not_answer_without_tls(
    authorization_server: AuthorizationServer, client: Client, endpoint_name: str
) -> None:
    """An endpoint does not answer over plain HTTP at its own port what it answers over TLS.

    A server that takes both serves who sits in between as readily as its clients.
    """
    assert not authorization_server.answers_without_tls(endpoint_name, client)
