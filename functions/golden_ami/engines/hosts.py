"""The instances themselves, where an agent does not answer: EC2 may know why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from golden_ami.models import Ami, Reason
from golden_ami.parallel import chunks, side_by_side

_FILTER_VALUES = 200  # values that a filter of DescribeInstances takes
_GONE = ("shutting-down", "terminated", "stopping", "stopped")


def described(ec2: Any, amis: Sequence[Ami]) -> dict[str, dict[str, Any]]:
    """EC2's description of the AMIs' instances, by instance id; those that EC2 knows no longer are missing."""

    def describe(ids: list[str]) -> list[dict[str, Any]]:
        # A filter, for InstanceIds fails as a whole when one is unknown.
        pages = ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "instance-id", "Values": ids}])
        return [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]

    found = side_by_side(describe, chunks([ami.instance_id for ami in amis], _FILTER_VALUES))
    return {instance["InstanceId"]: instance for batch in found for instance in batch}


def death(instance: dict[str, Any] | None, instance_id: str) -> Reason | None:
    """Why there is nothing to wait for: the instance is gone. None while it lives."""
    state = instance["State"]["Name"] if instance else "unknown to EC2"
    if instance and state not in _GONE:
        return None
    why = (instance or {}).get("StateReason", {}).get("Message") or (instance or {}).get("StateTransitionReason")
    return Reason(
        "INSTANCE_DIED",
        f"instance {instance_id} is {state} before its findings were collected" + (f": {why}" if why else ""),
        "launch the AMI by hand with the same instance type and user data and read its console output",
    )


def no_agent(instance: dict[str, Any] | None, instance_id: str) -> Reason:
    """Why an SSM agent never registered, as far as EC2 shows."""
    if instance and not instance.get("IamInstanceProfile"):
        return Reason(
            "AGENT_NOT_REGISTERED",
            f"the SSM agent of {instance_id} never registered: the instance has no instance profile",
            "set the stack's instance profile (AmazonSSMManagedInstanceCore), or turn on Default Host Management",
        )
    return Reason(
        "AGENT_NOT_REGISTERED",
        f"the SSM agent of {instance_id} never registered: the AMI has no running agent, or the subnet has no route "
        "to SSM, or the instance profile lacks AmazonSSMManagedInstanceCore",
        "install the agent in the AMI; give the subnet NAT or endpoints for ssm, ssmmessages and ec2messages; "
        "or use engine `ami`, which needs no agent",
    )
