"""Makes CloudFormation tell of the embedded stack what it tells of a deployed one: parameters and outputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from golden_ami_emulator.deployment.template import resolve_parameters, translate

if TYPE_CHECKING:
    from golden_ami_emulator.embedded import Embedded


def register(aws: Embedded) -> None:
    """DescribeStacks answers for the embedded stack from now on; again after an update of it.

    The stack's resources are made by the emulation itself (see `cloudformation`), as moto's own deployment would leave
    some of them out. So what moto holds is a stack of the same name, with the same parameters and outputs.
    """
    template = translate(aws.template, aws.parameters, aws.region)
    values = {name: _text(value) for name, value in resolve_parameters(template, aws.parameters).items()}
    body: dict[str, Any] = {
        "Parameters": {name: {"Type": "String", "Default": value} for name, value in values.items()},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{aws.stack_name}-stack"}}},
        "Outputs": {name: {"Value": value} for name, value in aws.outputs.items()},
    }
    client = aws.client("cloudformation")
    known = any(stack["StackName"] == aws.stack_name for stack in client.describe_stacks()["Stacks"])
    change = client.update_stack if known else client.create_stack
    change(StackName=aws.stack_name, TemplateBody=json.dumps(body))


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
