"""What an authorization server says and does of a token it has issued: introspection, revocation, metadata and keys."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from holdfast import jose
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange, parsed
from holdfast.parties.bench import unique
from holdfast.parties.changes import Change
from holdfast.parties.client import Client, Token
from holdfast.parties.run import Message
from holdfast.parties.server_messages import HONEST, ServerMessages
from holdfast.wire import Answer, Request

#: Where the two documents about one server lie, by the suffix of their well-known URL.
DOCUMENTS = ("oauth-authorization-server", "openid-configuration")


class TokenLife(ServerMessages):
    """The authorization server after it has issued; tokens are given as texts where they need not be real."""

    @abstractmethod
    def read(self, granted: Exchange) -> Token:
        """Give the token in a token response."""

    # Introspection (RFC 7662)

    def introspected(self, token: Token, caller: Client, **change: object) -> Mapping[str, object]:
        """Ask what introspection says of an active token. Raises Inconclusive when it does not call it active."""
        return self._run.ground(self._introspection_message(token.value, caller, Change.of(change))).json()

    def state(self, token: str, caller: Client) -> Mapping[str, object]:
        """Ask what introspection says of any token; judged."""
        return self.introspect(token, caller).json()

    def introspect(self, token: str, caller: Client, **change: object) -> Exchange:
        """Ask for the state of a token (RFC 7662); accepted means that the answer says it is active."""
        return self._run.judge(self._introspection_message(token, caller, Change.of(change)))

    # Revocation (RFC 7009)

    def revoked(self, token: str, client: Client, **change: object) -> None:
        """Stand on a revocation. Raises Inconclusive when it is refused, and where there is no token."""
        if not token:
            raise Inconclusive("there is no token to be revoked: the authorization server gave none of that kind")
        self._run.ground(self._revocation_message(token, client, Change.of(change)))

    def refuses_revocation(self, token: str, client: Client, **change: object) -> Exchange:
        """Stand on a revocation that is refused. Raises Inconclusive when it is not."""
        return self._run.refused(self._revocation_message(token, client, Change.of(change)))

    def tries_to_revoke(self, token: str, client: Client) -> Exchange:
        """Send a revocation to which any answer is right, unjudged. Raises Inconclusive where there is no answer."""
        return self._run.answered(self._revocation_message(token, client, HONEST))

    def revoke(self, token: str, client: Client, **change: object) -> Exchange:
        """Revoke a token (RFC 7009); accepted means a status of 200."""
        return self._run.judge(self._revocation_message(token, client, Change.of(change)))

    def revoke_at_random(self, client: Client, count: int) -> Sequence[int | None]:
        """Revoke so many tokens that nobody issued, each with a hint of its own; give the statuses, one for each.

        Then stands on an honest revocation of a token of the client's own. Raises Inconclusive when it is refused.
        """
        statuses = []
        for _ in range(count):
            guess = Change.of({"parameters": {"token_type_hint": unique()}})
            statuses.append(self._run.send(self._revocation_message(unique(), client, guess), "probe").status)
        self._run.ground(self._revocation_message(self.token(client).value, client, HONEST))
        return statuses

    # Metadata and keys (RFC 8414, RFC 7517)

    def metadata_as_sent(self) -> Exchange:
        """Fetch the metadata where they were found before the first case. Raises Inconclusive where there are none."""
        places = [self.document_message_of(suffix) for suffix in DOCUMENTS]
        if own := self._bench.running.target.endpoints.metadata:
            places = [self._document_message(own, "issuer")]
        for message in places:
            seen = self._run.send(message, "document")
            if seen.accepted:
                return seen
        raise Inconclusive("the metadata are not there any more")

    @property
    def metadata(self) -> Mapping[str, object]:
        """Its metadata document (RFC 8414), as it was fetched before the first case.

        Raises Inconclusive where there was none, whatever the target claims.
        """
        if not self._bench.metadata:
            raise Inconclusive("the authorization server publishes no metadata (RFC 8414)")
        return self._bench.metadata

    def listed(self, member: str) -> Sequence[object]:
        """Give a list in the metadata; empty where there is none."""
        found = self.metadata.get(member)
        return found if isinstance(found, list) else []

    def kind(self, member: str) -> str:
        """Say of which kind a member of the metadata is: https url, string, list of strings, boolean, other, absent."""
        if member not in self.metadata:
            return "absent"
        value = self.metadata[member]
        if isinstance(value, str):
            return "url" if urlsplit(value).scheme == "https" else "string"
        if isinstance(value, list):
            return "list" if value and all(isinstance(one, str) for one in value) else "other"
        return "boolean" if isinstance(value, bool) else "other"

    def document(self, suffix: str) -> Exchange:
        """Fetch the metadata at the well-known URL of that suffix, made of the issuer as RFC 8414 section 3 says.

        Judged; accepted means a JSON object with an issuer, under a status of 200.
        """
        parts = urlsplit(self.issuer)
        url = f"{parts.scheme}://{parts.netloc}/.well-known/{suffix}{parts.path.rstrip('/')}"
        return self._run.judge(self._document_message(url, "issuer"))

    def documents(self) -> Sequence[Mapping[str, object]]:
        """Give both metadata documents, as far as there are any; each is fetched now."""
        found = [self._run.send(self.document_message_of(suffix), "document") for suffix in DOCUMENTS]
        return [seen.json() for seen in found if seen.accepted]

    def document_message_of(self, suffix: str) -> Message:
        """Make the request for one of the documents: OpenID Connect puts its suffix after the issuer's path."""
        parts = urlsplit(self.issuer)
        base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        before, after = ("", path) if suffix == DOCUMENTS[0] else (path, "")
        return self._document_message(f"{base}{before}/.well-known/{suffix}{after}", "issuer")

    def key_set(self) -> Sequence[Mapping[str, object]]:
        """Give the published keys (RFC 7517). Raises Inconclusive when there is no such document."""
        keys = self._run.ground(self._document_message(self.url("jwks"), "keys"), "document").json().get("keys")
        if not isinstance(keys, list):
            raise Inconclusive("the key set has no list of keys")
        return [key for key in keys if isinstance(key, dict)]

    def signed(self, text: str) -> bool:
        """Whether a JWT is signed by one of the published keys, the one of its `kid` where it names one."""
        header = jose.decode(text).header
        wanted = header.get("kid") if isinstance(header, dict) else None
        keys = [key for key in self.key_set() if wanted is None or key.get("kid") == wanted]
        return any(jose.verify(text, key) for key in keys)

    def answers_without_tls(self, endpoint: str, client: Client) -> bool:
        """Whether an endpoint answers a request by a stranger without TLS, at its own host and port, as it does with.

        To say that TLS is needed, or where it is had, is another answer. Raises Inconclusive where over TLS the client
        is not served, or the stranger is told no error. Nothing secret is sent without TLS.
        """
        self._run.ground(self._served(endpoint, client))
        honest = self.stranger_message(endpoint)
        secure = self._run.refused(honest)
        if not secure.error:
            raise Inconclusive(f"the {endpoint} endpoint tells a stranger no error, so that nothing can be compared")
        request = honest.make()
        plain = replace(request, url=urlsplit(request.url)._replace(scheme="http").geturl(), fresh=True)
        seen = self._run.send(replace(honest, make=lambda: plain, difference="without TLS", absorbs=False), "probe")
        return (seen.status, seen.error) == (secure.status, secure.error)

    def _served(self, endpoint: str, client: Client) -> Message:
        """Make a request that this client is served at an endpoint that takes forms."""
        match endpoint:
            case "introspection":
                return self._introspection_message(self.token(client).value, client, HONEST)
            case "revocation":
                return self._revocation_message(self.token(client).value, client, HONEST)
            case "par":
                return self.par_message(client, HONEST)
        return self.grant_message(client)

    def _document_message(self, url: str, member: str) -> Message:
        return Message("document", "anybody", lambda: Request("GET", url), lambda answer: _has(answer, member))


def claims_of(text: str) -> Mapping[str, object]:
    """Give the claims of a JWT; none where the text is none."""
    claims = jose.decode(text).claims
    return claims if isinstance(claims, dict) else {}


def _has(answer: Answer, member: str) -> bool:
    said = parsed(answer.body)
    return answer.status == 200 and isinstance(said, dict) and member in said
