"""What moto and botocore would do again and again, done once or not at all. No answer differs."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from golden_ami_emulator.patching import Patches

# The partition that the current thread's DynamoDB query is about.
_partition: ContextVar[Any] = ContextVar("_partition", default=None)
# Types of DynamoDB's AttributeValue that hold what JSON holds.
_PLAIN_TYPES = frozenset({"S", "N", "SS", "NS", "NULL", "BOOL"})


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
        self._patch_dispatch()
        self._patch_tables()
        self._patch_values()
        self._patch_instances()
        self._patch_tags()
        self._patch_pure_functions()
        generate = models.generate_private_key
        self.set(
            models,
            "generate_private_key",
            lambda spec: _unused_key(generate) if spec == "SYMMETRIC_DEFAULT" else generate(spec),
        )
        return self

    def _patch_dispatch(self) -> None:
        """moto lists the methods of a service's class anew for every call. The list is made again for each Economy.

        What an outer one keeps lacks the methods that were added since.
        """
        responses: Any = import_module("moto.core.responses")
        listing: Any = import_module("moto.core.utils")
        self.set(responses, "method_names_from_class", cache(listing.method_names_from_class))

    def _patch_pure_functions(self) -> None:
        """Each request states its agent's parts anew, and each state parses its JSONPaths."""
        agent: Any = import_module("botocore.useragent")
        paths: Any = import_module("moto.stepfunctions.parser.asl.utils.json_path")
        self.set(agent, "sanitize_user_agent_string_component", cache(agent.sanitize_user_agent_string_component))
        self.set(paths, "parse", cache(paths.parse))

    def _patch_tables(self) -> None:
        """moto sorts the whole table for a query of one partition, copies what it found, and parses updates twice.

        Until the answer is made of it nobody changes an item: calls of one service wait for each other. Of a parsed
        update moto takes a copy before it changes anything.
        """
        module: Any = import_module("moto.dynamodb.models.table")
        parsing: Any = import_module("moto.dynamodb.parsing.expressions")
        Table, copy = module.Table, module.copy
        query, all_items = Table.query, Table.all_items

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

        def copied(value: Any, memo: Any = None) -> Any:
            return value if _partition.get() is not None else copy.deepcopy(value, memo)

        self.set(Table, "query", query_partition)
        self.set(Table, "all_items", items)
        self.set(parsing.UpdateExpressionParser, "make", cache(parsing.UpdateExpressionParser.make))
        self.set(module, "copy", SimpleNamespace(copy=copy.copy, deepcopy=copied))

    def _patch_values(self) -> None:
        """moto looks for each of the ten types of a value of DynamoDB, which it holds as the answer does."""
        from moto.core.serialize import BaseJSONSerializer

        serialize = BaseJSONSerializer._serialize_type_structure

        def structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
            if shape.name == "AttributeValue" and _is_plain(value):
                serialized[key] = value
            else:
                serialize(serializer, serialized, value, shape, key)

        self.set(BaseJSONSerializer, "_serialize_type_structure", structure)

    def _patch_instances(self) -> None:
        """moto copies every reservation to find an instance, and looks through all images and types at a launch."""
        from moto.ec2.models.amis import AmiBackend
        from moto.ec2.models.instance_types import InstanceTypeOfferingBackend
        from moto.ec2.models.instances import InstanceBackend

        matches, images = InstanceTypeOfferingBackend.matches_filters, AmiBackend.describe_images

        def every_instance(backend: Any, filters: Any = None) -> list[Any]:
            found = (one for reservation in list(backend.reservations.values()) for one in reservation.instances)
            return [instance for instance in found if not filters or instance.applies(filters)]

        def matches_filters(backend: Any, offering: Any, filters: Any, location_type: str) -> bool:
            if filters.keys() == {"instance-type"}:
                return offering.get("InstanceType") in filters["instance-type"]
            return bool(matches(backend, offering, filters, location_type))

        def images_of(backend: Any, *args: Any, **kwargs: Any) -> Any:
            match args, kwargs:  # as a launch asks
                case (), {"filters": {"image-id": str(one), **rest}, **others} if not rest and not others:
                    return [backend.amis[one]] if one in backend.amis else []
            return images(backend, *args, **kwargs)

        self.set(AmiBackend, "describe_images", images_of)
        self.set(InstanceBackend, "all_instances", every_instance)
        self.set(InstanceTypeOfferingBackend, "matches_filters", matches_filters)

    def _patch_tags(self) -> None:
        """moto looks through the tags of everything in a region for those of one resource; other threads may add."""
        from moto.ec2.models.core import TaggedEC2Resource

        def tags_of(resource: Any) -> list[dict[str, str]]:
            own = resource.ec2_backend.tags.get(resource.id) if resource.id else None
            return [{"key": key, "value": value} for key, value in list(own.items())] if own else []

        self.set(TaggedEC2Resource, "get_tags", tags_of)


def _is_plain(value: Any) -> bool:
    """Whether a value of DynamoDB is in its JSON form already: one known type, and no bytes in it."""
    if type(value) is not dict or len(value) != 1:
        return False
    [(kind, content)] = value.items()
    if kind == "M":
        return all(map(_is_plain, content.values()))
    return all(map(_is_plain, content)) if kind == "L" else kind in _PLAIN_TYPES


@cache
def _unused_key(generate: Callable[[str], Any]) -> Any:
    return generate("SYMMETRIC_DEFAULT")


@cache
def _shared_loader(search_path: str | None = None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(search_path)
