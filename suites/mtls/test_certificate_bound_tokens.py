"""RFC 8705, section 3: a certificate-bound token works only over a connection with its certificate."""

import pytest

from holdfast import at_token_use, case, row
from holdfast.certificate_forms import rfc9440
from holdfast.parties import AuthorizationServer, Client, ProofEndpoint, ResourceServer
from holdfast.pki import self_signed

HEADERS = pytest.mark.parametrize(
    "name",
    [
        row("client-cert", "Client-Cert"),
        row("underscores", "Client_Cert"),
        row("x-client-cert", "X-Client-Cert"),
        row("x-ssl-client-cert", "X-SSL-Client-Cert"),
        row("ssl-client-cert", "SSL-Client-Cert"),
    ],
)


@case("RFC8705-3-06", impact="medium")
@at_token_use
def test_token_with_its_certificate_is_accepted(endpoint: ProofEndpoint, bound: Client) -> None:
    """A bound token over a connection with its certificate is accepted."""
    assert endpoint.send(bound).accepted


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical")
@at_token_use
def test_token_without_a_certificate_is_refused(endpoint: ProofEndpoint, bound: Client) -> None:
    """A bound token over a connection without a client certificate is refused.

    The thief has the token and no certificate at all.
    """
    assert endpoint.send(bound, certificate=None).refused


@case("RFC8705-3-06", also=("RFC8705-3-07",), situation="certificate-does-not-match", impact="critical")
@at_token_use
def test_token_with_another_certificate_is_refused(endpoint: ProofEndpoint, bound: Client, thief: Client) -> None:
    """A bound token is refused with another certificate, even one of the same authority.

    An insider has a certificate of the company too.
    """
    assert endpoint.send(bound, certificate=thief.certificate).refused


@case("RFC8705-3-06", situation="certificate-does-not-match", impact="critical")
@at_token_use
def test_token_with_a_certificate_of_the_same_name_is_refused(endpoint: ProofEndpoint, bound: Client) -> None:
    """A bound token is refused with a self-made certificate that bears the same name."""
    lookalike = self_signed(bound.certificate_name)

    assert endpoint.send(bound, certificate=lookalike).refused


@case("RFC8705-6.3-01", situation="certificate-does-not-match", impact="medium")
@at_token_use
def test_token_with_a_reissued_certificate_is_refused(endpoint: ProofEndpoint, bound: Client) -> None:
    """A bound token is refused with a new certificate for the same key: the binding is to the certificate."""
    assert endpoint.send(bound, certificate=bound.reissued).refused


@case(
    "RFC9440-4-05-RS",
    also=("RFC8705-3-05", "RFC9440-4-02-RS", "RFC9440-4-04-RS"),
    situation="forged-certificate-header",
    impact="critical",
)
@HEADERS
def test_token_with_its_certificate_in_a_header_is_refused(rs: ResourceServer, bound: Client, name: str) -> None:
    """A bound token is refused without a client certificate although a header of the request holds the right one.

    Certificates are public. Only a proxy that checked the handshake may say in a header which one it saw.
    """
    shown = {name: rfc9440(bound.certificate.der)} if bound.certificate else {}

    assert rs.send(bound, certificate=None, headers=shown).refused


@case("RFC8705-3.1-02", impact="high", needs=("jwt-access-token",))
def test_token_carries_the_thumbprint_of_the_certificate(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """A JWT access token names the certificate of its request in `cnf.x5t#S256`, exactly."""
    token = authorization_server.token(bound)

    assert token.confirmation.get("x5t#S256") == (bound.certificate and bound.certificate.thumbprint)


@case(
    "RFC8705-6.1-02",
    also=("RFC8705-3.4-02",),
    situation="certificate-missing",
    impact="critical",
    latitude="L30",
    needs=("jwt-access-token",),
)
def test_token_asked_for_without_a_certificate_claims_no_binding(
    authorization_server: AuthorizationServer, bound: Client
) -> None:
    """A token request without a certificate is refused, or yields a token that claims no certificate."""
    answered = authorization_server.ask(bound, certificate=None)

    assert answered.refused or "x5t#S256" not in authorization_server.read(answered).confirmation


@case("RFC8705-6.4-01", impact="high", needs=("authorization_code", "front-channel"))
@pytest.mark.parametrize("response_type", [row("token", "token"), row("code-token", "code token")])
def test_no_certificate_bound_client_gets_a_token_through_the_browser(
    authorization_server: AuthorizationServer, bound: Client, response_type: str
) -> None:
    """The authorization endpoint gives a client of certificate-bound tokens no access token.

    The browser that comes there shows no certificate of the client's, so that such a token is bound to nothing.
    """
    seen = authorization_server.authorize(bound, {"response_type": response_type})

    assert "access_token" not in authorization_server.returned(bound, seen)


@case(
    "RFC9440-4-05-AS",
    also=("RFC9440-4-02-AS", "RFC9440-4-04-AS"),
    situation="certificate-missing",
    impact="medium",
    needs=("jwt-access-token",),
)
@HEADERS
def test_token_asked_for_with_a_certificate_in_a_header_claims_no_binding(
    authorization_server: AuthorizationServer, bound: Client, name: str
) -> None:
    """A token request without a client certificate yields no token that is bound to one which only a header holds."""
    shown = {name: rfc9440(bound.certificate.der)} if bound.certificate else {}
    answered = authorization_server.ask(bound, certificate=None, headers=shown)

    assert answered.refused or "x5t#S256" not in authorization_server.read(answered).confirmation


@case("RFC9449-7.1-04", situation="proof-missing", impact="critical")
@at_token_use
def test_doubly_bound_token_without_its_proof_is_refused(endpoint: ProofEndpoint, doubly_bound: Client) -> None:
    """A token bound to a key and a certificate is refused with the certificate alone."""
    assert endpoint.send(doubly_bound, proof=None).refused


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical")
@at_token_use
def test_doubly_bound_token_without_its_certificate_is_refused(endpoint: ProofEndpoint, doubly_bound: Client) -> None:
    """A token bound to a key and a certificate is refused with the proof alone."""
    assert endpoint.send(doubly_bound, certificate=None).refused


@case("RFC8705-3-06", situation="certificate-does-not-match", impact="critical")
@at_token_use
def test_doubly_bound_token_with_another_certificate_is_refused(
    endpoint: ProofEndpoint, doubly_bound: Client, thief: Client
) -> None:
    """A token bound to a key and a certificate is refused with the right proof and another certificate."""
    assert endpoint.send(doubly_bound, certificate=thief.certificate).refused
