"""RFC 7515, RFC 7519 and RFC 8259: header and claims of a proof as JSON, and each member in its type."""

import pytest

from holdfast import ACCEPTED, REFUSED, at_every_endpoint, at_token_use, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import Duplicate, Literal, new_jti

ONE_JWT = "RFC9449-4.3-02-{role}"
CLAIMS = "RFC9449-4.3-03-{role}"
TYP = "RFC9449-4.3-04-{role}"
PLACE = "RFC9449-4.3-11-{role}"
IGNORED = "RFC9449-4.2-18-{role}"
CRITICAL = "RFC6749-7515-4.1.11-01-{role}"

WRONG_MEMBERS = pytest.mark.parametrize(
    ("name", "wrong"),
    [
        row("typ", "typ", "JWT"),
        row("alg", "alg", "none", impact="critical"),
        row("jwk", "jwk", None),
        row("htm", "htm", "DELETE"),
        row("htu", "htu", "https://nowhere.invalid/", impact="critical"),
        row("iat", "iat", 1, needs=("no:nonce-{role}",)),
        row("jti", "jti", None),
    ],
)


@case(ONE_JWT, situation="proof-invalid", impact="high", latitude="L51")
@at_every_endpoint
@WRONG_MEMBERS
def test_first_of_two_members_does_not_decide(
    endpoint: ProofEndpoint, client: Client, name: str, wrong: object
) -> None:
    """A proof in which a member stands twice is refused when the second of the two is wrong.

    JOSE allows a parser to refuse the pair or to take the last; where a gateway took the last and a server takes the
    first, one proof says two things.
    """
    assert endpoint.send(client, duplicate=Duplicate(name, wrong, first=False)).refused


@case(ONE_JWT, impact="medium", latitude="L51")
@at_every_endpoint
@WRONG_MEMBERS
def test_last_of_two_members_may_decide(endpoint: ProofEndpoint, client: Client, name: str, wrong: object) -> None:
    """A proof in which a member stands twice, the second time right, is refused or taken by the second, cleanly."""
    assert endpoint.send(client, duplicate=Duplicate(name, wrong, first=True)).outcome in {ACCEPTED, REFUSED}


