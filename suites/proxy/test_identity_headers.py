"""Names under which proxies and platforms speak of certificates and of people: none of them is the client's to write.

Only the header that this deployment uses is certain to be believed behind it. Of the others the suite notes which pass,
since another server, or the next version of this one, may read them (RFC 9700, section 4.13).
"""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2

TOPIC = "Other names for certificates and people"
VALUE = "holdfast-says-so"

NAMES = (
    "Client-Cert",
    "X-Forwarded-Client-Cert",
    "SSL-Client-Cert",
    "SSL_CLIENT_CERT",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Forwarded-Ssl-Client-Cert",
    "X-Forwarded-Ssl-Client-Cert-Infos",
    "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Leaf",
    "X-Amzn-Mtls-Clientcert-Subject",
    "Cf-Client-Cert-Der-Base64",
    "CF-Client-Cert-PEM",
    "Cf-Client-Cert-Sha256",
    "Cf-Cert-Verified",
    "X-ARR-ClientCert",
    "MS-ASPNETCORE-CLIENTCERT",
    "X-Client-Cert",
    "X-Client-Cert-Chain",
    "X-Client-Cert-Present",
    "X-Client-Cert-Chain-Verified",
    "X-Client-Cert-Hash",
    "X-Client-Cert-SPIFFE",
    "X-Client-Cert-DNSName-SANs",
    "X-Client-Certificate",
    "X-SSL-Cert",
    "X-SSL-Client-Cert",
    "X-SSL-Client-Verify",
    "X-SSL-Client-S-DN",
    "X-SSL-Client-CN",
    "X-SSL-Client-DN",
    "X-SSL-Client-SHA1",
    "X-SSL-Client-Fingerprint",
    "X-SSL-Client-DER",
    "SSL-Client-Verify",
    "SSL-Client-Subject-DN",
    "SSL-Client-Issuer-DN",
    "istio-mtls-client-certificate",
    "WL-Proxy-Client-Cert",
    "Proxy-Client-Cert",
    "X-User",
    "X-Remote-User",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Access-Token",
    "X-Auth-Request-User",
    "X-Authenticated-Userid",
    "X-Consumer-Username",
    "X-Userinfo",
    "DPoP-Thumbprint",
)

EACH = pytest.mark.parametrize("name", [row(name.lower(), name) for name in NAMES])


@case("RFC9700-4.13-01", impact="high", latitude="L59")
@EACH
def test_header_that_speaks_of_a_certificate_or_a_person_does_not_arrive(
    alone: ProxyAlone, client: Client, name: str
) -> None:
    """A header under which some proxy speaks of a client's certificate or name does not arrive from a client."""
    seen = alone.send(client, f"header {name}", headers={name: VALUE})
    alone.observe(TOPIC, name, seen.told(name, VALUE))

    assert not seen.speaks(name, VALUE)


@case("RFC9700-4.13-01", impact="high", latitude="L59")
@EACH
def test_over_http2_header_that_speaks_of_a_certificate_or_a_person_does_not_arrive(
    over_http2: ProxyOverHttp2, client: Client, name: str
) -> None:
    """Over HTTP/2 no header arrives from a client under which some proxy speaks of certificates or people."""
    seen = over_http2.send(client, f"header {name}", headers={name: VALUE})

    assert not seen.speaks(name, VALUE)
