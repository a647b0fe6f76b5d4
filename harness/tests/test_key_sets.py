"""What clients publish at their jwks_uri is served over TLS, and may change while it is."""

import ssl
from collections.abc import Iterator

import httpx
import pytest

from holdfast import client_jwks, pki
from holdfast.parties.key_sets import KeySets

AUTHORITY = pki.new_authority("Lab CA")


@pytest.fixture
def key_sets() -> Iterator[KeySets]:
    served = KeySets("localhost", "127.0.0.1", AUTHORITY.issue_server())
    yield served
    served.close()


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(verify=ssl.create_default_context(cadata=AUTHORITY.pem.decode()), trust_env=False) as client:
        yield client


def test_what_is_published_is_served_and_counted(key_sets: KeySets, browser: httpx.Client) -> None:
    own = pki.self_signed("own")
    published = key_sets.publish(client_jwks.certified(own))
    answer = browser.get(published.url)

    assert answer.json() == {"keys": [client_jwks.certified(own)]}
    assert answer.headers["Cache-Control"] == "no-store"
    assert published.fetched == 1


def test_what_is_replaced_is_gone(key_sets: KeySets, browser: httpx.Client) -> None:
    published = key_sets.publish(client_jwks.certified(pki.self_signed("old")))
    published.keys = []

    assert browser.get(published.url).json() == {"keys": []}


def test_another_url_holds_nothing(key_sets: KeySets, browser: httpx.Client) -> None:
    assert browser.get(key_sets.publish().url + "x").status_code == 404


def test_a_key_for_another_certificate_contradicts_it() -> None:
    own, other = pki.self_signed("own"), pki.self_signed("other")
    odd = client_jwks.certified(own, key=other.key)

    assert odd["x5c"] == client_jwks.certified(own)["x5c"]
    assert odd["x"] == other.key.public_jwk["x"]
