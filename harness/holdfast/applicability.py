"""Which cases a target is asked: by the roles it is judged in, its capabilities, its clients and its windows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pytest

from holdfast import profiles, rooms
from holdfast.cases import Mark, endpoint_of, parameter_of
from holdfast.parties.bench import Bench
from holdfast.parties.cast import BY_NAME, CLIENTS, OTHERS, lacking, lacking_endpoint
from holdfast.places import GRANTS_AT
from holdfast.profiles import Profile
from holdfast.requirements import Requirement, Tables

#: Capabilities without which a party has nothing to do.
PARTY_CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("client", "second", "public", "willing"), ("dpop",)),
    **dict.fromkeys(("bound", "public_bound"), ("mtls",)),
    "doubly_bound": ("dpop", "mtls"),
    "over_http2": ("http2",),
}

ROLE_AT = {"userinfo": frozenset({"as", "rs"})}


@dataclass(frozen=True)
class Limits:
    """How long cases may wait: waiting at all, and at most so many seconds."""

    wait: bool = True
    seconds: float = 15.0


def suite_of(item: pytest.Item) -> str:
    """Give the folder of suites/ that a case lies in."""
    return item.nodeid.split("/", 1)[0]


def not_applicable(item: pytest.Item, mark: Mark, requirement: Requirement, bench: Bench, limits: Limits) -> str:
    """Why this target is not asked this case, or an empty text."""
    return (
        _role(item, requirement, bench)
        or _parties(item, bench)
        or _grants(item, mark, bench)
        or _capabilities(mark.needs, bench.capabilities)
        or _window(mark, bench, limits)
    )


def elsewhere(mark: Mark, requirement: Requirement, tables: Tables, profile: Profile) -> str:
    """Say why a profile leaves a case to others: it allows what is asked about, or the requirement is another's.

    An empty text where the case is this profile's too.
    """
    if mark.latitude in profile.allows:
        return f"profile {profile.name} allows it: {tables.latitude[mark.latitude].topic}"
    if requirement.spec not in tables.under_profiles or requirement.spec in profile.includes:
        return ""
    return f"belongs to profile {' or '.join(profiles.of(rooms.suites(), requirement.spec))}"


def missing_for_profile(item: pytest.Item, mark: Mark, requirement: Requirement, bench: Bench, profile: Profile) -> str:
    """Give the capability that the profile demands, the case needs and the target lacks; or an empty text.

    Nothing is missing of a role in which the target is not judged.
    """
    if _role(item, requirement, bench):
        return ""
    wanted = {*mark.needs, *(need for name in arguments(item) for need in PARTY_CAPABILITIES.get(name, ()))}
    lacking_here = sorted(wanted & set(profile.requires) - bench.capabilities)
    return f"profile {profile.name} demands {', '.join(lacking_here)}" if lacking_here else ""


def arguments(item: pytest.Item) -> tuple[str, ...]:
    """Names of the arguments of a case's function."""
    return tuple(getattr(item, "_fixtureinfo").argnames)  # noqa: B009 - pytest has no public name for it


def foreign_arguments(item: pytest.Item) -> list[str]:
    """Arguments that are neither a party nor a value of the case's rows."""
    callspec = getattr(item, "callspec", None)
    rows = set(callspec.params) if callspec else set()
    return sorted(set(arguments(item)) - rows - set(CLIENTS) - set(OTHERS))


def wait_of(mark: Mark, bench: Bench) -> float:
    """Seconds of real time a case needs: as it says, or the declared window it outlasts."""
    if not isinstance(mark.waits, str):
        return float(mark.waits)
    return sum(float(getattr(bench.running.target.windows, name, None) or 0) + 1.5 for name in mark.waits.split("+"))


def _role(item: pytest.Item, requirement: Requirement, bench: Bench) -> str:
    if suite_of(item) == "proxy":
        return "" if "proxy" in bench.running.target.roles else "the target is not judged as a proxy"
    wanted = ROLE_AT.get(endpoint_of(item), frozenset({requirement.role.lower()}))
    roles: Collection[str] = bench.running.target.roles
    return "" if wanted & set(roles) else f"the target is not judged as {'/'.join(sorted(wanted))}"


def _parties(item: pytest.Item, bench: Bench) -> str:
    for name in arguments(item):
        if name == "endpoint":
            reason = lacking_endpoint(bench, endpoint_of(item))
        elif name == "named":
            reason = lacking(bench, BY_NAME[parameter_of(item, name)])  # type: ignore[index]  # rows name only these
        else:
            reason = lacking(bench, name) if name in CLIENTS or name in OTHERS else ""
            reason = reason or _capabilities(PARTY_CAPABILITIES.get(name, ()), bench.capabilities)
        if reason:
            return reason
    return ""


def _grants(item: pytest.Item, mark: Mark, bench: Bench) -> str:
    """Say which grant the case needs and its client is not registered for, or that no user can consent."""
    needed = {need for need in mark.needs if need in {"client_credentials", "authorization_code", "refresh_token"}}
    needed |= GRANTS_AT.get(endpoint_of(item), frozenset())
    return lacking_grants(needed, [name for name in arguments(item) if name in CLIENTS], bench)


def lacking_grants(needed: Collection[str], names: Collection[str], bench: Bench) -> str:
    """Say which of these grants one of these clients is not registered for, or that no user can consent."""
    if "authorization_code" in needed and bench.running.target.authorization is None:
        return "the target file has no [authorization], so that no user can consent"
    for name in names:
        client = bench.clients.get(name)
        if client is None or client.registration is None or not client.registration.grants:
            continue
        if absent := sorted(set(needed) - set(client.registration.grants)):
            return f"client {name} is not registered for {', '.join(absent)}"
    return ""


def _capabilities(needs: Collection[str], have: Collection[str]) -> str:
    absent = [need for need in needs if not need.startswith("no:") and need not in have]
    unwanted = [need.removeprefix("no:") for need in needs if need.startswith("no:")]
    present = [need for need in unwanted if need in have]
    if absent:
        return f"the target does not claim {', '.join(absent)}"
    return f"the target claims {', '.join(present)}" if present else ""


def _window(mark: Mark, bench: Bench, limits: Limits) -> str:
    if not mark.waits:
        return ""
    windows = bench.running.target.windows
    for name in mark.waits.split("+") if isinstance(mark.waits, str) else []:
        if getattr(windows, name, None) is None:
            return f"the target file declares no window {name}"
    seconds = wait_of(mark, bench)
    if seconds > limits.seconds:
        return f"waiting {seconds:g} s is more than --max-wait {limits.seconds:g} allows"
    if mark.waits != "token" and windows.token is not None and seconds >= windows.token:
        return f"waiting {seconds:g} s is longer than a token lives ({windows.token:g} s)"
    return ""
