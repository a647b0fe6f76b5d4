"""RFC 9449, section 12.8: through a proxy DPoP's headers pass unchanged, and the URI is the one the client used."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, Door, Proxy
from holdfast.proofs import ABSENT

UNCHANGED = "RFC9449-12.8-01-proxy"


@case(UNCHANGED, impact="medium", needs=("dpop",))
def test_honest_request_passes(proxy: Proxy, client: Client) -> None:
    """A bound token with its proof, accepted directly, is accepted through the proxy.

    A proxy that drops `DPoP` or `Authorization`, or rewrites the host, breaks it, and tempts operators to fall back
    to Bearer.
    """
    assert proxy.send(client).accepted


@case("RFC9449-7.1-04", situation="proof-missing", impact="critical", needs=("dpop",))
def test_token_without_a_proof_is_refused_through_the_proxy(proxy: Proxy, client: Client) -> None:
    """A bound token without a proof is refused through the proxy."""
    assert proxy.send(client, proof=None).refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical", needs=("dpop",))
def test_bound_token_as_bearer_is_refused_through_the_proxy(proxy: Proxy, client: Client) -> None:
    """A bound token as a plain Bearer token is refused through the proxy."""
    assert proxy.send(client, downgraded="Bearer").refused


@case("RFC9449-4.3-16", situation="key-does-not-match", impact="critical", needs=("dpop",))
def test_proof_by_another_key_is_refused_through_the_proxy(proxy: Proxy, client: Client, thief: Client) -> None:
    """A proof by another key is refused through the proxy."""
    assert proxy.send(client, key=thief.key).refused


@case("RFC9449-4.3-01-RS", situation="proof-invalid", impact="high", needs=("dpop",))
@pytest.mark.parametrize("proofs", [row("two-different", "two different"), row("valid-first", "valid then invalid")])
def test_two_proofs_are_refused_through_the_proxy(proxy: Proxy, client: Client, proofs: str) -> None:
    """Two proofs are refused through the proxy: it does not quietly drop one of them."""
    assert proxy.send(client, proofs=proofs).refused


@case("RFC6750-2-02", situation="several-credentials", impact="high", needs=("dpop",))
@pytest.mark.parametrize("place", [row("two-headers", "two headers"), row("header-and-query", "header and query")])
def test_token_in_two_places_is_refused_through_the_proxy(proxy: Proxy, client: Client, place: str) -> None:
    """A token in two places is refused through the proxy: it does not choose one of them and hide the other.

    Who checks at the proxy and who checks behind it would look at different ones.
    """
    assert proxy.send(client, token_in=place).refused


@case("RFC6750-5.2-02", situation="token-invalid", impact="critical", needs=("dpop", "jwt-access-token"))
def test_token_with_a_changed_claim_is_refused_through_the_proxy(proxy: Proxy, client: Client) -> None:
    """A token whose holder wrote a later end into it is refused through the proxy: its signature no longer fits."""
    assert proxy.send(client, token=proxy.token(client).altered(exp=4_102_444_800)).refused


@case("RFC9700-2.3-04", situation="scope-insufficient", impact="high", needs=("dpop",))
def test_action_beyond_the_scope_is_refused_through_the_proxy(scoped_door: Door, client: Client) -> None:
    """A token whose scope does not reach the resource is refused through the proxy."""
    assert scoped_door.send(client, token=scoped_door.lesser_token(client)).refused


@case("RFC6750-3-01", situation="no-credentials", impact="medium")
def test_challenge_returns(proxy: Proxy) -> None:
    """A challenge of the server reaches the client through the proxy.

    Without `WWW-Authenticate` a client cannot learn that it has to prove its key.
    """
    direct = proxy.direct.anonymous()
    through = proxy.anonymous()

    assert sorted(scheme for scheme, _ in through.challenges) == sorted(scheme for scheme, _ in direct.challenges)


@case(UNCHANGED, situation="nonce-missing", impact="medium", needs=("dpop", "nonce-rs-required"))
def test_nonce_returns(proxy: Proxy, client: Client) -> None:
    """A nonce that the server supplies reaches the client through the proxy."""
    challenged = proxy.relays(client, nonce=ABSENT)

    assert challenged.refused and len(challenged.headers("DPoP-Nonce")) == 1


@case("RFC9700-4.13-02-RS", situation="proof-invalid", impact="high", needs=("dpop",))
def test_proof_for_the_server_behind_is_refused(proxy: Proxy, client: Client) -> None:
    """A proof for the server's own address, past the proxy, is refused through the proxy.

    The URI that counts is the one the client used; a rewritten Host makes the server believe another.
    """
    assert proxy.send(client, htu=proxy.direct.url).refused


@case("RFC9700-4.13-01", situation="proof-invalid", impact="critical", needs=("dpop",))
@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("x-forwarded-host", "X-Forwarded-Host", "evil.test"),
        row("forwarded", "Forwarded", "host=evil.test;proto=https"),
        row("x-original-host", "X-Original-Host", "evil.test"),
        row("x-forwarded-server", "X-Forwarded-Server", "evil.test"),
    ],
)
def test_client_does_not_choose_the_host(proxy: Proxy, client: Client, name: str, value: str) -> None:
    """A forwarding header of the client's own does not make a proof for another host right.

    A proof captured at evil.test would then open this server.
    """
    foreign = "{scheme}://evil.test{path}".format(**proxy.parts())

    assert proxy.send(client, htu=foreign, headers={name: value}).refused


@case("RFC9700-4.13-01", impact="critical", needs=("dpop",))
def test_host_of_the_request_does_not_make_another_right(proxy: Proxy, client: Client) -> None:
    """A proof for another host is refused in a request that names that host in Host, too; the proxy may do that itself.

    A server that trusts its proxy compares the two.
    """
    foreign = "{scheme}://evil.test{path}".format(**proxy.parts())

    assert proxy.send(client, htu=foreign, headers={"Host": "evil.test"}).refused


@case("RFC9700-4.13-01", impact="medium", needs=("dpop",))
@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("x-forwarded-host", "X-Forwarded-Host", "evil.test"),
        row("forwarded", "Forwarded", "host=evil.test;proto=http"),
        row("x-forwarded-proto", "X-Forwarded-Proto", "http"),
    ],
)
def test_forwarding_header_of_the_client_changes_nothing(proxy: Proxy, client: Client, name: str, value: str) -> None:
    """An honest request is accepted whatever forwarding headers the client adds: the proxy says where it came from."""
    assert proxy.send(client, headers={name: value}).accepted
