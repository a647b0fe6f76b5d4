import socket
import ssl
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from holdfast import certificate_forms, jose, pki
from holdfast.pki import Authority, Credential

NOW = datetime(2030, 1, 1, tzinfo=UTC)
# RFC 8705, appendix A: a certificate and its x5t#S256.
RFC8705_CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
# RFC 9440, appendix A: the value of Client-Cert for the certificate of that appendix.
RFC9440_VALUE = (
    ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0"
    "ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgm"
    "nMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm"
    "3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY2"
    "9tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1"
    "yhk=:"
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return pki.new_authority("Lab CA")


def trusted(credential: Credential, *anchors: bytes) -> str:
    """Empty when OpenSSL finds a path from the credential to an anchor, otherwise what it objects to."""
    store = crypto.X509Store()
    for anchor in anchors:
        store.add_cert(crypto.X509.from_cryptography(x509.load_pem_x509_certificate(anchor)))
    store.set_flags(crypto.X509StoreFlags.X509_STRICT)
    above = [crypto.X509.from_cryptography(x509.load_der_x509_certificate(der)) for der in credential.intermediates]
    try:
        crypto.X509StoreContext(
            store, crypto.X509.from_cryptography(credential.certificate), above
        ).verify_certificate()
    except crypto.X509StoreContextError as error:
        return str(error)
    return ""


def usages(credential: Credential) -> list[x509.ObjectIdentifier]:
    return list(credential.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_the_thumbprint_of_a_certificate_is_that_of_rfc8705() -> None:
    der = ssl.PEM_cert_to_DER_cert(RFC8705_CERTIFICATE)
    assert jose.certificate_thumbprint(der) == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
    assert pki.to_pem(der).decode() == RFC8705_CERTIFICATE


def test_a_client_certificate_value_is_that_of_rfc9440() -> None:
    der = ssl.PEM_cert_to_DER_cert(
        f"-----BEGIN CERTIFICATE-----\n{RFC9440_VALUE.strip(':')}\n-----END CERTIFICATE-----\n"
    )
    assert certificate_forms.rfc9440(der) == RFC9440_VALUE


def test_a_chain_is_a_list_in_the_order_given(authority: Authority) -> None:
    leaf = authority.intermediate("Below").issue_client("a")
    first, second = certificate_forms.rfc9440_chain([*leaf.intermediates, authority.der]).split(", ")
    assert first == certificate_forms.rfc9440(leaf.intermediates[0])
    assert second == certificate_forms.rfc9440(authority.der)


def test_every_spelling_of_a_certificate_leads_back_to_it(authority: Authority) -> None:
    credential = authority.issue_client("a/b,c")
    der = credential.der
    escaped = certificate_forms.escaped_pem(der)
    assert escaped.isascii()
    assert not set(escaped) & set(" +/=\n")
    assert escaped.endswith("-----END%20CERTIFICATE-----%0A")
    assert unquote_to_bytes(escaped) == credential.certificate_pem
    assert certificate_forms.rfc9440(der) == f":{certificate_forms.base64_der(der)}:"
    assert ssl.PEM_cert_to_DER_cert(credential.certificate_pem.decode()) == der


def test_xfcc_names_hash_certificate_and_subject(authority: Authority) -> None:
    credential = authority.issue_client('say "a"')
    element = certificate_forms.xfcc(credential.der)
    fingerprint = jose.unb64u(credential.thumbprint).hex()
    assert element.startswith(f'Hash={fingerprint};Cert="-----BEGIN%20CERTIFICATE-----%0A')
    assert element.endswith(';Subject="CN=say \\\\\\"a\\\\\\""')


def test_an_honest_client_is_trusted_by_its_authority(authority: Authority) -> None:
    client = authority.issue_client("client")
    assert trusted(client, authority.pem) == ""
    assert usages(client) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert client.subject == "CN=client"
    assert client.thumbprint == jose.certificate_thumbprint(client.der)
    assert client.chain_pem == client.certificate_pem
    assert authority.name == "Lab CA"


def test_a_reissued_certificate_has_the_same_key_subject_and_names_and_another_thumbprint(
    authority: Authority,
) -> None:
    old = authority.issue_client("client", san_uri="spiffe://lab.test/a", san_dns="client.test")
    new = authority.reissue(old)
    assert new.thumbprint != old.thumbprint
    assert new.key_pem == old.key_pem
    assert new.certificate.public_key() == old.certificate.public_key()
    assert new.subject == old.subject
    assert pki._names_of(new.certificate) == pki._names_of(old.certificate) != []
    assert usages(new) == usages(old)
    assert trusted(new, authority.pem) == ""


def test_an_expired_client_differs_in_its_dates_alone(authority: Authority) -> None:
    expired = authority.issue_client("client", expired=True)
    assert trusted(expired, authority.pem) == "certificate has expired"
    assert authority.issue_client("c", expired=True, now=NOW).certificate.not_valid_after_utc < NOW


def test_times_are_those_given() -> None:
    certificate = pki.new_authority("a", now=NOW).issue_client("c", now=NOW).certificate
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc


def test_a_wrong_key_usage_is_that_of_a_server(authority: Authority) -> None:
    wrong = authority.issue_client("client", eku="server")
    assert usages(wrong) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert usages(authority.reissue(wrong)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert trusted(wrong, authority.pem) == ""  # no purpose is asked for here: the path itself is right


def test_a_self_signed_certificate_is_trusted_by_itself_alone(authority: Authority) -> None:
    own = pki.self_signed("client")
    assert own.certificate.issuer == own.certificate.subject
    own.certificate.verify_directly_issued_by(own.certificate)
    assert "self-signed" in trusted(own, authority.pem)
    assert pki.self_signed("client", expired=True, now=NOW).certificate.not_valid_after_utc < NOW


def test_a_self_signed_certificate_is_renewed_with_its_own_key() -> None:
    old = pki.self_signed("client")
    new = pki.self_signed("client", old.key)
    assert (new.key.thumbprint, new.subject) == (old.key.thumbprint, old.subject)
    assert new.thumbprint != old.thumbprint


def test_a_lookalike_has_the_name_and_the_key_identifier_and_is_not_trusted(authority: Authority) -> None:
    double = pki.lookalike(authority)
    assert double.certificate.subject == authority.certificate.subject
    assert pki._key_id_of(double.certificate) == pki._key_id_of(authority.certificate)
    assert double.certificate.public_key() != authority.certificate.public_key()
    client = double.issue_client("client")
    assert trusted(client, authority.pem) == "certificate signature failure"
    assert trusted(client, double.pem) == ""


def test_a_leaf_of_an_intermediate_carries_its_chain(authority: Authority) -> None:
    below = authority.intermediate("Below").intermediate("Further below")
    client = below.issue_client("client")
    assert client.chain_pem.count(b"BEGIN CERTIFICATE") == 3
    assert trusted(client, authority.pem) == ""
    assert "unable to get local issuer" in trusted(Credential(client.der, client.key_pem), authority.pem)


def test_what_a_leaf_issues_is_not_trusted(authority: Authority) -> None:
    forged = pki.promoted(authority.issue_client("client")).issue_client("admin")
    assert len(forged.intermediates) == 1
    assert trusted(forged, authority.pem) == "invalid CA certificate"


@pytest.mark.parametrize("alg", ["ES384", "EdDSA"])
def test_a_certificate_is_made_for_a_key_that_is_given(authority: Authority, alg: str) -> None:
    key = jose.generate(alg)
    for credential in (authority.issue_client("client", key=key), pki.self_signed("client", key)):
        assert credential.key.public_jwk == key.public_jwk
        assert credential.key.alg == alg


def test_a_credential_shows_no_key_and_its_file_is_for_its_owner_alone(tmp_path: Path, authority: Authority) -> None:
    credential = authority.intermediate("Below").issue_client("client")
    path = credential.write(tmp_path)
    assert "PRIVATE" not in repr(credential)
    assert path.read_bytes() == credential.key_pem + credential.chain_pem
    assert path.name == f"{credential.thumbprint}.pem"
    certificate, key = credential.write_pair(tmp_path, "server")
    assert (certificate.name, key.name) == ("server.crt", "server.key")
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bytes | None:
    """One TLS connection over a socket pair; gives the client certificate that the server saw, as DER."""
    ours, theirs = socket.socketpair()
    seen: list[bytes | None] = []

    def serve() -> None:
        with theirs, suppress(OSError), server.wrap_socket(theirs, server_side=True) as tls:
            seen.append(tls.getpeercert(binary_form=True))
            tls.sendall(b"!")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours, client.wrap_socket(ours, server_hostname=name) as tls:
            assert tls.recv(1) == b"!"
    finally:
        ours.close()
        thread.join()
    return seen[0]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "as.lab.test", "192.0.2.1"])
def test_a_server_certificate_is_good_for_local_names_and_those_given(
    tmp_path: Path, authority: Authority, name: str
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(authority.issue_server(["as.lab.test", "192.0.2.1"]).write(tmp_path))
    client = ssl.create_default_context(cadata=authority.pem.decode())
    assert handshake(server, client, name) is None
    with pytest.raises(ssl.SSLCertVerificationError, match=r"rs\.lab\.test"):
        handshake(server, client, "rs.lab.test")


def test_client_and_server_certificates_make_a_mutual_connection(tmp_path: Path, authority: Authority) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem.decode())
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(authority.issue_server().write(tmp_path))
    client = ssl.create_default_context(cadata=authority.pem.decode())
    credential = authority.intermediate("Below").issue_client("client")
    client.load_cert_chain(credential.write(tmp_path))
    assert handshake(server, client, "localhost") == credential.der


@pytest.mark.parametrize(
    "broken",
    [
        lambda authority: authority.issue_client("client", expired=True),
        lambda authority: authority.issue_client("client", eku="server"),
        lambda authority: pki.lookalike(authority).issue_client("client"),
        lambda authority: pki.promoted(authority.issue_client("client")).issue_client("admin"),
        lambda _authority: pki.self_signed("client"),
    ],
    ids=["expired", "wrong usage", "lookalike", "issued by a leaf", "self-signed"],
)
def test_a_broken_client_certificate_is_refused_by_a_strict_server(
    tmp_path: Path, authority: Authority, broken: Callable[[Authority], Credential]
) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=authority.pem.decode())
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(authority.issue_server().write(tmp_path))
    client = ssl.create_default_context(cadata=authority.pem.decode())
    client.load_cert_chain(broken(authority).write(tmp_path))
    with pytest.raises((OSError, AssertionError)):
        handshake(server, client, "localhost")


