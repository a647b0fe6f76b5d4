"""RFC 9449, sections 4.2 and 11.1: which values of `jti` are the same, and what becomes of very long ones."""

import pytest

from holdfast import at, at_every_endpoint, case, row
from holdfast.parties import Client, ProofEndpoint
from holdfast.proofs import new_jti

LONG = "RFC9449-11.1-06-{role}"


@case(LONG, also=("RFC9449-11.1-04-{role}",), impact="medium", needs=("single-use-proof",))
@at_every_endpoint
@pytest.mark.parametrize(
    "length",
    [row("129-characters", 129), row("1-kilobyte", 1024), row("8-kilobytes", 8192), row("32-kilobytes", 32_768)],
)
def test_long_jti_is_refused_or_remembered(endpoint: ProofEndpoint, client: Client, length: int) -> None:
    """A proof with a very long `jti` is refused, or else it is refused the second time.

    A memory that cuts long values off, or gives them up, forgets exactly the proof that was made to be forgotten; one
    that keeps them whole can be filled by anybody.
    """
    seen = endpoint.send(client, jti=new_jti().ljust(length, "j"))

    assert seen.refused or (seen.accepted and endpoint.resend(seen).refused)


@case("RFC9449-11.1-04-{role}", impact="low")
@at("resource", "userinfo", "token", "par")
@pytest.mark.parametrize(
    ("jti", "other"),
    [
        row("another-case", "holdfast-{}", "HOLDFAST-{}"),
        row("space-behind", "holdfast-{}", "holdfast-{} "),
        row("space-before", "holdfast-{}", " holdfast-{}"),
        row("nul-behind", "holdfast-{}", "holdfast-{}\0"),
        row("composed", "holdfast-{}-e\u0301", "holdfast-{}-\u00e9"),
        row("double-width", "holdfast-{}-a", "holdfast-{}-\uff41"),
        row("longer", "holdfast-{}-" + "j" * 60, "holdfast-{}-" + "j" * 61),
    ],
)
def test_jti_that_is_not_quite_the_same_is_another(
    endpoint: ProofEndpoint, client: Client, jti: str, other: str
) -> None:
    """A proof is accepted whose `jti` differs from a used one in no more than case, white space or form of a letter.

    A comparison that folds what is different refuses the honest proofs of clients that are just as strict.
    """
    own = new_jti()
    endpoint.accepts(client, jti=jti.format(own))

    assert endpoint.send(client, jti=other.format(own)).accepted


@case("RFC9449-11.1-04-{role}", impact="low", latitude="L06-other-key")
@at("resource", "userinfo", "token", "par")
def test_jti_that_another_client_used_is_good(endpoint: ProofEndpoint, client: Client, second: Client) -> None:
    """A proof is accepted whose `jti` was used before with another client's key.

    Otherwise whoever sees a `jti`, or guesses it, uses it up for the one whose it is.
    """
    own = new_jti()
    endpoint.accepts(second, jti=own)

    assert endpoint.send(client, jti=own).accepted
