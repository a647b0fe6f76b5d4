"""Ways of answering that are meant to harm whoever reads the answer.

There is too much of it, it comes too slowly or never to an end, it is broken, or it holds what is more than text. Each
takes the answer of a gullible server and says it in its own way.
"""

import asyncio
import gzip
import itertools
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

from gullible import Gullible, Plain
from http_in import Asked, Mouth
from traps import Setting, Trap

Way = Callable[[Plain], AsyncIterator[bytes]]

#: Every way out of a text that is known, and after it what a terminal obeys and what cannot be seen.
MARKUP = (
    "</script></style></textarea></title><script>pwned()</script><img src=x onerror=pwned()>"
    "<svg onload=pwned()><iframe srcdoc=pwned></iframe>\"'`=--><!--]]><![CDATA[{{7*7}}{%pwned%}&lt;&amp;\\"
    "![a](javascript:pwned())[b](https://pwned.test)|*_~`#<details open ontoggle=pwned()>@here"
    "\x1b[31m\x1b]0;pwned\x07\x1b]8;;https://pwned.test\x07\x9b31m\x08\x7f\x85\u2028\u202epwned\u2066\u200b\ufeff"
)
LONG = 200_000
LATIN = bytes(range(0x80, 0x100)).decode("latin-1")


def head(plain: Plain, *lines: str, reason: str = "said") -> bytes:
    """Give the beginning of an answer, up to the empty line; lines are framing."""
    fields = [f"{name}: {value}" for name, value in plain.headers]
    said = [f"HTTP/1.1 {plain.status} {reason}", f"Content-Type: {plain.kind}", *fields, *lines]
    return "\r\n".join([*said, "", ""]).encode("latin-1", "replace")


def whole(plain: Plain, *lines: str, reason: str = "said") -> bytes:
    """Give a proper answer, with further lines in its head."""
    body = plain.body.encode("utf-8", "surrogatepass")
    return head(plain, *lines, f"Content-Length: {len(body)}", reason=reason) + body


async def tame(plain: Plain) -> AsyncIterator[bytes]:
    """Say it as it is."""
    yield whole(plain)


async def gigabyte(plain: Plain) -> AsyncIterator[bytes]:
    """A body of 1 GiB that begins with what was asked for."""
    yield head(plain, f"Content-Length: {1 << 30}") + plain.body.encode()
    for _ in range(1 << 14):
        yield b" " * (1 << 16)


async def bomb(plain: Plain) -> AsyncIterator[bytes]:
    """A small body, said to be compressed although nobody asked for that, of which 200 MB would become."""
    packed = gzip.compress(b" " * (1 << 20), mtime=0) * 200  # members may follow one another (RFC 1952, section 2.2)
    body = packed + plain.body.encode()
    yield head(plain, "Content-Encoding: gzip", f"Content-Length: {len(body)}") + body


