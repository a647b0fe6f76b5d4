"""Somebody in the issuer's place: seen by whoever looks at certificates, on every connection, and gone afterwards."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from holdfast import pki
from holdfast.errors import Inconclusive, UsageError
from holdfast.launch.process import free_ports
from holdfast.parties.impostor import Impostor
from holdfast.parties.issuer import Issuer

AUTHORITY = pki.new_authority("lab")


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    port = free_ports(1)[0]
    issuer = Issuer(f"https://localhost:{port}")
    issuer.serve(AUTHORITY.issue_server(["localhost"]), tmp_path, host="127.0.0.1", port=port)
    yield issuer
    issuer.close()


@pytest.fixture
def careful() -> Iterator[httpx.Client]:
    trusting = ssl.create_default_context(cadata=AUTHORITY.pem.decode())
    with httpx.Client(
        verify=trusting, trust_env=False, transport=httpx.HTTPTransport(verify=trusting, retries=1)
    ) as it:
        yield it


def asked(client: httpx.Client, url: str) -> int:
    """Give the status; asked again where the server let go of the kept connection just then, as browsers do."""
    try:
        return client.get(url).status_code
    except (httpx.RemoteProtocolError, httpx.ReadError):
        return client.get(url).status_code


def test_an_impostor_is_seen_on_kept_connections_too_and_is_gone_afterwards(
    issuer: Issuer, careful: httpx.Client
) -> None:
    url = f"{issuer.url}/jwks"
    assert asked(careful, url) == 200
    with (
        issuer.impersonated(pki.new_authority("impostor").issue_server(["localhost"])),
        pytest.raises(httpx.ConnectError, match="certificate verify failed"),
    ):
        asked(careful, url)

    assert asked(careful, url) == 200


def test_who_looks_at_no_certificate_hears_the_impostor(issuer: Issuer) -> None:
    with (
        httpx.Client(verify=False, trust_env=False) as careless,
        issuer.impersonated(pki.new_authority("impostor").issue_server(["localhost"])),
    ):
        assert careless.get(f"{issuer.url}/jwks").status_code == 200


def test_nobody_takes_the_place_of_an_issuer_that_does_not_listen_or_is_not_ours(tmp_path: Path) -> None:
    silent = Issuer("https://localhost")
    silent._pem = tmp_path / "issuer.pem"
    with pytest.raises(UsageError, match="does not listen"), silent.impersonated(AUTHORITY.issue_server(["localhost"])):
        pass
    nobody = Impostor(cast("Any", SimpleNamespace(issuer=None)), cast("Any", None))
    with pytest.raises(Inconclusive, match="not the issuer"):
        nobody.vouches(cast("Any", None), cast("Any", None))
