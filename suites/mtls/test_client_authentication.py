"""RFC 8705, section 2.1: a client that authenticates with a certificate of an authority which the server trusts."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client
from holdfast.pki import Period, lookalike, new_authority, promoted

PKI = ("tls_client_auth",)
#: Certificates can be issued by the authority that the target trusts.
ISSUED = (*PKI, "lab-ca")
FAILED = "client-authentication-failed"


@case("RFC8705-2.1-01", also=("RFC8705-2.1.1-01",), impact="medium", needs=PKI)
def test_client_with_its_certificate_is_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A client that is registered by its subject is authenticated by a certificate of the trusted authority."""
    assert authorization_server.ask(tls_client).accepted


@case("RFC8705-2-05", situation=FAILED, impact="critical", needs=PKI)
def test_client_without_a_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A client that must show a certificate is refused without one, whatever client_id it names."""
    assert authorization_server.ask(tls_client, certificate=None).refused


@case("RFC8705-2-03", situation=FAILED, impact="low", needs=PKI)
def test_certificate_alone_does_not_say_which_client_it_is(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A request with the right certificate and no client_id is refused: who is meant is told, not guessed."""
    assert authorization_server.ask(tls_client, parameters={"client_id": None}).refused


@case("RFC8705-2-04", situation=FAILED, impact="critical", needs=PKI)
def test_client_with_a_certificate_of_another_subject_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client
) -> None:
    """A certificate of the same authority for another subject does not authenticate the client."""
    assert authorization_server.ask(tls_client, certificate=thief.certificate).refused


@case("RFC8705-2-04", situation=FAILED, impact="critical", needs=PKI)
def test_certificate_of_one_client_does_not_authenticate_another(
    authorization_server: AuthorizationServer, tls_client: Client, dns_client: Client
) -> None:
    """A registered client with its own good certificate is refused under the client_id of another."""
    assert authorization_server.ask(tls_client, certificate=dns_client.certificate).refused


@case("RFC8705-2-01", situation=FAILED, impact="critical", needs=PKI)
@pytest.mark.parametrize("secret", [row("empty", ""), row("any", "holdfast"), row("client-id", "{id}")])
def test_client_of_certificates_is_not_authenticated_by_a_secret(
    authorization_server: AuthorizationServer, tls_client: Client, secret: str
) -> None:
    """A client that registered for certificates is refused with a secret in place of one, even an empty one."""
    given = {"client_secret": secret.format(id=tls_client.registered.id)}

    assert authorization_server.ask(tls_client, certificate=None, parameters=given).refused


@case("RFC8705-2.1-05", impact="low", needs=ISSUED)
def test_client_with_a_reissued_certificate_is_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A renewed certificate with the same subject authenticates without a new registration."""
    assert authorization_server.ask(tls_client, certificate=tls_client.reissued).accepted


# The chain (RFC 5280, section 6)


@case("RFC8705-2.1-01", situation=FAILED, impact="critical", needs=PKI)
def test_client_with_a_self_made_certificate_of_its_subject_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A self-made certificate with the right subject does not authenticate: the chain is checked."""
    forged = tls_client.self_made()

    assert authorization_server.ask(tls_client, certificate=forged).refused


@case("RFC8705-7.4-01", also=("RFC8705-2.1-01",), situation=FAILED, impact="critical", needs=ISSUED)
def test_client_with_a_certificate_of_another_authority_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A certificate with the right names by an authority that nobody trusts here does not authenticate."""
    foreign = tls_client.certified(by=new_authority("Holdfast other authority"))

    assert authorization_server.ask(tls_client, certificate=foreign).refused


@case("RFC8705-2.1-01", situation=FAILED, impact="critical", needs=ISSUED)
def test_client_with_a_certificate_of_a_lookalike_authority_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A certificate by an authority of the same name and key identifier, but with another key, does not authenticate.

    Who finds the issuer by its name has still to verify its signature.
    """
    forged = tls_client.certified(by=lookalike(tls_client.trusted))

    assert authorization_server.ask(tls_client, certificate=forged).refused


