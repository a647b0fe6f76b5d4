"""One request on its way through a proxy: what the client saw, what arrived behind, and that in words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.errors import Inconclusive
from holdfast.exchange import Exchange
from holdfast.parties.arrival import Arrival, chunked

#: Characters of a header line that the table of behaviour shows.
SHOWN = 48

_PLAIN = re.compile(r"([A-Z]+ /[!-~]*|OPTIONS \*) HTTP/1\.[01]")
_SCHEMES = ("X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Scheme", "X-Url-Scheme")
_PROTO = re.compile(r"""proto=("[^"]*"|[^;,\s]+)""", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r\n|\r|\n")


def folded(name: str) -> str:
    """Read a header line's name as a forgiving server does: no case, `_` and `.` for `-`, no white space around."""
    return name.strip().lower().replace("_", "-").replace(".", "-")


@dataclass(frozen=True)
class Passage:
    """What became of one request."""

    exchange: Exchange
    arrivals: Sequence[Arrival]

    @property
    def answered(self) -> bool:
        """Whether the client got the answer of the server behind."""
        return self.exchange.accepted

    @property
    def stopped(self) -> bool:
        """Whether the proxy refused it, and nothing of it arrived."""
        return self.exchange.refused and not self.arrivals

    @property
    def arrival(self) -> Arrival:
        """What arrived. Raises Inconclusive where that is nothing, or more than one request."""
        if len(self.arrivals) != 1:
            raise Inconclusive(f"{len(self.arrivals)} requests arrived behind the proxy where one was sent")
        return self.arrivals[0]

    def values(self, name: str) -> list[str]:
        """Give the values of every header line of that name in whatever arrived."""
        return [value for arrival in self.arrivals for value in arrival.values(name)]

    def lines(self, name: str) -> list[str]:
        """Give every line that arrived and that some server may take for that header, trailers included."""
        return [
            line
            for arrival in self.arrivals
            for line in _lines(arrival)
            if folded(line.partition(":")[0]) == folded(name)
        ]

    def speaks(self, name: str, value: str) -> bool:
        """Whether that value arrived in a line that some server may take for that header."""
        return any(_holds(line, value) for line in self.lines(name))

    def says(self, text: str) -> bool:
        """Whether that text arrived anywhere."""
        return any(arrival.says(text) for arrival in self.arrivals)

    def told(self, name: str, value: str) -> str:
        """Say what became of a header line that the client wrote."""
        if not self.arrivals:
            return self.unarrived
        found = [line for line in self.lines(name) if _holds(line, value)]
        if not found:
            others = self.lines(name)
            return f"overwritten: {_cut(others[0])}" if others else "removed"
        return "arrives as " + " and ".join(dict.fromkeys(_cut(line) for line in found))

    @property
    def plain(self) -> bool:
        """Whether each request line that arrived asks for a path, or by OPTIONS for `*` (RFC 9112, section 3.2)."""
        return all(_PLAIN.fullmatch(arrival.start) for arrival in self.arrivals)

    @property
    def schemes(self) -> set[str]:
        """The schemes that what arrived says the client used, in small letters."""
        named = [value for name in _SCHEMES for value in self.values(name)]
        named += [found for value in self.values("Forwarded") for found in _PROTO.findall(value)]
        return {part.strip().strip('"').lower() for value in named for part in value.split(",")}

    def members(self, name: str) -> list[str]:
        """Give the members of all lines of that name, read as one list."""
        return [part.strip() for value in self.values(name) for part in value.split(",")]

    def became(self, sent: Sequence[str], name: str) -> str:
        """Say what became of header lines with these values on the way in."""
        return _became(sent, self.values(name)) if self.arrivals else self.unarrived

    def returned(self, sent: Sequence[str], name: str) -> str:
        """Say what became of header lines with these values on the way out."""
        return _became(sent, self.exchange.headers(name))

    @property
    def ambiguous(self) -> bool:
        """Whether two servers could differ about where something that arrived ends.

        That the proxy itself took one request for two says nothing: it told the server behind where the first one ends.
        """
        return any(_ambiguous(arrival) for arrival in self.arrivals)

    def framing(self) -> str:
        """Say how the end of what arrived first is told."""
        if not self.arrivals:
            return self.unarrived
        told = [line for name in ("Content-Length", "Transfer-Encoding") for line in _framing(self.arrivals[0], name)]
        return f"arrives with {' and '.join(told) or 'no body'}"

    @property
    def reached(self) -> str:
        """Say whether the request arrived."""
        return "gets the request" if self.arrivals else f"gets nothing: {self.unarrived}"

    @property
    def unarrived(self) -> str:
        """Say what the client saw of a request that did not arrive."""
        seen = self.exchange
        if seen.status is not None:
            return f"refused with {seen.status}"
        return f"no answer: {seen.answer.fault}"


def _lines(arrival: Arrival) -> Iterator[str]:
    yield from (f"{name}: {value}" for name, value in arrival.fields)
    yield from (line.strip() for line in _LINE_ENDS.split("\n".join(arrival.lines)))
    yield from (f"{name}: {value}" for name, value in arrival.trailers)


def _holds(line: str, value: str) -> bool:
    """Whether the value is in what follows the name."""
    return value in line.partition(":")[2]


def _framing(arrival: Arrival, name: str) -> list[str]:
    return [f"{name}: {value}" for value in arrival.values(name)]


def _ambiguous(arrival: Arrival) -> bool:
    lengths, codings = _forgiven(arrival, "Content-Length"), _forgiven(arrival, "Transfer-Encoding")
    odd = [value for value in lengths if not value.isdecimal()] + [value for value in codings if value != "chunked"]
    return bool(odd) or len(lengths) + len(codings) > 1 or (bool(codings) and not _readable(arrival))


def _forgiven(arrival: Arrival, name: str) -> list[str]:
    return [value for known, value in arrival.fields if folded(known) == folded(name)]


def _readable(arrival: Arrival) -> bool:
    """Whether its chunks are such as far as they came: one that was broken off is no riddle for anybody."""
    try:
        chunked(arrival.body)
    except ValueError:
        return False
    return True


def _became(sent: Sequence[str], found: Sequence[str]) -> str:
    if list(found) == list(sent):
        return "unchanged"
    lines = "1 line" if len(found) == 1 else f"{len(found)} lines"
    return f"{lines}: {_cut(' | '.join(found))}" if found else "lost"


def _cut(line: str) -> str:
    return line if len(line) <= SHOWN else f"{line[:SHOWN]}…"
