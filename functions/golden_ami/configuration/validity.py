"""Checks a document against the configuration's JSON Schema without jsonschema, which takes long to load. Pure.

Every rule is read from the schema that is given; this module knows keywords of JSON Schema only. A keyword that is not
known here, or not of the value's type, accepts nothing, so that what is accepted here is valid by jsonschema. A
document that is not accepted is checked and explained by jsonschema (problems.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]

_ANNOTATIONS = frozenset({"title", "description", "default", "examples"})
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),  # and 240.0, says jsonschema
    "number": (int, float),
}
_CHECKS: Mapping[type, Mapping[str, Callable[[Any, Any], bool]]] = {
    str: {
        "enum": lambda text, options: text in options,
        "pattern": lambda text, pattern: re.search(pattern, text) is not None,
        "minLength": lambda text, least: len(text) >= least,
        "maxLength": lambda text, most: len(text) <= most,
    },
    int: {
        "const": lambda number, wanted: type(wanted) is int and number == wanted,
        "minimum": lambda number, least: number >= least,
        "maximum": lambda number, most: number <= most,
    },
    float: {
        "minimum": lambda number, least: number >= least,
        "maximum": lambda number, most: number <= most,
    },
    list: {
        "minItems": lambda members, least: len(members) >= least,
        "maxItems": lambda members, most: len(members) <= most,
        "uniqueItems": lambda members, _: all(type(one) is str for one in members) and len({*members}) == len(members),
    },
    dict: {
        "minProperties": lambda members, least: len(members) >= least,
        "required": lambda members, names: all(name in members for name in names),
    },
}


def accepts(schema: Schema, definitions: Mapping[str, Schema], value: object) -> bool:
    """Whether the value is plainly valid; `definitions` is what `$ref` refers to, the document's `$defs`."""
    return all(
        _holds(keyword, wanted, schema, definitions, value)
        for keyword, wanted in schema.items()
        if keyword not in _ANNOTATIONS
    )


def _holds(keyword: str, wanted: Any, schema: Schema, definitions: Mapping[str, Schema], value: Any) -> bool:
    if keyword == "type":
        return type(value) in _TYPES[wanted]
    if keyword == "$ref":
        return accepts(definitions[wanted.removeprefix("#/$defs/")], definitions, value)
    if check := _CHECKS.get(type(value), {}).get(keyword):
        return check(value, wanted)
    if type(value) is list and keyword == "items":
        return all(accepts(wanted, definitions, member) for member in value)
    if type(value) is not dict:
        return False
    if keyword == "propertyNames":
        return all(accepts(wanted, definitions, name) for name in value)
    if keyword == "properties":
        return all(accepts(part, definitions, value[name]) for name, part in wanted.items() if name in value)
    if keyword == "additionalProperties":
        others = value.keys() - schema.get("properties", {}).keys()
        return not others or (wanted is not False and all(accepts(wanted, definitions, value[name]) for name in others))
    return False