@case("RFC8705-2.1-01", impact="medium", needs=ISSUED)
def test_client_with_a_chain_is_authenticated(authorization_server: AuthorizationServer, tls_client: Client) -> None:
    """A certificate by an intermediate authority authenticates where the client sends that one along."""
    certificate = tls_client.certified(by=tls_client.trusted.intermediate("Holdfast intermediate"))

    assert authorization_server.ask(tls_client, certificate=certificate).accepted


@case("RFC8705-2.1-01", situation=FAILED, impact="high", needs=ISSUED)
@pytest.mark.parametrize(
    "fault",
    [
        row("expired", {"period": "past"}),
        row("not-yet-valid", {"period": "future"}),
        row("for-servers", {"usage": "server"}),
        row("unknown-critical-extension", {"riddle": True}),
    ],
)
def test_client_with_an_unfit_certificate_is_not_authenticated(
    authorization_server: AuthorizationServer, tls_client: Client, fault: dict[str, object]
) -> None:
    """A certificate of the right authority and subject does not authenticate where it is not good, or not for this."""
    unfit = tls_client.certified(**fault)  # type: ignore[arg-type]  # the rows say which there are

    assert authorization_server.ask(tls_client, certificate=unfit).refused


@case("RFC8705-2.1-01", situation=FAILED, impact="critical", needs=ISSUED)
def test_certificate_by_somebody_who_is_no_authority_does_not_authenticate(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client
) -> None:
    """A certificate that the holder of an ordinary certificate issued does not authenticate."""
    assert thief.certificate
    forged = tls_client.certified(by=promoted(thief.certificate))

    assert authorization_server.ask(tls_client, certificate=forged).refused


@case("RFC8705-2.1-01", situation=FAILED, impact="high", needs=ISSUED)
@pytest.mark.parametrize(
    ("period", "permitted"),
    [row("expired", "past", ""), row("other-names-only", "now", "dn:O=Holdfast elsewhere")],
)
def test_certificate_by_an_unfit_intermediate_authority_does_not_authenticate(
    authorization_server: AuthorizationServer, tls_client: Client, period: Period, permitted: str
) -> None:
    """A certificate does not authenticate by an intermediate authority that has expired, or may not certify its name.

    RFC 5280, sections 6.1.3 and 4.2.1.10.
    """
    certificate = tls_client.certified(by=tls_client.unfit_intermediate(period=period, permitted=permitted))

    assert authorization_server.ask(tls_client, certificate=certificate).refused


@case("RFC8705-2.1-01", situation=FAILED, impact="high", needs=ISSUED)
def test_certificate_by_one_authority_too_many_does_not_authenticate(
    authorization_server: AuthorizationServer, tls_client: Client
) -> None:
    """A certificate does not authenticate by an authority beneath one that may have none (RFC 5280, 4.2.1.9)."""
    last = tls_client.trusted.intermediate("Holdfast last authority", path_length=0)
    certificate = tls_client.certified(by=last.intermediate("Holdfast one too many"))

    assert authorization_server.ask(tls_client, certificate=certificate).refused


@case("RFC8705-2.1-02", situation=FAILED, impact="critical", needs=PKI)
def test_certificate_of_the_client_in_the_chain_of_another_does_not_authenticate(
    authorization_server: AuthorizationServer, tls_client: Client, thief: Client
) -> None:
    """A thief's own certificate does not authenticate with the client's behind it: only the first one's key is proven.

    CVE-2023-2422: a server took the wrong one of the certificates that a client sent.
    """
    assert thief.certificate and tls_client.certificate
    mixed = thief.certificate.followed_by(tls_client.certificate)

    assert authorization_server.ask(tls_client, certificate=mixed).refused


@case("RFC9449-4-03", situation=FAILED, impact="critical", needs=("private_key_jwt",))
def test_signing_client_is_authenticated(authorization_server: AuthorizationServer, signing: Client) -> None:
    """A client that signs its assertion with its registered key is authenticated."""
    assert authorization_server.ask(signing).accepted
