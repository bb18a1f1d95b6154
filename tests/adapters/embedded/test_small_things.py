"""What a run is said to use at most of the table and the bucket is more than it uses in the embedded AWS."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from benchmarks.worlds import configuration, world

from golden_ami.usage import small
from golden_ami_cli.assessing.assessment import PARAMETER, put_configuration
from golden_ami_emulator.embedded import Embedded

KINDS = {
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"), "WRITES"),
    **dict.fromkeys(("GetItem", "Query", "BatchGetItem"), "READS"),
    **dict.fromkeys(("PutObject", "ListObjectsV2", "CopyObject"), "PUTS"),
    "GetObject": "GETS",
}


@pytest.mark.parametrize("engine", ["instance", "ami"])
@pytest.mark.parametrize("count", [1, 11])
def test_the_bounds_hold(engine: str, count: int) -> None:
    with Embedded(world(count, 5)) as aws:
        put_configuration(aws, configuration(count, engine))
        aws.run({"AMIsParamName": PARAMETER})
        used = Counter(KINDS[call.operation] for call in aws.calls.made if call.function and call.operation in KINDS)
        kept = _kept(aws)
    for kind, requests in used.items():
        run, each = getattr(small, kind)
        assert 0 < requests <= run + each * count, kind
    assert 0.1 * small.KEPT[0] <= kept / count <= small.KEPT[1]


def _kept(aws: Embedded) -> int:
    s3: Any = aws.client("s3")
    return sum(one["Size"] for one in s3.list_objects_v2(Bucket=aws.outputs["ReportBucket"]).get("Contents", ()))
