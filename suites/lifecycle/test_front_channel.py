"""What goes through the user's browser: the authorization request, where anybody can change what is in the URL."""

import pytest

from holdfast import case, row
from holdfast.parties import AuthorizationServer, Client

FRONT = ("authorization_code", "front-channel")
PUSHED = ("authorization_code", "par", "user-agent")
IMPOSSIBLE = "RFC9449-10-07"
HASH = "RFC7638-3.4-01-AS"


@case("RFC9700-2.1-01", also=("MCP-security-05",), impact="critical", needs=FRONT)
@pytest.mark.parametrize(
    "uri",
    [
        row("another", "https://evil.test/callback"),
        row("longer-host", "{scheme}://{host}.evil.test{path}"),
        row("as-user-name", "{scheme}://{host}@evil.test{path}"),
        row("sub-domain", "{scheme}://evil.{host}{path}"),
        row("other-port", "{scheme}://{host}:8443{path}"),
        row("no-tls", "http://{host}{path}"),
        row("no-path", "{scheme}://{host}"),
        row("deeper", "{uri}/deeper"),
        row("longer", "{uri}x"),
        row("dot-segments", "{uri}/../evil"),
        row("trailing-slash", "{uri}/", impact="medium"),
        row("capitals", "{scheme}://{host}{PATH}", impact="medium"),
        row("with-a-query", "{uri}?next=evil", impact="high"),
        row("with-a-fragment", "{uri}#evil", impact="high"),
    ],
)
def test_redirect_uri_that_is_not_registered_is_refused(
    authorization_server: AuthorizationServer, client: Client, uri: str
) -> None:
    """A redirect_uri that is not, letter for letter, a registered one is refused, and the browser is not sent there.

    Where the code goes, a thief can wait for it.
    """
    seen = authorization_server.authorize(client, {"redirect_uri": authorization_server.near(client, uri)})

    assert seen.refused and not seen.header("Location")


@case("RFC9700-2.1.1-04", impact="high", needs=FRONT)
@pytest.mark.parametrize(
    "parameters",
    [
        row("none", {"code_challenge": None, "code_challenge_method": None}),
        row("empty", {"code_challenge": "", "code_challenge_method": None}),
    ],
)
def test_code_without_a_challenge_is_refused_with_a_verifier(
    authorization_server: AuthorizationServer, client: Client, parameters: dict[str, str | None]
) -> None:
    """Who asked without a code challenge gets no token with a verifier: none is asked for, or none is taken.

    Otherwise a thief strikes the challenge out of the request, and PKCE looks as if it were in use.
    """
    assert authorization_server.attempt(client, parameters).refused


@case("RFC9700-2.6-03", impact="medium", needs=FRONT)
def test_authorization_endpoint_answers_no_script(authorization_server: AuthorizationServer, client: Client) -> None:
    """The authorization endpoint does no CORS: the browser goes there, no script of another origin asks there."""
    seen = authorization_server.authorize(client, Origin="https://script.test")

    assert seen.header("Access-Control-Allow-Origin") is None


@case("RFC9449-12.3-01", impact="low", needs=(*FRONT, "dpop_jkt"))
def test_authorization_request_with_a_key_leads_to_a_code(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """An authorization request with `dpop_jkt` leads to a code."""
    assert authorization_server.authorize(client, {"dpop_jkt": client.jkt}).accepted


@case(IMPOSSIBLE, impact="medium", needs=(*FRONT, "dpop_jkt"))
@pytest.mark.parametrize(
    "jkt",
    [
        row("ten-characters", "0123456789"),
        row("a-letter-short", "$shorter"),
        row("a-letter-long", "${longer}"),
        row("padded", "$padded"),
        row("hexadecimal", "$hex"),
        row("other-alphabet", "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+"),
        row("as-uri", "$uri"),
        row("space", "$jkt "),
        row("sha-1", "$sha1", requirement=HASH, also=("RFC9449-11.10-01-AS",)),
        row("sha-384", "$sha384", requirement=HASH, also=("RFC9449-11.10-01-AS",)),
        row("sha-512", "$sha512", requirement=HASH, also=("RFC9449-11.10-01-AS",)),
        row("sha-256-cut", "$left128", requirement=HASH, also=("RFC9449-11.10-01-AS",)),
    ],
)
def test_key_that_is_no_thumbprint_leads_to_no_token(
    authorization_server: AuthorizationServer, client: Client, jkt: str
) -> None:
    """A `dpop_jkt` that is no SHA-256 thumbprint is refused, or leads to a code that no key redeems.

    A server that passes it over issues a code to anybody's key, and the client believes it bound.
    """
    assert authorization_server.attempt(client, {"dpop_jkt": client.spelt(jkt)}).refused


@case("RFC7638-3.3-01-AS", impact="medium", needs=(*FRONT, "dpop_jkt"))
def test_thumbprint_over_escaped_text_leads_to_no_token(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A thumbprint is made of names and values, not of how a JSON text spells them: one over escapes is another key's.

    The proof spells its key in that very way.
    """
    asked = {"dpop_jkt": client.spelt("$escaped")}

    assert authorization_server.attempt(client, asked, spelling="escaped-key").refused


@case(IMPOSSIBLE, impact="high", needs=(*FRONT, "dpop_jkt"))
def test_second_key_in_one_request_leads_to_no_token(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """An authorization request with a second `dpop_jkt` leads to no token: two readers would choose differently."""
    assert authorization_server.attempt(client, {"dpop_jkt": (client.jkt, thief.jkt)}).refused


@case(IMPOSSIBLE, impact="high", needs=(*FRONT, "dpop_jkt"))
def test_second_key_in_one_request_leads_to_no_token_for_its_owner(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """An authorization request to which a thief has added its own `dpop_jkt` leads to no token for the thief's key."""
    assert authorization_server.attempt(client, {"dpop_jkt": (client.jkt, thief.jkt)}, key=thief.key).refused


# What stands beside a request_uri


@case("RFC9126-4-04", also=("RFC9449-10.1-03",), impact="high", needs=(*PUSHED, "dpop_jkt"))
def test_key_beside_a_request_uri_does_not_take_the_place_of_the_pushed_one(
    authorization_server: AuthorizationServer, client: Client, thief: Client
) -> None:
    """A `dpop_jkt` in the URL beside a request_uri binds the code to nobody else's key.

    The pushed request was authenticated; the URL is in the thief's hands.
    """
    beside = {"dpop_jkt": thief.jkt}

    assert authorization_server.attempt(client, push={}, beside=beside, key=thief.key).refused


@case("RFC9126-4-04", impact="high", needs=PUSHED)
def test_challenge_beside_a_request_uri_does_not_take_the_place_of_the_pushed_one(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A code_challenge in the URL beside a request_uri does not make a thief's verifier fit."""
    verifier = "holdfast-verifier-of-a-thief-0123456789-0123456789"
    beside = {"code_challenge": authorization_server.challenge(verifier), "code_challenge_method": "S256"}

    assert authorization_server.attempt(client, push={}, beside=beside, code_verifier=verifier).refused


@case("RFC9126-4-04", impact="critical", needs=PUSHED)
def test_redirect_uri_beside_a_request_uri_does_not_take_the_place_of_the_pushed_one(
    authorization_server: AuthorizationServer, client: Client
) -> None:
    """A redirect_uri in the URL beside a request_uri does not lead the browser elsewhere."""
    beside = {"request_uri": authorization_server.pushed(client), "redirect_uri": "https://evil.test/callback"}
    seen = authorization_server.authorize(client, beside)

    assert "evil.test" not in (seen.header("Location") or "")
