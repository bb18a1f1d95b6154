"""Writing a configuration: into the parameter, or what no parameter can hold into the stack's bucket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from golden_ami.storage.keys import configuration_key
from golden_ami_cli.errors import UsageError

if TYPE_CHECKING:
    from golden_ami_cli.account import Account

_DOCUMENT_LIMIT = 50_000_000  # bytes that load-config reads


@dataclass(frozen=True)
class PushPlan:
    """What is written where. `document` is the S3 key, "" when the parameter holds it all."""

    parameter: str
    tier: str
    text: str  # the parameter's
    content: str  # the configuration
    bucket: str
    document: str = ""

    def __str__(self) -> str:
        size = f"{len(self.content.encode()):,} bytes"
        if self.document:
            return f"{size} to s3://{self.bucket}/{self.document}, and its address to parameter {self.parameter}"
        return f"{size} to parameter {self.parameter} ({self.tier.lower()} tier)"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "parameter": self.parameter,
            "tier": self.tier,
            "bytes": len(self.content.encode()),
            "document": f"s3://{self.bucket}/{self.document}" if self.document else None,
        }


def plan(account: Account, parameter: str, text: str, standard: int, advanced: int) -> PushPlan:
    """Where a configuration goes: into the parameter where its tier allows it, else to S3. Raises UsageError.

    `standard` and `advanced` are bytes; `advanced` is 0 where the charged tier was not asked for.
    """
    if len(text.encode()) > standard:  # blanks are for people, who keep the file
        text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    size, bucket = len(text.encode()), account.bucket
    if size > _DOCUMENT_LIMIT:
        raise UsageError(f"the configuration has {size:,} bytes; load-config reads {_DOCUMENT_LIMIT:,}: split it")
    if size <= standard:
        return PushPlan(parameter, "Standard", text, text, bucket)
    if size <= advanced:
        return PushPlan(parameter, "Advanced", text, text, bucket)
    key = configuration_key(parameter)
    pointer = json.dumps({"version": 1, "document": f"s3://{bucket}/{key}"})
    return PushPlan(parameter, "Standard", pointer, text, bucket, key)


def write(account: Account, planned: PushPlan) -> None:
    """Write the document first, so that the parameter never points to nothing. Raises botocore's ClientError."""
    if planned.document:
        account.client("s3").put_object(
            Bucket=planned.bucket,
            Key=planned.document,
            Body=planned.content.encode(),
            ContentType="application/json",
        )
    account.client("ssm").put_parameter(
        Name=planned.parameter, Value=planned.text, Type="String", Tier=_tier(account, planned), Overwrite=True
    )


def _tier(account: Account, planned: PushPlan) -> str:
    """Systems Manager refuses to take an advanced parameter back to the standard tier."""
    ssm = account.client("ssm")
    wanted = [{"Key": "Name", "Option": "Equals", "Values": [planned.parameter]}]
    found = ssm.describe_parameters(ParameterFilters=wanted)["Parameters"]
    return "Advanced" if any(one.get("Tier") == "Advanced" for one in found) else planned.tier
