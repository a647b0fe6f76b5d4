"""Flaws in how a proof is taken apart: RFC 9449 sections 4.1 and 4.3 (items 1 and 2), RFC 7515 sections 2 and 7.1."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from strict_server.jose import Malformed
from strict_server.refusals import invalid_proof

from flawed_server.registry import instead_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from strict_server.proof import ProofCheck

_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_BUFFER = 6000  # characters


@instead_of("proof.single", "first")
def first_of_several(_honest: Callable[..., Any], values: list[str]) -> str | None:
    """Believe the first of several proofs."""
    return values[0] if values else None


@instead_of("proof.single", "last")
def last_of_several(_honest: Callable[..., Any], values: list[str]) -> str | None:
    """Believe the last of several proofs."""
    return values[-1] if values else None


@instead_of("proof.single", "none")
def several_count_as_none(_honest: Callable[..., Any], values: list[str]) -> str | None:
    """See a proof only where there is exactly one."""
    return values[0] if len(values) == 1 else None


@instead_of("proof.form", "searched")
def searched(honest: Callable[..., Any], check: ProofCheck, value: str) -> None:
    """Take the first thing in the field value that looks like a JWT."""
    found = _JWT.search(value)
    honest(check, found[0] if found else value)


@instead_of("proof.form", "white space removed")
def white_space_removed(honest: Callable[..., Any], check: ProofCheck, value: str) -> None:
    """Clean the field value of white space, also within."""
    honest(check, "".join(value.split()))


@instead_of("proof.form", "JSON form")
def json_form(honest: Callable[..., Any], check: ProofCheck, value: str) -> None:
    """Read the JSON serialisations of JWS too (RFC 7515 section 7.2)."""
    if value.startswith("{") and "payload" in value:
        whole = json.loads(value)
        signed = whole.get("signatures", [whole])[0]
        value = f"{signed['protected']}.{whole['payload']}.{signed['signature']}"
    honest(check, value)


@instead_of("proof.form", "header by its beginning")
def header_by_its_beginning(honest: Callable[..., Any], check: ProofCheck, value: str) -> None:
    """Compare the header with the bytes that the server's own client library writes."""
    honest(check, value)
    if not value.startswith(base64.b64encode(b'{"typ":').decode()[:8]):
        raise invalid_proof("not the header of a proof")


@instead_of("jws.parts", "first three")
def first_three_parts(honest: Callable[..., Any], text: str) -> list[str]:
    """Take the first three parts, whatever follows."""
    parts: list[str] = honest(".".join(text.split(".")[:3]))
    return parts


@instead_of("jws.parts", "breaks")
def parts_that_break(_honest: Callable[..., Any], text: str) -> list[str]:
    """Unpack three parts; where there are more or less, nobody catches the error."""
    header, payload, signature = text.split(".")
    return [header, payload, signature]


@instead_of("jws.size", "breaks")
def size_that_breaks(honest: Callable[..., Any], text: str) -> None:
    """Copy the text into a buffer; where it is longer than that, nobody catches the error."""
    if len(text) > _BUFFER:
        raise BufferError
    honest(text)


@instead_of("jws.base64url", "padding")
def padding_taken(honest: Callable[..., Any], text: str) -> bytes:
    """Take padding at the end of a part."""
    data: bytes = honest(text.rstrip("="))
    return data


@instead_of("jws.base64url", "standard alphabet")
def standard_alphabet_taken(honest: Callable[..., Any], text: str) -> bytes:
    """Take the characters of plain base64 for those of base64url."""
    data: bytes = honest(text.replace("+", "-").replace("/", "_"))
    return data


@instead_of("jws.base64url", "foreign characters discarded")
def foreign_characters_discarded(honest: Callable[..., Any], text: str) -> bytes:
    """Skip what is no base64url, as many decoders do unless they are told not to."""
    data: bytes = honest(re.sub(r"[^A-Za-z0-9_-]", "", text))
    return data


@instead_of("jws.base64url", "stray bits")
def stray_bits_taken(honest: Callable[..., Any], text: str) -> bytes:
    """Overlook bits that are left over in the last character."""
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text) or len(text) % 4 == 1:
        honest(text)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@instead_of("jws.base64url", "breaks")
def base64url_that_breaks(honest: Callable[..., Any], text: str) -> bytes:
    """Let nobody catch the decoder's error."""
    try:
        data: bytes = honest(text)
    except Malformed as error:
        raise RuntimeError from error
    return data
