"""RFC 8705, section 2.2: a client that authenticates with a certificate which it registered, whoever issued it."""

import pytest

from holdfast import case, row
from holdfast.client_jwks import certified
from holdfast.parties import AuthorizationServer, Client, ClientRegistration, Clock, KeySets
from holdfast.pki import Credential, new_authority, self_signed
from holdfast.proofs import ABSENT

METHOD = "self_signed_tls_client_auth"
SELF_SIGNED = (METHOD,)
REGISTERED = (METHOD, "dynamic-registration")
PUBLISHED = (*REGISTERED, "jwks-uri")
FAILED = "client-authentication-failed"


@case("RFC8705-2.2-01", also=("RFC8705-2.2.1-01",), impact="medium", needs=SELF_SIGNED)
def test_client_with_its_registered_certificate_is_authenticated(
    authorization_server: AuthorizationServer, self_signed_client: Client
) -> None:
    """A client is authenticated by the self-signed certificate that it registered."""
    assert authorization_server.ask(self_signed_client).accepted


@case("RFC8705-2.2-01", situation=FAILED, impact="critical", needs=SELF_SIGNED)
@pytest.mark.parametrize(
    "shown",
    [
        row("none", "none"),
        row("of-another", "other", latitude="L31-other-key"),
        row("same-name", "same name"),
    ],
)
def test_client_with_an_unregistered_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, self_signed_client: Client, thief: Client, shown: str
) -> None:
    """A certificate that was not registered does not authenticate a client of the self-signed method."""
    certificates = {
        "none": None,
        "other": thief.certificate,
        "same name": self_signed(self_signed_client.certificate_name),
    }

    assert authorization_server.ask(self_signed_client, certificate=certificates[shown]).refused


@case("RFC8705-2.2-01", situation=FAILED, impact="medium", latitude="L31-key-only", needs=SELF_SIGNED)
def test_client_with_another_certificate_for_its_key_is_not_authenticated(
    authorization_server: AuthorizationServer, self_signed_client: Client
) -> None:
    """A certificate that was not registered does not authenticate, though it is for the key of one that was."""
    assert self_signed_client.certificate
    renewed = self_signed(self_signed_client.certificate_name, self_signed_client.certificate.key)

    assert authorization_server.ask(self_signed_client, certificate=renewed).refused


@case("RFC8705-2.2-03", situation=FAILED, impact="critical", needs=SELF_SIGNED)
def test_registered_certificate_behind_another_does_not_authenticate(
    authorization_server: AuthorizationServer, self_signed_client: Client, thief: Client
) -> None:
    """A thief's own certificate does not authenticate with the registered one behind it: its key was not proven."""
    assert thief.certificate and self_signed_client.certificate
    mixed = thief.certificate.followed_by(self_signed_client.certificate)

    assert authorization_server.ask(self_signed_client, certificate=mixed).refused


# Registered by the suite


@case("RFC8705-2.2-02", impact="medium", needs=REGISTERED)
@pytest.mark.parametrize("issuer", [row("itself", "itself"), row("unknown-authority", "an authority")])
def test_registered_certificate_authenticates_whoever_issued_it(
    registration: ClientRegistration, authorization_server: AuthorizationServer, issuer: str
) -> None:
    """A registered certificate authenticates its client, self-signed or of an authority that nobody here trusts.

    Its chain is not looked at.
    """
    authority = new_authority("Holdfast other authority")
    own = self_signed("registered") if issuer == "itself" else authority.issue_client("registered")
    client = registration.client(registration.registered(**_asks(own)), own)

    assert authorization_server.ask(client).accepted


@case("RFC8705-2.2-02", situation=FAILED, impact="high", needs=REGISTERED)
def test_certificate_by_the_same_unknown_authority_does_not_authenticate(
    registration: ClientRegistration, authorization_server: AuthorizationServer
) -> None:
    """That a certificate was registered does not make its issuer an authority for others."""
    authority = new_authority("Holdfast other authority")
    own = authority.issue_client("registered")
    client = registration.client(registration.registered(**_asks(own)), own)

    assert authorization_server.ask(client, certificate=authority.issue_client("registered")).refused


