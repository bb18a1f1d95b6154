"""One DynamoDB table, spoken to in plain Python values. Reads are strongly consistent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from typing import Any

from botocore.exceptions import ClientError

from golden_ami.aws.errors import code_of
from golden_ami.errors import Throttled
from golden_ami.parallel import chunks, side_by_side
from golden_ami.storage.keys import Key

Item = dict[str, Any]

_GET = 100  # keys that BatchGetItem takes
_WRITE = 25  # requests that BatchWriteItem takes
# DynamoDB's numbers; one that would lose a digit is refused, as by boto3's serializer.
_NUMBERS = Context(prec=38, Emin=-128, Emax=126, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
_SMALLEST = 1e-130
_ROUNDS = 8  # tries for what a batch left unprocessed: about 13 s at most


class Table:
    """Access by partition key `pk` and sort key `sk`. A write's condition that does not hold answers False."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        answer = self._client.get_item(TableName=self.name, Key=_key(key), ConsistentRead=True)
        return plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> list[Item]:
        """The items that exist, in no order."""
        found = side_by_side(self._get_batch, chunks(dict.fromkeys(keys), _GET))
        return [item for batch in found for item in batch]

    def query(
        self, pk: str, prefix: str = "", *, last: str = "", forward: bool = True, limit: int | None = None
    ) -> Iterator[Item]:
        """The items of a partition whose sort key begins with `prefix`, in the order of the sort keys.

        With `last`, those from `prefix` to `last`, both included.
        """
        values = {":pk": pk} | ({":sk": prefix} if prefix else {}) | ({":last": last} if last else {})
        within = " AND sk BETWEEN :sk AND :last" if last else " AND begins_with(sk, :sk)" if prefix else ""
        request: Item = {
            "TableName": self.name,
            "KeyConditionExpression": f"pk = :pk{within}",
            "ExpressionAttributeValues": typed(values),
            "ConsistentRead": True,
            "ScanIndexForward": forward,
        }
        pages = self._client.get_paginator("query").paginate(
            **request, PaginationConfig={"MaxItems": limit, "PageSize": limit} if limit else {}
        )
        for page in pages:
            yield from map(plain, page["Items"])

    def put(self, item: Item, *, condition: str | None = None, values: Item | None = None) -> bool:
        """Write an item whole. `condition` may use names and the placeholders `values`."""
        request: Item = {"TableName": self.name, "Item": typed(item)}
        if values:
            request["ExpressionAttributeValues"] = typed(values)
        return self._conditional(
            self._client.put_item, request | ({"ConditionExpression": condition} if condition else {})
        )

    def put_many(self, items: Iterable[Item]) -> None:
        """Write items whole, in no order; without conditions."""
        self._write_many({"PutRequest": {"Item": typed(item)}} for item in items)

    def delete_many(self, keys: Iterable[Key]) -> None:
        """Delete items, in no order; those that do not exist count as deleted."""
        self._write_many({"DeleteRequest": {"Key": _key(key)}} for key in keys)

    def update(self, key: Key, fields: Item, *, condition: str | None = None, values: Item | None = None) -> bool:
        """Set attributes, or remove those given as None. `condition` may use names and the placeholders `values`."""
        names = {f"#{number}": name for number, name in enumerate(fields)}
        placeholders = {f":{number}": value for number, value in enumerate(fields.values()) if value is not None}
        sets = [f"#{at} = :{at}" for at, value in enumerate(fields.values()) if value is not None]
        removes = [f"#{at}" for at, value in enumerate(fields.values()) if value is None]
        expression = [f"SET {', '.join(sets)}"] * bool(sets) + [f"REMOVE {', '.join(removes)}"] * bool(removes)
        request: Item = {
            "TableName": self.name,
            "Key": _key(key),
            "UpdateExpression": " ".join(expression),
            "ExpressionAttributeNames": names,
        }
        if placeholders or values:
            request["ExpressionAttributeValues"] = typed(placeholders | (values or {}))
        return self._conditional(
            self._client.update_item, request | ({"ConditionExpression": condition} if condition else {})
        )

    def _get_batch(self, keys: Sequence[Key]) -> list[Item]:
        pending: Item = {self.name: {"Keys": [_key(key) for key in keys], "ConsistentRead": True}}
        items: list[Item] = []
        for _ in _rounds():
            answer = self._client.batch_get_item(RequestItems=pending)
            items += map(plain, answer["Responses"].get(self.name, []))
            pending = answer.get("UnprocessedKeys") or {}
            if not pending:
                return items
        raise Throttled(f"table {self.name} left {len(pending[self.name]['Keys'])} keys of a batch unread")

    def _write_many(self, requests: Iterable[Item]) -> None:
        side_by_side(self._write_batch, chunks(requests, _WRITE))

    def _write_batch(self, requests: Sequence[Item]) -> None:
        pending: Item = {self.name: requests}
        for _ in _rounds():
            pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems") or {}
            if not pending:
                return
        raise Throttled(f"table {self.name} left {len(pending[self.name])} items of a batch unwritten")

    def _conditional(self, call: Callable[..., Any], request: Item) -> bool:
        try:
            call(**request)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _rounds() -> Iterator[int]:
    for number in range(_ROUNDS):
        if number:
            time.sleep(random.uniform(0, 0.1 * 2**number))
        yield number


def _key(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def typed(values: Item) -> Item:
    """Plain values as DynamoDB's typed ones; None is left out."""
    return {name: _typed(value) for name, value in values.items() if value is not None}


def plain(item: Item) -> Item:
    """DynamoDB's typed values as plain ones."""
    return {name: _plain(value) for name, value in item.items()}


def _typed(value: Any) -> Item:
    if isinstance(value, str):
        return {"S": value}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": _digits(value)}
    if isinstance(value, dict):
        return {"M": typed(value)}
    if isinstance(value, list):
        return {"L": [_typed(member) for member in value]}
    raise TypeError(f"{type(value).__name__}: the ledger holds what JSON holds")


def _digits(number: float) -> str:
    """DynamoDB's numbers are decimal: a float is written by its shortest text, and as 0 below their range."""
    exact: Any = number
    if isinstance(number, float):
        exact = repr(number) if abs(number) >= _SMALLEST else 0
    digits = _NUMBERS.create_decimal(exact)
    if not digits.is_finite():
        raise TypeError(f"{number}: DynamoDB knows finite numbers only")
    return str(digits)


def _plain(value: Item) -> Any:
    [(kind, content)] = value.items()
    if kind in ("S", "BOOL"):
        return content
    if kind == "N":
        return _number(Decimal(content))
    if kind == "M":
        return plain(content)
    if kind == "L":
        return [_plain(member) for member in content]
    if kind == "NULL":
        return None
    raise TypeError(f"{kind}: the ledger holds what JSON holds")


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
