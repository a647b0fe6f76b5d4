"""RFC 9449, sections 2, 4 and 7, and RFC 9700: every door of a resource server asks for the proof, and of everybody.

Enforcement that hangs on a route, on a header of the client's or on the presence of TLS is gone where that is missing.
"""

import pytest

from holdfast import at, case, row
from holdfast.parties import ClearDoor, Client, Door, Doors, ProofEndpoint, ResourceServer

BEHIND = "RFC9700-4.13-02-{role}"


@case("RFC9700-4.10.1-01", impact="critical")
@pytest.mark.parametrize(
    "fault",
    [
        row("no-credentials", "no-credentials", requirement="RFC9449-7.1-07"),
        row("proof-alone", "proof-alone", requirement="RFC9449-4-02"),
        row("no-proof", "no-proof", also=("RFC9449-7.1-04",)),
        row("bad-proof", "bad-proof", also=("RFC9449-7.1-05",)),
        row("other-key", "other-key", also=("RFC9700-2.2.1-02", "RFC9449-7.1-06")),
        row("bound-as-bearer", "bound-as-bearer", requirement="RFC9449-7.2-01", also=("RFC7800-4-02",)),
        row("bad-token", "bad-token", requirement="RFC9449-7.1-07"),
    ],
)
def test_every_other_resource_is_as_closed_as_the_main_one(doors: Doors, client: Client, fault: str) -> None:
    """What is refused at the main resource is refused at every other resource that the target has.

    Checks are switched on route by route, and the one that was added last, or is older than DPoP, was forgotten.
    """
    assert all(seen.refused for seen in doors.fail(client, fault))


@case("RFC9700-4.10.1-01", also=("RFC9700-2.2.1-02",), impact="critical", needs=("mtls",))
def test_every_other_resource_asks_for_the_certificate(doors: Doors, bound: Client) -> None:
    """A token that is bound to a certificate is refused without it at every other resource too."""
    assert all(seen.refused for seen in doors.send(bound, certificate=None))


@case("RFC9449-7.1-07", impact="high")
@pytest.mark.parametrize(
    "fault",
    [
        row("bad-token", "bad-token"),
        row("bad-proof", "bad-proof"),
        row("no-proof", "no-proof"),
        row("other-key", "other-key"),
        row("bound-as-bearer", "bound-as-bearer"),
        row("bad-bearer", "bad-bearer"),
    ],
)
def test_who_fails_is_not_served_as_nobody(open_door: Door, client: Client, fault: str) -> None:
    """Where anybody is served, credentials that fail are refused all the same: they do not turn into no credentials.

    Behind such a resource others trust that whoever got an answer was checked.
    """
    seen = open_door.fails(client, fault)

    assert seen.refused and not seen.wrong_signal


@case("RFC6750-2.3-02", also=("RFC9728-2-05",), impact="medium")
@at("resource", "userinfo")
@pytest.mark.parametrize("place", [row("query", "query"), row("form", "form", requirement="RFC6750-2.2-02")])
def test_bound_token_is_taken_from_its_header_only(endpoint: ProofEndpoint, client: Client, place: str) -> None:
    """A bound token in the query or in a form is refused, although its proof lies in the header.

    Where a token is read from two places, two pieces of code decide which one the proof belongs to.
    """
    assert endpoint.send(client, token_in=place).refused


@case("RFC9449-7.1-08", impact="high", latitude="L16")
def test_unbound_token_under_dpop_without_a_proof_is_refused(rs: ResourceServer, client: Client, plain: Client) -> None:
    """A token that is bound to nothing is refused under the scheme DPoP when no proof comes with it.

    Code that looks at a proof only where the token names a key lets such a request through as proven.
    """
    assert rs.send(client, token=rs.token(plain), proof=None).refused


@case(BEHIND, situation="proof-invalid", impact="high", needs=("dpop",))
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        row("host", "Host", "evil.{host}"),
        row("x-forwarded-host", "X-Forwarded-Host", "evil.{host}"),
        row("x-forwarded-server", "X-Forwarded-Server", "evil.{host}"),
        row("x-original-host", "X-Original-Host", "evil.{host}"),
        row("x-host", "X-Host", "evil.{host}"),
        row("forwarded", "Forwarded", 'host="evil.{host}";proto={scheme}'),
        row("x-original-url", "X-Original-URL", "{scheme}://evil.{host}{path}"),
        row("x-rewrite-url", "X-Rewrite-URL", "{scheme}://evil.{host}{path}"),
    ],
)
def test_proof_for_another_host_is_refused_whatever_the_client_calls_the_server(
    endpoint: ProofEndpoint, client: Client, name: str, value: str
) -> None:
    """A proof for another host is refused although a header of the request says that this is that host.

    Whoever captures a request at a host of their own would replay it here, and write that header themselves.
    """
    parts = endpoint.parts()
    foreign = "{scheme}://evil.{host}{path}".format(**parts)

    assert endpoint.send(client, htu=foreign, headers={name: value.format(**parts)}).refused


@case(BEHIND, situation="proof-invalid", impact="medium", needs=("dpop",))
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize(
    ("name", "value", "htu"),
    [
        row("x-forwarded-proto", "X-Forwarded-Proto", "http", "http://{host}{path}"),
        row("forwarded-proto", "Forwarded", "proto=http", "http://{host}{path}"),
        row("x-forwarded-port", "X-Forwarded-Port", "1", "{scheme}://{name}:1{path}"),
        row("x-forwarded-prefix", "X-Forwarded-Prefix", "/evil", "{scheme}://{host}/evil{path}"),
        row("x-original-url", "X-Original-URL", "/evil", "{scheme}://{host}/evil"),
        row("x-rewrite-url", "X-Rewrite-URL", "/evil", "{scheme}://{host}/evil"),
    ],
)
def test_proof_for_another_address_is_refused_whatever_the_client_calls_it(
    endpoint: ProofEndpoint, client: Client, name: str, value: str, htu: str
) -> None:
    """A proof for another scheme, port or path is refused although a header of the request says that it is this one."""
    assert endpoint.send(client, htu=htu.format(**endpoint.parts()), headers={name: value}).refused


@case("RFC9700-4.9.1-01", situation="proof-invalid", impact="high")
@pytest.mark.parametrize(
    "htu",
    [
        row("other-server", "{scheme}://counterfeit.test{path}"),
        row("other-path", "{scheme}://{host}/counterfeit"),
        row("longer-name", "{scheme}://{name}.counterfeit.test{path}"),
    ],
)
def test_what_another_resource_server_received_opens_nothing_here(rs: ResourceServer, client: Client, htu: str) -> None:
    """Token and proof that a client sent to another server are refused when that one passes them on.

    A counterfeit server collects such requests; the proof says for whom it was made.
    """
    assert rs.send(client, htu=htu.format(**rs.parts())).refused


@case("RFC9449-2-01-RS", impact="high")
def test_bound_token_without_tls_is_refused(clear_door: ClearDoor, client: Client) -> None:
    """A bound token is refused without TLS, with a proof for just that address.

    Whoever listens on the way reads the protected answer, and holds a token and a proof.
    """
    assert clear_door.send(client).refused


@case("RFC9449-2-01-RS", impact="high")
def test_proof_for_the_address_with_tls_is_refused_without_it(
    clear_door: ClearDoor, rs: ResourceServer, client: Client
) -> None:
    """A proof for the https address is refused where it arrives without TLS."""
    assert clear_door.send(client, htu=rs.url).refused
