"""What is read off a target's metadata, and what is not believed."""

from pathlib import Path

import pytest

from holdfast import targets
from holdfast.discover import discovered, metadata_urls

TARGET = """
name = "mine"
roles = ["as"]
issuer = "https://as.test"
capabilities = [{capabilities}]
[clients.main]
auth = "none"
id = "main"
{more}
"""

METADATA = {
    "issuer": "https://as.test",
    "token_endpoint": "https://as.test/token",
    "jwks_uri": "https://as.test/jwks",
    "pushed_authorization_request_endpoint": "https://as.test/par",
    "dpop_signing_alg_values_supported": ["ES256"],
    "tls_client_certificate_bound_access_tokens": True,
    "grant_types_supported": ["client_credentials", "urn:other", 7],
    "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
}


def target(folder: Path, *capabilities: str, more: str = "") -> targets.Target:
    file = folder / "target.toml"
    names = ", ".join(f'"{name}"' for name in capabilities)
    file.write_text(TARGET.format(capabilities=names, more=more))
    return targets.load(file)


def on_as_test(host: str, port: int) -> bool:
    return (host, port) == ("as.test", 443)


@pytest.mark.parametrize(
    ("issuer", "urls"),
    [
        (
            "https://as.test",
            [
                "https://as.test/.well-known/oauth-authorization-server",
                "https://as.test/.well-known/openid-configuration",
            ],
        ),
        (
            "https://as.test:8443/tenant/",
            [
                "https://as.test:8443/.well-known/oauth-authorization-server/tenant",
                "https://as.test:8443/tenant/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_metadata_lies_where_the_specifications_say(issuer: str, urls: list[str]) -> None:
    assert metadata_urls(issuer) == urls


def test_endpoints_and_capabilities_show_themselves(tmp_path: Path) -> None:
    found = discovered(target(tmp_path, "nonce-as"), METADATA, on_as_test)

    assert found.endpoints == {
        "token": "https://as.test/token",
        "par": "https://as.test/par",
        "jwks": "https://as.test/jwks",
    }
    assert found.capabilities == {
        *("nonce-as", "as-metadata", "dpop", "mtls", "par", "client_credentials", "private_key_jwt")
    }
    assert found.findings == ()


@pytest.mark.parametrize(
    ("member", "value", "capability"),
    [
        ("registration_endpoint", "https://as.test/register", "dynamic-registration"),
        ("signed_metadata", "a.b.c", "signed-metadata"),
        ("protected_resources", ["https://rs.test"], "protected-resources"),
    ],
)
def test_a_member_shows_what_the_server_can_do(tmp_path: Path, member: str, value: object, capability: str) -> None:
    with_it = discovered(target(tmp_path), {**METADATA, member: value}, on_as_test)
    without = discovered(target(tmp_path), METADATA, on_as_test)

    assert with_it.capabilities - without.capabilities == {capability}


@pytest.mark.parametrize("url", ["https://evil.test/token", "https://as.test:8443/token", "http://as.test/token"])
def test_an_endpoint_elsewhere_is_a_finding_and_never_contacted(tmp_path: Path, url: str) -> None:
    found = discovered(target(tmp_path), METADATA | {"token_endpoint": url}, on_as_test)

    assert "token" not in found.endpoints
    assert [said for said in found.findings if "token_endpoint" in said]


@pytest.mark.parametrize("url", ["https://as.test:99999/", "https://[::1", "/token", "", "javascript:1", "https://"])
def test_what_is_no_url_is_a_finding_and_no_crash(tmp_path: Path, url: str) -> None:
    found = discovered(target(tmp_path), METADATA | {"token_endpoint": url}, lambda _host, _port: True)

    assert "token" not in found.endpoints
    assert any("token_endpoint" in said and "no URL" in said for said in found.findings)


@pytest.mark.parametrize("value", [None, 7, ["https://as.test/token"], {}])
def test_an_endpoint_that_is_no_text_is_none(tmp_path: Path, value: object) -> None:
    assert "token" not in discovered(target(tmp_path), METADATA | {"token_endpoint": value}, on_as_test).endpoints


def test_the_files_own_endpoints_take_the_place_of_the_metadatas(tmp_path: Path) -> None:
    more = '[endpoints]\ntoken = "https://other.test/token"\nuserinfo = "https://other.test/me"'
    found = discovered(target(tmp_path, more=more), METADATA, on_as_test)

    assert found.endpoints["token"] == "https://other.test/token"
    assert "userinfo" in found.capabilities


def test_a_capability_that_is_declared_and_not_shown_is_a_finding(tmp_path: Path) -> None:
    metadata = {name: value for name, value in METADATA.items() if not name.startswith("pushed")}
    found = discovered(target(tmp_path, "par"), metadata, on_as_test)

    assert found.findings == ("capability par is declared and the metadata does not show it",)
    assert "par" in found.capabilities


def test_without_metadata_there_is_only_what_is_declared(tmp_path: Path) -> None:
    found = discovered(target(tmp_path, "dpop", "par"), {}, on_as_test)

    assert (found.endpoints, found.findings) == ({}, ())
    assert found.capabilities == {"dpop", "par"}


@pytest.mark.parametrize("odd", [7, "text", None, {"a": 1}])
def test_members_of_a_wrong_type_show_nothing(tmp_path: Path, odd: object) -> None:
    wrong = {"grant_types_supported": odd, "token_endpoint_auth_methods_supported": odd}
    found = discovered(
        target(tmp_path), METADATA | wrong | {"tls_client_certificate_bound_access_tokens": "yes"}, on_as_test
    )

    assert found.capabilities == {"as-metadata", "dpop", "par"}
