"""Reading and writing results.json and its JSON Schema. Knows no target and no report."""

import json
import math
from pathlib import Path

from pydantic import BaseModel, ValidationError

from holdfast.errors import UsageError, one_line
from holdfast.results import FORMAT, Results

#: Nesting of decoded JSON that is kept; a target may nest deeper to break whoever reads it.
DEPTH = 64


def read(path: Path) -> Results:
    """The results in a file. Raises UsageError, one line with file, place and remedy, for anything else."""
    document = _document(path)
    if not isinstance(document, dict):
        raise UsageError(f"{path.name}: top level: holds no object; give the results.json that `holdfast run` wrote")
    if (found := document.get("format")) != FORMAT:
        seen = f"is {_short(found)}" if "format" in document else "is missing"
        raise UsageError(f"{path.name}: format: {seen}, this version reads {FORMAT!r}; run again with this version")
    try:
        return Results.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{path.name}: {_first(error)}") from None


def _document(path: Path) -> object:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise UsageError(f"{path}: {reason}; give the results.json of a run") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path.name}: byte {error.start}: is no UTF-8; write the file as UTF-8") from None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UsageError(f"{path.name}: {place}: broken JSON ({error.msg}); give the file as it was written") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path.name}: top level: JSON that no run writes; give the file as it was written") from None


def _first(error: ValidationError) -> str:
    errors = error.errors()
    first = errors[0]
    place = one_line(".".join(str(part) for part in first["loc"]))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    match first["type"]:
        case "extra_forbidden":
            return f"{place}: unknown member; remove it, or read the file with the version that wrote it{more}"
        case "missing":
            return f"{place}: is missing; add it, or read the file with the version that wrote it{more}"
    wanted = first["msg"].removeprefix("Input should be ")
    return f"{place}: is {_short(first['input'])}; write {wanted}{more}"


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def write(results: Results, path: Path) -> None:
    """Write results.json, whole or not at all: a reader never sees half a file."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(dumps(results, indent=1) + b"\n")
    beside.replace(path)


def dumps(value: object, *, indent: int | None = None) -> bytes:
    """A model, or plain JSON data, as strict JSON in UTF-8.

    Whatever a target made it hold: NaN, lone surrogates and bottomless nesting become text that says so.
    """
    separators = (",", ":") if indent is None else None
    try:
        plain = value.model_dump() if isinstance(value, BaseModel) else value
        text = json.dumps(plain, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
        return text.encode("utf-8")
    except (ValueError, RecursionError):
        text = json.dumps(mend(value), ensure_ascii=False, indent=indent, separators=separators)
        return text.encode("utf-8")


def mend(value: object, depth: int = DEPTH) -> object:
    """A value as JSON can hold it: what it cannot is replaced by a text that names it. Models become objects."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return f"[{value}]"
    if isinstance(value, dict | list | tuple):
        if depth == 0:
            return "[nested deeper than is kept]"
        if isinstance(value, dict):
            return {str(mend(str(name))): mend(inner, depth - 1) for name, inner in value.items()}
        return [mend(inner, depth - 1) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else repr(value)


def schema() -> str:
    """The JSON Schema (2020-12) of results.json: sorted and the same on every version of pydantic we allow."""
    document = Results.model_json_schema()
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = FORMAT
    document["properties"]["format"] = {"const": FORMAT, "title": "Format", "type": "string"}
    document["required"] = sorted([*document["required"], "format"])
    return json.dumps(_stable(document), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _stable(node: object) -> object:
    """Without `additionalProperties: true`, which some versions of pydantic write out and others leave unsaid."""
    if isinstance(node, dict):
        kept = {k: v for k, v in node.items() if not (k == "additionalProperties" and v is True)}
        return {name: _stable(inner) for name, inner in kept.items()}
    return [_stable(inner) for inner in node] if isinstance(node, list) else node
