"""What a case is: a pytest function with one mark, and rows that may say more."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol, cast

import pytest

from holdfast.outcome import ACCEPTED, REFUSED, Outcome
from holdfast.places import AUTHORIZATION_SERVER, ENDPOINT_ROLE, EVERY, HOPS, PLACE, TOKEN_USE, place_of
from holdfast.results import Impact

__all__ = [
    "ACCEPTED",
    "ENDPOINT_ROLE",
    "PLACE",
    "REFUSED",
    "Mark",
    "Outcome",
    "at",
    "at_each_hop",
    "at_every_endpoint",
    "at_the_authorization_server",
    "at_token_use",
    "by_each_name",
    "case",
    "mark_of",
    "place_of",
    "row",
]


@dataclass(frozen=True)
class Mark:
    """What a case says of itself.

    requirement: id in suites/requirements; `{role}` becomes AS or RS by the endpoint, and of "THIS|THAT" the first is
        for endpoints of the authorization server, the second for those of the resource server.
    situation: name of an entry in suites/errors.toml that says how a refusal is worded.
    impact: what a thief gains where the property does not hold.
    needs: capabilities without which the case is not applicable.
    latitude: id in suites/latitude.toml that decides what a broken property is called.
    serial: runs alone, last.
    waits: seconds of real time it needs, or the name of a declared window that it outwaits.
    also: further requirements that the case puts to the test; the first one alone decides what a broken property is.
    """

    requirement: str
    situation: str = ""
    impact: Impact = "low"
    needs: tuple[str, ...] = ()
    latitude: str = ""
    serial: bool = False
    waits: float | str = 0
    also: tuple[str, ...] = ()

    def at_endpoint(self, endpoint: str) -> "Mark":
        """Give the same mark with `{role}` filled in for an endpoint."""
        role = ENDPOINT_ROLE.get(endpoint, "RS")
        requirement = _of_role(self.requirement, role)
        also = tuple(filter(None, (_of_role(other, role) for other in self.also)))
        needs = tuple(need.replace("{role}", role.lower()) for need in self.needs)
        return replace(self, requirement=requirement, also=also, needs=needs)

    def members(self) -> dict[str, object]:
        """Field names and values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _of_role(identifier: str, role: str) -> str:
    """Give the id that is meant at an endpoint of that role; an empty text where there is none for it."""
    first, bar, second = identifier.partition("|")
    return (second if bar and role == "RS" else first).replace("{role}", role)


def case(
    requirement: str,
    *,
    also: Sequence[str] = (),
    situation: str = "",
    impact: Impact = "low",
    needs: Sequence[str] = (),
    latitude: str = "",
    serial: bool = False,
    waits: float | str = 0,
) -> pytest.MarkDecorator:
    """Say which requirement a test function puts to the test; see `Mark` for the words."""
    _no_bare_text("needs", needs)
    _no_bare_text("also", also)
    mark = Mark(requirement, situation, impact, tuple(needs), latitude, serial, waits, tuple(also))
    return pytest.mark.case(mark)


class ParameterSet(Protocol):
    """What pytest.param makes."""


def row(name: str, *values: object, **own: object) -> ParameterSet:
    """One row of a table of cases: its name, its values, and what it says differently from the case's mark.

    Raises TypeError for a word that a mark does not know.
    """
    known = {field.name for field in fields(Mark)}
    if unknown := sorted(set(own) - known):
        raise TypeError(f"row {name!r}: unknown {', '.join(unknown)}; a row may say {', '.join(sorted(known))}")
    for word in ("needs", "also"):
        _no_bare_text(word, own.get(word, ()))
    return cast("ParameterSet", pytest.param(*values, id=name, marks=pytest.mark.row(own)))


def _no_bare_text(word: str, given: object) -> None:
    if isinstance(given, str):
        raise TypeError(f"{word}: {given!r} is one text, write ({given!r},)")


def at(*endpoints: str) -> pytest.MarkDecorator:
    """Run the case at each of these endpoints; the parameter is called `endpoint`."""
    if unknown := sorted(set(endpoints) - set(ENDPOINT_ROLE)):
        raise TypeError(f"unknown endpoint {', '.join(unknown)}; known are {', '.join(ENDPOINT_ROLE)}")
    return pytest.mark.parametrize("endpoint", endpoints)


#: Runs the case where a trusted proxy hands requests on: at the resource and at the token endpoint (RFC 9440).
at_each_hop = at(*HOPS)

#: Runs the case with a client of tls_client_auth for each kind of name (RFC 8705 section 2.1.2); called `named`.
by_each_name = pytest.mark.parametrize("named", ["dn", "dns", "uri", "ip", "email"])

#: Runs the case at every endpoint that takes a proof.
at_every_endpoint = at(*EVERY)

#: Runs the case wherever a token is used: at the resource, by its method and by POST, and at userinfo.
at_token_use = at(*TOKEN_USE)

#: Runs the case at the token endpoint, with each grant, and at PAR.
at_the_authorization_server = at(*AUTHORIZATION_SERVER)


def mark_of(item: pytest.Item) -> Mark:
    """Give the mark of a collected case: the function's, with its row's own values on top.

    What both need is needed, and what both put to the test besides is tested.

    Raises LookupError when the item carries no case mark.
    """
    marker = item.get_closest_marker("case")
    if marker is None:
        raise LookupError(f"{item.nodeid}: has no @case mark")
    members = cast("Mark", marker.args[0]).members()
    joined = {word: list(cast("Sequence[str]", members[word])) for word in ("needs", "also")}
    for own in item.iter_markers("row"):
        members |= own.args[0]
        for word in joined:
            joined[word] += own.args[0].get(word, ())
    members |= {word: tuple(dict.fromkeys(values)) for word, values in joined.items()}
    mark = Mark(**members)  # type: ignore[arg-type]
    return mark.at_endpoint(endpoint_of(item) or "resource")


def endpoint_of(item: pytest.Item) -> str:
    """Give the endpoint a collected case runs at, or an empty text."""
    return parameter_of(item, "endpoint")


def parameter_of(item: pytest.Item, name: str) -> str:
    """Give a parameter of a collected case as a text, or an empty one."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get(name, "")) if callspec else ""
