"""A target file is a target, or lines of which each names the file and the place: whatever stands in it."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time
from random import Random
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast import target_lines, target_placeholders, targets
from holdfast.errors import UsageError
from holdfast.targets import Target

GOOD = """
name = "lab"                  # what it is called
roles = ["as", "rs", "proxy"]
issuer = "{url.as}"
capabilities = ["dpop", "mtls"]
ca = "ca.pem"
vars = { nonces = "off", seconds = 5 }

[listeners]
as = { port = 8443 }

[[services]]
name = "server"
listeners = ["as"]
process = [
  "{python}", "{here}/serve.py",  # one of several
  "--nonces", "{vars.nonces}",
]
environment = { LEVEL = 1, LOUD = true }

[clients.main]
auth = "client_secret_basic"
secret = { env = "SECRET" }
grants = ["client_credentials"]

[clients.other]
auth = "private_key_jwt"
key = "keys/other.pem"
binding = "both"

[resources.main]
url = '{url.as}/resource'
canary = "protected"
headers.Accept = "text/plain"
readback = { url = "{url.as}/log", canary = "/0" }

[windows]
past = 60
future = 1.5

[proxy]
direct = "https://rs.test/"
encoding = "rfc9440"

[variants.nonce-required]
vars.nonces = "required"
capabilities_add = ["nonce-rs"]
windows.past = 3
"""
DATA: dict[str, object] = tomllib.loads(GOOD)
PLACED = re.compile(r"(\w+\.toml)(?::(\d+))?(?::\d+)?: \S.*")

Node = dict[str, object] | list[object]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | bytes], Target | list[str]]:
    """Write a target file and read it: the target, or the lines of what is wrong, each looked at."""
    file = tmp_path_factory.mktemp("target") / "target.toml"

    def load(text: str | bytes) -> Target | list[str]:
        content = text if isinstance(text, bytes) else text.encode()
        file.write_bytes(content)
        try:
            return targets.load(file)
        except UsageError as error:
            told = str(error).replace(f"{file.parent}/", "").split("\n")
        for line in told:
            found = PLACED.fullmatch(line)
            assert found, line
            assert line.isprintable()
            assert int(found[2] or 1) <= content.count(b"\n") + 1
        return told

    return load


Loaded = Callable[[str | bytes], Target | list[str]]


def written(value: object) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, date | time):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}.get(text, text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else written(name)


def document(data: Mapping[str, object]) -> str:
    return "".join(f"{_key(name)} = {written(value)}\n" for name, value in data.items())


names = st.sampled_from(["name", "roles", "ca", "clients", "proxy", "upstream", "services", "here", "auth", "port"])
texts = st.one_of(
    st.text(max_size=8),
    names,
    st.sampled_from(["{here}", "{url.as}", "{{x}}", "{vars.nonces", "~nobody-at-all/x", "~", "\0", "a\nb", "\x1b[31m"]),
)
moments = st.dates() | st.times() | st.datetimes()
scalars = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(width=32), texts, moments, st.just(10**30)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
tables = st.dictionaries(names | texts, values, max_size=4)


def spots(node: object) -> Iterator[tuple[Node, str | int]]:
    """Every key of every table and every place of every list."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, inner in pairs:
        yield cast("Node", node), key
        yield from spots(inner)


