"""A resource type as CloudFormation makes, changes and deletes it, and what the types share."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A resource that exists: its physical id (what Ref gives) and its attributes (what GetAtt gives)."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StackPlace:
    """Where resources are made."""

    client: Callable[[str], Any]  # a boto3 client of the stack's region
    region: str
    account: str


CreateResource = Callable[[StackPlace, str, Properties], Made]
UpdateResource = Callable[[StackPlace, str, Properties], Made | None]  # with the attributes, where they change
DeleteResource = Callable[[StackPlace, str], None]


@dataclass(frozen=True)
class ResourceType:
    """One resource type. `name` is the property that names the resource, made up when absent. Without `update`, and
    when a property in `update_keeps` has changed, a changed resource is deleted and created anew.
    """

    create: CreateResource
    delete: DeleteResource
    name: str | None = None
    update: UpdateResource | None = None
    update_keeps: tuple[str, ...] = ()


def tags(properties: Properties) -> list[dict[str, str]]:
    """Tags as most services take them."""
    given = properties.get("Tags", [])
    if isinstance(given, Mapping):
        given = [{"Key": key, "Value": value} for key, value in given.items()]
    return [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in given]


def tag_map(properties: Properties) -> dict[str, str]:
    """Tags as Lambda and Step Functions' siblings take them."""
    return {tag["Key"]: tag["Value"] for tag in tags(properties)}


def only(properties: Properties, *names: str) -> Properties:
    """The named properties that are given."""
    return {name: properties[name] for name in names if name in properties}


def without(properties: Properties, *names: str) -> Properties:
    """All properties but the named."""
    return {name: value for name, value in properties.items() if name not in names}


def numbers(value: Any) -> Any:
    """Numbers and booleans that the template gave as text, as APIs want them."""
    if isinstance(value, dict):
        return {name: numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [numbers(member) for member in value]
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def text(document: Any) -> str:
    """A policy or another document as JSON text."""
    return document if isinstance(document, str) else json.dumps(document)


def empty_zip() -> bytes:
    """Lambda wants code; ours runs from the working tree."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("embedded.txt", "")
    return buffer.getvalue()


def ignore(_place: StackPlace, _id: str) -> None:
    """Deleting what goes with its owner."""


@contextmanager
def forgiving(*codes: str) -> Iterator[None]:
    """For deletions of what may be gone already: these error codes are no fault."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as fault:
        if fault.response["Error"]["Code"] not in codes:
            raise
