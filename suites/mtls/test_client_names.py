"""RFC 8705, section 2.1.2: the one name in a certificate by which a client is registered, and names that resemble it.

Names are written as certificate_names.read has them; `{value}` is the registered one, `{first}` and `{rest}` its parts.
"""

import pytest

from holdfast import by_each_name, case, row
from holdfast.parties import AuthorizationServer, Client

PKI = ("tls_client_auth",)
ISSUED = (*PKI, "lab-ca")
FAILED = "client-authentication-failed"
DN, DNS, URI, IP, EMAIL = (f"RFC8705-2.1.2-0{number}" for number in (3, 4, 5, 6, 7))
EXACT, DISTINGUISHED = "RFC8705-2.1-02", "RFC8705-2.1-03"
OWN_DN = "dn:O=Holdfast;CN={cn}"


@case(EXACT, impact="medium", needs=PKI)
@by_each_name
def test_client_is_authenticated_by_its_name(authorization_server: AuthorizationServer, named: Client) -> None:
    """A certificate with the name by which the client is registered authenticates it, of whichever kind that is."""
    assert authorization_server.ask(named).accepted


@case("RFC8705-2-04", situation=FAILED, impact="critical", needs=PKI)
@by_each_name
def test_client_is_not_authenticated_without_its_name(
    authorization_server: AuthorizationServer, named: Client, thief: Client
) -> None:
    """A certificate of the trusted authority that does not have the client's name does not authenticate it."""
    assert authorization_server.ask(named, certificate=thief.certificate).refused


@case(EXACT, impact="low", needs=ISSUED)
@pytest.mark.parametrize(
    ("named", "other"),
    [
        row("dns", "dns", "dns:other.client.test", requirement=DNS),
        row("uri", "uri", "uri:spiffe://client.test/other", requirement=URI),
        row("ip", "ip", "ip:198.51.100.250", requirement=IP),
        row("email", "email", "email:other@client.test", requirement=EMAIL),
    ],
)
def test_client_is_authenticated_by_one_name_of_several(
    authorization_server: AuthorizationServer, named: Client, other: str
) -> None:
    """A certificate that has another name of that kind before the registered one authenticates the client too."""
    certificate = named.certified(OWN_DN, other, f"{other.partition(':')[0]}:{{value}}")

    assert authorization_server.ask(named, certificate=certificate).accepted


@case(EXACT, situation=FAILED, impact="critical", needs=ISSUED)
@pytest.mark.parametrize(
    ("named", "written"),
    [
        row("dns-as-common-name", "dns", "dn:O=Holdfast;CN={value}"),
        row("dns-as-uri", "dns", "uri:https://{value}"),
        row("dns-as-bare-uri", "dns", "uri:{value}"),
        row("dns-as-email", "dns", "email:{value}"),
        row("uri-as-common-name", "uri", "dn:O=Holdfast;CN={value}"),
        row("uri-as-dns", "uri", "dns:{value}"),
        row("ip-as-common-name", "ip", "dn:O=Holdfast;CN={value}"),
        row("ip-as-dns", "ip", "dns:{value}"),
        row("ip-as-uri", "ip", "uri:https://{value}"),
        row("email-as-common-name", "email", "dn:O=Holdfast;CN={value}"),
        row("email-in-the-subject", "email", "dn:O=Holdfast;emailAddress={value}", requirement=EMAIL),
        row("email-as-uri", "email", "uri:mailto:{value}"),
        row("email-as-dns", "email", "dns:{value}"),
        row("subject-as-dns", "dn", "dns:{value}"),
        row("subject-as-uri", "dn", "uri:{value}"),
    ],
)
def test_name_of_another_kind_does_not_authenticate(
    authorization_server: AuthorizationServer, named: Client, written: str
) -> None:
    """A certificate that has the registered value as a name of another kind does not authenticate.

    An authority that checks one kind of name with care may let others through.
    """
    assert authorization_server.ask(named, certificate=named.certified(written)).refused