@case("RFC9449-4.3-15", situation="proof-invalid", impact="high", latitude="L51")
@at_token_use
def test_first_of_two_hashes_does_not_decide(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof with two `ath` is refused when the second is the hash of another token."""
    assert endpoint.send(client, duplicate=Duplicate("ath", "A" * 43, first=False)).refused


@case(ONE_JWT, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "syntax",
    [
        row("byte-order-mark", "bom", impact="low", latitude="L54"),
        row("comment", "comment"),
        row("trailing-comma", "trailing-comma"),
        row("second-object", "trailing-bytes"),
        row("single-quotes", "single-quotes"),
        row("not-a-number", "nan"),
        row("list", "array"),
    ],
)
def test_claims_that_are_not_quite_json_are_refused(endpoint: ProofEndpoint, client: Client, syntax: str) -> None:
    """A proof is refused when its claims are not one valid JSON object (RFC 7519, section 7.2).

    Two parsers that forgive different mistakes read different claims out of one proof.
    """
    assert endpoint.send(client, syntax=syntax).refused


@case(ONE_JWT, impact="low")
@at_every_endpoint
@pytest.mark.parametrize(
    "spelling", [row("with-line-breaks", "pretty"), row("backwards", "reordered"), row("escaped-names", "escaped")]
)
def test_json_in_another_spelling_is_accepted(endpoint: ProofEndpoint, client: Client, spelling: str) -> None:
    """A proof is accepted however its JSON is spelt: with white space, in another order, with escaped letters."""
    assert endpoint.send(client, spelling=spelling).accepted


@case(CLAIMS, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        row("jti", "jti", "JTI"),
        row("htm", "htm", "Htm"),
        row("htu", "htu", "HTU"),
        row("iat", "iat", "Iat"),
        row("typ", "typ", "Typ", requirement=TYP),
        row("alg", "alg", "ALG", requirement="RFC9449-4.3-05-{role}"),
        row("jwk", "jwk", "JWK", requirement="RFC9449-4.3-08-{role}"),
    ],
)
def test_member_in_other_case_is_no_member(endpoint: ProofEndpoint, client: Client, name: str, spelt: str) -> None:
    """A proof is refused when a required member is there in another case only: names have a case.

    A parser that ignores case finds two members where a stricter one finds one.
    """
    assert endpoint.send(client, renamed={name: spelt}).refused


@case(IGNORED, impact="low")
@at_every_endpoint
@pytest.mark.parametrize(
    "claims",
    [
        row("htm", {"HTM": "DELETE"}),
        row("htu", {"HTU": "https://nowhere.invalid/"}),
        row("iat", {"IAT": 1}),
        row("jti", {"JTI": ""}),
    ],
)
def test_claim_in_other_case_changes_nothing(
    endpoint: ProofEndpoint, client: Client, claims: dict[str, object]
) -> None:
    """A proof is accepted by its right claims when a wrong one of the same name in another case stands beside them."""
    assert endpoint.send(client, claims=claims).accepted


@case(IGNORED, impact="low")
@at_every_endpoint
@pytest.mark.parametrize("header", [row("typ", {"TYP": "JWT"}), row("alg", {"ALG": "none"}), row("jwk", {"JWK": {}})])
def test_header_parameter_in_other_case_changes_nothing(
    endpoint: ProofEndpoint, client: Client, header: dict[str, object]
) -> None:
    """A proof is accepted by its right header when a wrong parameter, the same but for its case, stands beside it."""
    assert endpoint.send(client, header=header).accepted


@case(IGNORED, impact="high")
@at_token_use
def test_confirmation_inside_a_proof_changes_nothing(endpoint: ProofEndpoint, client: Client, thief: Client) -> None:
    """A proof that names another key in a `cnf` claim of its own is accepted by its `jwk`: the binding is the token's.

    A server that believes a proof's own `cnf` lets the sender say which key is the right one.
    """
    assert endpoint.send(client, claims={"cnf": {"jkt": thief.jkt}}).accepted


@case(TYP, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "typ",
    [
        row("null", Literal(None)),
        row("empty", ""),
        row("true", Literal(True)),
        row("list", Literal(["dpop+jwt"])),
        row("any-jwt", "application/jwt"),
        row("shorter", "dpop"),
        row("nul-after", "dpop+jwt\x00"),
        row("space-after", "dpop+jwt ", impact="low", latitude="L13"),
    ],
)
def test_typ_that_is_nearly_right_is_refused(endpoint: ProofEndpoint, client: Client, typ: object) -> None:
    """A proof is refused when its `typ` only resembles `dpop+jwt`, or holds it inside something else."""
    assert endpoint.send(client, typ=typ).refused


@case(TYP, impact="low", latitude="L13")
@at_every_endpoint
@pytest.mark.parametrize("typ", [row("capitals", "DPOP+JWT"), row("whole-media-type", "application/dpop+jwt")])
def test_typ_as_another_media_type_breaks_nothing(endpoint: ProofEndpoint, client: Client, typ: str) -> None:
    """A proof is accepted or refused, cleanly, when its `typ` is the same media type in another spelling."""
    assert endpoint.send(client, typ=typ).outcome in {ACCEPTED, REFUSED}


@case(CRITICAL, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "names",
    [
        row("two-names", ["holdfast-unknown", "holdfast-unheard-of"]),
        row("name-of-a-claim", "cnf"),
        row("known-beside-unknown", Literal(["alg", "holdfast-unknown"])),
        row("absent-from-the-header", Literal(["holdfast-unknown"])),
        row("empty", Literal([]), impact="low", latitude="L53"),
        row("null", Literal(None), impact="low", latitude="L53"),
        row("text", Literal("alg"), impact="low", latitude="L53"),
        row("number-in-the-list", Literal([1]), impact="low", latitude="L53"),
        row("registered-names", Literal(["alg", "jwk"]), impact="low", latitude="L53"),
        row("one-name-twice", Literal(["typ", "typ"]), impact="low", latitude="L53"),
    ],
)
def test_critical_list_is_heeded(endpoint: ProofEndpoint, client: Client, names: object) -> None:
    """A proof is refused when its `crit` names what the server cannot understand, or is no list of extensions at all.

    What is critical restricts the proof: a server that does not look applies it where it was not meant to be.
    """
    assert endpoint.send(client, critical=names).refused


@case(IGNORED, impact="low")
@at_every_endpoint
@pytest.mark.parametrize("header", [row("compressed", {"zip": "DEF"}), row("any-content", {"cty": "json"})])
def test_parameter_that_a_proof_does_not_need_breaks_nothing(
    endpoint: ProofEndpoint, client: Client, header: dict[str, str]
) -> None:
    """A proof whose header says `zip` or `cty` is read as it is or refused, cleanly: nothing is inflated."""
    assert endpoint.send(client, header=header).outcome in {ACCEPTED, REFUSED}


@case(IGNORED, impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("depth", [100, 500])
def test_deep_claim_breaks_nothing(endpoint: ProofEndpoint, client: Client, depth: int) -> None:
    """A proof with a claim of many lists within lists is accepted or refused, cleanly: no parser runs out of stack."""
    nested: object = []
    for _ in range(depth):
        nested = [nested]

    assert endpoint.send(client, claims={"holdfast": nested}).outcome in {ACCEPTED, REFUSED}


@case(IGNORED, impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("length", [5000, 25_000])
def test_large_claim_breaks_nothing(endpoint: ProofEndpoint, client: Client, length: int) -> None:
    """A proof with a claim of many characters is accepted or refused, cleanly."""
    assert endpoint.send(client, claims={"holdfast": "a" * length}).outcome in {ACCEPTED, REFUSED}


@case(CLAIMS, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "jti",
    [
        row("null", Literal(None)),
        row("true", Literal(True)),
        row("list", Literal(["a"])),
        row("object", Literal({"a": "b"})),
        row("float", Literal(0.5)),
    ],
)
def test_jti_that_is_no_text_is_refused(endpoint: ProofEndpoint, client: Client, jti: object) -> None:
    """A proof whose `jti` is no text is refused: what cannot be compared cannot be remembered."""
    assert endpoint.send(client, jti=jti).refused


@case("RFC9449-11.1-06-{role}", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("length", [129, 1000, 6000, 10_000])
def test_long_jti_breaks_nothing(endpoint: ProofEndpoint, client: Client, length: int) -> None:
    """A proof with a `jti` of many characters is refused, or remembered by its hash: the server stays up.

    A memory that keeps what it is sent can be filled by whoever sends long texts.
    """
    assert endpoint.send(client, jti=new_jti().ljust(length, "a")).outcome in {ACCEPTED, REFUSED}


@case(CLAIMS, impact="low")
@at_every_endpoint
@pytest.mark.parametrize("end", [row("nul", "\x00"), row("half-a-surrogate-pair", "\ud800"), row("beyond-ascii", "é…")])
def test_odd_character_in_jti_breaks_nothing(endpoint: ProofEndpoint, client: Client, end: str) -> None:
    """A proof whose `jti` has a NUL, half a surrogate pair or letters beyond ASCII is accepted or refused, cleanly."""
    assert endpoint.send(client, jti=new_jti() + end).outcome in {ACCEPTED, REFUSED}


@case(PLACE, situation="proof-invalid", impact="high")
@at_every_endpoint
@pytest.mark.parametrize(
    "template",
    [
        row("nul-after", "{scheme}://{host}{path}\x00", impact="low", latitude="L10"),
        row("nul-and-more-after", "{scheme}://{host}{path}\x00.evil.test"),
        row("half-a-surrogate-pair-after", "{scheme}://{host}{path}\ud800", impact="medium"),
        row("matrix-parameter", "{scheme}://{host}{path};x=1", impact="medium"),
        row("escaped-slash-after", "{scheme}://{host}{path}%2F", impact="medium"),
        row("twice-escaped", "{scheme}://{host}{path}%252F", impact="medium"),
        row("escaped-dots", "{scheme}://{host}{path}/%2e%2e/other", impact="medium"),
        row("backslashes", "{scheme}:\\\\{host}{path}", impact="low", latitude="L10"),
        row("one-slash", "{scheme}:/{host}{path}", impact="low", latitude="L10"),
        row("other-user", "{scheme}://user:word@{host}{path}", impact="low"),
        row("unclosed-bracket", "{scheme}://[", impact="medium"),
        row("words", "not a uri", impact="medium"),
        row("port-out-of-range", "{scheme}://{name}:99999{path}", impact="medium"),
        row("port-no-number", "{scheme}://{name}:x{path}", impact="medium"),
        row("host-alone", "{scheme}://{host}"),
        row("without-host", "{scheme}://{path}", impact="medium"),
        row("dot-after-the-host", "{scheme}://{name}.:{port}{path}", impact="low", latitude="L10"),
        row("other-name-of-loopback", "{scheme}://[::1]:{port}{path}"),
    ],
)
def test_htu_that_is_nearly_right_is_refused(endpoint: ProofEndpoint, client: Client, template: str) -> None:
    """A proof is refused when its `htu` only resembles the URI of the request, or can be read as no URI at all.

    Parsers differ most in what they make of malformed input, and a parser that gives up must not open the door.
    """
    assert endpoint.send(client, htu=template.format(**endpoint.parts())).refused


@case(PLACE, situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize("htu", [row("number", Literal(1)), row("true", Literal(True)), row("object", Literal({}))])
def test_htu_that_is_no_text_is_refused(endpoint: ProofEndpoint, client: Client, htu: object) -> None:
    """A proof whose `htu` is no text is refused."""
    assert endpoint.send(client, htu=htu).refused


@case(PLACE, situation="proof-invalid", impact="high")
@at_every_endpoint
def test_right_htu_inside_a_list_is_refused(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is refused when its `htu` is a list with the right URI in it: lists turn into texts by themselves."""
    right = "{scheme}://{host}{path}".format(**endpoint.parts())

    assert endpoint.send(client, htu=Literal([right])).refused


@case("RFC9449-4.3-14-{role}", situation="proof-invalid", impact="medium", needs=("no:nonce-{role}",))
@at_every_endpoint
@pytest.mark.parametrize(
    "iat",
    [
        row("beyond-32-bits", 2**32),
        row("beyond-exact-floats", 2**53 + 1),
        row("largest-64-bits", 2**63 - 1),
        row("smallest-64-bits", -(2**63)),
        row("beyond-64-bits", 2**64),
        row("a-hundred-digits", 10**100),
        row("fraction-of-the-past", 0.5),
    ],
)
def test_extreme_iat_is_refused(endpoint: ProofEndpoint, client: Client, iat: float) -> None:
    """A proof is refused when its `iat` is so large or small that sums with it overflow or lose their last digits."""
    assert endpoint.send(client, iat=Literal(iat)).refused


@case("RFC9449-4.3-14-{role}", impact="low")
@at_every_endpoint
def test_iat_with_a_fraction_is_accepted(endpoint: ProofEndpoint, client: Client) -> None:
    """A proof is accepted when its `iat` has a fraction of a second (RFC 7519, section 2)."""
    assert endpoint.send(client, iat=-0.5).accepted
