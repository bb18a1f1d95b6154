"""What the schema finds wrong, as problems that a person can act on: path, value, remedy. Pure.

User data may hold secrets: of it, of long text and of whole objects only the kind and size are shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from golden_ami.configuration.json_text import joined
from golden_ami.configuration.validity import accepts
from golden_ami.errors import Problem

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Spellings = Mapping[tuple[int, str], str]

_SHOWN = 80  # characters of a value
_SECRET = "userData"
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
_WANTED = {
    "object": "an object {…}",
    "array": "a list […]",
    "string": "text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def problems_of(document: Any, schema: Mapping[str, Any], form: str, spellings: Spellings | None) -> list[Problem]:
    """Everything that the schema's `$defs/<form>` finds wrong, in the document's order.

    `ami2017` stands for a list of such. `spellings` has the document's own name of a folded one, by index and name.
    """
    if form == "ami2017":
        part: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/ami2017"}}
    else:
        part = {"$ref": f"#/$defs/{form}"}
    if accepts(part, schema["$defs"], document):
        return []
    from jsonschema import Draft202012Validator  # takes as long to load as all of ours

    validator = Draft202012Validator({"$defs": schema["$defs"], **part})
    errors = sorted(validator.iter_errors(document), key=lambda error: [str(step).zfill(9) for step in error.path])
    return [problem for error in errors for problem in _problems(error, spellings)]


def shown(value: object) -> str:
    """A value as it is shown in an error: short text and numbers as they are, of all else kind and size."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str) and len(value) <= _SHOWN and "\n" not in value:
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, int | float):
        text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of many digits"
        return text[:_SHOWN]
    return _kind(value)


# The value and the remedy of a list or an object that was encoded twice.
QUOTED_JSON = ("JSON inside a JSON string", "write what the string holds without the quotes and backslashes around it")


def is_quoted_json(value: object) -> bool:
    """Whether a value is text that is itself a list or an object in JSON."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return False
    try:
        return isinstance(json.loads(value), list | dict)
    except (ValueError, RecursionError):
        return False


def _kind(value: object) -> str:
    kind = _KINDS.get(type(value), "a value")
    if isinstance(value, str):
        return f"text of {len(value):,} characters"
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return "null" if value is None else kind


def _problems(error: ValidationError, spellings: Spellings | None) -> Iterable[Problem]:
    steps = list(error.absolute_path)
    path = path_of(steps, spellings)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = list(_schema(error).get("properties", {}))
        for name in sorted(error.instance.keys() - set(known), key=str):
            yield Problem(path_of([*steps, name]), "unknown", _instead(str(name), known))
        return
    if error.validator == "required" and isinstance(error.instance, dict):
        # jsonschema yields one error for each missing member; the message begins with its quoted name
        required: Any = error.validator_value
        name = next(name for name in required if error.message.startswith(repr(name)))
        yield Problem(path_of([*steps, name]), "missing", _wanted_member(error, name))
        return
    if error.validator == "type" and is_quoted_json(error.instance):
        yield Problem(path, *QUOTED_JSON)
        return
    value = _kind(error.instance) if _SECRET in steps else shown(error.instance)
    yield Problem(path, value, _remedy(error))


def _instead(name: str, known: Sequence[str]) -> str:
    folded = {_fold(candidate): candidate for candidate in known}
    near = get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{folded[near[0]]}"?'
    return f"leave it out; known are {', '.join(candidate for candidate in known if candidate != '$schema')}"


def _fold(name: str) -> str:
    return name.replace("-", "").replace("_", "").lower()


def _wanted_member(error: ValidationError, name: str) -> str:
    described = _schema(error).get("properties", {}).get(name, {})
    reference = described.get("$ref", "").rpartition("/")[2]
    examples = described.get("examples") or _EXAMPLES.get(reference, [])
    return f"add it, for example {json.dumps(examples[0])}" if examples else "add it"


_EXAMPLES: dict[str, list[Any]] = {"amiId": ["ami-0a1b2c3d4e5f60001"], "scope": [{"package": "openssl"}]}


def _remedy(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            return f"write {_WANTED.get(wanted, wanted)}"
        case "enum":
            return _one_of(error.instance, wanted)
        case "const":
            return f"write {json.dumps(wanted)}"
        case "minimum":
            return f"give at least {wanted:,}"
        case "maximum":
            return f"give at most {wanted:,}"
        case "minLength" | "minItems" | "minProperties":
            return "give at least one" if wanted == 1 else f"give at least {wanted:,}"
        case "maxLength":
            return f"shorten it to {wanted:,} characters"
        case "maxItems":
            return f"give at most {wanted:,}"
        case "uniqueItems":
            return "give each only once"
    examples = _schema(error).get("examples")
    return f"write it like {json.dumps(examples[0])}" if examples else f"write what matches {wanted}"


def _schema(error: ValidationError) -> dict[str, Any]:
    """The part of the schema that found the error; where it can fail at all, it is an object."""
    return cast(dict[str, Any], error.schema)


def _one_of(value: object, allowed: Sequence[str]) -> str:
    near = get_close_matches(str(value).lower(), {str(option).lower(): option for option in allowed}, n=1)
    options = ", ".join(json.dumps(option) for option in allowed)
    if near:
        meant = next(option for option in allowed if str(option).lower() == near[0])
        return f'did you mean "{meant}"? allowed are {options}'
    return f"allowed are {options}"


def path_of(steps: Sequence[str | int], spellings: Spellings | None = None) -> str:
    """A place in a document: `amis[0].amiId`; "$" for the document itself. Characters that do not show are escaped."""
    text = ""
    for position, step in enumerate(steps):
        if isinstance(step, int):
            text = joined(text, step)
            continue
        first = steps[0]
        name = spellings.get((first, step), step) if spellings and position == 1 and isinstance(first, int) else step
        text = joined(text, str(name) if str(name).isprintable() else json.dumps(str(name))[1:-1])
    return text or "$"
