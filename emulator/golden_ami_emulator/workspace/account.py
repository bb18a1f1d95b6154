"""What an embedded account keeps, taken from it and given to another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.workspace.content import Content, KeptObject, KeptRow, digest
from golden_ami_emulator.workspace.executions import remember

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded

_BATCH = 25  # requests that BatchWriteItem takes


def taken(aws: Embedded) -> Content:
    """What the account's stack keeps at this emulated instant."""
    contents: dict[str, bytes] = {}
    objects = []
    for key in _s3(aws).buckets[aws.outputs["ReportBucket"]].keys.values():
        if not hasattr(key, "value"):  # a delete marker
            continue
        value = bytes(key.value)
        sha256 = digest(value)
        contents[sha256] = value
        objects.append(KeptObject(key.name, str(key.metadata.get("content-type", "")), sha256))
    return Content(datetime.now(UTC), _parameter(aws), [*_rows(aws)], objects, contents)


def give(aws: Embedded, content: Content) -> None:
    """Lay what was kept into an account whose stack is deployed and has not run yet.

    Rows whose `ttl` is over are left out, as DynamoDB deletes them (Developer Guide, "Using time to live (TTL)").
    """
    _put_rows(aws, content.rows)
    bucket = aws.outputs["ReportBucket"]
    for kept in content.objects:
        made = _s3(aws).put_object(bucket, kept.key, content.contents[kept.sha256])
        made.set_metadata({"content-type": kept.content_type})
    if content.parameter is not None:
        aws.put_configuration(aws.outputs["ParameterName"], content.parameter)
    remember(aws, {kept.key: content.contents[kept.sha256] for kept in content.objects})


def _rows(aws: Embedded) -> Iterator[KeptRow]:
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=aws.outputs["LedgerTable"])
    return (KeptRow(item) for page in pages for item in page["Items"])


def _put_rows(aws: Embedded, rows: Iterable[KeptRow]) -> None:
    now = datetime.now(UTC).timestamp()
    puts = [{"PutRequest": {"Item": row.item}} for row in rows if not _is_over(row, now)]
    table = aws.outputs["LedgerTable"]
    for at in range(0, len(puts), _BATCH):
        aws.client("dynamodb").batch_write_item(RequestItems={table: puts[at : at + _BATCH]})


def _is_over(row: KeptRow, now: float) -> bool:
    ttl = row.item.get("ttl", {}).get("N")
    return ttl is not None and float(ttl) < now


def _parameter(aws: Embedded) -> str | None:
    client = aws.client("ssm")
    try:
        return str(client.get_parameter(Name=aws.outputs["ParameterName"])["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None


def _s3(aws: Embedded) -> Any:
    """moto's own: through a client each object would take milliseconds, and the objects of all runs are moved."""
    from moto.s3.models import s3_backends
    from moto.utilities.utils import get_partition

    return s3_backends[aws.account][get_partition(aws.region)]
