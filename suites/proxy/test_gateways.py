"""Who judges a request before it goes on judges this very request, each time anew (RFC 9449, sections 4.3 and 7)."""

from typing import Literal

import pytest

from holdfast import case, row
from holdfast.parties import Client, Door, Proxy

AGAIN = ("RFC9449-11.1-04-RS", "RFC9449-7.3-02")

ON_WHICH = pytest.mark.parametrize("connection", [row("same-connection", "open"), row("new-connection", "new")])


@case("RFC9449-7.1-04", situation="proof-missing", impact="critical", needs=("dpop",))
@ON_WHICH
def test_token_without_a_proof_is_refused_after_one_with_it(
    proxy: Proxy, client: Client, connection: Literal["open", "new"]
) -> None:
    """Right after an accepted request its token is refused without a proof, on its connection and on a new one.

    A gateway that remembers what it found about a token makes it a bearer token for as long.
    """
    proxy.accepts(client)

    assert proxy.over(connection).send(client, proof=None).refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical", needs=("dpop",))
@ON_WHICH
def test_token_as_bearer_is_refused_after_one_with_a_proof(
    proxy: Proxy, client: Client, connection: Literal["open", "new"]
) -> None:
    """Right after an accepted request its token is refused as Bearer, on its connection and on a new one."""
    proxy.accepts(client)

    assert proxy.over(connection).send(client, downgraded="Bearer").refused


@case("RFC9449-4.3-16", situation="key-does-not-match", impact="critical", needs=("dpop",))
@ON_WHICH
def test_proof_by_another_key_is_refused_after_one_by_the_right_one(
    proxy: Proxy, client: Client, thief: Client, connection: Literal["open", "new"]
) -> None:
    """Right after an accepted request its token is refused with a proof by another key."""
    proxy.accepts(client)

    assert proxy.over(connection).send(client, key=thief.key).refused


@case("RFC9449-4.2-09-RS", also=AGAIN, situation="proof-invalid", impact="high", latitude="L05", needs=("dpop",))
@ON_WHICH
def test_proof_is_refused_again_through_the_proxy(
    proxy: Proxy, client: Client, connection: Literal["open", "new"]
) -> None:
    """Right after an accepted request its proof is refused in another one, on its connection and on a new one.

    A verdict that is remembered by token and proof never asks whether the proof was used.
    """
    seen = proxy.accepts(client)

    assert proxy.over(connection).send_with_proof_of(seen, client).refused


@case("RFC8705-3-06", situation="certificate-does-not-match", impact="critical", needs=("forwards-certificate",))
def test_token_of_another_is_refused_on_a_connection_that_was_accepted(
    proxy: Proxy, bound: Client, tls_client: Client
) -> None:
    """On the connection of a certificate whose token was accepted, the token of another certificate is refused.

    A verdict that is remembered for a connection lets its owner in with everybody's tokens.
    """
    proxy.accepts(bound)

    assert proxy.send(bound, token=proxy.token(tls_client)).refused


@case("RFC8705-3-08", situation="certificate-does-not-match", impact="critical", needs=("forwards-certificate",))
def test_token_without_its_certificate_is_refused_after_one_with_it(proxy: Proxy, bound: Client) -> None:
    """Right after an accepted request its token is refused on a new connection that shows no certificate."""
    proxy.accepts(bound)

    assert proxy.over("new").send(bound, certificate=None).refused


@case("RFC9449-4.3-10-RS", situation="proof-invalid", impact="critical", needs=("dpop",))
def test_proof_for_another_method_is_refused_through_the_proxy(proxy: Proxy, client: Client) -> None:
    """A proof for another method is refused through the proxy, at the resource that is read."""
    assert proxy.send(client, htm="POST" if proxy.method == "GET" else "GET").refused


@case("RFC9449-4.3-10-RS", situation="proof-invalid", impact="critical", needs=("dpop",))
def test_proof_for_the_method_of_a_sub_request_is_refused(scoped_door: Door, client: Client) -> None:
    """A proof for GET does not open a resource that is written to.

    A gateway asks about a request by one of its own, whose method is GET where nobody says otherwise.
    """
    assert scoped_door.send(client, htm="GET" if scoped_door.method != "GET" else "POST").refused


@case("RFC9449-4.3-11-RS", situation="proof-invalid", impact="critical", needs=("dpop",))
def test_proof_for_another_resource_is_refused_through_the_proxy(
    proxy: Proxy, scoped_door: Door, client: Client
) -> None:
    """A proof for one resource of a server is refused at another one, by the right method.

    A gateway that always asks about the same URL has every proof be for that one.
    """
    assert scoped_door.send(client, htu=proxy.url).refused


