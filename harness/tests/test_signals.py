"""How a refusal is worded, graded apart from the refusal."""

import json

import pytest

from holdfast import rooms
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.requirements import Situation, Tables, Wording
from holdfast.signals import grade, matches, seen_wording, worded
from holdfast.wire import Answer, Request


def answered(
    status: int | None = 401,
    *challenges: str,
    body: object = "",
    nonces: int = 0,
    endpoint: str = "resource",
    fault: str = "",
) -> Exchange:
    headers = [("WWW-Authenticate", challenge) for challenge in challenges] + [("DPoP-Nonce", "n")] * nonces
    answer = Answer(
        status=status,
        headers=tuple(headers),
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
        fault=fault,  # type: ignore[arg-type]
    )
    return Exchange(Request("GET", "https://rs.test/"), answer, "hostile", endpoint, "client", "", Outcome.REFUSED)


DPOP = 'DPoP error="invalid_dpop_proof", algs="ES256"'


@pytest.mark.parametrize(
    ("wording", "seen", "fits"),
    [
        (Wording(status=(401,)), answered(401), True),
        (Wording(status=(400, 401)), answered(401), True),
        (Wording(status=(400,)), answered(401), False),
        (Wording(scheme="DPoP"), answered(401, DPOP), True),
        (Wording(scheme="DPoP"), answered(401, DPOP.replace("DPoP ", "dpop ")), True),
        (Wording(scheme="DPoP"), answered(401, "Bearer"), False),
        (Wording(scheme="DPoP", error=("invalid_dpop_proof",)), answered(401, "Bearer", DPOP), True),
        (Wording(scheme="Bearer", error=("invalid_dpop_proof",)), answered(401, "Bearer", DPOP), False),
        (Wording(scheme="DPoP", error=()), answered(401, 'DPoP algs="ES256"'), True),
        (Wording(scheme="DPoP", error=()), answered(401, DPOP), False),
        (Wording(error=("invalid_client",)), answered(401, body={"error": "invalid_client"}), True),
        (Wording(error=("invalid_client",)), answered(401, body={"error": "invalid_grant"}), False),
        (Wording(error=("invalid_client",)), answered(401, body="<html>"), False),
        (Wording(nonce=True), answered(401, nonces=1), True),
        (Wording(nonce=True), answered(401), False),
        (Wording(nonce=True), answered(401, nonces=2), False),
        (Wording(nonce=False), answered(401), True),
        (Wording(nonce=False), answered(401, nonces=1), False),
        (Wording(challenge=True), answered(401, "Bearer"), True),
        (Wording(challenge=True), answered(401), False),
        (Wording(challenge=False), answered(401, "Bearer"), False),
        (Wording(tls=True), answered(None, fault="refused at tls"), True),
        (Wording(tls=True), answered(401), False),
        (Wording(status=(401,)), answered(None, fault="refused at tls"), False),
        (Wording(), answered(403), True),
    ],
)
def test_an_answer_is_worded_so_or_not(wording: Wording, seen: Exchange, fits: bool) -> None:  # noqa: FBT001 - a column
    assert matches(seen, wording) is fits


def situation(strict: str) -> Situation:
    return Situation.model_validate(
        {
            "id": "E-1",
            "name": "n",
            "where": ["resource"],
            "summary": "the proof is bad",
            "expected": {"status": [401], "scheme": "DPoP", "error": ["invalid_dpop_proof"]},
            "tolerated": [{"status": [400]}],
            "hard": {},
            "strict": strict,
            "requirement": "X-1",
            "basis": "b",
        }
    )


@pytest.mark.parametrize(
    ("strict", "seen", "verdict"),
    [
        ("spec", answered(401, DPOP), "passed"),
        ("open", answered(401, DPOP), "passed"),
        ("spec", answered(400), "warning"),
        ("example", answered(400), "warning"),
        ("open", answered(400), "noted"),
        ("spec", answered(403), "failed"),
        ("example", answered(403), "warning"),
        ("open", answered(403), "noted"),
        ("spec", answered(200), "failed"),
    ],
)
def test_a_wording_is_graded_by_how_firmly_it_is_fixed(strict: str, seen: Exchange, verdict: str) -> None:
    assert grade(seen, situation(strict), "failed").verdict == verdict


def test_a_fixed_wording_that_is_wrong_is_called_what_its_requirement_says() -> None:
    assert grade(answered(403), situation("spec"), "noted").verdict == "noted"


def test_a_signal_shows_expected_beside_seen() -> None:
    signal = grade(answered(400, "Bearer"), situation("spec"), "failed")

    assert (signal.situation, signal.requirement) == ("E-1 the proof is bad", "X-1")
    assert signal.expected == "401, DPoP challenge, error invalid_dpop_proof"
    assert signal.seen == "400, Bearer challenge, no error code"


@pytest.mark.parametrize(
    ("wording", "text"),
    [
        (Wording(status=(400, 401), error=("a", "b"), nonce=True), "400 or 401, error a or b, one DPoP-Nonce"),
        (Wording(challenge=True, error=()), "a challenge, no error code"),
        (Wording(tls=True), "refused in the TLS handshake"),
    ],
)
def test_a_wording_in_words(wording: Wording, text: str) -> None:
    assert worded(wording) == text


@pytest.mark.parametrize(
    ("seen", "text"),
    [
        (answered(401, DPOP, nonces=1), "401, DPoP challenge, error invalid_dpop_proof, one DPoP-Nonce"),
        (answered(401, "Bearer", "DPoP", nonces=2), "401, Bearer/DPoP challenge, no error code, 2 DPoP-Nonce"),
        (answered(400, endpoint="token", body={"error": "invalid_grant"}), "400, error invalid_grant"),
        (answered(403), "403, no challenge, no error code"),
        (answered(None, fault="refused at tls"), "refused at tls"),
    ],
)
def test_what_was_seen_in_words(seen: Exchange, text: str) -> None:
    assert seen_wording(seen) == text


def test_every_shipped_situation_can_be_put_into_words() -> None:
    for one in Tables(rooms.suites()).situations:
        assert worded(one.expected), one.id
