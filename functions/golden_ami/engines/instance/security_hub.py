"""The AMI's tags on its findings in Security Hub CSPM, as user-defined fields.

Sources: Security Hub CSPM's API reference, BatchUpdateFindings: 100 findings a call, InvalidAccessException (401) where
Security Hub is off, and for single findings UnprocessedFindings with ErrorCode (botocore's model has the list). Amazon
Inspector sends new findings to it minutes after it made them; until then they are FindingNotFound (inferred).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from golden_ami.engines.base import WrittenBack
from golden_ami.engines.findings import mapping
from golden_ami.engines.tagging import TIME_OVER, put_in_batches
from golden_ami.models import Ami
from golden_ami.reasons import tagging

_BATCH = 100  # findings that BatchUpdateFindings takes
_FIELDS = 50  # EC2 allows as many tags; UserDefinedFields documents no limit of its own
_CAUSES = {
    TIME_OVER: tagging.NO_TIME,
    "InvalidAccessException": tagging.HUB_OFF,
    "AccessDeniedException": tagging.HUB_DENIED,
    "FindingNotFound": tagging.NOT_IMPORTED,
}


def put_tags(hub: Any, ami: Ami, arns: Sequence[str], until: datetime) -> WrittenBack:
    """Write the tags on findings."""
    fields = {key: value for key, value in sorted(ami.tags.items())[:_FIELDS] if key.strip() and value.strip()}
    if not fields or not arns:
        return WrittenBack([], [])
    product = f"arn:{arns[0].split(':')[1]}:securityhub:{ami.region}::product/aws/inspector"

    def update(batch: list[str]) -> Mapping[str, str]:
        identifiers = [{"Id": arn, "ProductArn": product} for arn in batch]
        answer = hub.batch_update_findings(FindingIdentifiers=identifiers, UserDefinedFields=fields)
        return _untaken(batch, answer["UnprocessedFindings"])

    left = put_in_batches(update, arns, _BATCH, until)
    return WrittenBack([*left], [_note(code, count, ami, product) for code, count in Counter(left.values()).items()])


def _untaken(batch: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The codes of a call's UnprocessedFindings, by ARN. A row that names none of its findings may mean any of them.

    Botocore's model requires Id and ErrorCode of a row; whether AWS ever leaves them out is not known.
    """
    codes = {mapping(row.get("FindingIdentifier")).get("Id"): row.get("ErrorCode") or "Unknown" for row in rows}
    named = {arn: codes.pop(arn) for arn in batch if arn in codes}
    return dict.fromkeys(batch, next(iter(codes.values()))) | named if codes else named


def _note(code: str, count: int, ami: Ami, product: str) -> str:
    cause = _CAUSES.get(code, tagging.NOT_WRITTEN)
    reason = cause(code=code, count=count, region=ami.region, service="Security Hub", product=product)
    return f"{reason.message}; {reason.remedy}"
