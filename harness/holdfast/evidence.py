"""evidence.jsonl.gz: what each case sent and saw, one gzip member (RFC 1952) per case, each readable by itself."""

import json
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from holdfast.errors import UsageError
from holdfast.results import Evidence, EvidenceAt, Results
from holdfast.results_io import dumps

#: Name of the file beside results.json.
NAME = "evidence.jsonl.gz"

#: Bytes that one case's evidence may inflate to; records are cut long before.
LARGEST = 64 * 1024 * 1024

_BLOCK = 64 * 1024

# Deflate, no name, no time, unknown system: the same bytes on every machine that has the same zlib.
_HEADER = bytes([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])


def gzip_member(data: bytes, level: int = 6) -> bytes:
    """One gzip member. `gzip.compress` writes header bytes that differ between versions of Python; these do not."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(data) + deflate.flush()
    return _HEADER + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


class EvidenceWriter:
    """Appends cases to an evidence file, from any thread. Unbuffered: a killed run leaves whole members behind.

    An existing file is replaced. Raises UsageError when it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise UsageError(f"{path}: {(error.strerror or 'cannot be written').lower()}; give another --out") from None
        self._offset = 0
        self._lock = threading.Lock()

    def append(self, evidence: Evidence) -> EvidenceAt:
        """Write one case and say where it lies, in bytes. Raises ValueError after close."""
        member = gzip_member(dumps(evidence) + b"\n")
        with self._lock:
            at = EvidenceAt(offset=self._offset, length=len(member))
            rest = memoryview(member)
            while rest:
                rest = rest[self._file.write(rest) :]
            self._offset += len(member)
        return at

    def close(self) -> None:
        """End the file; more than once does no harm."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def read(path: Path, at: EvidenceAt) -> Evidence:
    """The evidence at that place. Raises UsageError when the file does not hold it there."""
    place = f"{path.name}: bytes {at.offset} to {at.offset + at.length}"
    try:
        with path.open("rb") as file:
            file.seek(at.offset)
            member = file.read(at.length)
    except (OSError, ValueError, OverflowError, MemoryError) as error:
        raise UsageError(f"{place}: {str(error) or 'too long'}; keep the evidence file beside results.json") from None
    if (found := _inflated(member, place)) is None:
        raise UsageError(f"{place}: cut short; keep the file as it was written")
    return _parsed(found[0], place)


def read_all(path: Path) -> Iterator[Evidence]:
    """Every whole member, in the order of the file; a member that a kill cut short ends the reading.

    Raises UsageError when the file is missing or holds something else.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or '').lower()}; give the evidence file of a run") from None
    with file:
        offset, held = 0, b""
        while held or (held := file.read(_BLOCK)):
            place = f"{path.name}: byte {offset}"
            while (found := _inflated(held, place)) is None:
                if not (more := file.read(max(_BLOCK, len(held)))):
                    return
                held += more
            text, used = found
            yield _parsed(text, place)
            offset, held = offset + used, held[used:]


def _inflated(member: bytes, place: str) -> tuple[bytes, int] | None:
    """What the member at the start of these bytes holds, and its length; None when the bytes end before it does."""
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        text = inflate.decompress(member, LARGEST)
    except zlib.error:
        raise UsageError(f"{place}: no gzip member; keep the file as it was written") from None
    if inflate.eof:
        return text, len(member) - len(inflate.unused_data)
    if inflate.unconsumed_tail:
        raise UsageError(f"{place}: too large; keep the file as it was written")
    return None


def _parsed(text: bytes, place: str) -> Evidence:
    try:
        return Evidence.model_validate(json.loads(text))
    except (ValidationError, ValueError, RecursionError):
        raise UsageError(f"{place}: no evidence of this version; give the file that belongs to results.json") from None


class Stored(Mapping[str, Evidence]):
    """The evidence of a run by case id (target/variant/case), read from the file when it is asked for.

    Without a file it is empty: a report can be made from results.json alone.
    """

    def __init__(self, results: Results, path: Path) -> None:
        self._path = path
        there = path.is_file()
        self._at = {case.id: case.evidence for run in results.targets for case in run.cases if there and case.evidence}

    def __getitem__(self, identifier: str) -> Evidence:
        return read(self._path, self._at[identifier])

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._at

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)
