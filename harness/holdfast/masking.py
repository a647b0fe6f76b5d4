"""Secrets leave the harness only as pseudonyms. Pure: texts in, texts out.

How a secret is found among thousands at the price of one pass: of every form it may travel in, the index holds the runs
of GRAM characters at its beginning and, in clear, at its end. Any WHOLE characters there then hold one of these runs at
a place of the text that is a multiple of STRIDE, so that only those places are looked up. The index knows where in the
form a run stands: a secret that repeats itself is not laid beside the text in every way there is.
"""

import base64
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable

from holdfast.secret_forms import HALVES, encoded, in_clear

GRAM = 8
STRIDE = 9
#: So many characters of a secret count as the secret.
WHOLE = GRAM + STRIDE - 1
#: Shorter secrets than WHOLE are masked where they stand as words; shorter ones than this are left alone.
LEAST = 4
#: Of longer secrets, which nobody has but a target that means harm, so much is known: no record shows more of a text.
LONGEST = 16_384

CUT = "…"
#: Characters of a text in a verdict or a finding; the evidence holds more.
BRIEF = 1000

#: A token travels many times, and each proof is recorded twice: so many are remembered until the next secret is learnt.
REMEMBERED = 2000

_HEX_BEFORE = r"(?:(?<![\w-]e)|(?<=%[0-9A-Fa-f]{2}e))"
_PADDING = r"(?:=|%3[Dd])*+"
_JWS = re.compile(rf"(e{_HEX_BEFORE}[w-z0-9_-][\w-]{{6,}}+{_PADDING})\.([\w-]*+{_PADDING})\.([\w.=+/-]*)", re.ASCII)
_BASIC = re.compile(r"([Bb][Aa][Ss][Ii][Cc] +)([A-Za-z0-9+/_-]{4,}+=*)")
_PRIVATE_MEMBER = re.compile(r'("(?:d|p|q|dp|dq|qi|k)"\s*:\s*")([\w-]{16,})"', re.ASCII)
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})

_Form = tuple[str, int, str]  # how a secret may stand in a text, where in it the run stands, and its pseudonym
_Span = tuple[int, int, str]  # from, to, pseudonym


