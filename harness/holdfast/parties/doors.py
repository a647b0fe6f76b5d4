"""Doors: resources beside the main one, and ways to it that are easily forgotten (RFC 9449, sections 2 and 7)."""

from collections.abc import Sequence
from dataclasses import replace

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties import resource_metadata
from holdfast.parties.authorization import HONEST
from holdfast.parties.bench import Bench
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Message, Run
from holdfast.parties.tokens import TokenShelf
from holdfast.target_model import Resource


class Door(ResourceServer):
    """A resource of the target file other than the main one; tokens for it have the scope that it asks for."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf, resource: Resource) -> None:
        super().__init__(bench, run, shelf, name="proxy" if bench.running.target.proxy else "resource")
        self._door = resource

    @property
    def _resource(self) -> Resource:
        return self._door

    def token(self, client: Client) -> Token:
        return self._shelf.get(self._run, client, scope=self._door.scope)

    def lesser_token(self, client: Client) -> Token:
        """Give a token that is good in all but its scope, which is that of the main resource."""
        return self._shelf.get(self._run, client, scope=self._bench.resource.scope)


class Doors:
    """Every resource of the target file but the main one, asked all alike. Each answer is judged."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        self._doors = [Door(bench, run, shelf, resource) for resource in others(bench)]

    def fail(self, client: Client, fault: str) -> Sequence[Exchange]:
        """Send a request to each that fails in the way of that name (parties.faults)."""
        return [door.fails(client, fault) for door in self._doors]

    def send(self, client: Client, **change: object) -> Sequence[Exchange]:
        """Send one request with one change to each."""
        return [door.send(client, **change) for door in self._doors]


class ClearDoor(ResourceServer):
    """The main resource without TLS, at the address that the target file names; TLS vouches for what is sent here."""

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        super().__init__(bench, run, shelf, url=bench.resource.plain)
        self._secure = ResourceServer(bench, run, shelf)

    def document(self) -> Exchange:
        """Ask for the resource's metadata without TLS; judged."""
        honest = resource_metadata.message(resource_metadata.place_of(self._secure.url))
        clear = resource_metadata.message(resource_metadata.place_of(self.url))
        return self._run.judge(replace(clear, difference="without TLS", control=honest))

    def _message(self, client: Client, change: Change) -> Message:
        message = super()._message(client, change)
        difference = "; ".join(filter(None, ("without TLS", change.difference)))
        return replace(message, difference=difference, control=self._secure._message(client, HONEST))  # noqa: SLF001 - its own class


#: Parties of a case that are doors.
PARTIES = ("doors", "open_door", "scoped_door", "clear_door")


def party(name: str, bench: Bench, run: Run, shelf: TokenShelf) -> Door | Doors | ClearDoor:
    """Give the party of that name. Raises Inconclusive where the target file declares no such resource."""
    if name == "doors":
        return Doors(bench, run, shelf)
    if name == "clear_door":
        return ClearDoor(bench, run, shelf)
    found = open_to_anybody(bench) if name == "open_door" else beyond_scope(bench)
    if found is None:
        raise Inconclusive(lacking(name, bench))
    return Door(bench, run, shelf, found)


def lacking(name: str, bench: Bench) -> str:
    """Say what the target lacks for that party to exist, or an empty text."""
    has, why = {
        "doors": (others(bench), "the target file declares one resource only"),
        "open_door": (open_to_anybody(bench), "the target file declares no resource that serves anybody too"),
        "scoped_door": (beyond_scope(bench), "the target file declares no resource of a scope of its own"),
        "clear_door": (any(r.plain for r in _main(bench)), "the target file names no address without TLS"),
    }[name]
    return "" if has else why


def _main(bench: Bench) -> Sequence[Resource]:
    """Give the main resource, or nothing."""
    return list(bench.running.target.resources.values())[:1]


def others(bench: Bench) -> Sequence[Resource]:
    """Give the resources after the main one."""
    return list(bench.running.target.resources.values())[1:]


def open_to_anybody(bench: Bench) -> Resource | None:
    """Give the first of them that serves anybody too."""
    return next((resource for resource in others(bench) if resource.anonymous), None)


def beyond_scope(bench: Bench) -> Resource | None:
    """Give the first of them that asks for a scope which the main resource's does not cover."""
    covered = {scope for resource in _main(bench) for scope in (resource.scope or "").split()}
    return next((r for r in others(bench) if covered and set((r.scope or "").split()) - covered), None)
