"""Servers that are no flaw but a trap: whoever judges them can learn nothing about tokens, whatever is sent.

Each takes a request and answers it in its own way, and all requests alike: it knows no token, no client and no proof.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from http_in import Asked, Mouth

CANARY = "the protected answer"
#: What only an accepted request gets, at every endpoint at once.
EVERYTHING = {
    "active": True,
    "access_token": "a-token-for-anybody",
    "token_type": "DPoP",
    "request_uri": "urn:request:for-anybody",
    "client_id": "anybody",
    "note": CANARY,
}
PAGE = "text/html; charset=utf-8"
LOGIN = "<html><body><form action='/login' method='post'><input name='user'>Please log in</form></body></html>"
SORRY = "<html><body><h1>Sorry</h1><p>Something went wrong.</p></body></html>"


@dataclass(frozen=True)
class Setting:
    """deadline: seconds that whoever asks will wait. seed: of what is random."""

    deadline: float
    seed: int


Trap = Callable[[Asked, Mouth, Setting], Awaitable[None]]


async def refuses(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Refuse everything."""
    await mouth.answer(401, '{"error": "invalid_token"}')


async def accepts(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Accept everything."""
    await mouth.answer(200, json.dumps(EVERYTHING))


async def breaks(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Fall over each time."""
    await mouth.answer(500, "Traceback (most recent call last)", kind="text/plain")


async def hangs(_asked: Asked, mouth: Mouth, setting: Setting) -> None:
    """Say nothing until nobody waits any more."""
    await asyncio.sleep(20 * setting.deadline)
    mouth.close()


async def slow(asked: Asked, mouth: Mouth, setting: Setting) -> None:
    """Refuse everything when the deadline is near."""
    await asyncio.sleep(0.8 * setting.deadline)
    await refuses(asked, mouth, setting)


async def late(asked: Asked, mouth: Mouth, setting: Setting) -> None:
    """Refuse everything when the deadline is just over."""
    await asyncio.sleep(1.2 * setting.deadline)
    await refuses(asked, mouth, setting)


async def closes_at_once(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Take a request and hang up."""
    mouth.close()


async def closes_in_the_head(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Hang up in the middle of a header line."""
    await mouth.say(b"HTTP/1.1 200 said\r\nContent-Type: application/json\r\nContent-Le")
    mouth.close()


async def closes_in_the_body(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Hang up in the middle of what may have become an acceptance."""
    await mouth.say(b'HTTP/1.1 200 said\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"active": tr')
    mouth.close()


async def throws_dice(asked: Asked, mouth: Mouth, setting: Setting) -> None:
    """Accept or refuse, as the dice have it; the same seed throws the same."""
    chosen = Random(f"{setting.seed}/{asked.number}").choice([accepts, refuses])  # noqa: S311 - a game
    await chosen(asked, mouth, setting)


async def logs_in(asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Send everybody to a page to log in, which is there for everybody."""
    if asked.path == "/login":
        await mouth.answer(200, LOGIN, kind=PAGE)
    else:
        await mouth.answer(302, "", ("Location", "/login"), kind=PAGE)


async def asks_for_nonces(asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Ask for another nonce each time, and be content with none."""
    nonce = sha256(str(asked.number).encode()).hexdigest()
    challenge = ("WWW-Authenticate", 'DPoP error="use_dpop_nonce"')
    await mouth.answer(401, '{"error": "use_dpop_nonce"}', challenge, ("DPoP-Nonce", nonce))


async def shows_an_error_page(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Say that all is well, above a page that says otherwise."""
    await mouth.answer(200, SORRY, kind=PAGE)


async def names_an_error(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Say that all is well, above an error as OAuth words it."""
    await mouth.answer(200, '{"error": "invalid_token", "error_description": "no"}')


async def never_ends(_asked: Asked, mouth: Mouth, _setting: Setting) -> None:
    """Begin a body that has no end."""
    await mouth.say(b"HTTP/1.1 200 said\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await mouth.say(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")


TRAPS: Mapping[str, Trap] = {
    "refuses": refuses,
    "accepts": accepts,
    "breaks": breaks,
    "hangs": hangs,
    "slow": slow,
    "late": late,
    "closes-at-once": closes_at_once,
    "closes-in-the-head": closes_in_the_head,
    "closes-in-the-body": closes_in_the_body,
    "throws-dice": throws_dice,
    "logs-in": logs_in,
    "asks-for-nonces": asks_for_nonces,
    "error-page": shows_an_error_page,
    "error-in-json": names_an_error,
    "never-ends": never_ends,
}
