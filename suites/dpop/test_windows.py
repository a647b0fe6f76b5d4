"""RFC 9449, sections 8, 9 and 11.1: how long a proof is taken, remembered, and a nonce is good; each is measured."""

import pytest

from holdfast import at, case, row
from holdfast.parties import Client, Clock, Gauge, ProofEndpoint

PLACES = at("resource", "userinfo", "token", "par")


@case("RFC9449-11.1-02-{role}", impact="medium", latitude="L07-past-300", needs=("no:nonce-{role}",))
@PLACES
def test_old_proof_is_taken_for_minutes_at_most(endpoint: ProofEndpoint, client: Client, gauge: Gauge) -> None:
    """A proof is accepted for at most five minutes after it was made.

    So long is whoever finds a proof in a log, and was quicker than its owner, let in.
    """
    assert not gauge.past(endpoint, client).exceeds(300)


@case("RFC9449-11.1-02-{role}", impact="medium", latitude="L07-future-60", needs=("no:nonce-{role}",))
@PLACES
def test_proof_is_taken_a_minute_ahead_at_most(endpoint: ProofEndpoint, client: Client, gauge: Gauge) -> None:
    """A proof is accepted at most one minute before the time that it names.

    What is taken ahead of its time can be made ahead of it, by whoever holds the client for a moment.
    """
    assert not gauge.future(endpoint, client).exceeds(60)


@case("RFC9449-8-14", impact="low", latitude="L20", waits=9)
@pytest.mark.parametrize(
    "endpoint",
    [
        row("resource", "resource", requirement="RFC9449-9-03", needs=("nonce-rs",)),
        row("userinfo", "userinfo", requirement="RFC9449-9-03", needs=("nonce-rs",)),
        row("token", "token", needs=("nonce-as",)),
        row("par", "par", needs=("nonce-as",)),
    ],
)
def test_nonce_is_good_for_more_than_one_retry(endpoint: ProofEndpoint, client: Client, gauge: Gauge) -> None:
    """A nonce is good for two seconds and more, so that a client on a slow line can use the one that it was given."""
    assert not gauge.nonce(endpoint, client, over=9).falls_short_of(2)


@case("RFC9449-11.2-02-{role}", impact="high", latitude="L20-past-declared", waits="nonce", needs=("nonce-{role}",))
@PLACES
def test_nonce_ends_with_its_declared_life(endpoint: ProofEndpoint, client: Client, gauge: Gauge, clock: Clock) -> None:
    """A nonce is refused when its declared life is over.

    A proof that was made ahead of time, with a nonce that was good then, must not be good for ever.
    """
    assert not gauge.nonce(endpoint, client, over="nonce").exceeds(clock.window("nonce"))
