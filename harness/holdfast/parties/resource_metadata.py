"""ResourceMetadata: what a resource server says of itself (RFC 9728), where it says so, and who leads there."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from holdfast import challenge_syntax, jose
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, parsed
from holdfast.parties.bench import Bench
from holdfast.parties.run import Message, Run, origin
from holdfast.wire import Answer, Request

_SUFFIX = "/.well-known/oauth-protected-resource"


def place_of(identifier: str) -> str:
    """Give the URL of the metadata of a resource: the suffix goes between host and path (RFC 9728 section 3)."""
    parts = urlsplit(identifier)
    path = "" if parts.path == "/" and not parts.query else parts.path
    return parts._replace(path=f"{_SUFFIX}{path}", fragment="").geturl()


def message(url: str) -> Message:
    """Make a request for such a document; accepted is one that names its resource."""
    request = Request("GET", url)
    return Message("document", "anybody", lambda: request, _is_document, family=("document", url))


def _is_document(answer: Answer) -> bool:
    said = parsed(answer.body)
    return answer.status == 200 and isinstance(said, dict) and isinstance(said.get("resource"), str)


def _https(value: object) -> bool:
    return isinstance(value, str) and urlsplit(value).scheme == "https" and bool(urlsplit(value).hostname)


def _list_of(good: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(good(one) for one in value)


#: What a member may be, by a word that a row can say.
KINDS: Mapping[str, Callable[[object], bool]] = {
    "an https URL": _https,
    "https URLs": _list_of(_https),
    "texts": _list_of(lambda value: isinstance(value, str) and bool(value)),
    "true or false": lambda value: isinstance(value, bool),
    # An empty list says that no token is taken as RFC 6750 has it.
    "ways to present a token": lambda value: isinstance(value, list) and not set(value) - {"header", "body", "query"},
}


class ResourceMetadata:
    """The metadata of the main resource, seen by one case."""

    def __init__(self, bench: Bench, run: Run) -> None:
        self._bench = bench
        self._run = run

    @cached_property
    def seen(self) -> Exchange:
        """The answer that holds it. Raises Inconclusive where there is none."""
        known = self._bench.running.target.endpoints.resource_metadata
        url = self._bench.resource.url
        for place in [known] if known else [place_of(url), place_of(origin(url))]:
            seen = self._run.send(message(place), "document")
            if seen.accepted:
                return seen
        raise Inconclusive("the resource publishes no metadata (RFC 9728) that names a resource")

    @property
    def document(self) -> Mapping[str, object]:
        """What it says. Raises Inconclusive where there is none."""
        return self.seen.json()

    @property
    def identifier(self) -> str:
        """The name that the resource gives itself there."""
        return str(self.document["resource"])

    def at_its_place(self) -> Exchange:
        """Fetch the document from where it has to lie by the name that the resource gives itself."""
        return self._run.send(message(place_of(self.identifier)), "document")

    def is_absent_or(self, member: str, kind: str) -> bool:
        """Whether a member, if it is there at all, is what it has to be; see KINDS."""
        return member not in self.document or KINDS[kind](self.document[member])

    def listed(self, member: str) -> Sequence[object]:
        """Give a list; an empty one where there is none."""
        found = self.document.get(member)
        return found if isinstance(found, list) else []

    def led_to(self, refused: Exchange, scheme: str) -> Mapping[str, Mapping[str, object]]:
        """Follow resource_metadata in the challenges of one scheme (RFC 9728 section 5.1): URL -> document.

        The document is empty where none is had: from a URL that is no https URL of the resource's own origin, too.
        """
        told = challenge_syntax.parameters(refused.headers("WWW-Authenticate"), "resource_metadata")
        return {url: self._followed(url) for name, url in told if name == scheme.lower()}

    def _followed(self, url: str) -> Mapping[str, object]:
        if not _https(url) or origin(url) != origin(self._bench.resource.url):
            return {}
        seen = self._run.send(message(url), "document")
        return seen.json() if seen.accepted else {}

    def signed_claims(self) -> Mapping[str, object]:
        """Give what the signed metadata says (RFC 9728 section 2.2); empty where no published key made its signature.

        Raises Inconclusive where nothing is signed, or no keys are published.
        """
        signed = self.document.get("signed_metadata")
        place = self.document.get("jwks_uri")
        if not isinstance(signed, str):
            raise Inconclusive("the metadata holds no signed_metadata")
        if not isinstance(place, str):
            raise Inconclusive("the metadata names no jwks_uri with the key that signed it")
        keys = self._run.send(Message("document", "anybody", lambda: Request("GET", place), _has_keys), "document")
        published = keys.json().get("keys")
        good = isinstance(published, list) and any(
            isinstance(key, dict) and jose.verify(signed, key) for key in published
        )
        claims = jose.decode(signed).claims
        return claims if good and isinstance(claims, dict) else {}

    @property
    def issuer(self) -> str:
        """The issuer of the tokens that are used here, as configured: the target's, or the suite's own."""
        return self._bench.issuer.url if self._bench.issuer else self._bench.issuer_url

    @property
    def audience(self) -> str:
        """The name by which tokens for this resource are asked for (RFC 8707): as declared, else the URL's origin."""
        return self._bench.resource.audience or origin(self._bench.resource.url)


def _has_keys(answer: Answer) -> bool:
    said = parsed(answer.body)
    return isinstance(said, dict) and isinstance(said.get("keys"), list)