@case(EXACT, situation=FAILED, impact="critical", needs=ISSUED)
@pytest.mark.parametrize(
    ("named", "written"),
    [
        row("dns-below", "dns", "dns:a.{value}", requirement=DNS),
        row("dns-above", "dns", "dns:{rest}", requirement=DNS),
        row("dns-wildcard", "dns", "dns:*.{rest}", requirement=DNS),
        row("dns-longer", "dns", "dns:{value}.evil.test", requirement=DNS),
        row("dns-before", "dns", "dns:evil-{value}", requirement=DNS),
        row("dns-cut-by-nul", "dns", "dns:{value}\0.evil.test", requirement=DNS),
        row("dns-any-character-for-a-dot", "dns", "dns:{first}xclient.test", requirement=DNS),
        row("uri-slash", "uri", "uri:{value}/", requirement=URI),
        row("uri-below", "uri", "uri:{value}/evil", requirement=URI),
        row("uri-longer", "uri", "uri:{value}x", requirement=URI),
        row("uri-query", "uri", "uri:{value}?a=b", requirement=URI),
        row("uri-fragment", "uri", "uri:{value}#evil", requirement=URI),
        row("uri-inside", "uri", "uri:https://evil.test/?a={value}", requirement=URI),
        row("uri-other-host", "uri", "uri:spiffe://evil.test{path}", requirement=URI),
        row("uri-capital-path", "uri", "uri:{capitals}", requirement=URI),
        row("uri-cut-by-nul", "uri", "uri:{value}\0evil", requirement=URI),
        row("ip-next", "ip", "ip:{next}", requirement=IP),
        row("ip-mapped", "ip", "ip:{mapped}", requirement=IP),
        row("email-other-person", "email", "email:evil@{rest}", requirement=EMAIL),
        row("email-other-host", "email", "email:{first}@evil.test", requirement=EMAIL),
        row("email-host-below", "email", "email:{first}@a.{rest}", requirement=EMAIL),
        row("email-host-longer", "email", "email:{value}.evil.test", requirement=EMAIL),
        row("email-longer-person", "email", "email:evil.{value}", requirement=EMAIL),
        row("email-host-alone", "email", "email:{rest}", requirement=EMAIL),
    ],
)
def test_name_that_is_nearly_right_does_not_authenticate(
    authorization_server: AuthorizationServer, named: Client, written: str
) -> None:
    """A certificate with a name that holds the registered one, or is a part of it, does not authenticate."""
    assert authorization_server.ask(named, certificate=named.certified(OWN_DN, written)).refused


@case(DISTINGUISHED, situation=FAILED, impact="critical", needs=ISSUED)
@pytest.mark.parametrize(
    "subject",
    [
        row("other-order", "dn:CN={cn};O=Holdfast"),
        row("one-part-less", "dn:CN={cn}"),
        row("one-part-more", "dn:O=Holdfast;OU=evil;CN={cn}"),
        row("one-part-more-in-front", "dn:OU=evil;O=Holdfast;CN={cn}"),
        row("one-part-more-behind", "dn:O=Holdfast;CN={cn};OU=evil"),
        row("in-one-rdn", "dn:O=Holdfast+CN={cn}"),
        row("another-type", "dn:O=Holdfast;OU={cn}"),
        row("another-organisation", "dn:O=evil;CN={cn}"),
        row("longer-value", "dn:O=Holdfast;CN={cn}x"),
        row("value-in-a-longer-one", "dn:O=Holdfast;CN=evil {cn} evil"),
        row("shorter-value", "dn:O=Holdfast;CN=t"),
        row("cut-by-nul", "dn:O=Holdfast;CN={cn}\0.evil.test"),
        row("wildcard", "dn:O=Holdfast;CN=*"),
        row("comma-in-the-value", "dn:CN={cn},O=Holdfast", requirement=DN),
        row("escaped-comma-in-the-value", "dn:CN={cn}\\,O=Holdfast", requirement=DN),
        row("filter-characters", "dn:O=Holdfast;CN=*)(cn={cn}"),
    ],
)
def test_subject_that_is_nearly_right_does_not_authenticate(
    authorization_server: AuthorizationServer, dn_client: Client, subject: str
) -> None:
    """A certificate whose subject resembles the registered one does not authenticate.

    Subjects that are compared as texts, by a pattern or in a directory's query give way to such.
    """
    assert authorization_server.ask(dn_client, certificate=dn_client.certified(subject)).refused


@case(DISTINGUISHED, impact="low", needs=ISSUED)
@pytest.mark.parametrize(
    "subject",
    [
        row("printable-strings", "dn:O:printable=Holdfast;CN={cn}"),
        row("capitals", "dn:O=HOLDFAST;CN={cn}"),
        row("spaces-around", "dn:O= Holdfast ;CN={cn}"),
    ],
)
def test_subject_that_is_the_same_by_its_rules_authenticates(
    authorization_server: AuthorizationServer, dn_client: Client, subject: str
) -> None:
    """A certificate authenticates whose subject is written otherwise and matches the registered one (RFC 4517, 4.2.15).

    Authorities choose the type of string; case and spaces around a value do not count in names of organisations.
    """
    assert authorization_server.ask(dn_client, certificate=dn_client.certified(subject)).accepted
