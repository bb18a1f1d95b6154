"""EC2's quota on the vCPUs of running instances: what Service Quotas tells, and launches beyond it. moto has neither.

EC2 User Guide, "On-Demand Instance quotas": per account and Region, counted in vCPUs of running instances. It is as
hard here, or harder: one that is pending, stopping or shutting down counts, too, and so does one for some time after
its termination, while moto says at once that it is terminated. How long that takes is inferred.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any

from golden_ami_emulator.patching import Patches
from golden_ami_emulator.world import World

STANDARD = "L-1216C47A"
SHUTTING_DOWN = 60.0  # emulated seconds from its termination for which an instance counts
_STANDARD_TYPE = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")
_COUNTED = frozenset({"pending", "running", "stopping", "shutting-down"})
_NO_LIMIT = 100_000.0  # vCPUs that Service Quotas tells of a world without a limit
# As users captured it: firesim/firesim#410 and aws/amazon-cloudwatch-agent-test#256; the status is 400.
_EXCEEDED = (
    "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that "
    "the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
    "adjustment to this limit."
)


class Quotas(Patches):
    """While open, the quota of each place is that of its world, which may be changed."""

    def __init__(self, worlds: Mapping[tuple[str, str], World]) -> None:
        """`worlds` by account and region."""
        super().__init__()
        self._worlds = worlds
        self._ended: dict[str, float] = {}

    def __enter__(self) -> Quotas:
        from moto.ec2.models.instances import Instance
        from moto.servicequotas.models import ServiceQuotasBackend

        super().__enter__()
        original, terminate = ServiceQuotasBackend.get_service_quota, Instance.terminate

        def get_service_quota(backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
            world = self._worlds.get((backend.account_id, backend.region_name))
            if (service_code, quota_code) != ("ec2", STANDARD) or (world and not world.vcpu_quota_told):
                return dict(original(backend, service_code, quota_code))
            return _told(_NO_LIMIT if world is None or world.vcpu_quota is None else float(world.vcpu_quota))

        def ended(instance: Any) -> Any:
            self._ended.setdefault(instance.id, time.time())
            return terminate(instance)

        self.set(ServiceQuotasBackend, "get_service_quota", get_service_quota)
        self.set(Instance, "terminate", ended)
        return self

    def refuse(self, response: Any) -> None:
        """Refuse a launch beyond the quota, before anything is created."""
        from moto.ec2.exceptions import EC2ClientError

        world = self._worlds.get((response.current_account, response.region))
        kind = str(response._get_param("InstanceType", ""))
        if world is None or world.vcpu_quota is None or not _STANDARD_TYPE.match(kind):
            return
        wanted = _vcpus(kind) * int(response._get_param("MaxCount", 1))
        if self._used(response.ec2_backend) + wanted > world.vcpu_quota:
            raise EC2ClientError("VcpuLimitExceeded", _EXCEEDED.format(limit=world.vcpu_quota))

    def ended_at(self, instance_id: str) -> float:
        """When its termination was asked for, in seconds of the emulated clock; infinite where it was not."""
        return self._ended.get(instance_id, math.inf)

    def _used(self, backend: Any) -> int:
        instances = (one for reservation in list(backend.reservations.values()) for one in reservation.instances)
        return sum(
            _vcpus(one.instance_type)
            for one in instances
            if _STANDARD_TYPE.match(one.instance_type) and self._counts(one)
        )

    def _counts(self, instance: Any) -> bool:
        ended = self._ended.get(instance.id)
        just_ended = ended is not None and time.time() < ended + SHUTTING_DOWN
        return just_ended or instance.state in _COUNTED


def _vcpus(kind: str) -> int:
    from moto.ec2.models.instance_types import INSTANCE_TYPES

    known = INSTANCE_TYPES.get(kind)  # of an unknown type moto launches none
    return int(known["VCpuInfo"]["DefaultVCpus"]) if known else 0


def _told(value: float) -> dict[str, Any]:
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaCode": STANDARD,
        "QuotaName": "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