@case("RFC8705-2.2-02", situation=FAILED, impact="low", latitude="L60", needs=REGISTERED)
def test_registered_certificate_that_has_expired_does_not_authenticate(
    registration: ClientRegistration, authorization_server: AuthorizationServer
) -> None:
    """A registered certificate does not authenticate after its end."""
    own = self_signed("registered")
    expired = self_signed("registered", own.key, expired=True)
    asked = _asks(own) | {"jwks": {"keys": [certified(own), certified(expired)]}}
    client = registration.client(registration.registered(**asked), own)

    assert authorization_server.ask(client, certificate=expired).refused


@case("RFC8705-2.2.2-02", situation=FAILED, impact="high", needs=REGISTERED)
def test_certificate_in_a_jwk_for_another_key_does_not_authenticate(
    registration: ClientRegistration, authorization_server: AuthorizationServer
) -> None:
    """A certificate in `x5c` does not authenticate where the other members of its JWK are of another key (RFC 7517).

    The registration may be refused, too.
    """
    own, odd = self_signed("registered"), self_signed("odd")
    contradicting = certified(odd, key=self_signed("third").key)
    seen = registration.register(**(_asks(own) | {"jwks": {"keys": [certified(own), contradicting]}}))
    client = registration.client(seen, own) if seen.accepted else None

    assert client is None or authorization_server.ask(client, certificate=odd).refused


@case("RFC8705-2.2-04", impact="medium", needs=PUBLISHED)
def test_published_certificate_authenticates(
    registration: ClientRegistration, authorization_server: AuthorizationServer, key_sets: KeySets
) -> None:
    """A certificate that a client publishes at its jwks_uri authenticates it."""
    own = self_signed("registered")
    asked = _asks(own) | {"jwks": ABSENT, "jwks_uri": key_sets.publish(certified(own)).url}
    client = registration.client(registration.registered(**asked), own)

    assert authorization_server.ask(client).accepted


@case("RFC8705-2.2-04", impact="medium", needs=PUBLISHED)
def test_new_certificate_is_published_without_a_registration(
    registration: ClientRegistration, authorization_server: AuthorizationServer, key_sets: KeySets
) -> None:
    """A certificate that a client adds to its jwks_uri later authenticates it: the server looks there again."""
    own, new = self_signed("registered"), self_signed("registered")
    published = key_sets.publish(certified(own))
    asked = _asks(own) | {"jwks": ABSENT, "jwks_uri": published.url}
    client = registration.client(registration.registered(**asked), own)
    authorization_server.token(client)
    published.keys = [certified(own), certified(new)]

    assert authorization_server.ask(client, certificate=new).accepted


@case("RFC8705-2.2-04", situation=FAILED, impact="high", waits="keys", needs=PUBLISHED)
def test_certificate_that_was_taken_back_does_not_authenticate(
    registration: ClientRegistration,
    authorization_server: AuthorizationServer,
    key_sets: KeySets,
    clock: Clock,
) -> None:
    """A certificate that a client has taken from its jwks_uri does not authenticate any longer than keys are cached."""
    own, new = self_signed("registered"), self_signed("registered")
    published = key_sets.publish(certified(own), certified(new))
    asked = _asks(own) | {"jwks": ABSENT, "jwks_uri": published.url}
    client = registration.client(registration.registered(**asked), new)
    authorization_server.granted(client, certificate=own)
    published.keys = [certified(new)]
    clock.outlast("keys")

    assert authorization_server.ask(client, certificate=own).refused


def _asks(certificate: Credential) -> dict[str, object]:
    return {
        "token_endpoint_auth_method": METHOD,
        "jwks": {"keys": [certified(certificate)]},
        "dpop_bound_access_tokens": ABSENT,
        "tls_client_certificate_bound_access_tokens": True,
    }
