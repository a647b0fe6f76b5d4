"""Script: a page of another origin whose script asks a resource server, as a browser lets it (Fetch, section 3.2)."""

from collections.abc import Iterator

from holdfast.exchange import Exchange
from holdfast.parties.client import Client
from holdfast.parties.endpoints import ProofEndpoint
from holdfast.parties.run import Message, Run
from holdfast.wire import Request

#: Where the page is from: an origin that no target has a reason to treat otherwise than any other.
ORIGIN = "https://page.holdfast.test"


class Script:
    """Sends what a browser sends for a script, and says what the script gets to see of the answer."""

    origin = ORIGIN

    def __init__(self, run: Run) -> None:
        self._run = run

    def preflight(self, endpoint: ProofEndpoint, client: Client) -> Exchange:
        """Ask, as a browser does before a request of this client, whether a script may send it; judged.

        It has neither a token nor a proof: a browser adds nothing to a preflight.
        """
        honest = endpoint.message(client)
        asked = honest.make()
        request = Request(
            "OPTIONS",
            endpoint.url,
            (
                ("Origin", ORIGIN),
                ("Access-Control-Request-Method", asked.method),
                ("Access-Control-Request-Headers", "authorization,dpop"),
            ),
        )
        return self._run.judge(
            Message(
                honest.endpoint,
                "a browser",
                lambda: request,
                honest.accepted,
                "a preflight",
                absorbs=False,
                control=honest,
                protected=honest.protected,
            )
        )

    def may_read(self, seen: Exchange) -> bool:
        """Whether the browser hands this answer to the script at all."""
        return seen.headers("Access-Control-Allow-Origin") in (["*"], [ORIGIN])

    def sees(self, seen: Exchange, header: str) -> bool:
        """Whether the script can read that header of the answer."""
        exposed = set(_names(seen, "Access-Control-Expose-Headers"))
        return self.may_read(seen) and bool({header.lower(), "*"} & exposed)

    def may_send(self, preflight: Exchange, header: str) -> bool:
        """Whether the answer to a preflight lets the script send that header; `*` does not stand for Authorization."""
        allowed = set(_names(preflight, "Access-Control-Allow-Headers"))
        anything = {"*"} if header.lower() != "authorization" else set()
        return self.may_read(preflight) and bool(({header.lower()} | anything) & allowed)


def _names(seen: Exchange, header: str) -> Iterator[str]:
    return (name.strip().lower() for value in seen.headers(header) for name in value.split(","))
