"""ProxyOverHttp2: the proxy under test, asked in HTTP/2, while the suite's own server behind it is asked in HTTP/1.1.

Between the two stands a translation: a field that is one thing in a field block may be another in a header section
(RFC 9113, section 10.3).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from holdfast.parties.client import Client
from holdfast.parties.passage import Passage
from holdfast.parties.proxy_alone import MARKED, ProxyAlone, Sent, spellings_of
from holdfast.pki import Credential
from holdfast.wire import Fields, Http2, Request

#: Lines of HTTP/1.1 apart; one that is folded is one.
_LINES = re.compile(r"\r\n(?![ \t])")
#: As long as a mark is.
_SOME_MARK = "holdfast-0123456789abcdef"


class ProxyOverHttp2(ProxyAlone):
    """As ProxyAlone, over HTTP/2: names are in small letters, but for those of `fielded` and `shaped`."""

    family = "alone over HTTP/2"

    def shaped(self, client: Client, shape: str, value: str, *, certificate: Credential | None = None) -> Passage:
        """Send the fields that lines of HTTP/1.1 in this shape would be; judged. See ProxyAlone.shaped."""
        known = {name: text.lower() for name, text in spellings_of(self.header).items()}
        known["capitals"] = self.header.upper()
        lines = [line.partition(":") for line in _LINES.split(shape.format(value=value, **known))]
        fields = [
            (name if name == known["capitals"] else name.lower(), text.removeprefix(" ")) for name, _, text in lines
        ]
        sent = Sent(self.url, headers=tuple(fields), certificate=certificate, http2=Http2())
        return self._passage(self._run.judge, client, sent, f"over HTTP/2: {self.spelt(shape)}")

    def fielded(
        self,
        client: Client,
        *fields: tuple[str, str],
        without: Sequence[str] = (),
        trailers: Fields = (),
        method: str = "GET",
        body: str = "",
        judged: bool = True,
        **filled: str,
    ) -> Passage:
        """Send a request with these fields, exactly; judged, unless what the client sees then is not to be.

        Pseudo-header fields that come first stand in the place of the usual ones of their names, and of those that
        `without` names; whatever follows is behind the mark. `{path}`, `{host}`, `{name}`, the certificate header in
        small letters, `{hidden}`, the bytes of the body, and what is `filled` may stand in names and values; in the
        body all of that, and `{mark}`.
        """
        known = {"path": self._path, "host": self.host, "name": self.header.lower(), **filled}
        known["hidden"] = str(len(body.format(mark=_SOME_MARK, hidden="", **known)))
        told = [(name.format(**known), value.format(**known)) for name, value in fields]
        first = next((place for place, (name, _) in enumerate(told) if not name.startswith(":")), len(told))
        sent = Sent(
            self.url,
            headers=tuple(told[first:]),
            method=method,
            raw=(lambda mark: body.format(mark=mark, **known)) if body else None,
            http2=Http2(
                pseudo=self._pseudo(method, told[:first], without) if first or without else None,
                trailers=tuple((name.format(**known), value.format(**known)) for name, value in trailers),
            ),
        )
        said = [self.shown(f"{name}: {value}") for name, value in (*fields, *trailers)] + [f"no {n}" for n in without]
        by = self._run.judge if judged else lambda message: self._run.send(message, "hostile")
        return self._passage(by, client, sent, f"over HTTP/2: {', '.join(said) or method}")

    def together(self, client: Client, *changes: Mapping[str, object]) -> list[Passage]:
        """Send requests on one connection, all before the first answer; judged. Each change as `send` takes it."""
        marks: list[list[str]] = [[] for _ in changes]
        said = f"over HTTP/2: one of {len(changes)} streams"
        messages = [
            self._message(client, self._sent(change), said, known) for change, known in zip(changes, marks, strict=True)
        ]
        seen = self._run.streams(messages)
        return [self._passed(exchange, known) for exchange, known in zip(seen, marks, strict=True)]

    def _pseudo(self, method: str, told: Fields | list[tuple[str, str]], without: Sequence[str]) -> Fields:
        usual = {":method": method, ":scheme": "https", ":authority": self.host, ":path": self._path}
        named = {name for name, _ in told} | set(without)
        return (*((name, value) for name, value in usual.items() if name not in named), *told)

    def _sent(self, change: Mapping[str, object]) -> Sent:
        sent = super()._sent(change)
        pseudo = self._pseudo(sent.method, [(":authority", sent.host)], ()) if sent.host else None
        small = tuple((name.lower(), value) for name, value in sent.headers)
        return replace(sent, headers=small, http2=Http2(pseudo=pseudo))

    def _made(self, sent: Sent, marked: str) -> Request:
        return Request(
            method=sent.method,
            url=sent.url,
            headers=((MARKED.lower(), marked), *sent.headers),
            body=sent.raw(marked).encode("latin-1") if sent.raw else sent.body,
            certificate=sent.certificate,
            handshake=sent.handshake,
            http2=sent.http2 or Http2(),
        )
