"""What pydantic found wrong with a target.toml, as lines that say where it is and what to write instead."""

import json
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from holdfast.errors import one_line
from holdfast.target_document import Document, Keys
from holdfast.target_model import TargetTable
from holdfast.target_placeholders import near

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TYPES = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list [ ... ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
}


def described(problems: ValidationError, document: Document) -> Iterator[str]:
    """`file:line: path: message` for each problem."""
    for problem in problems.errors():
        keys = tuple(part for part in problem["loc"] if part != "[key]")
        yield line(
            document, keys, _message(problem["type"], keys, problem["input"], problem.get("ctx", {}), problem["msg"])
        )


def line(document: Document, keys: Keys, message: str) -> str:
    """One error at one key, on one line whatever the file holds."""
    return one_line(": ".join(filter(None, (str(document.place(keys)), dotted(keys), message))))


def dotted(keys: Keys) -> str:
    """A path as a person writes it: clients.main.auth, services[0].ready, vars."of two words"."""
    text = ""
    for key in keys:
        name = key if isinstance(key, int) or _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
        text += f"[{name}]" if isinstance(key, int) else f".{name}" if text else str(name)
    return text


def _message(kind: str, keys: Keys, given: object, context: Mapping[str, Any], fallback: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown name{near(str(keys[-1]), _names_beside(keys))}"
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        choices = [choice.strip(" '") for choice in str(context["expected"]).replace(" or ", ", ").split(",")]
        return f'"{given}" is not one of {", ".join(choices)}{near(str(given), choices)}'
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f'"{given}" must match {context["pattern"]}'
    return _TYPES.get(kind, fallback[:1].lower() + fallback[1:])


def _names_beside(keys: Keys) -> list[str]:
    """Names that the model knows in the table where the key stands."""
    kind: object = TargetTable
    for key in keys[:-1]:
        kind = _inside(kind, key)
    model = next(_models(kind), None)
    return list(model.model_fields) if model else []


def _inside(kind: object, key: str | int) -> object:
    model = next(_models(kind), None)
    if model and isinstance(key, str) and key in model.model_fields:
        return model.model_fields[key].annotation
    arguments = typing.get_args(kind)
    return arguments[-1] if typing.get_origin(kind) in {dict, list} else kind


def _models(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif typing.get_origin(kind) not in {dict, list}:
        for argument in typing.get_args(kind):
            yield from _models(argument)