async def chunks_of_one_byte(plain: Plain) -> AsyncIterator[bytes]:
    """Chunk after chunk of one byte each."""
    yield head(plain, "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n" % (len(plain.body), plain.body.encode())
    while True:
        yield b"1\r\n \r\n" * 1000


async def huge_chunk(plain: Plain) -> AsyncIterator[bytes]:
    """A chunk that is longer than anything."""
    yield head(plain, "Transfer-Encoding: chunked") + b"f" * 16 + b"\r\n" + plain.body.encode()
    await asyncio.sleep(60)


async def drip(plain: Plain) -> AsyncIterator[bytes]:
    """What was asked for, and then a byte a second."""
    yield head(plain, "Content-Length: 100000") + plain.body.encode()
    while True:
        await asyncio.sleep(1)
        yield b" "


async def drip_from_the_start(plain: Plain) -> AsyncIterator[bytes]:
    """A byte a second, from the first one on."""
    for byte in whole(plain):
        yield bytes([byte])
        await asyncio.sleep(1)


async def many_fields(plain: Plain) -> AsyncIterator[bytes]:
    """Ten thousand header fields."""
    yield whole(plain, *(f"a{number}: b" for number in range(10_000)))


async def fat_fields(plain: Plain) -> AsyncIterator[bytes]:
    """As many and as long header fields as are read at all."""
    yield whole(plain, *(f"X-{number}: {'x' * 290}" for number in range(200)))


async def endless_head(plain: Plain) -> AsyncIterator[bytes]:
    """A head that never ends."""
    yield head(plain)[:-2]
    while True:
        yield b"X: y\r\n" * 100


async def informational(_plain: Plain) -> AsyncIterator[bytes]:
    """One interim answer after the other (RFC 9110, section 15.2)."""
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100


async def negative_length(plain: Plain) -> AsyncIterator[bytes]:
    """A length below nothing."""
    yield head(plain, "Content-Length: -1") + plain.body.encode()


async def two_lengths(plain: Plain) -> AsyncIterator[bytes]:
    """Two lengths that contradict each other."""
    yield head(plain, f"Content-Length: {len(plain.body)}", "Content-Length: 7") + plain.body.encode()


async def no_colon(plain: Plain) -> AsyncIterator[bytes]:
    """A header line that is none."""
    yield whole(plain, "this is no header")


async def redirects(_plain: Plain) -> AsyncIterator[bytes]:
    """Elsewhere, and from there elsewhere again."""
    yield whole(Plain(302, "", (("Location", "/authorize?again=1"),)))


def _dressed(plain: Plain, text: str) -> Plain:
    """Put a text wherever one can be said, and leave what a client goes by."""
    try:
        members = json.loads(plain.body)
    except ValueError:
        members = {}
    told = {name: value if plain.good else text for name, value in members.items()} if members else {}
    body = json.dumps(
        {**told, text: [text, {text: text}], "error_description": text, "scope": text, "expires_in": text}
    )
    return replace(plain, body=body if members else plain.body)


def _lines(text: str) -> list[str]:
    safe = "".join(letter for letter in text if letter.isprintable() or letter in "\t\x1b\x07\x85") or "x"
    quoted = safe.replace("\\", "").replace('"', "'")
    return [
        f'WWW-Authenticate: DPoP error="{quoted}", error_description="{quoted}", {quoted}="{quoted}"',
        *(
            f"{name}: {safe}"
            for name in ("DPoP-Nonce", "Set-Cookie", "Date", "Retry-After", "Cache-Control", "X-Pwned")
        ),
    ]


async def markup(plain: Plain) -> AsyncIterator[bytes]:
    """Markup of every kind in every place where a text may stand."""
    yield whole(_dressed(plain, MARKUP), *_lines(MARKUP), reason=_lines(MARKUP)[1])


async def not_utf8(plain: Plain) -> AsyncIterator[bytes]:
    """Bytes that are no UTF-8 in every place."""
    body = plain.body.replace('"error"', '"error": "\xff", "error"').encode("latin-1") + (
        b"" if plain.good else b"\xff"
    )
    yield head(plain, *_lines(LATIN), f"Content-Length: {len(body)}", reason=LATIN) + body


async def half_characters(plain: Plain) -> AsyncIterator[bytes]:
    """Halves of surrogate pairs in every text of JSON, which no encoding can write."""
    yield whole(_dressed(plain, "\ud800pwned\udfff"))


async def long_texts(plain: Plain) -> AsyncIterator[bytes]:
    """Texts that fill a report by themselves."""
    yield whole(_dressed(plain, "pwned " * (LONG // 64)))


async def invisible(plain: Plain) -> AsyncIterator[bytes]:
    """Every other character is one that a report has to spell out."""
    yield whole(replace(plain, body="a\u202e" * (LONG // 4)))


async def control_characters(plain: Plain) -> AsyncIterator[bytes]:
    """Nothing but characters that stand for something else."""
    yield whole(replace(plain, body="\x00\x1b\x9b\x07" * (LONG // 5)))


async def odd_texts(plain: Plain) -> AsyncIterator[bytes]:
    """Texts and numbers where a client needs them, and none that it can use."""
    members = {name: f"{value}\ud800" for name, value in json.loads(plain.body).items() if isinstance(value, str)}
    yield whole(replace(plain, body=json.dumps({**members, "expires_in": 10**4000, "scope": ["\udfff"]})))


async def long_tokens(plain: Plain) -> AsyncIterator[bytes]:
    """Tokens as long as an answer can be, each another one."""
    members = {name: value for name, value in json.loads(plain.body).items() if name == "token_type"}
    yield whole(replace(plain, body=json.dumps({**members, "access_token": secrets.token_hex(LONG // 2)})))


async def hundred_megabytes(plain: Plain) -> AsyncIterator[bytes]:
    """A document of 100 MB that says what it has to at its end."""
    body = plain.body.encode()[1:]
    yield head(plain, f"Content-Length: {100_000_001 + len(body)}") + b"{"
    for _ in range(10_000):
        yield b'"a":"' + b"x" * 9_993 + b'",'
    yield body


async def hundred_thousand_levels(plain: Plain) -> AsyncIterator[bytes]:
    """A document as deep as that."""
    yield whole(replace(plain, body='{"a":' + "[" * 100_000 + "]" * 100_000 + "," + plain.body[1:]))


async def hundred_thousand_keys(plain: Plain) -> AsyncIterator[bytes]:
    """A set of as many keys."""
    yield head(plain, "Transfer-Encoding: chunked") + b'9\r\n{"keys":[\r\n'
    key = b'{"kty":"EC","crv":"P-256","x":"' + b"x" * 43 + b'","y":"' + b"y" * 43 + b'"},'
    for _ in range(1000):
        yield b"%x\r\n%b\r\n" % (100 * len(key), 100 * key)
    yield b"4\r\n{}]}\r\n0\r\n\r\n"


async def keys_of_every_shape(plain: Plain) -> AsyncIterator[bytes]:
    """As many keys as an answer can hold, of which none is one."""
    keys = [None, 1, "key", [], {"kty": ["EC"]}, {"kty": "RSA", "n": "AA" * 9000, "e": "AQAB"}, {"kty": "\ud800"}]
    yield whole(replace(plain, body=json.dumps({"keys": [*keys, *[{"kty": "EC", "crv": "P-256"}] * 6000]})))


async def away(plain: Plain) -> AsyncIterator[bytes]:
    """Off to a host that nobody named."""
    yield whole(replace(plain, status=302, headers=(("Location", "https://elsewhere.test/login"),)))


async def nowhere(plain: Plain) -> AsyncIterator[bytes]:
    """Off to what is no address."""
    yield whole(replace(plain, status=302, headers=(("Location", "https://[/login"),)))


Where = Callable[[Asked, Plain], bool]


def accepted(asked: Asked, plain: Plain) -> bool:
    """Pick what shows the protected resource."""
    return asked.path == "/resource" and plain.good


def refused(asked: Asked, plain: Plain) -> bool:
    """Pick the refusals of those who bring a token: nobody else is let in either way."""
    return asked.path == "/resource" and not plain.good and bool(asked.header("Authorization"))


def everywhere(_asked: Asked, _plain: Plain) -> bool:
    """Pick all."""
    return True


def at(*paths: str) -> Where:
    """Pick what is granted at these paths."""
    return lambda asked, plain: asked.path in paths and plain.good


METADATA = at("/.well-known/oauth-authorization-server")

#: Where a server is hostile, and in which ways, one after the other.
HOSTILE: Mapping[str, tuple[Where, Sequence[Way]]] = {
    "tame": (everywhere, [tame]),
    "floods": (accepted, [gigabyte, bomb, chunks_of_one_byte, fat_fields, drip]),
    "broken": (
        refused,
        [
            gigabyte,
            huge_chunk,
            drip_from_the_start,
            many_fields,
            endless_head,
            informational,
            negative_length,
            two_lengths,
            no_colon,
        ],
    ),
    "texts": (everywhere, [markup, not_utf8, half_characters, long_texts]),
    "bodies": (refused, [invisible, control_characters]),
    "redirects": (at("/authorize"), [redirects, away, nowhere]),
    "markup": (everywhere, [markup]),
    "half-characters": (everywhere, [half_characters]),
    "long-texts": (everywhere, [long_texts]),
    "long-tokens": (at("/token"), [long_tokens]),
    "odd-tokens": (at("/token"), [odd_texts]),
    "odd-metadata": (METADATA, [odd_texts]),
    "huge-metadata": (METADATA, [hundred_megabytes]),
    "deep-metadata": (METADATA, [hundred_thousand_levels]),
    "keys": (at("/jwks"), [hundred_thousand_keys, keys_of_every_shape]),
}


def tampered(name: str, server: Gullible) -> Trap:
    """Make the server that answers as this one does, and where that name says so in one of its ways."""
    where, ways = HOSTILE[name]
    turns = itertools.cycle(ways)

    async def answer(asked: Asked, mouth: Mouth, _setting: Setting) -> None:
        plain = server.answer(asked)
        way = next(turns) if where(asked, plain) else tame
        async for piece in way(plain):
            await mouth.say(piece)
        if way is not tame:
            mouth.close()

    return answer
