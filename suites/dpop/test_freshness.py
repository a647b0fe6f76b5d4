"""RFC 9449, sections 4.3 (item 11) and 11.1: when a proof was made. Each offset is taken from the target's clock."""

import pytest

from holdfast import ACCEPTED, REFUSED, Outcome, at_every_endpoint, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import ABSENT, Literal

HOUR, DAY, YEAR = 3600, 86_400, 31_536_000


@case("RFC9449-4.3-14-{role}", situation="proof-invalid", impact="high", needs=("no:nonce-{role}",))
@at_every_endpoint
@pytest.mark.parametrize(
    ("iat", "expected"),
    [
        row("an-hour-old", -HOUR, REFUSED, latitude="L07-past-3600"),
        row("a-day-old", -DAY, REFUSED, latitude="L07-past-3600"),
        row("a-year-old", -YEAR, REFUSED, latitude="L07-past-3600"),
        row("an-hour-ahead", HOUR, REFUSED, latitude="L07-future-300"),
        row("a-day-ahead", DAY, REFUSED, latitude="L07-future-300"),
        row("a-year-ahead", YEAR, REFUSED, latitude="L07-future-300"),
        row("in-milliseconds", "milliseconds", REFUSED, impact="medium"),
        row("epoch", Literal(0), REFUSED),
        row("negative", Literal(-1), REFUSED),
        row("two-seconds-old", -2, ACCEPTED, requirement="RFC9449-11.1-01-{role}", impact="low"),
        row("two-seconds-ahead", 2, ACCEPTED, requirement="RFC9449-11.1-07-{role}", impact="low"),
    ],
)
def test_age(endpoint: ProofEndpoint, client: Client, iat: object, expected: Outcome) -> None:
    """A proof is accepted for a short time around its `iat`, and not long before or after.

    A proof made ahead of time is a proof that can be stolen ahead of time.
    """
    assert endpoint.send(client, iat=iat).outcome is expected


@case("RFC9449-4.3-14-{role}", situation="proof-invalid", impact="low")
@at_every_endpoint
@pytest.mark.parametrize(
    ("claim", "seconds", "expected"),
    [
        row("ended", "exp", -HOUR, REFUSED, latitude="L09-ended"),
        row("not-begun", "nbf", HOUR, REFUSED, latitude="L09-not-begun"),
        row("ends-later", "exp", 30, ACCEPTED, requirement="RFC9449-4.2-18-{role}", latitude="L09-good"),
        row("began", "nbf", -30, ACCEPTED, requirement="RFC9449-4.2-18-{role}", latitude="L09-good"),
    ],
)
def test_times_beside_iat(endpoint: ProofEndpoint, client: Client, claim: str, seconds: int, expected: Outcome) -> None:
    """A proof that limits itself by `exp` or `nbf` is good within these limits, and not outside.

    Nobody has to write them, and nobody has to understand them; who does, honours them.
    """
    assert endpoint.send(client, **{claim: seconds}).outcome is expected


@case("RFC9449-4.3-03-{role}", situation="proof-invalid", impact="medium")
@at_every_endpoint
@pytest.mark.parametrize(
    "iat",
    [
        row("absent", ABSENT),
        row("text", "text"),
        row("null", Literal(None)),
        row("true", Literal(True)),
        row("list", Literal([1])),
    ],
)
def test_iat_that_is_no_time_is_refused(endpoint: ProofEndpoint, client: Client, iat: object) -> None:
    """A proof whose `iat` is missing or no number is refused."""
    assert endpoint.send(client, iat=iat).refused
