"""Text that a target had a hand in, made safe to read: what cannot be seen or misleads the eye is spelt out."""

import json
import re
from collections.abc import Iterator
from html import escape

from markupsafe import Markup

from holdfast.results_io import dumps

#: Ranges of code points that are spelt out: controls but tab and newline, invisible and bidirectional formatting
#: (Unicode Standard Annex 9), surrogates, private use, tags, specials, and heaps of combining marks.
HIDDEN = (
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff0-\ufffc\ufffe\uffff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
    r"|[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4,}"
)
_HIDDEN = re.compile(HIDDEN)
_ILLEGAL_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()#+!|~:@$^=-]")


def visible(text: str) -> str:
    """Text with every hidden character spelt by its code point."""
    return _HIDDEN.sub(lambda found: _spelt(found[0]), text)


def _spelt(characters: str) -> str:
    return "".join(f"\\u{{{ord(character):x}}}" for character in characters)


def runs(text: str) -> Iterator[tuple[str, bool]]:
    """Text in pieces, each with whether it was spelt out: a reader tells it from the same letters sent."""
    at = 0
    for found in _HIDDEN.finditer(text):
        if found.start() > at:
            yield text[at : found.start()], False
        yield _spelt(found[0]), True
        at = found.end()
    if at < len(text):
        yield text[at:], False


def shown(text: str) -> Markup:
    """Text as HTML: escaped, and what was spelt out marked as such."""
    pieces = (f'<span class="spelt">{escape(p)}</span>' if spelt else escape(p) for p, spelt in runs(str(text)))
    return Markup("".join(pieces))  # noqa: S704 - every piece is escaped


def for_xml(text: str) -> str:
    """Text for XML 1.0 (section 2.2): illegal characters removed, markup escaped, also within an attribute."""
    return escape(_ILLEGAL_IN_XML.sub("", visible(text))).replace("\n", "&#10;").replace("\t", "&#9;")


def for_markdown(text: str) -> str:
    """Text on one line of GitHub's Markdown, with nothing in it that Markdown or HTML would read."""
    line = " ".join(visible(text).split())
    plain = _MARKDOWN.sub(lambda found: f"&#{ord(found[0])};", escape(line, quote=False))
    return plain.replace("www.", "www&#46;")


def pretty(value: object) -> str:
    """A decoded header or claims set for a reader: JSON with one member a line, or the text that is no JSON."""
    if isinstance(value, str):
        return value
    return dumps(value, indent=2).decode("utf-8")


def for_script(value: object) -> Markup:
    """JSON for a data block of an HTML page: nothing in it can end the block or be markup."""
    text = json.dumps(json.loads(dumps(value)), separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - the characters that markup needs are gone


def number(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 case`, `2 cases`, `12,000 cases`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: list[str], most: int = 6) -> str:
    """Words as prose: `a, b and c`, or `a, b and 9 more`."""
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} more"]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def web(link: str) -> str:
    """The link when it leads to the web and nowhere else; otherwise empty."""
    return link if re.fullmatch(r"https?://[!-~]+", link) else ""


def duration(seconds: float) -> str:
    """Seconds for a reader: `12 ms`, `3.4 s`, `2 min 5 s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def level(word: str) -> str:
    """A requirement's level as a reader writes it: keywords stay in capitals (RFC 2119)."""
    return "security consideration" if word == "SECURITY-CONSIDERATION" else word
