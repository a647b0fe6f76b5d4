"""RFC 9449, section 12.8: proof, token, challenge and nonce pass a proxy unchanged, each as often as it was there."""

import pytest

from holdfast import case, row
from holdfast.parties import Client, ProxyAlone, ProxyOverHttp2, Reply

UNCHANGED = "RFC9449-12.8-01-proxy"
ASKED, ANSWERED, SIZES = "Proof and token on the way in", "Challenge and nonce on the way out", "Sizes"
PROOF = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRwb3Arand0In0.eyJqdGkiOiJob2xkZmFzdCJ9.c2lnbmF0dXJl-_"
TOKEN = "DPoP holdfast.token-._~+/=="  # noqa: S105 - no secret

PROOF_AND_TOKEN = pytest.mark.parametrize(
    ("name", "value"),
    [
        row("dpop", "DPoP", PROOF),
        row("dpop-small-letters", "dpop", PROOF),
        row("authorization", "Authorization", TOKEN),
        row("authorization-small-letters", "authorization", TOKEN),
    ],
)
BOTH = pytest.mark.parametrize("name", [row("dpop", "DPoP"), row("authorization", "Authorization")])
STATUSES = pytest.mark.parametrize("status", [row("200", 200), row("400", 400), row("401", 401), row("403", 403)])
ANSWERS = pytest.mark.parametrize(
    ("name", "value"),
    [
        row("nonce", "DPoP-Nonce", "holdfast-._~"),
        row("challenge", "WWW-Authenticate", 'DPoP algs="ES256 EdDSA", error="use_dpop_nonce"'),
        row("cache-control", "Cache-Control", "no-store"),
    ],
)
TWO_LINES = pytest.mark.parametrize(
    ("name", "values"),
    [
        row("challenge", "WWW-Authenticate", ['DPoP algs="ES256"', "Bearer"]),
        row("nonce", "DPoP-Nonce", ["one", "two"]),
    ],
)
CERTIFICATE_NAMES = pytest.mark.parametrize(
    "name", [row("client-cert", "Client-Cert"), row("client-cert-chain", "Client-Cert-Chain")]
)


@case(UNCHANGED, impact="high")
@PROOF_AND_TOKEN
def test_header_of_a_request_arrives_as_it_was_sent(alone: ProxyAlone, client: Client, name: str, value: str) -> None:
    """Proof and token arrive byte for byte, once."""
    seen = alone.send(client, f"header {name}: {value}", headers={name: value})
    alone.observe(ASKED, name, seen.became([value], name))

    assert seen.values(name) == [value]


@case("RFC9449-4.3-01-RS", impact="high")
@BOTH
def test_second_line_is_not_lost(alone: ProxyAlone, client: Client, name: str) -> None:
    """Of two lines both arrive, as two or as a list, or the request is refused: the server has to see that two came."""
    values = ["DPoP one", "DPoP two"]
    seen = alone.send(client, f"two lines {name}", headers=[(name, value) for value in values])
    alone.observe(ASKED, f"{name} twice", seen.became(values, name))

    assert seen.stopped or seen.members(name) == values


@case(UNCHANGED, impact="medium")
@pytest.mark.parametrize("size", [row("4-kb", 4_096), row("7-kb", 7_168), row("15-kb", 15_360), row("60-kb", 61_440)])
@pytest.mark.parametrize("name", [row("dpop", "DPoP"), row("authorization", "Authorization")])
def test_long_header_arrives_whole_or_is_refused(alone: ProxyAlone, client: Client, name: str, size: int) -> None:
    """A long proof or token arrives whole, or the request is refused: nothing of it is cut off or left out.

    A proof by an RSA key of 4,096 bits has 2 kB, a token with many claims several more.
    """
    value = f"DPoP {'a' * size}"
    seen = alone.send(client, f"header {name}: {size:,} bytes", headers={name: value})
    alone.observe(SIZES, f"{name} of {size:,} bytes", seen.became([value], name))

    assert seen.stopped or seen.values(name) == [value]


@case(UNCHANGED, impact="high")
def test_proof_of_usual_size_arrives_beside_a_token_of_usual_size(alone: ProxyAlone, client: Client) -> None:
    """A proof by an RSA key of 4,096 bits and a token of 4 kB arrive together."""
    headers = {"DPoP": "p" * 2_400, "Authorization": f"DPoP {'t' * 4_096}"}
    seen = alone.send(client, "headers DPoP and Authorization: 2,400 and 4,096 bytes", headers=headers)
    alone.observe(SIZES, "a proof of 2,400 bytes and a token of 4,096", seen.became([headers["DPoP"]], "DPoP"))

    assert [seen.values("DPoP"), seen.values("Authorization")] == [[value] for value in headers.values()]


@case(UNCHANGED, impact="medium")
@STATUSES
@ANSWERS
def test_header_of_an_answer_returns_as_it_was_sent(
    alone: ProxyAlone, client: Client, name: str, value: str, status: int
) -> None:
    """Nonce, challenge and caching rules of an answer return unchanged, once, under the status that the server gave."""
    seen = alone.replied(client, Reply(status, ((name, value),)))
    alone.observe(ANSWERED, f"{name} with {status}", seen.returned([value], name))

    assert (seen.exchange.status, seen.exchange.headers(name)) == (status, [value])


