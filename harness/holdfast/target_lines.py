"""On which line of a TOML text a key stands; tomllib reads values but tells no places."""

import functools
import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)


@functools.lru_cache(maxsize=16)  # each variant of a target is composed anew from the same few files
def lines(text: str) -> Mapping[Path, int]:
    """Path of each key, table and list element -> line, counted from 1. The text must be TOML that tomllib accepts."""
    return _Scanner(text).scan()


def _meant(key: str) -> str:
    """A key as tomllib reads it."""
    if key[0] == '"' and "\\" in key:
        return next(iter(tomllib.loads(f"{key} = 0")))
    return key[1:-1] if key[0] in "\"'" else key


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {(): 1}
        self.repeated: dict[Path, int] = {}

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        self.blank()
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.blank()
        return self.found

    def header(self) -> Path:
        """[a.b] or [[a.b]]: the path that the keys below it have in common."""
        doubled = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if doubled else 1
        *parents, last = self.key()
        self.at = self.text.index("]]" if doubled else "]", self.at) + (2 if doubled else 1)
        path: Path = ()
        for part in parents:
            path = self.latest((*path, part))
        path = (*path, last)
        if doubled:
            self.note(path, start)
            self.repeated[path] = self.repeated.get(path, -1) + 1
        path = self.latest(path)
        self.note(path, start)
        return path

    def latest(self, path: Path) -> Path:
        """A repeated table's name stands for its last element."""
        return (*path, self.repeated[path]) if path in self.repeated else path

    def pair(self, table: Path) -> None:
        start = self.at
        key = self.key()
        for depth in range(1, len(key)):
            self.note((*table, *key[:depth]), start)
        self.at = self.text.index("=", self.at) + 1
        self.blank()
        self.value((*table, *key), start)

    def key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self.blank()
            match = _STRINGS.match(self.text, self.at) or _BARE_KEY.match(self.text, self.at)
            if match is None:  # pragma: no cover - tomllib has read this text
                raise ValueError(f"no key at offset {self.at}")
            parts.append(_meant(match[0]))
            self.at = match.end()
            self.blank()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def value(self, path: Path, start: int) -> None:
        self.note(path, start)
        if self.text.startswith("[", self.at):
            self.elements(path)
        elif self.text.startswith("{", self.at):
            self.members(path)
        else:
            match = _STRINGS.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = match.end() if match else len(self.text)

    def elements(self, path: Path) -> None:
        self.at += 1
        index = 0
        while not self.closed("]"):
            self.value((*path, index), self.at)
            index += 1

    def members(self, path: Path) -> None:
        self.at += 1
        while not self.closed("}"):
            self.pair(path)

    def closed(self, bracket: str) -> bool:
        """Steps over blanks, commas and the closing bracket; whether that bracket was there."""
        self.blank()
        while self.text.startswith(",", self.at):
            self.at += 1
            self.blank()
        if self.at >= len(self.text):
            return True
        if self.text.startswith(bracket, self.at):
            self.at += 1
            return True
        return False

    def blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def note(self, path: Path, offset: int) -> None:
        self.found.setdefault(path, self.text.count("\n", 0, offset) + 1)
