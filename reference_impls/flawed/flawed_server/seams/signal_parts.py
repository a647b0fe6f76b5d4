"""What flaws in answers share: reading and writing the error in the body and in the challenges."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flawed_server.registry import Answer

CHALLENGE = "www-authenticate"
_ERROR = re.compile(r', error="([^"]*)"')
_TOLD = re.compile(r', error(?:_description)?="[^"]*"')


def is_refusal(found: Answer) -> bool:
    """Whether it says that it is the fault of the client, or that a token is not active."""
    return 400 <= found.status < 500 or said(found) == {"active": False}


def said(found: Answer) -> dict[str, Any]:
    """Give the JSON object that the body is; an empty one for anything else."""
    try:
        document = json.loads(found.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def say(found: Answer, **members: Any) -> None:
    """Put members into the JSON object of the body."""
    found.body = json.dumps({**said(found), **members}).encode()
    found.replace("content-type", "application/json")


def error(found: Answer) -> str:
    """Give the error code of the body; an empty text where there is none."""
    return str(said(found).get("error", ""))


def rename(found: Answer, code: str) -> None:
    """Call the error something else, in the body and in the challenges."""
    if error(found):
        say(found, error=code)
    found.replace(CHALLENGE, *(_ERROR.sub(f', error="{code}"', line) for line in found.values(CHALLENGE)))


def forget_error(found: Answer) -> None:
    """Take the error out of the body and out of the challenges."""
    found.body = json.dumps({k: v for k, v in said(found).items() if not k.startswith("error")}).encode()
    found.replace(CHALLENGE, *(_TOLD.sub("", line) for line in found.values(CHALLENGE)))


def reword(found: Answer, word: Any) -> None:
    """Put each challenge through a function."""
    found.replace(CHALLENGE, *(word(line) for line in found.values(CHALLENGE)))
