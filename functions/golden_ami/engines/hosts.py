"""The instances themselves, where an agent does not answer: EC2 may know why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from golden_ami.aws.consistency import may_be_unlisted
from golden_ami.aws.filters import FILTER_VALUES
from golden_ami.models import Ami, Reason
from golden_ami.parallel import chunks, side_by_side
from golden_ami.reasons import launching, scanning

_GONE = ("shutting-down", "terminated", "stopping", "stopped")
# An error of the caller's ended the instance at its launch (EC2 API Reference, StateReason): it may not use the key of
# a volume (AWS re:Post, "Why does my instance with an encrypted volume stop immediately?").
_KEY_REFUSED = ("Client.InternalError", "Client.InvalidKMSKey")
# Of an instance that EC2 does not list yet nothing is known, least of all that it ended.
_NOT_LISTED_YET: dict[str, Any] = {"State": {"Name": "not listed yet"}, "IamInstanceProfile": {"Arn": "unknown"}}


def described(ec2: Any, amis: Sequence[Ami]) -> dict[str, dict[str, Any]]:
    """EC2's description of the AMIs' instances, by instance id; those that EC2 knows no longer are missing.

    One that EC2 does not list and may yet list is in the state "not listed yet".
    """

    def describe(ids: list[str]) -> list[dict[str, Any]]:
        # A filter, for InstanceIds fails as a whole when one is unknown.
        pages = ec2.get_paginator("describe_instances").paginate(Filters=[{"Name": "instance-id", "Values": ids}])
        return [instance for page in pages for group in page["Reservations"] for instance in group["Instances"]]

    found = side_by_side(describe, chunks([ami.instance_id for ami in amis], FILTER_VALUES))
    young = {ami.instance_id: _NOT_LISTED_YET for ami in amis if ami.launched_at and may_be_unlisted(ami.launched_at)}
    return young | {instance["InstanceId"]: instance for batch in found for instance in batch}


def death(instance: dict[str, Any] | None, instance_id: str) -> Reason | None:
    """Why there is nothing to wait for: the instance is gone. None while it lives."""
    state = instance["State"]["Name"] if instance else "unknown to EC2"
    if instance and state not in _GONE:
        return None
    reason = (instance or {}).get("StateReason", {})
    why = reason.get("Message") or (instance or {}).get("StateTransitionReason")
    if str(reason.get("Code", "")).startswith(_KEY_REFUSED):
        return launching.VOLUME_KEY_REFUSED(instance=instance_id, why=why)
    return scanning.INSTANCE_DIED(instance=instance_id, state=state, why=why)


def no_agent(instance: dict[str, Any] | None, instance_id: str, scan_mode: str) -> Reason:
    """Why an SSM agent never registered, as far as EC2 and Inspector's scan mode ("": not known) show."""
    if scan_mode == "EC2_HYBRID":
        return scanning.AGENT_NOT_REGISTERED_HYBRID(instance=instance_id)
    if instance and not instance.get("IamInstanceProfile"):
        return scanning.INSTANCE_WITHOUT_PROFILE(instance=instance_id)
    return scanning.AGENT_NOT_REGISTERED(instance=instance_id)
