"""Which texts a service refuses when something is made: too long, of other characters, of a reserved beginning.

botocore checks the least length only, and moto little of it. The constraints are those of botocore's service models;
where a model has none, or a wider one, those that the service's documents give. Requests that only name what exists
are not looked at: a model may be narrower than its service there (StartOnDemandScan's has no pattern for AMIs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Constraint:
    """On one text of a request. Lengths are in characters; `reserved` is a pattern of what it may not begin with."""

    longest: int | None = None
    pattern: re.Pattern[str] | None = None
    shortest: int = 0
    reserved: re.Pattern[str] | None = None

    def broken(self, value: str) -> str:
        """The part of AWS's message that says what is wrong; "" where nothing is."""
        if self.longest is not None and len(value) > self.longest:
            return f"Member must have length less than or equal to {self.longest}"
        if len(value) < self.shortest:
            return f"Member must have length greater than or equal to {self.shortest}"
        if self.pattern and not self.pattern.fullmatch(value):
            return f"Member must satisfy regular expression pattern: {self.pattern.pattern}"
        if self.reserved and self.reserved.match(value):
            return f"Member must not begin with {self.reserved.pattern}"
        return ""


_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_DOCUMENTED = {
    # "If you specify only the function name, it is limited to 64 characters in length" (Lambda, CreateFunction).
    ("lambda", "CreateFunction", "FunctionName"): Constraint(64, _PLAIN),
    # Characters of a name with logging to CloudWatch (Step Functions, CreateStateMachine); the model has the length.
    ("stepfunctions", "CreateStateMachine", "name"): Constraint(80, _PLAIN),
    ("sns", "CreateTopic", "Name"): Constraint(256, re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")),
    ("sqs", "CreateQueue", "QueueName"): Constraint(80, re.compile(r"[A-Za-z0-9_-]+(\.fifo)?")),
    ("dynamodb", "CreateTable", "TableName"): Constraint(255, re.compile(r"[A-Za-z0-9_.-]+"), 3),
    ("cloudwatch", "PutDashboard", "DashboardName"): Constraint(255, _PLAIN),
    # S3 User Guide, "General purpose bucket naming rules"
    ("s3", "CreateBucket", "Bucket"): Constraint(
        63, re.compile(r"[a-z0-9][a-z0-9.-]+[a-z0-9]"), 3, re.compile(r"xn--|sthree-|amzn-s3-demo-")
    ),
    ("ec2", "CreateSecurityGroup", "GroupName"): Constraint(255, reserved=re.compile("sg-")),
    # 1,011 characters with the ARN before the name (Systems Manager, PutParameter); moto knows the reserved prefixes.
    ("ssm", "PutParameter", "Name"): Constraint(954, re.compile(r"[A-Za-z0-9_./-]+")),
}  # fmt: skip
_CODES = {
    "cloudwatch": "InvalidParameterInput",
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "s3": "InvalidBucketName",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
}  # ValidationException by the others


def refusal(model: Any, operation: str, parameters: Mapping[str, Any]) -> ClientError | None:
    """The service's refusal of a request one of whose texts it does not take, or None. `model` is botocore's."""
    for name, constraint in _constraints(model, operation):
        value = parameters.get(name)
        broken = constraint.broken(value) if isinstance(value, str) else ""
        if broken:
            message = f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {broken}"
            code = _CODES.get(model.service_name, "ValidationException")
            answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            return ClientError(answer, operation)
    return None


@lru_cache(maxsize=1024)
def _constraints(model: Any, operation: str) -> tuple[tuple[str, Constraint], ...]:
    return tuple(_of_operation(model, operation))


def _of_operation(model: Any, operation: str) -> Iterator[tuple[str, Constraint]]:
    if not operation.startswith(("Add", "Create", "Put")):
        return
    shape = model.operation_model(operation).input_shape
    for name, member in (shape.members if shape else {}).items():
        documented = _DOCUMENTED.get((model.service_name, operation, name))
        limits = member.metadata
        if documented:
            yield name, documented
        elif member.type_name == "string" and {"max", "pattern"} & set(limits):
            yield name, Constraint(limits.get("max"), _compiled(limits.get("pattern")))


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """The model's pattern, where Python reads it: some use Java's character classes."""
    try:
        return re.compile(pattern, re.DOTALL) if pattern else None
    except re.error:
        return None
