"""Names in client certificates, as they are written in cases and read from certificates."""

import pytest
from cryptography import x509

from holdfast import certificate_names, pki
from holdfast.pki import Credential, Leaf
from holdfast.target_model import Subject

KINDS: list[Subject] = ["dn", "dns", "uri", "ip", "email"]
AUTHORITY = pki.new_authority("Lab CA")


def certificate(*names: str) -> Credential:
    subject, others = certificate_names.read(names)
    return AUTHORITY.certify(Leaf(subject, pki.new_key(), san=others))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("dn", "CN=tls_x-1,O=Holdfast"),
        ("dns", "tls-x-1.client.test"),
        ("uri", "spiffe://client.test/tls-x-1"),
        ("ip", "198.51.100.7"),
        ("email", "tls-x-1@client.test"),
    ],
)
def test_what_a_client_registers_is_read_from_its_own_certificate(kind: Subject, value: str) -> None:
    own = certificate(*certificate_names.own(kind, "tls_x-1"))

    assert certificate_names.registered(kind, own.certificate) == value
    assert own.common_name == "tls_x-1"


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_certificate_without_that_kind_of_name_is_told(kind: Subject) -> None:
    with pytest.raises(ValueError, match=f"no subjectAltName of the kind {kind}"):
        certificate_names.registered(kind, certificate("dn:CN=a").certificate)


def test_the_pieces_of_a_name_are_parts_and_neighbours() -> None:
    dns = certificate_names.pieces("dns", certificate("dn:CN=a", "dns:a.b.test").certificate)
    uri = certificate_names.pieces("uri", certificate("uri:spiffe://td/a/b").certificate)
    ip = certificate_names.pieces("ip", certificate("ip:192.0.2.1").certificate)
    email = certificate_names.pieces("email", certificate("email:a@b.test").certificate)

    assert (dns["value"], dns["first"], dns["rest"], dns["cn"]) == ("a.b.test", "a", "b.test", "a")
    assert (uri["path"], uri["capitals"]) == ("/a/b", "spiffe://td/A/B")
    assert (ip["next"], ip["mapped"]) == ("192.0.2.2", "::ffff:192.0.2.1")
    assert (email["first"], email["rest"]) == ("a", "b.test")


def test_a_subject_is_written_part_by_part() -> None:
    subject, others = certificate_names.read(["dn:O=a, inc;CN=b+OU=c", "dns:d.test"])

    assert subject.rfc4514_string() == "CN=b+OU=c,O=a\\, inc"
    assert others == [x509.DNSName("d.test")]


def test_the_string_type_of_a_value_can_be_chosen() -> None:
    usual, printable = (certificate_names.read([f"dn:{part}"])[0] for part in ("O=a", "O:printable=a"))

    assert usual == printable
    assert usual.public_bytes() != printable.public_bytes()


@pytest.mark.parametrize("name", ["phone:1", "dn:CN", "dn:XY=a"])
def test_a_name_of_no_such_kind_is_told(name: str) -> None:
    with pytest.raises(ValueError, match="write"):
        certificate_names.read([name])