@case(UNCHANGED, impact="medium")
@TWO_LINES
def test_two_lines_of_an_answer_both_return(alone: ProxyAlone, client: Client, name: str, values: list[str]) -> None:
    """Of two challenges, or of two nonces, both return, as two lines or as a list."""
    seen = alone.replied(client, Reply(401, tuple((name, value) for value in values)))
    alone.observe(ANSWERED, f"{name} twice", seen.returned(values, name))

    assert [part for value in seen.exchange.headers(name) for part in value.split(", ")] == values


@case("RFC9440-2.2-02-proxy", also=("RFC9440-2.3-07",), impact="low")
@CERTIFICATE_NAMES
def test_certificate_header_of_an_answer_does_not_return(alone: ProxyAlone, client: Client, name: str) -> None:
    """A certificate header that the server behind puts into its answer does not reach the client."""
    seen = alone.replied(client, Reply(200, ((name, ":aG9sZGZhc3Q=:"),)))
    alone.observe(ANSWERED, f"{name} of an answer", seen.returned([":aG9sZGZhc3Q=:"], name))

    assert seen.exchange.headers(name) == []


@case("RFC9440-2.4-07", impact="low")
@CERTIFICATE_NAMES
def test_vary_by_a_certificate_becomes_an_asterisk(alone: ProxyAlone, client: Client, name: str) -> None:
    """A Vary that names a certificate header becomes `*` for the client, to whom that name says nothing."""
    seen = alone.replied(client, Reply(200, (("Vary", name),)))
    alone.observe(ANSWERED, f"Vary: {name}", seen.returned([name], "Vary"))

    assert [value.strip() for value in seen.exchange.headers("Vary")] == ["*"]


# The same over HTTP/2


@case(UNCHANGED, impact="high")
@PROOF_AND_TOKEN
def test_over_http2_header_of_a_request_arrives_as_it_was_sent(
    over_http2: ProxyOverHttp2, client: Client, name: str, value: str
) -> None:
    """Over HTTP/2 proof and token arrive byte for byte, once."""
    seen = over_http2.send(client, f"header {name}: {value}", headers={name: value})
    over_http2.observe(ASKED, f"{name} over HTTP/2", seen.became([value], name))

    assert seen.values(name) == [value]


@case("RFC9449-4.3-01-RS", impact="high")
@BOTH
def test_over_http2_second_line_is_not_lost(over_http2: ProxyOverHttp2, client: Client, name: str) -> None:
    """Over HTTP/2, too, both of two fields arrive, as two lines or as a list, or the request is refused."""
    values = ["DPoP one", "DPoP two"]
    seen = over_http2.send(client, f"two fields {name}", headers=[(name, value) for value in values])
    over_http2.observe(ASKED, f"{name} twice over HTTP/2", seen.became(values, name))

    assert seen.stopped or seen.members(name) == values


@case(UNCHANGED, impact="high")
def test_over_http2_proof_of_usual_size_arrives_beside_a_token_of_usual_size(
    over_http2: ProxyOverHttp2, client: Client
) -> None:
    """Over HTTP/2 a proof by an RSA key of 4,096 bits and a token of 4 kB arrive together."""
    headers = {"DPoP": "p" * 2_400, "Authorization": f"DPoP {'t' * 4_096}"}
    seen = over_http2.send(client, "headers DPoP and Authorization: 2,400 and 4,096 bytes", headers=headers)

    assert [seen.values("DPoP"), seen.values("Authorization")] == [[value] for value in headers.values()]


@case(UNCHANGED, impact="medium")
@STATUSES
@ANSWERS
def test_over_http2_header_of_an_answer_returns_as_it_was_sent(
    over_http2: ProxyOverHttp2, client: Client, name: str, value: str, status: int
) -> None:
    """Over HTTP/2 nonce, challenge and caching rules return unchanged, once, under the status that the server gave."""
    seen = over_http2.replied(client, Reply(status, ((name, value),)))

    assert (seen.exchange.status, seen.exchange.headers(name)) == (status, [value])


@case(UNCHANGED, impact="medium")
@TWO_LINES
def test_over_http2_two_lines_of_an_answer_both_return(
    over_http2: ProxyOverHttp2, client: Client, name: str, values: list[str]
) -> None:
    """Over HTTP/2 both of two challenges, or of two nonces, return, as two fields or as a list."""
    seen = over_http2.replied(client, Reply(401, tuple((name, value) for value in values)))
    over_http2.observe(ANSWERED, f"{name} twice over HTTP/2", seen.returned(values, name))

    assert [part for value in seen.exchange.headers(name) for part in value.split(", ")] == values


@case("RFC9440-2.2-02-proxy", also=("RFC9440-2.3-07",), impact="low")
@CERTIFICATE_NAMES
def test_over_http2_certificate_header_of_an_answer_does_not_return(
    over_http2: ProxyOverHttp2, client: Client, name: str
) -> None:
    """Over HTTP/2 a certificate header of an answer does not reach the client."""
    seen = over_http2.replied(client, Reply(200, ((name, ":aG9sZGZhc3Q=:"),)))

    assert seen.exchange.headers(name) == []


@case("RFC9440-2.4-07", impact="low")
@CERTIFICATE_NAMES
def test_over_http2_vary_by_a_certificate_becomes_an_asterisk(
    over_http2: ProxyOverHttp2, client: Client, name: str
) -> None:
    """Over HTTP/2 a Vary that names a certificate header becomes `*` for the client."""
    seen = over_http2.replied(client, Reply(200, (("Vary", name),)))

    assert [value.strip() for value in seen.exchange.headers("Vary")] == ["*"]
