"""Refused for the right reason: how a refusal is answered, graded apart from the refusal itself.

Three grades are told apart: hard (what holds in any wording is not so), tolerated (worded otherwise, let pass with a
remark), and neither (worded as no text, example or known server has it).
"""

from collections.abc import Iterator, Mapping, Sequence

from holdfast import hard
from holdfast.exchange import Exchange
from holdfast.outcome import Outcome
from holdfast.places import place_of
from holdfast.profiles import Profile
from holdfast.requirements import Always, Broken, Hard, Requirement, Situation, Tables, Wording
from holdfast.results import Signal, Verdict
from holdfast.verdicts import by_level

#: RFC 9110 sections 15.5.14 and 15.5.15, RFC 6585 section 5.
_TOO_LARGE = frozenset({413, 414, 431})

#: What is seen where a hard assertion held.
AS_EXPECTED = "so it was"

_MILDER: dict[str, Verdict] = {"spec": "warning", "example": "warning", "open": "noted"}


def of_refusal(seen: Exchange, situation: str, endpoint: str, tables: Tables, profile: Profile) -> list[Signal]:
    """Grade how a judged request was refused, as `each` does; all hard assertions are one signal where they held."""
    graded = list(each(seen, situation, endpoint, tables, profile))
    wordings = [one for one in graded if one.name == "wording"]
    hard_ones = [one for one in graded if one.name != "wording"]
    if broken := [one for one in hard_ones if one.verdict != "passed"]:
        return [*wordings, *broken]
    if not hard_ones or seen.outcome is Outcome.BROKE:
        return wordings
    held = {
        "situation": "whatever it was refused for",
        "expected": "; ".join(dict.fromkeys(one.expected for one in hard_ones)),
        "seen": AS_EXPECTED,
    }
    return [*wordings, Signal(name="hard", verdict="passed", **held)]


def each(seen: Exchange, situation: str, endpoint: str, tables: Tables, profile: Profile) -> Iterator[Signal]:
    """Grade a refusal by all that is asked of it: by its situation (a name, or empty), and of every refusal.

    What was accepted has no signals; of an answer that broke only what it gives away is looked at. To a request that
    is too large the HTTP layer may say just that.
    """
    too_large = hard.is_huge(seen) and seen.status in _TOO_LARGE
    known = None if too_large else tables.situation(situation, endpoint)
    rules = [*_asked(tables.always, endpoint, known), *_asked(profile.always, endpoint, known)]
    if seen.outcome is Outcome.BROKE:
        rules = [rule for rule in rules if rule.hard.silent or rule.hard.traceless]
    elif seen.outcome is not Outcome.REFUSED:
        return
    elif known is not None:
        yield grade(seen, known, by_level(tables.requirement(known.requirement)))
        own = Always(id=known.id, where=known.where, summary=known.summary, hard=_resting(known), basis=known.basis)
        rules = [own, *rules]
    for rule in rules:
        yield from _graded(seen, rule, tables.requirements)


def _asked(rules: Sequence[Always], endpoint: str, known: Situation | None) -> list[Always]:
    return [
        rule
        for rule in rules
        if place_of(endpoint) in rule.where and (not rule.situations or (known and known.id in rule.situations))
    ]


def _resting(situation: Situation) -> Hard:
    found = situation.hard
    return found if found.requirement else found.model_copy(update={"requirement": situation.requirement})


def _graded(seen: Exchange, rule: Always, requirements: Mapping[str, Requirement]) -> Iterator[Signal]:
    known = requirements.get(rule.hard.requirement)
    verdict = rule.hard.broken_as or (by_level(known) if known else "warning")
    for word, expected, found in hard.checked(seen, rule.hard):
        yield Signal(
            name=f"hard: {word}",
            situation=f"{rule.id} {rule.summary}",
            expected=expected,
            seen=found or AS_EXPECTED,
            verdict=verdict if found else "passed",
            requirement=rule.hard.requirement,
        )


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
    if seen.endpoint in {"token", "par", "introspection", "revocation", "authorization"} and not schemes:
        parts.pop()
    parts.append(f"error {seen.error}" if seen.error else "no error code")
    if nonces := len(seen.headers("DPoP-Nonce")):
        parts.append("one DPoP-Nonce" if nonces == 1 else f"{nonces} DPoP-Nonce")
    return ", ".join(parts)
