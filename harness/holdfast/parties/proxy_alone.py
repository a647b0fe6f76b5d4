"""ProxyAlone: the proxy under test with the suite's own server behind it, so that all that it forwards is seen."""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from holdfast.certificate_forms import written
from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.handshakes import Handshake
from holdfast.parties.bench import Bench
from holdfast.parties.client import Client
from holdfast.parties.origin_server import OriginServer, Reply, canary
from holdfast.parties.passage import Passage
from holdfast.parties.pieces import listener
from holdfast.parties.pretenders import pretender
from holdfast.parties.run import Message, Run
from holdfast.pki import Credential
from holdfast.results import Behaviour
from holdfast.wire import Answer, Http2, Request

#: By this header line the suite knows its requests again behind the proxy.
MARKED = "Holdfast-Mark"


@dataclass(frozen=True)
class Sent:
    """What a request is made of; see ProxyAlone.send.

    host: what is asked for, with its port; empty: that of the URL. raw: makes all of it, given its mark; over HTTP/2
    its body.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""
    certificate: Credential | None = None
    handshake: Handshake | None = None
    host: str = ""
    raw: Callable[[str], str] | None = None
    reply: Reply = field(default_factory=Reply)
    http2: Http2 | None = None


class ProxyAlone:
    """Sends through the door of the proxy behind which the suite itself listens; every request has its own mark."""

    name = "proxy"
    #: Tells what shares honest requests: those of one protocol.
    family = "alone"

    def __init__(self, bench: Bench, run: Run) -> None:
        facts = bench.running.target.proxy
        if facts is None or not facts.alone or bench.origin is None:
            raise Inconclusive("the target file does not name a door to the suite's own server ([proxy] alone)")
        self._facts = facts
        self._origin: OriginServer = bench.origin
        self._shown = bench.shown_by_proxy
        self._run = run
        self.url = facts.alone

    @property
    def header(self) -> str:
        """The header in which the proxy forwards the certificate."""
        return self._facts.header or "Client-Cert"

    @property
    def origin(self) -> str:
        """Scheme, host and port by which clients call it; the port is always there."""
        return listener(self.url)

    @property
    def host(self) -> str:
        """Host and port by which clients call it."""
        return urlsplit(self.url).netloc

    def called(self, named: str, asks: str = "", **handshake: Any) -> dict[str, Any]:
        """Give the keywords for a request to one of its two virtual hosts, `first` and `other`.

        named: in the handshake. asks: in the request, where that is another one than `named`. handshake: what else is
        unusual about it. Raises Inconclusive where there is one host only.
        """
        there = urlsplit(self.url)
        if self._facts.other_host is None:
            raise Inconclusive("the target file names no second virtual host ([proxy] other_host)")
        names = {"first": str(there.hostname), "other": self._facts.other_host}
        authority = there.netloc.replace(names["first"], names[asks or named])
        return {"handshake": Handshake(server_name=names[named], **handshake), "host": authority}

    def forged(self, victim: Client) -> str:
        """Give the victim's certificate as this proxy would write it. Raises Inconclusive where there is none."""
        if victim.certificate is None:
            raise Inconclusive(f"{victim.name} has no certificate")
        return written(victim.certificate.der, self._facts.encoding)

    def passes(self, client: Client, **change: object) -> Passage:
        """Stand on an honest request that arrives. Raises Inconclusive when it does not.

        Keywords: headers, path, host, certificate, handshake, and reply, which is what the server behind answers.
        """
        return self._passage(self._run.ground, client, self._sent(change), "")

    def tells(self, client: Client, **change: object) -> Passage:
        """Stand on an honest request with which its certificate arrives. Raises Inconclusive when it does not."""
        seen = self.passes(client, certificate=client.certificate, **change)
        if not seen.speaks(self.header, self.forged(client)):
            raise Inconclusive(f"the certificate of {client.name} is not told: {seen.exchange!r}")
        return seen

    def send(self, client: Client, difference: str, **change: object) -> Passage:
        """Send one request, honest but for the change; judged.

        difference: the change in words. Keywords: headers (lines beside the honest ones), method, body, certificate.
        """
        return self._passage(self._run.judge, client, self._sent(change), difference)

    def replied(self, client: Client, reply: Reply | None = None, **change: object) -> Passage:
        """Send a request to which the server behind answers so; judged. Keywords: headers, path."""
        return self._passage(self._run.judge, client, self._sent({"reply": reply or Reply(), **change}), "")

    def tried(self, client: Client, reply: Reply | None = None, **change: object) -> Passage:
        """Send a request to which the server behind answers so; what the client sees then is not judged."""
        sent = self._sent({"reply": reply or Reply(), **change})
        return self._passage(lambda message: self._run.send(message, "probe"), client, sent, "")

    def shaped(self, client: Client, shape: str, value: str, *, certificate: Credential | None = None) -> Passage:
        """Send a line for the certificate header in a shape that HTTP may forbid; judged.

        shape: `{name}`, `{small}`, `{capitals}`, `{underscored}`, `{mixed}` and `{dotted}` stand for spellings of the
        header's name, `{value}` for the value.
        """
        lines = shape.format(value=value, **spellings_of(self.header))
        sent = Sent(self.url, certificate=certificate, raw=self._raw("GET {path} HTTP/1.1", f"{lines}\r\n\r\n"))
        return self._passage(self._run.judge, client, sent, f"raw: {self.spelt(shape)}")

    def formed(self, client: Client, line: str, rest: str, *, host: str = "Host: {host}") -> Passage:
        """Send a request of another form; judged.

        line: the request line, in which `{path}` and `{url}` are filled in. host: in place of the Host line, with
        `{host}`. rest: what follows it, the empty line that ends the header section included.
        """
        sent = Sent(self.url, method=line.partition(" ")[0], raw=self._raw(line, rest, host))
        return self._passage(self._run.judge, client, sent, f"raw: {self.shown(line)}, {self.shown(host)}")

    def framed(self, client: Client, lines: str, body: str, second: str) -> Passage:
        """Send a request in whose body another one hides; what the client sees then is not judged.

        lines: header lines, with `{length}` for the bytes of the hidden request, `{hidden}` for those of the body.
        body: with `{second}` for the hidden request. second: that one, with `{path}`, `{host}` and `{mark}`.
        """

        def raw(mark: str) -> str:
            hidden = second.format(path=self._path, host=self.host, mark=mark)
            content = body.format(second=hidden)
            said = lines.format(length=len(hidden), hidden=len(content))
            return self._raw("POST {path} HTTP/1.1", f"{said}\r\n\r\n{content}")(mark)

        sent = Sent(self.url, method="POST", raw=raw)
        return self._passage(
            lambda message: self._run.send(message, "hostile"), client, sent, f"raw: {self.shown(lines)}"
        )

    def spelt(self, shape: str) -> str:
        """Say in one line how a shape looks, of a header that is called Cert-Header: proxies are compared by it."""
        return self.shown(shape.format(value="…", **spellings_of("Cert-Header")))

    @staticmethod
    def shown(text: str) -> str:
        """Give raw text in one line."""
        return text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")

    @staticmethod
    def somewhere() -> str:
        """Give a path that nobody has asked for."""
        return f"/holdfast/{secrets.token_hex(8)}"

    @contextlib.contextmanager
    def pretended(self, why: str) -> Iterator[None]:
        """Have somebody else answer behind the proxy meanwhile. All cases share that server: such a case is serial.

        why: what is wrong with the certificate, in the words of `pretenders`.
        """
        origin = self._origin
        if origin.authority is None:
            raise Inconclusive("the proxy does not speak TLS with the server behind it")
        with origin.shown(pretender(why, origin.authority, origin.host)):
            yield

    @property
    def own_certificate(self) -> bytes:
        """What the proxy shows to the server behind it (DER). Raises Inconclusive where it is not known."""
        if self._shown is None:
            raise Inconclusive("the target file does not say which certificate the proxy shows ([proxy] certificate)")
        return self._shown

    def proven(self, seen: Passage) -> str:
        """Say what the proxy showed of itself to the server behind it."""
        shown = {arrival.certificate for arrival in seen.arrivals}
        if not shown:
            return seen.unarrived
        return "its own" if shown == {self.own_certificate} else "none" if shown == {None} else "another one"

    def observe(self, topic: str, about: str, said: str) -> None:
        """Write down what the proxy does, for the table of its behaviour in the report."""
        self._run.observed.append(Behaviour(topic=topic, about=about, said=said))

    @property
    def _path(self) -> str:
        return urlsplit(self.url).path or "/"

    def _raw(self, line: str, rest: str, host: str = "Host: {host}") -> Callable[[str], str]:
        """Give what makes the whole request, given its mark."""
        first = line.format(path=self._path, url=self.url)
        second = host.format(host=self.host)
        return lambda mark: f"{first}\r\n{second}\r\n{MARKED}: {mark}\r\n{rest}"

    def _sent(self, change: Mapping[str, object]) -> Sent:
        known = {name: value for name, value in change.items() if name != "path"}
        path = change.get("path")
        url = self.url if path is None else urlsplit(self.url)._replace(path=str(path)).geturl()
        given = known.pop("headers", ())
        lines = given.items() if isinstance(given, Mapping) else given
        return Sent(url, headers=tuple(lines), **known)  # type: ignore[arg-type]  # send says which there are

    def _made(self, sent: Sent, marked: str) -> Request:
        """Make the request that bears this mark."""
        return Request(
            method=sent.method,
            url=sent.url,
            headers=(*([("Host", sent.host)] if sent.host else []), (MARKED, marked), *sent.headers),
            body=sent.body,
            certificate=sent.certificate,
            handshake=sent.handshake,
            raw=sent.raw(marked).encode("latin-1") if sent.raw else None,
        )

    def _passage(self, by: Callable[[Message], Exchange], client: Client, sent: Sent, difference: str) -> Passage:
        marks: list[str] = []
        return self._passed(by(self._message(client, sent, difference, marks)), marks)

    def _passed(self, exchange: Exchange, marks: Sequence[str]) -> Passage:
        """Give what arrived with these marks, and forget them."""
        arrivals = [arrival for mark in marks for arrival in self._origin.arrived(mark)]
        for mark in marks:
            self._origin.forget(mark)
        exchange.arrived = [arrival.head + b"\r\n\r\n" + arrival.body for arrival in arrivals]
        return Passage(exchange, arrivals)

    def _message(self, client: Client, sent: Sent, difference: str, marks: list[str]) -> Message:
        plain = Sent(self.url, certificate=sent.certificate, handshake=sent.handshake)

        def make() -> Request:
            mark = secrets.token_hex(8)
            marks.append(mark)
            self._origin.answer(mark, sent.reply)
            return self._made(sent, f"holdfast-{mark}")

        return Message(
            endpoint=self.name,
            sender=client.name,
            make=make,
            accepted=lambda answer: _answered(answer, marks),
            difference=difference,
            absorbs=False,
            patient=False,
            control=self._message(client, plain, "", []) if sent != plain or difference else None,
            family=(self.family, sent.certificate.thumbprint if sent.certificate else ""),
        )


def spellings_of(name: str) -> dict[str, str]:
    """Give the spellings of a header's name that a shape may ask for."""
    head, _, tail = name.rpartition("-")
    return {
        "name": name,
        "small": name.lower(),
        "capitals": name.upper(),
        "underscored": name.replace("-", "_"),
        "mixed": f"{head}_{tail}" if head else name,
        "dotted": name.replace("-", "."),
    }


def _answered(answer: Answer, marks: Sequence[str]) -> bool:
    return bool(marks) and canary(marks[-1]).encode() in answer.body
