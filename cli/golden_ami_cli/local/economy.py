"""What moto and botocore would do again and again, done once or not at all. No answer differs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any

from golden_ami_cli.local.patching import Patches

# The partition that the current thread's DynamoDB query is about.
_partition: ContextVar[Any] = ContextVar("_partition", default=None)
# The members of DynamoDB's AttributeValue.
_VALUE_TYPES = frozenset({"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"})


class Economy(Patches):
    """Saves, while open, what tests and local runs would pay again and again.

    Every function has a session of its own (its credentials are its own), and every session would parse the service
    models anew; moto makes an RSA key for every KMS key, even a symmetric one, and hundreds of images in every region.
    """

    def __enter__(self) -> Economy:
        import botocore.session
        from moto import settings

        models: Any = import_module("moto.kms.models")
        super().__enter__()
        self.set(settings, "ec2_load_default_amis", lambda: False)
        self.set(botocore.session, "create_loader", _shared_loader)
        self._patch_tables()
        self._patch_tags()
        generate = models.generate_private_key
        self.set(
            models,
            "generate_private_key",
            lambda spec: _unused_key(generate) if spec == "SYMMETRIC_DEFAULT" else generate(spec),
        )
        return self

    def _patch_tables(self) -> None:
        """moto sorts the whole table for a query of one partition, and looks for each type of a value in four ways."""
        from moto.core.serialize import ResponseSerializer
        from moto.dynamodb.models.table import Table

        query, all_items, get_value = Table.query, Table.all_items, ResponseSerializer.get_value

        def query_partition(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
            partition = None if kwargs.get("index_name") else hash_key
            token = _partition.set(partition)
            try:
                return query(table, hash_key, *args, **kwargs)
            finally:
                _partition.reset(token)

        def items(table: Any) -> Any:
            partition = _partition.get()
            if partition is None or not table.range_key_attr:
                return all_items(table)
            found = table.items[partition].values() if partition in table.items else ()
            return sorted(found, key=lambda item: item.range_key)

        def value_of(serializer: Any, value: Any, key: str, shape: Any) -> Any:
            if type(value) is dict and len(value) == 1 and _VALUE_TYPES.issuperset(value):
                return value.get(key)
            return get_value(serializer, value, key, shape)

        self.set(Table, "query", query_partition)
        self.set(Table, "all_items", items)
        self.set(ResponseSerializer, "get_value", value_of)

    def _patch_tags(self) -> None:
        """moto looks through the tags of everything in a region for those of one resource; other threads may add."""
        from moto.ec2.models.core import TaggedEC2Resource

        def tags_of(resource: Any) -> list[dict[str, str]]:
            own = resource.ec2_backend.tags.get(resource.id) if resource.id else None
            return [{"key": key, "value": value} for key, value in list(own.items())] if own else []

        self.set(TaggedEC2Resource, "get_tags", tags_of)


@cache
def _unused_key(generate: Callable[[str], Any]) -> Any:
    return generate("SYMMETRIC_DEFAULT")


@cache
def _shared_loader(search_path: str | None = None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(search_path)
