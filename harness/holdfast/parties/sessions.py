"""Sessions: TLS sessions that begin at one listener of the target, to be taken up at another (RFC 8446 section 2.2)."""

from dataclasses import replace
from typing import Literal

from holdfast.handshakes import Handshake, Version
from holdfast.parties.authorization import AuthorizationServer
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.pieces import listener
from holdfast.parties.run import Run
from holdfast.parties.tokens import TokenShelf
from holdfast.pki import Credential

Where = Literal["resource", "token"]


class Sessions:
    """Begins sessions. What each gives is the handshake that takes up the session, with the same certificate.

    A listener that keeps no session, or does not know it again, does a whole handshake: then that certificate counts.
    """

    def __init__(self, bench: Bench, run: Run, shelf: TokenShelf) -> None:
        self._run = run
        self._resource = ResourceServer(bench, run, shelf)
        self._server = AuthorizationServer(bench, run)

    def of_a_client(self, where: Where, client: Client, version: Version) -> Handshake:
        """Begin one by a request that is accepted, at the alias where there is one. Raises Inconclusive otherwise."""
        start = Handshake(version=version)
        if where == "resource":
            self._resource.accepts(client, handshake=start)
            return _taking_up(start, self._resource.url)
        self._server.granted(client, handshake=start)
        return _taking_up(start, self._server.url("token", client))

    def of_nobody(self, where: Where, certificate: Credential | None, version: Version) -> Handshake:
        """Begin one with this certificate, or none, and a request without credentials, at the URL for everybody.

        Whatever the answer is, it is not judged. Raises Inconclusive where there is none.
        """
        start = Handshake(version=version)
        at_resource = where == "resource"
        message = self._resource.anonymous_message() if at_resource else self._server.stranger_message("token")
        request = replace(message.make(), certificate=certificate, certificate_is_the_difference=True, handshake=start)
        self._run.answered(replace(message, make=lambda: request))
        return _taking_up(start, request.url)


def _taking_up(start: Handshake, url: str) -> Handshake:
    return replace(start, resumes=listener(url))


def lacking(bench: Bench) -> str:
    """Say why there are no two listeners between which a session could be carried, or an empty text."""
    resource = next(iter(bench.running.target.resources.values()), None)
    if resource is None:
        return "the target file declares no [resources]"
    if "token" not in bench.endpoints:
        return "the target has no authorization server"
    places = (resource.url, bench.aliases.get("token", bench.endpoints["token"]))
    if plain := [url for url in places if not url.startswith("https:")]:
        return f"{plain[0]} is asked without TLS"
    if len({listener(url) for url in places}) == 1:
        return f"resource and token endpoint are asked at one listener, {listener(places[0])}"
    return ""