@case("RFC9449-4.3-11-RS", situation="proof-invalid", impact="critical", needs=("dpop",))
def test_proof_for_another_request_is_refused_through_the_proxy(
    proxy: Proxy, scoped_door: Door, client: Client
) -> None:
    """A proof that is good for reading one resource is refused where another one is written to.

    What a gateway asks by GET about one URL lets this proof in everywhere.
    """
    elsewhere = proxy.prepare(client, token=scoped_door.token(client))

    assert scoped_door.send_with_proof_of(elsewhere, client).refused


@case("RFC9700-4.13-01", situation="proof-invalid", impact="critical", needs=("dpop",))
@pytest.mark.parametrize(
    "name", [row("x-forwarded-method", "X-Forwarded-Method"), row("x-original-method", "X-Original-Method")]
)
def test_client_does_not_choose_the_method(proxy: Proxy, scoped_door: Door, client: Client, name: str) -> None:
    """A header of the client's own does not make a proof for another method right.

    It is by such headers that some gateways tell an authorization service which request they ask about.
    """
    assert scoped_door.send(client, htm=proxy.method, headers={name: proxy.method}).refused


@case("RFC9700-4.13-01", situation="proof-invalid", impact="critical", needs=("dpop",))
@pytest.mark.parametrize(
    "name",
    [
        row("x-forwarded-uri", "X-Forwarded-Uri"),
        row("x-original-uri", "X-Original-URI"),
        row("x-original-url", "X-Original-URL"),
        row("x-rewrite-url", "X-Rewrite-URL"),
    ],
)
def test_client_does_not_choose_the_path(proxy: Proxy, scoped_door: Door, client: Client, name: str) -> None:
    """A header of the client's own does not make a proof for another resource of the server right."""
    assert scoped_door.send(client, htu=proxy.url, headers={name: proxy.parts()["path"]}).refused


@case("RFC9700-4.13-02-RS", situation="proof-invalid", impact="high", needs=("dpop", "judge"))
def test_proof_for_whom_the_gateway_asks_is_refused(proxy: Proxy, client: Client) -> None:
    """A proof for the authorization service's own address is refused through the gateway."""
    assert proxy.send(client, htu=proxy.judged_as).refused


@case("RFC9700-4.13-03", impact="critical", needs=("dpop", "backend"))
@pytest.mark.parametrize(
    "change",
    [
        row("as-bearer", {"downgraded": "Bearer"}),
        row("without-a-proof", {"proof": None}),
        row("with-a-proof", {}),
        row("nobody", {"authorization": None, "proof": None}),
    ],
)
def test_server_behind_serves_nobody_but_its_gateway(proxy: Proxy, client: Client, change: dict[str, object]) -> None:
    """Past the gateway the server behind it answers nobody, whatever they bring; or it cannot be reached at all.

    It checks no proof. Who gets there needs none: a stolen token, or not even that.
    """
    assert proxy.behind.send(client, **change).refused


@case("RFC9700-4.13-03", also=("RFC9440-4-05-RS",), impact="critical", needs=("backend", "forwards-certificate"))
def test_server_behind_believes_no_certificate_in_a_header(proxy: Proxy, bound: Client) -> None:
    """Past the gateway a token and the header that would tell its certificate let nobody in at the server behind it."""
    assert proxy.behind.send(bound, certificate=None, headers=proxy.forged(bound, "{header}")).refused


@case(
    "RFC9440-4-05-RS",
    also=("RFC9700-4.13-03",),
    situation="forged-certificate-header",
    impact="critical",
    needs=("direct",),
)
def test_server_past_the_proxy_believes_no_certificate_in_a_header(proxy: Proxy, bound: Client) -> None:
    """Past the proxy a header of the client's own is not believed: at another door only the handshake counts."""
    assert proxy.direct.send(bound, certificate=None, headers=proxy.forged(bound, "{header}")).refused


@case("RFC9449-7.1-04", situation="proof-missing", impact="critical", needs=("dpop", "direct"))
def test_server_past_the_proxy_wants_a_proof(proxy: Proxy, client: Client) -> None:
    """Past the proxy a bound token without a proof is refused: what checks at one door has to be at each."""
    assert proxy.direct.send(client, proof=None).refused


@case("RFC9449-7.2-01", situation="bound-token-as-bearer", impact="critical", needs=("dpop", "direct"))
def test_server_past_the_proxy_takes_no_bound_token_as_bearer(proxy: Proxy, client: Client) -> None:
    """Past the proxy a bound token as Bearer is refused, which some gateways send there themselves."""
    assert proxy.direct.send(client, downgraded="Bearer").refused
