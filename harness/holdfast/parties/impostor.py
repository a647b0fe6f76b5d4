"""Impostor: somebody between a resource server and the suite's issuer, whose certificate no known authority signed."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from holdfast import pki
from holdfast.errors import Inconclusive
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ResourceServer
from holdfast.parties.run import Run

if TYPE_CHECKING:
    from holdfast.parties.issuer import Issuer


class Impostor:
    """Takes the issuer's place for one question. All cases have the same issuer, so that such a case is serial."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run

    def vouches(self, rs: ResourceServer, client: Client) -> bool:
        """Whether a token that nobody has seen yet is accepted when it is the impostor who says that it is active.

        Raises Inconclusive where such a token is not accepted with the issuer in its place, before and after.
        """
        issuer: Issuer | None = self._bench.issuer
        if issuer is None:
            raise Inconclusive("nobody can take the issuer's place: the suite is not the issuer of this target")
        rs.accepts(client, token=rs.mint(client))
        unseen = rs.prepare(client, token=rs.mint(client))
        right_name = [urlsplit(issuer.url).hostname or "localhost"]
        with issuer.impersonated(pki.new_authority("impostor").issue_server(right_name)):
            seen = self._run.send(unseen.message, "probe")
        rs.accepts(client, token=rs.mint(client))
        return seen.accepted