def mutated(data: st.DataObject) -> dict[str, object]:
    """A copy of the good document in which something is another value, gone, or there under another name."""
    found: dict[str, object] = tomllib.loads(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        there = list(spots(found))
        node, key = there[data.draw(st.integers(0, len(there) - 1))]
        match data.draw(st.sampled_from(["another", "gone", "beside"])):
            case "another":
                node[key] = data.draw(values)  # type: ignore[index]  # the key is one of this node's
            case "gone":
                del node[key]  # type: ignore[arg-type]  # as above
            case _ if isinstance(node, dict):
                node[data.draw(names | texts)] = data.draw(values)
            case _:
                node.append(data.draw(values))
    return found


def test_the_good_document_is_good_in_both_spellings(loaded: Loaded) -> None:
    assert isinstance(loaded(GOOD), Target)
    assert tomllib.loads(document(DATA)) == DATA
    assert isinstance(loaded(document(DATA)), Target)


@given(data=st.data())
def test_a_mutated_target_is_a_target_or_lines_that_name_the_place(loaded: Loaded, data: st.DataObject) -> None:
    found = loaded(document(mutated(data)))

    assert found
    if isinstance(found, Target):
        assert PLACED.fullmatch(found.where("name").rpartition("/")[2])


@given(table=tables)
@example(table={"ca": "\0"})
@example(table={"ca": "~nobody-at-all/ca.pem"})
@example(table={"a\nb": 1})
@example(table={"roles": ["as\nrs"]})
@example(table={"variants": {"a\nb": {}}})
@example(table={"proxy": {"upstream": "strict", "upstream_variant": [1]}})
@example(table={"proxy": {"upstream": "strict", "upstream_variant": {"a": 1}}})
@example(table={"deadline": float("inf"), "clients": {"main": {"secret": {"file": "\0"}}}})
def test_any_toml_document_is_a_target_or_lines_that_name_the_place(loaded: Loaded, table: dict[str, object]) -> None:
    assert tomllib.loads(document(table)).keys() == table.keys()
    found = loaded(document(table))
    assert isinstance(found, list), "it has a name and roles and all else that a target needs"


@given(
    start=st.integers(0, len(GOOD)),
    length=st.integers(0, 40),
    put=st.text(max_size=5) | st.text('"=[]{},\n#.', max_size=5),
)
def test_a_damaged_text_is_a_target_or_lines_that_name_the_place(
    loaded: Loaded, start: int, length: int, put: str
) -> None:
    assert loaded(GOOD[:start] + put + GOOD[start + length :])


@given(content=st.one_of(st.binary(max_size=80), st.text(max_size=80), st.text('ab"=[]{},\n#. 1', max_size=30)))
@example(content="a = " + "[" * 3000)
@example(content="a = " + "[" * 100 + "]" * 100)
@example(content=".".join(["a"] * 3000) + " = 1")
@example(content="a = " + "9" * 5000)
@example(content=b"name = '\xff'")
def test_any_bytes_are_lines_that_name_the_place(loaded: Loaded, content: str | bytes) -> None:
    assert isinstance(loaded(content), list)


# Places


Places = dict[tuple[str | int, ...], int]


def within(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The path of a value, and of each in it."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from within(inner, (*path, key))


class Writer:
    """Writes a document in which line breaks, comments, headers and dotted keys come and go, and notes the lines."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.lines: list[str] = []
        self.places: Places = {}

    def often(self) -> bool:
        return self.chance.random() < 0.5

    def put(self, line: str, *paths: tuple[str | int, ...]) -> None:
        self.lines.append(line)
        for path in paths:
            self.places.setdefault(path, len(self.lines))

    def pair(self, path: tuple[str | int, ...], spelt: str, value: object) -> None:
        if self.often():
            self.lines += ["", "# [x] = {'"]
        if isinstance(value, list) and self.often():
            self.put(f"{spelt} = [ # {{ ]", path)
            for index, item in enumerate(value):
                self.put(f"  {written(item)} , # ]", *within(item, (*path, index)))
            self.lines.append("]")
        elif isinstance(value, dict) and value and self.often():
            for name, inner in value.items():
                self.pair((*path, name), f"{spelt} . {_key(name)}", inner)
            self.places[path] = self.places[*path, next(iter(value))]
        elif isinstance(value, str) and self.often():
            self.put(f'{spelt} = """ \\""" [', path)
            self.lines += ["x = 1 # ''", '\\\\"""']
        else:
            self.put(f"{spelt} = {written(value)}", *within(value, path))

    def document(self, data: Mapping[str, object]) -> str:
        headed = {name: value for name, value in data.items() if isinstance(value, dict) and self.often()}
        listed = {name: value for name, value in data.items() if _is_tables(value) and self.often()}
        for name, value in data.items():
            if name not in headed and name not in listed:
                self.pair((name,), _key(name), value)
        for name, table in headed.items():
            self.put(f"[ {_key(name)} ]  # ]", (name,))
            for inner, value in table.items():
                self.pair((name, inner), _key(inner), value)
        for name, rows in listed.items():
            for index, row in enumerate(cast("list[dict[str, object]]", rows)):
                self.put(f"[[{_key(name)}]]", (name,), (name, index))
                for inner, value in row.items():
                    self.pair((name, index, inner), _key(inner), value)
        return "\n".join(self.lines) + "\n"


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


@settings(max_examples=80)
@given(tables, st.randoms(use_true_random=False))
def test_each_key_is_found_on_the_line_on_which_it_stands(data: dict[str, object], chance: Random) -> None:
    writer = Writer(chance)
    text = writer.document(data)
    assert tomllib.loads(text).keys() == data.keys()

    found = target_lines.lines(text)

    assert found == {(): 1, **writer.places}


# Placeholders


@given(st.text(max_size=30) | st.text("{}ab.", max_size=20), st.dictionaries(st.sampled_from(["a", "b", "a.b"]), texts))
def test_a_placeholder_is_filled_or_told_and_all_other_text_stays(text: str, known: dict[str, str]) -> None:
    used = target_placeholders.used(text)
    if set(used) <= known.keys():
        filled = target_placeholders.fill_text(text, known, lambda: "here")
        if not used and "{{" not in text:
            assert filled == text
        assert filled == target_placeholders.fill([text], known, str)[0]  # type: ignore[index]
    else:
        missing = next(name for name in used if name not in known)
        with pytest.raises(UsageError, match=rf"^here: \{{{re.escape(missing)}\}} has no value here"):
            target_placeholders.fill_text(text, known, lambda: "here")


@given(st.text(max_size=30) | st.text("@{}ab\n", max_size=20), st.dictionaries(st.sampled_from(["a", "b"]), texts))
def test_a_template_is_filled_or_told_with_its_line(text: str, known: dict[str, str]) -> None:
    try:
        filled, line = target_placeholders.fill_template(text, known, "file"), 1
    except UsageError as error:
        filled, line = "", int(str(error).split(":")[1])

    assert 1 <= line <= text.count("\n") + 1
    assert "@{" in text or filled == text


@given(texts, st.lists(texts, max_size=5))
def test_a_near_name_is_one_of_the_choices(name: str, choices: list[str]) -> None:
    said = target_placeholders.near(name, choices)

    assert not said or said.removeprefix(" (did you mean ").removesuffix("?)") in choices