def test_a_certificate_of_the_future_and_one_with_a_riddle_are_refused(authority: Authority) -> None:
    leaf = pki.leaf_of(authority.issue_client("client"))
    future, riddle = (authority.certify(replace(leaf, **odd)) for odd in ({"period": "future"}, {"riddle": True}))

    assert "not yet valid" in trusted(future, authority.pem)
    assert "unhandled critical extension" in trusted(riddle, authority.pem)


def test_an_unfit_intermediate_authority_vouches_for_nobody(authority: Authority) -> None:
    last = authority.intermediate("last", path_length=0)
    elsewhere = authority.intermediate("names", permitted=x509.DNSName("other.test"))

    assert trusted(last.issue_client("client"), authority.pem) == ""
    assert "path length" in trusted(last.intermediate("one more").issue_client("client"), authority.pem)
    assert "expired" in trusted(authority.intermediate("old", period="past").issue_client("client"), authority.pem)
    assert "permitted subtree" in trusted(elsewhere.issue_client("client", san_dns="client.test"), authority.pem)


def test_a_self_made_certificate_says_the_same_with_another_key(authority: Authority) -> None:
    own = authority.issue_client("client", san_dns="client.test")
    forged = pki.self_issued(replace(pki.leaf_of(own), key=pki.new_key()))

    assert forged.subject == own.subject
    assert forged.certificate.issuer == forged.certificate.subject
    assert forged.certificate.public_key() != own.certificate.public_key()


def test_other_certificates_are_sent_behind_one(authority: Authority) -> None:
    own, other = authority.issue_client("own"), authority.issue_client("other")

    assert own.followed_by(other).chain_pem == own.certificate_pem + other.certificate_pem
