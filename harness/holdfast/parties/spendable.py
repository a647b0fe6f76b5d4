"""Grants that are spent when they are used: an authorization code, a refresh token."""

from collections.abc import Callable, Mapping

from holdfast.exchange import Exchange
from holdfast.parties.run import Run, challenged
from holdfast.wire import Request


class OneUse:
    """Makes requests, each of which uses a grant that nobody else uses; one again only to answer a nonce challenge.

    fetch: gets a grant, as the form that uses it. request: makes the request that carries that form.
    """

    def __init__(
        self,
        run: Run,
        fetch: Callable[[], Mapping[str, str]],
        request: Callable[[Mapping[str, str]], Request],
    ) -> None:
        self._run = run
        self._fetch = fetch
        self._request = request
        self._form: Mapping[str, str] = {}
        self._made: Request | None = None

    def make(self) -> Request:
        """Make the next request."""
        last = self._run.exchanges[-1] if self._run.exchanges else None
        if last is None or not self._is_ours(last) or not challenged(last):
            self._form = self._fetch()
        self._made = self._request(self._form)
        return self._made

    def left_over(self, seen: Exchange) -> str:
        """Give the refresh token that is good after this exchange; an empty text where none is known to be.

        The answer may hold a new one (RFC 6749 section 6); otherwise the old one stays good.
        """
        if not seen.accepted or not self._is_ours(seen):
            return ""
        return str(seen.json().get("refresh_token") or self._form.get("refresh_token", ""))

    def _is_ours(self, seen: Exchange) -> bool:
        # The wire may have been told to send it on a connection of its own, so that it is another object by now.
        return self._made is not None and seen.request.body is self._made.body
