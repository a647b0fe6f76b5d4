"""RFC 9440: what a server makes of the certificate of which a trusted proxy tells it, seen from the proxy's place."""

import pytest

from holdfast import at, at_each_hop, case, row
from holdfast.parties import AuthorizationServer, Client, TrustedHop

WRITTEN, ONCE, ALONE, LINES = (
    "RFC9440-2.1-03",
    "RFC9440-2.2-04-{role}",
    "RFC9440-2.3-10-{role}",
    "RFC9440-2.3-09-{role}",
)
RFC9440 = ("mtls", "hop:rfc9440", "jwt-access-token")
DIFFERS = "certificate-does-not-match"


@case("RFC8705-6.5-01-{role}", impact="medium", needs=("mtls", "jwt-access-token"))
@at_each_hop
def test_certificate_of_which_the_proxy_tells_counts(endpoint: TrustedHop, bound: Client) -> None:
    """A token is bound to the certificate of which the trusted proxy tells, and is accepted with it."""
    assert endpoint.send(bound).accepted


@case("RFC8705-3-06", situation=DIFFERS, impact="critical", needs=("mtls",))
@at("hop-resource")
def test_other_certificate_of_which_the_proxy_tells_is_refused(
    endpoint: TrustedHop, bound: Client, thief: Client
) -> None:
    """A bound token is refused where the trusted proxy tells of another certificate."""
    assert endpoint.send(bound, certificate=thief.certificate).refused


@case(WRITTEN, impact="high", needs=RFC9440)
@at("hop-resource")
@pytest.mark.parametrize(
    "value",
    [
        row("no-colons", "{base64}"),
        row("no-colon-in-front", "{base64}:"),
        row("no-colon-behind", ":{base64}"),
        row("pem", "{pem}"),
        row("escaped-pem", "{url_pem}"),
        row("escaped-pem-in-colons", ":{url_pem}:"),
        row("base64url", ":{base64url}:"),
        row("quoted", '"{base64}"'),
        row("parameter", "{value};a=1"),
        row("half", ":{half}:"),
        row("more", ":{more}:"),
        row("white-space-inside", ": {base64} :"),
        row("something-behind", "{value} x"),
    ],
)
def test_certificate_that_is_written_otherwise_does_not_count(endpoint: TrustedHop, bound: Client, value: str) -> None:
    """A certificate that is written in any other way than as a byte sequence of its DER does not count.

    Two readers of one odd value may take it for two certificates.
    """
    assert endpoint.send(bound, f"{{header}}: {value}").refused


@case(ONCE, impact="high", needs=RFC9440)
@at_each_hop
@pytest.mark.parametrize(
    "lines",
    [
        row("right-one-first", ("{header}: {value}", "{header}: {other}")),
        row("right-one-last", ("{header}: {other}", "{header}: {value}")),
        row("the-same-twice", ("{header}: {value}", "{header}: {value}")),
        row("list", ("{header}: {value}, {other}",)),
        row("list-right-one-last", ("{header}: {other}, {value}",)),
        row("list-of-the-same", ("{header}: {value}, {value}",)),
    ],
)
def test_several_certificates_do_not_count(endpoint: TrustedHop, bound: Client, lines: tuple[str, ...]) -> None:
    """Where several certificates are told none of them counts: one may be the client's own word."""
    assert endpoint.send(bound, *lines).refused


@case(ALONE, impact="high", needs=RFC9440)
@at_each_hop
@pytest.mark.parametrize(
    "lines",
    [
        row("chain", ("Client-Cert-Chain: {value}",)),
        row("empty-certificate", ("{header}: ", "Client-Cert-Chain: {value}")),
    ],
)
def test_chain_alone_does_not_count(endpoint: TrustedHop, bound: Client, lines: tuple[str, ...]) -> None:
    """A certificate that is told in the chain alone does not count: the keys of a chain are not proven."""
    assert endpoint.send(bound, *lines).refused


@case(ALONE, impact="high", needs=RFC9440)
@at("hop-resource")
def test_chain_behind_another_certificate_does_not_count(endpoint: TrustedHop, bound: Client) -> None:
    """A certificate that is told in the chain of another one does not count."""
    assert endpoint.send(bound, "{header}: {other}", "Client-Cert-Chain: {value}").refused


@case(LINES, impact="medium", needs=(*RFC9440, "tls_client_auth", "lab-ca"))
@at("hop-token")
@pytest.mark.parametrize(
    "lines",
    [
        row("one-line", ("Client-Cert-Chain: {0}, {1}",)),
        row("two-lines", ("Client-Cert-Chain: {0}", "Client-Cert-Chain: {1}")),
    ],
)
def test_chain_in_two_lines_is_one_chain(endpoint: TrustedHop, tls_client: Client, lines: tuple[str, ...]) -> None:
    """A client is authenticated by a chain of two authorities, told in one header line or in two."""
    upper = tls_client.trusted.intermediate("Holdfast upper")
    lower = upper.intermediate("Holdfast lower")
    shown = tls_client.certified(by=lower)

    assert endpoint.send(
        tls_client, "{header}: {value}", *lines, certificate=shown, chain=(lower.der, upper.der)
    ).accepted


@case("RFC9440-2.3-09-RS", impact="low", needs=RFC9440)
@at("hop-resource")
def test_chain_in_two_lines_changes_nothing(endpoint: TrustedHop, bound: Client) -> None:
    """A token is accepted with its certificate, though the proxy tells of a chain in two header lines as well."""
    lines = ("{header}: {value}", "Client-Cert-Chain: {other}", "Client-Cert-Chain: {other}")

    assert endpoint.send(bound, *lines).accepted


@case("RFC9440-3.2-01-{role}", impact="low", needs=(*RFC9440, "lab-ca"))
@at_each_hop
@pytest.mark.parametrize("names", [row("4-kB", 70), row("16-kB", 300)])
def test_large_certificate_counts_or_is_refused_cleanly(
    endpoint: TrustedHop, authorization_server: AuthorizationServer, bound: Client, names: int
) -> None:
    """A certificate of many names counts, or the request is refused as too large (RFC 9110, RFC 6585)."""
    large = bound.certified(*(f"dns:{number}.a-name-of-a-usual-length.client.test" for number in range(names)))
    token = authorization_server.granted(bound, certificate=large)
    seen = endpoint.send(bound, certificate=large, token=token)

    assert seen.accepted or seen.status in {400, 413, 431}


@case("RFC9440-2.2-02-{role}", also=("RFC9440-2.3-07",), impact="low", needs=("mtls", "jwt-access-token"))
@at_each_hop
def test_answer_to_the_proxy_has_no_certificate_header(endpoint: TrustedHop, bound: Client) -> None:
    """The headers of certificates are for requests: the answer has none of them."""
    seen = endpoint.tells(bound)

    assert not [*seen.headers("Client-Cert"), *seen.headers("Client-Cert-Chain")]


@case("RFC9440-2.4-06", impact="high", needs=("mtls",))
@at("hop-resource")
def test_answer_by_certificate_is_kept_for_nobody_else(endpoint: TrustedHop, bound: Client) -> None:
    """What is answered because of a certificate is stored by no shared cache, or varies by the header (RFC 9111)."""
    seen = endpoint.tells(bound)
    rules = {rule.strip().lower() for line in seen.headers("Cache-Control") for rule in line.split(",")}
    varies = {name.strip().lower() for line in seen.headers("Vary") for name in line.split(",")}

    assert rules & {"no-store", "private"} or varies & {"client-cert", "*"}
