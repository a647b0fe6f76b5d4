"""Which cases a target is asked, by role, parties, grants, capabilities and windows."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast import jose
from holdfast.applicability import Limits, foreign_arguments, missing_for_profile, not_applicable, suite_of, wait_of
from holdfast.cases import Mark
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client, Registration
from holdfast.profiles import Profile
from holdfast.requirements import Requirement
from holdfast.target_model import TargetTable

KEY = jose.generate("ES256")
PLAIN = Mark("X-1")


def item(*arguments: str, suite: str = "dpop", **values: object) -> pytest.Item:
    """What pytest would have collected: a function with these arguments and, from its rows, these values."""
    made = SimpleNamespace(nodeid=f"{suite}/test_x.py::test_x")
    made._fixtureinfo = SimpleNamespace(argnames=(*arguments, *values))
    if values:
        made.callspec = SimpleNamespace(params=values)
    return cast("pytest.Item", made)


def requirement(role: str = "RS") -> Requirement:
    return Requirement.model_validate(
        {"id": "X-1", "spec": "X", "section": "1", "role": role, "level": "MUST", "summary": "s"}
        | {"testable": "black-box", "how": "h"}
    )


def client(name: str, *grants: str) -> Client:
    return Client(name, "dpop", Registration(id=name, auth="client_secret_basic", grants=grants), KEY)


def bench(**own: Any) -> Bench:
    """A bench as far as applicability looks at it; `target` lays tables over a whole target file."""
    table: dict[str, object] = {"name": "t", "roles": ["as", "rs"], "issuer": "https://as.test"}
    table["resources"] = {"main": {"url": "https://rs.test/", "canary": "c"}}
    target = TargetTable.model_validate(table | own.pop("target", {}))
    facts: dict[str, object] = {
        "running": SimpleNamespace(target=target),
        "capabilities": frozenset({"dpop"}),
        "clients": {name: client(name, "client_credentials") for name in ("client", "second", "thief")},
        "endpoints": {"token": "https://as.test/token"},
    }
    return cast("Bench", SimpleNamespace(**(facts | own)))


def why(
    item_: pytest.Item, mark: Mark = PLAIN, *, role: str = "RS", on: Bench | None = None, limits: Limits | None = None
) -> str:
    return not_applicable(item_, mark, requirement(role), on or bench(), limits or Limits())


def test_a_case_whose_parties_are_there_applies() -> None:
    assert why(item("rs", "client")) == ""
    assert why(item("authorization_server", "client"), role="AS") == ""


# Roles


@pytest.mark.parametrize(
    ("roles", "role", "said"),
    [
        (["as"], "RS", "the target is not judged as rs"),
        (["rs"], "AS", "the target is not judged as as"),
        (["rs"], "RS", ""),
        (["as"], "AS", ""),
    ],
)
def test_only_roles_that_are_judged_are_asked(roles: list[str], role: str, said: str) -> None:
    assert why(item("client"), role=role, on=bench(target={"roles": roles})) == said


def test_userinfo_is_asked_of_either_side() -> None:
    endpoints = {"userinfo": "https://as.test/me", "token": "https://as.test/token"}
    grants = {"client": client("client", "authorization_code")}
    target = {"authorization": {"driver": "redirect"}}
    for role in ("as", "rs"):
        on = bench(endpoints=endpoints, clients=grants, target={**target, "roles": [role]})
        assert why(item("client", endpoint="userinfo"), on=on) == ""


def test_cases_of_proxies_are_asked_of_proxies_only() -> None:
    proxy = {"roles": ["proxy"], "proxy": {"encoding": "none"}}

    assert why(item("proxy", suite="proxy")) == "the target is not judged as a proxy"
    assert why(item("proxy", suite="proxy"), on=bench(target=proxy)) == ""
    assert suite_of(item(suite="proxy")) == "proxy"


# Parties and endpoints


def test_a_missing_client_is_named() -> None:
    assert why(item("rs", "bound")) == "the target file declares no client whose tokens are bound to its certificate"


def test_a_client_whose_binding_is_not_claimed_is_no_use() -> None:
    assert why(item("client"), on=bench(capabilities=frozenset())) == "the target does not claim dpop"


@pytest.mark.parametrize(("claimed", "lacking"), [("dpop", "mtls"), ("mtls", "dpop")])
def test_a_client_whose_tokens_are_bound_twice_needs_both_to_be_claimed(claimed: str, lacking: str) -> None:
    on = bench(capabilities=frozenset({claimed}), clients={"doubly_bound": client("doubly_bound")})

    assert why(item("doubly_bound"), on=on) == f"the target does not claim {lacking}"


@pytest.mark.parametrize(
    ("claimed", "asks"),
    [({"dpop"}, "client"), ({"mtls"}, "bound"), ({"dpop", "mtls"}, "client"), (set(), "client")],
)
def test_who_asks_honestly_has_a_binding_that_is_claimed(claimed: set[str], asks: str) -> None:
    on = bench(capabilities=frozenset(claimed), clients={name: client(name) for name in ("thief", "bound", "client")})

    assert vars(Bench)["honest"].fget(on).name == asks


@pytest.mark.parametrize(
    ("argument", "change", "said"),
    [
        ("rs", {"target": {"resources": {}}}, "the target file declares no [resources]"),
        ("push_endpoint", {}, "the target names no par endpoint"),
        ("proxy", {}, "the target is no proxy"),
        ("authorization_server", {"endpoints": {}}, "the target has no authorization server"),
        ("token_endpoint", {"endpoints": {}}, "the target has no authorization server"),
        ("clock", {}, ""),
        ("keys", {}, ""),
    ],
)
def test_a_missing_party_is_named(argument: str, change: dict[str, Any], said: str) -> None:
    assert why(item(argument), on=bench(**change)) == said


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("resource", ""),
        ("token", ""),
        ("par", "the target names no par endpoint"),
        ("userinfo", "the target names no userinfo endpoint"),
        ("proxy", "the target is no proxy"),
        ("resource-post", "the target file declares no second resource with method POST"),
    ],
)
def test_a_missing_endpoint_is_named(endpoint: str, said: str) -> None:
    role = "AS" if endpoint in {"token", "par"} else "RS"

    assert why(item("client", endpoint=endpoint), role=role) == said


@pytest.mark.parametrize(("method", "said"), [("POST", ""), ("PUT", "second resource with method POST")])
def test_a_second_resource_is_asked_by_post(method: str, said: str) -> None:
    main = {"url": "https://rs.test/", "canary": "c", "method": "POST"}
    on = bench(target={"resources": {"main": main, "other": main | {"method": method}}})

    assert why(item("client", endpoint="resource-post"), on=on).endswith(said)
    assert bool(why(item("client", endpoint="resource-post"), on=on)) == bool(said)


@pytest.mark.parametrize("endpoint", ["token", "token-code", "token-refresh"])
def test_each_grant_of_the_token_endpoint_needs_that_endpoint(endpoint: str) -> None:
    on = bench(endpoints={})

    assert why(item("client", endpoint=endpoint), role="AS", on=on) == "the target names no token endpoint"


# Grants


def test_a_grant_that_nobody_can_consent_to_is_named() -> None:
    mark = Mark("X-1", needs=("authorization_code",))

    assert why(item("client"), mark) == "the target file has no [authorization], so that no user can consent"


def test_a_grant_that_the_client_is_not_registered_for_is_named() -> None:
    mark = Mark("X-1", needs=("authorization_code",))
    target = {"authorization": {"driver": "redirect"}}
    have = frozenset({"dpop", "authorization_code"})

    assert why(item("client"), mark, on=bench(target=target, capabilities=have)) == (
        "client client is not registered for authorization_code"
    )
    able = {"client": client("client", "authorization_code")}
    assert why(item("client"), mark, on=bench(target=target, capabilities=have, clients=able)) == ""


@pytest.mark.parametrize(
    ("endpoint", "grants", "said"),
    [
        ("token", ("client_credentials",), ""),
        ("token", ("authorization_code", "refresh_token"), "client_credentials"),
        ("token-code", ("authorization_code",), ""),
        ("token-code", ("client_credentials",), "authorization_code"),
        ("token-refresh", ("authorization_code", "refresh_token"), ""),
        ("token-refresh", ("authorization_code",), "refresh_token"),
    ],
)
def test_a_grant_is_asked_of_clients_that_are_registered_for_it(
    endpoint: str, grants: tuple[str, ...], said: str
) -> None:
    on = bench(target={"authorization": {"driver": "redirect"}}, clients={"client": client("client", *grants)})
    found = why(item("client", endpoint=endpoint), role="AS", on=on)

    assert found == (f"client client is not registered for {said}" if said else "")


# Capabilities


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ((), ""),
        (("dpop",), ""),
        (("dpop", "mtls", "par"), "the target does not claim mtls, par"),
        (("no:mtls",), ""),
        (("no:dpop",), "the target claims dpop"),
    ],
)
def test_what_a_case_needs_is_held_against_what_is_claimed(needs: tuple[str, ...], said: str) -> None:
    assert why(item("rs"), Mark("X-1", needs=needs)) == said


# Real time

WINDOWS = {"windows": {"past": 4, "jti": 6, "token": 30}}


def test_a_wait_is_as_long_as_the_windows_it_outlasts() -> None:
    on = bench(target=WINDOWS)

    assert wait_of(Mark("X-1", waits=2), on) == 2
    assert wait_of(Mark("X-1", waits="past"), on) == 5.5
    assert wait_of(Mark("X-1", waits="past+jti"), on) == 13


@pytest.mark.parametrize(
    ("waits", "limit", "said"),
    [
        ("past", 15, ""),
        ("past", 5, "waiting 5.5 s is more than --max-wait 5 allows"),
        ("nonce", 15, "the target file declares no window nonce"),
        ("past+nonce", 15, "the target file declares no window nonce"),
        (40, 60, "waiting 40 s is longer than a token lives (30 s)"),
        ("token", 60, ""),
        ("token", 15, "waiting 31.5 s is more than --max-wait 15 allows"),
    ],
)
def test_a_wait_has_to_fit(waits: float | str, limit: float, said: str) -> None:
    assert why(item("rs"), Mark("X-1", waits=waits), on=bench(target=WINDOWS), limits=Limits(seconds=limit)) == said


# Profiles

DEMANDING = Profile(name="mine", summary="s", requires=("mtls", "dpop"))


def test_what_a_profile_demands_and_the_target_lacks_is_a_failure() -> None:
    mark = Mark("X-1", needs=("mtls",))

    assert missing_for_profile(item("rs"), mark, requirement(), bench(), DEMANDING) == "profile mine demands mtls"
    assert missing_for_profile(item("rs", "bound"), PLAIN, requirement(), bench(), DEMANDING) == (
        "profile mine demands mtls"
    )
    assert missing_for_profile(item("rs", "client"), PLAIN, requirement(), bench(), DEMANDING) == ""


def test_what_a_profile_does_not_demand_is_no_failure() -> None:
    mild = replace_requires(())

    assert missing_for_profile(item("rs"), Mark("X-1", needs=("mtls",)), requirement(), bench(), mild) == ""


def replace_requires(requires: tuple[str, ...]) -> Profile:
    return DEMANDING.model_copy(update={"requires": requires})


def test_a_role_that_is_not_judged_lacks_nothing() -> None:
    mark, on = Mark("X-1", needs=("mtls",)), bench(target={"roles": ["as"]})

    assert missing_for_profile(item("rs"), mark, requirement("RS"), on, DEMANDING) == ""


# Rules of the suites


def test_a_case_may_ask_for_parties_and_rows_only() -> None:
    assert foreign_arguments(item("rs", "client", "thief", htu="x")) == []
    assert foreign_arguments(item("rs", "tmp_path", "capsys", htu="x")) == ["capsys", "tmp_path"]


def test_a_thief_is_always_there() -> None:
    thief = replace(client("thief"), registration=None)

    assert why(item("rs", "thief"), on=bench(clients={"thief": thief})) == ""