class Masker:
    """Learns secrets, and puts a stable pseudonym in their place in any text. Thread-safe.

    A JWS keeps its header and claims, for they are evidence: its secret is the signature. A JWS that nobody learnt
    loses its signature too, and a private JWK its private members.
    """

    def __init__(self) -> None:
        self._index: dict[str, tuple[_Form, ...]] = {}
        self._short: dict[str, str] = {}
        self._words: re.Pattern[str] | None = None
        self._numbers: Counter[str] = Counter()
        self._seen: dict[str, str] = {}
        self._lock = threading.Lock()

    def learn(self, secret: str, kind: str) -> None:
        """Mask this secret from now on, as «kind-1», «kind-2» and so on. What is masked already stays what it is."""
        jws = _JWS.fullmatch(secret.strip())
        secret = (jws[3] if jws and _is_object(jws[1]) else secret.strip())[:LONGEST]
        if len(secret) < LEAST:
            return
        with self._lock:
            if self._is_masked(secret):
                return
            self._numbers[kind] += 1
            pseudonym = f"«{kind.replace(' ', '-')}-{self._numbers[kind]}»"
            if len(secret) < WHOLE:
                self._learn_word(secret, pseudonym)
            else:
                self._learn_forms(secret, pseudonym)
            # Another dictionary, not an emptied one: who is at work with less knowledge goes on filling the old one.
            self._seen = {}

    def text(self, text: str) -> str:
        """Return the text with every secret in it masked: in clear or encoded, whole or WHOLE characters of it."""
        if len(text) < WHOLE and not self._words:
            return text
        if "." in text:
            text = _JWS.sub(self._jws, text)
        if " " in text:
            text = _BASIC.sub(self._basic, text)
        if '"' in text:
            text = _PRIVATE_MEMBER.sub(self._member, text)
        if spans := self._spans(text):
            text = _replaced(text, spans)
        return self._words.sub(lambda word: self._short[word[0]], text) if self._words else text

    def brief(self, text: str) -> str:
        """Return the text masked and cut at BRIEF characters: a target may say as much as it likes."""
        masked = self.text(text)
        return masked if len(masked) <= BRIEF else f"{masked[:BRIEF]}{CUT}"

    def tree(self, value: object) -> object:
        """Return a JSON value with every text in it masked, names included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if isinstance(value, dict):
            return {
                self.text(name): self._secret(item) if name in _PRIVATE and isinstance(item, str) else self.tree(item)
                for name, item in value.items()
            }
        return value

    def _is_masked(self, secret: str) -> bool:
        if len(secret) < WHOLE:
            return secret in self._short
        covered = sum(stop - start for start, stop, _ in self._spans(secret))
        return covered > len(secret) - WHOLE

    def _learn_word(self, secret: str, pseudonym: str) -> None:
        for form in (*in_clear(secret), base64.b64encode(secret.encode("utf-8", HALVES)).decode().rstrip("=")):
            self._short.setdefault(form, pseudonym)
        longest_first = sorted(self._short, key=len, reverse=True)
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")

    def _learn_forms(self, secret: str, pseudonym: str) -> None:
        grams: dict[str, list[_Form]] = defaultdict(list)
        for form in in_clear(secret):
            for place in sorted({*range(STRIDE), *range(len(form) - WHOLE, len(form) - GRAM + 1)}):
                grams[form[place : place + GRAM]].append((form, place, pseudonym))
        for form in encoded(secret):
            for place in range(STRIDE):
                grams[form[place : place + GRAM]].append((form, place, pseudonym))
        for gram, forms in grams.items():
            self._index[gram] = (*self._index.get(gram, ()), *forms)

    def _spans(self, text: str) -> list[_Span]:
        index, found = self._index, list[_Span]()
        widest = 0, 0
        for at in [at for at in range(0, len(text) - GRAM + 1, STRIDE) if text[at : at + GRAM] in index]:
            for form, place, pseudonym in index[text[at : at + GRAM]]:
                start, stop = at - min(at, place), at + min(len(text) - at, len(form) - place)
                if widest[0] <= start and stop <= widest[1]:
                    continue
                start, stop = _alike(text, at, form, place)
                if stop - start >= WHOLE:
                    found.append((start, stop, pseudonym))
                    widest = max(widest, (start, stop), key=lambda span: span[1])
        return found

    def _secret(self, text: str) -> str:
        """Return the pseudonym of a text that is a secret as a whole."""
        spans = self._spans(text)
        return spans[0][2] if spans else CUT

    def _jws(self, found: re.Match[str]) -> str:
        seen = self._seen
        if (shown := seen.get(found[0])) is None:
            shown = self._cut(found)
            if len(seen) >= REMEMBERED:
                self._seen = {}
            seen[found[0]] = shown
        return shown

    def _cut(self, found: re.Match[str]) -> str:
        header, claims, signature = found.groups()
        if not _is_object(header):
            return found[0]
        shown = self._secret(signature) if signature else ""
        return f"{self._segment(header)}.{self._segment(claims)}.{shown}"

    def _segment(self, segment: str) -> str:
        try:
            inside = base64.urlsafe_b64decode(segment + "==").decode()
        except ValueError:
            return segment
        masked = self.text(inside)
        return segment if masked == inside else base64.urlsafe_b64encode(masked.encode()).decode().rstrip("=")

    def _basic(self, found: re.Match[str]) -> str:
        try:
            inside = base64.b64decode(found[2] + "==", altchars=b"-_" if re.search("[-_]", found[2]) else None).decode()
        except ValueError:
            return found[0]
        masked = self.text(inside)
        return found[0] if masked == inside else found[1] + base64.b64encode(masked.encode()).decode()

    def _member(self, found: re.Match[str]) -> str:
        return f'{found[1]}{self._secret(found[2])}"'


def _is_object(header: str) -> bool:
    """Whether a first segment is the beginning of a JSON object: a host name may look like a JWS too."""
    return re.match(rb'\{[\s"}]', base64.urlsafe_b64decode(header[:8])) is not None


def _alike(text: str, at: int, form: str, place: int) -> tuple[int, int]:
    """From where to where around this place of the text it goes along with the form around that place."""
    left = _furthest(min(at, place), lambda a, b: text[at - b : at - a] == form[place - b : place - a])
    room = min(len(text) - at, len(form) - place)
    return at - left, at + _furthest(room, lambda a, b: text[at + a : at + b] == form[place + a : place + b])


def _furthest(room: int, agree: Callable[[int, int], bool]) -> int:
    """How far two texts agree from their beginning on: whole stretches are compared, not letters."""
    known, bound = 0, room
    while known < bound:
        middle = (known + bound + 1) // 2
        known, bound = (middle, bound) if agree(known, middle) else (known, middle - 1)
    return known


def _replaced(text: str, spans: list[_Span]) -> str:
    """Put the pseudonyms in; of spans that overlap, the first and longest gives its name to them all."""
    pieces: list[str] = []
    done = 0
    for start, stop, pseudonym in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= done:
            pieces += [text[done:start], pseudonym]
        done = max(done, stop)
    return "".join([*pieces, text[done:]])
