"""The AMI's tags on its findings in Security Hub CSPM, as user-defined fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from golden_ami.models import Ami
from golden_ami.parallel import chunks, side_by_side

_BATCH = 100  # findings that BatchUpdateFindings takes
_FIELDS = 50  # EC2 allows as many tags; UserDefinedFields documents no limit of its own


def put_tags(hub: Any, ami: Ami, arns: Sequence[str]) -> Counter[str]:
    """Write the tags on findings; notes about those that Security Hub did not take, with their number."""
    fields = {key: value for key, value in sorted(ami.tags.items())[:_FIELDS] if value}
    if not fields or not arns:
        return Counter()
    product = f"arn:{arns[0].split(':')[1]}:securityhub:{ami.region}::product/aws/inspector"

    def update(batch: list[str]) -> Sequence[Mapping[str, Any]]:
        identifiers = [{"Id": arn, "ProductArn": product} for arn in batch]
        answer = hub.batch_update_findings(FindingIdentifiers=identifiers, UserDefinedFields=fields)
        refused: Sequence[Mapping[str, Any]] = answer["UnprocessedFindings"]
        return refused

    refused = [one for batch in side_by_side(update, chunks(arns, _BATCH)) for one in batch]
    return Counter(f"Security Hub did not take the AMI's tags: {one['ErrorCode']}" for one in refused)
