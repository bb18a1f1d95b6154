"""What is accepted without jsonschema is valid by jsonschema; and a configuration as people write it is accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from golden_ami.configuration import config
from golden_ami.configuration.validity import accepts

ROOT = Path(__file__).parents[2]
DEFINITIONS: dict[str, Any] = config.schema()["$defs"]


def parts(name: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and all that it is made of, by name; but for names' patterns and what stands in `$defs` itself."""
    if {"type", "enum", "const"} & schema.keys():
        yield name, {word: wanted for word, wanted in schema.items() if word not in ("title", "description")}
    members = dict(schema.get("properties", {}))
    members |= {word: schema[word] for word in ("items", "additionalProperties") if schema.get(word)}
    for member, part in members.items():
        yield from parts(f"{name}.{member}", part)


ALL = [part for name, schema in DEFINITIONS.items() if name != "array2017" for part in parts(name, schema)]
PARTS = {
    name: schema for number, (name, schema) in enumerate(ALL) if schema not in [other for _, other in ALL[:number]]
}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


def valid(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a part of our schema, as good as all of them valid."""
    schema = resolved(schema)
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if schema["type"] == "object":
        return objects(schema)
    if schema["type"] == "array":
        most = min(schema.get("maxItems", 3), 3)
        return st.lists(
            valid(schema["items"]), min_size=schema.get("minItems", 0), max_size=most, unique="uniqueItems" in schema
        )
    if schema["type"] == "string":
        return texts(schema)
    if schema["type"] == "boolean":
        return st.booleans()
    make: Any = st.integers if schema["type"] == "integer" else st.floats
    numbers: st.SearchStrategy[Any] = make(schema["minimum"], schema["maximum"])
    return numbers


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"])
    return st.text(min_size=schema.get("minLength", 0), max_size=8)


def objects(schema: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: valid(part) for name, part in schema.get("properties", {}).items()}
    required = {name: members.pop(name) for name in schema.get("required", [])}
    found: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(required, optional=members)
    if schema.get("additionalProperties"):
        names = texts(schema.get("propertyNames", {}))
        found = st.dictionaries(names, valid(schema["additionalProperties"]), max_size=2)
    return found.filter(lambda one: len(one) >= schema.get("minProperties", 0))


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = DEFINITIONS[schema["$ref"].rpartition("/")[2]]
    return schema


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a document, its own first."""
    yield at
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from places(member, (*at, name))


def near(value: Any) -> list[Any]:
    """What is nearly as good as the value."""
    found: list[Any] = [None, True, 0, 1, -1, 1.0, 0.5, "", [], {}, 10**400]
    if isinstance(value, bool):
        found += [int(value), str(value)]
    elif isinstance(value, int | float):
        found += [value + 1, value - 1, float(value), value + 100_000, str(value), bool(value)]
    elif isinstance(value, str):
        found += [value + "\n", value + "x", value[1:], value.upper(), value[:1] * 3000, [value]]
    elif isinstance(value, list):
        found += [value * 2, value[1:], {"0": value}, [*value, None], [*map(str, range(11))]]
    elif isinstance(value, dict):
        found += [{name: value[name] for name in value if name != left} for left in value]
        found += [{f"{name}x": member for name, member in value.items()}, value | {"unknown": 1}, [value], [*value]]
    return found


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value in this place."""
    if not path:
        return value
    copied = document.copy()
    copied[path[0]] = put(document[path[0]], path[1:], value)
    return copied


@pytest.mark.parametrize("name", PARTS)
@settings(max_examples=20, deadline=None, phases=[Phase.generate])  # a failure of many parts takes long to shrink
@given(data=st.data())
def test_what_is_accepted_is_valid_and_only_whole_numbers_with_a_point_are_missed(
    name: str, data: st.DataObject
) -> None:
    schema, judge = PARTS[name], Draft202012Validator({"$defs": DEFINITIONS, **PARTS[name]})
    valid_one = data.draw(valid(schema))
    path = data.draw(st.sampled_from(list(places(valid_one))))
    place = reduce(getitem, path, valid_one)
    for other in [place, *near(place), data.draw(anything)]:
        document = put(valid_one, path, other)
        assert judge.is_valid(document) or not accepts(schema, DEFINITIONS, document)
        plain = whole(document)
        assert accepts(schema, DEFINITIONS, plain) == judge.is_valid(plain)


def whole(value: Any) -> Any:
    """The same without numbers like 240.0, which JSON Schema calls whole and `accepts` does not."""
    if isinstance(value, dict):
        return {name: whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [whole(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize(
    ("name", "most", "member"),
    [
        ("amis", 10_000, lambda _: {"amiId": "ami-0a1b2c3d4e5f60001"}),
        ("findingTags", 10, str),
        ("rulesPackages", 50, "arn:aws:inspector:us-east-1:316112463485:rulespackage/0-{}".format),
        ("exceptions", 5_000, lambda number: {
            "vulnerability": f"CVE-{number}", "scope": {"package": "p"}, "reason": "r", "owner": "o",
            "expires": "2027-03-31",
        }),
    ],
)  # fmt: skip
def test_a_list_that_is_too_long(name: str, most: int, member: Callable[[int], Any]) -> None:
    schema = DEFINITIONS["configuration"]["properties"][name]
    assert accepts(schema, DEFINITIONS, [member(number) for number in range(most)])
    assert not accepts(schema, DEFINITIONS, [member(number) for number in range(most + 1)])


@pytest.mark.parametrize(
    "keyword",
    [{"format": "date"}, {"not": {}}, {"oneOf": [{}]}, {"if": {}, "then": {}}, {"multipleOf": 1}, {"contains": {}}],
)
def test_what_is_not_known_accepts_nothing(keyword: dict[str, Any]) -> None:
    for value in (1, 1.5, True, None, "a", [], {}, ["a"], {"a": 1}):
        assert accepts({"title": "t"}, {}, value)
        assert not accepts({"title": "t", **keyword}, {}, value)


_SCRIPT = """
import sys
from golden_ami.configuration import config
from golden_ami.errors import InvalidConfiguration
text = sys.stdin.read()
try:
    config.parse(config.to_text(config.parse(text, "p")), "p")
except InvalidConfiguration:
    pass
print("jsonschema" in sys.modules)
"""


@pytest.mark.parametrize("file", ["configuration.json", "configuration-2017.json"])
@pytest.mark.parametrize("explained", [False, True])
def test_jsonschema_is_loaded_to_explain_and_for_nothing_else(file: str, explained: bool) -> None:
    text = (ROOT / "samples" / file).read_text()
    given = json.dumps(json.loads(text.replace("ami-", "omi-"))) if explained else text
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], input=given, capture_output=True, text=True, check=True, cwd=ROOT / "functions"
    )
    assert done.stdout.strip() == str(explained)
