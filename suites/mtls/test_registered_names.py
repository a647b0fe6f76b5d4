"""RFC 8705, section 2.1.2: what a client may register of the certificate that it will show (RFC 7591)."""

import pytest

from holdfast import case, row
from holdfast.certificate_names import MEMBER, read
from holdfast.parties import AuthorizationServer, Client, ClientRegistration
from holdfast.pki import Credential, Leaf, new_key
from holdfast.proofs import ABSENT

REGISTERED = ("tls_client_auth", "dynamic-registration", "lab-ca")
FAILED = "client-authentication-failed"
DN, IP = "RFC8705-2.1.2-03", "RFC8705-2.1.2-06"


@case("RFC8705-2.1.2-02", impact="high", needs=REGISTERED)
@pytest.mark.parametrize(
    "names",
    [
        row("none", {}),
        row("two", {"dns": "registered.client.test", "uri": "spiffe://client.test/registered"}),
        row("subject-and-dns", {"dn": "CN=registered,O=Holdfast", "dns": "registered.client.test"}),
    ],
)
def test_no_name_or_several_are_not_registered(
    registration: ClientRegistration,
    authorization_server: AuthorizationServer,
    dn_client: Client,
    names: dict[str, str],
) -> None:
    """A client that registers no name of its certificate, or two, is refused, or no certificate authenticates it.

    With two names a server that looks at one of them lets in whoever has that one.
    """
    seen = registration.register(**_asks(names))
    shown = [f"{kind}:{value}" for kind, value in names.items() if kind != "dn"] or ["dns:registered.client.test"]
    holders = (
        [_certificate(dn_client, name) for name in [*shown, "dn:O=Holdfast;CN=registered"]] if seen.accepted else []
    )

    assert not any(authorization_server.ask(registration.client(seen, certificate)).accepted for certificate in holders)


@case(DN, impact="medium", needs=REGISTERED)
@pytest.mark.parametrize(
    ("text", "subject"),
    [
        row("last-part-first", "CN=registered,O=Holdfast", "dn:O=Holdfast;CN=registered"),
        row("escaped-comma", "CN=registered\\, too,O=Holdfast", "dn:O=Holdfast;CN=registered, too"),
        row("hexadecimal", "CN=registered\\2C too,O=Holdfast", "dn:O=Holdfast;CN=registered, too"),
        row("several-values", "CN=registered+OU=a,O=Holdfast", "dn:O=Holdfast;CN=registered+OU=a"),
        row("type-as-number", "2.5.4.3=registered,O=Holdfast", "dn:O=Holdfast;CN=registered"),
    ],
)
def test_subject_is_read_as_the_text_of_rfc_4514(
    registration: ClientRegistration,
    authorization_server: AuthorizationServer,
    dn_client: Client,
    text: str,
    subject: str,
) -> None:
    """A subject that is registered as RFC 4514 writes it authenticates the client whose certificate has it."""
    seen = registration.registered(**_asks({"dn": text}))

    assert authorization_server.ask(registration.client(seen, _certificate(dn_client, subject))).accepted


@case(IP, impact="medium", needs=REGISTERED)
@pytest.mark.parametrize(
    ("text", "address"),
    [
        row("version-4", "198.51.100.9", "198.51.100.9"),
        row("version-6", "2001:db8::9", "2001:db8::9"),
        row("expanded", "2001:0db8:0000:0000:0000:0000:0000:0009", "2001:db8::9"),
        row("capitals", "2001:DB8::A", "2001:db8::a"),
    ],
)
def test_address_is_compared_as_an_address(
    registration: ClientRegistration,
    authorization_server: AuthorizationServer,
    dn_client: Client,
    text: str,
    address: str,
) -> None:
    """An address authenticates the client that registered it, however it was written."""
    seen = registration.registered(**_asks({"ip": text}))

    assert authorization_server.ask(registration.client(seen, _certificate(dn_client, f"ip:{address}"))).accepted


@case(IP, situation=FAILED, impact="high", needs=REGISTERED)
def test_address_of_another_version_does_not_authenticate(
    registration: ClientRegistration, authorization_server: AuthorizationServer, dn_client: Client
) -> None:
    """An address of version 4 that is written into one of version 6 is another address."""
    own, mapped = _certificate(dn_client, "ip:198.51.100.9"), _certificate(dn_client, "ip:::ffff:198.51.100.9")
    client = registration.client(registration.registered(**_asks({"ip": "198.51.100.9"})), own)

    assert authorization_server.ask(client, certificate=mapped).refused


@case("RFC8705-3.4-01", impact="high", needs=("mtls", "dynamic-registration"))
@pytest.mark.parametrize("bound", [row("true", True), row("false", False)])
def test_registration_says_back_whether_tokens_are_bound_to_certificates(
    registration: ClientRegistration, bound: bool
) -> None:
    """A registration says back `tls_client_certificate_bound_access_tokens` as the boolean that was asked for."""
    member = "tls_client_certificate_bound_access_tokens"
    seen = registration.register(**{member: bound})

    assert seen.accepted and seen.json().get(member) is bound


@case("RFC8705-3.4-01", impact="high", needs=("mtls", "dynamic-registration", "client_credentials", "jwt-access-token"))
@pytest.mark.parametrize("value", [row("text-true", "true"), row("one", 1), row("list", [True])])
def test_odd_wish_for_certificate_bound_tokens_is_not_dropped_in_silence(
    registration: ClientRegistration, authorization_server: AuthorizationServer, dn_client: Client, value: object
) -> None:
    """A client that asks for certificate-bound tokens by what is no boolean is refused, gets them, or is told no."""
    member = "tls_client_certificate_bound_access_tokens"
    seen = registration.register(**{member: value, "dpop_bound_access_tokens": ABSENT})
    if seen.accepted and seen.json().get(member) is not False:
        token = authorization_server.token(registration.client(seen, _certificate(dn_client, "dns:any.test")))
        told = "x5t#S256" in token.confirmation
    else:
        told = True

    assert told


def _asks(names: dict[str, str]) -> dict[str, object]:
    return {
        "token_endpoint_auth_method": "tls_client_auth",
        "dpop_bound_access_tokens": ABSENT,
        "tls_client_certificate_bound_access_tokens": True,
        **{MEMBER[kind]: value for kind, value in names.items()},
    }


def _certificate(client: Client, *names: str) -> Credential:
    """Give a certificate with these names, by the authority that the target trusts."""
    subject, others = read(names)
    return client.trusted.certify(Leaf(subject, new_key(), san=others))
