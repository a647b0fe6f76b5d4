"""Refused for the right reason: the wording of a refusal, graded apart from the refusal itself."""

from holdfast.exchange import Exchange
from holdfast.requirements import Broken, Situation, Wording
from holdfast.results import Signal, Verdict

_MILDER: dict[str, Verdict] = {"spec": "warning", "example": "warning", "open": "noted"}


def grade(seen: Exchange, situation: Situation, broken: Broken) -> Signal:
    """How a refusal was worded. `broken`: what it is called when the wording of a fixed situation is wrong."""
    if matches(seen, situation.expected):
        verdict: Verdict = "passed"
    elif any(matches(seen, wording) for wording in situation.tolerated):
        verdict = "noted" if situation.strict == "open" else "warning"
    else:
        verdict = broken if situation.strict == "spec" else _MILDER[situation.strict]
    return Signal(
        name="wording",
        situation=f"{situation.id} {situation.summary}",
        expected=worded(situation.expected),
        seen=seen_wording(seen),
        verdict=verdict,
        requirement=situation.requirement,
    )


def matches(seen: Exchange, wording: Wording) -> bool:
    """Whether an answer is worded so."""
    if wording.tls:
        return seen.answer.fault == "refused at tls"
    schemes = [scheme.lower() for scheme, _ in seen.challenges]
    return (
        (not wording.status or seen.status in wording.status)
        and (wording.scheme is None or wording.scheme.lower() in schemes)
        and (wording.error is None or _error(seen, wording.scheme) in (wording.error or ("",)))
        and (wording.nonce is None or (len(seen.headers("DPoP-Nonce")) == 1) is wording.nonce)
        and (wording.challenge is None or bool(schemes) is wording.challenge)
    )


def _error(seen: Exchange, scheme: str | None) -> str:
    if scheme is None:
        return seen.error
    found = [parameters.get("error", "") for name, parameters in seen.challenges if name.lower() == scheme.lower()]
    return found[0] if found else ""


def worded(wording: Wording) -> str:
    """Give a wording as a reader sees it: "401, DPoP challenge, error invalid_dpop_proof"."""
    parts = [" or ".join(str(status) for status in wording.status)] if wording.status else []
    if wording.tls:
        parts.append("refused in the TLS handshake")
    if wording.scheme:
        parts.append(f"{wording.scheme} challenge")
    elif wording.challenge:
        parts.append("a challenge")
    if wording.error is not None:
        parts.append(f"error {' or '.join(wording.error)}" if wording.error else "no error code")
    if wording.nonce:
        parts.append("one DPoP-Nonce")
    return ", ".join(parts)


def seen_wording(seen: Exchange) -> str:
    """How an answer was worded, in the same words."""
    if seen.answer.fault:
        return seen.answer.fault
    schemes = [scheme for scheme, _ in seen.challenges]
    parts = [str(seen.status), f"{'/'.join(schemes)} challenge" if schemes else "no challenge"]
    if seen.endpoint in {"token", "par", "introspection", "revocation"} and not schemes:
        parts.pop()
    parts.append(f"error {seen.error}" if seen.error else "no error code")
    if nonces := len(seen.headers("DPoP-Nonce")):
        parts.append("one DPoP-Nonce" if nonces == 1 else f"{nonces} DPoP-Nonce")
    return ", ".join(parts)
